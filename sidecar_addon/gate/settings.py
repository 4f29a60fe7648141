"""What the gate is told at its start: paths, addresses, switches. Read once; the route table is another matter."""

import re
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sidecar_addon import strict_yaml
from sidecar_addon.gate.tokens import FolderTokens, TokenStore

CONTROL_SOCKET = Path("/run/tokens/control.sock")
_KEYS = ("listen", "parent", "runtime", "hop", "dlp_patterns", "background_hosts", "proxy_password")


class SettingsError(ValueError):
    """gate.json is missing or wrong; the message names the file, the key and what would be right."""


@dataclass(frozen=True)
class Secret:
    """A named pattern of `pipelock.dlp.patterns`, searched in what the agent sends."""

    name: str
    regex: re.Pattern[str]


def write_line(line: str) -> None:
    """One event line to standard output, at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def utc_now() -> datetime:
    """The wall clock."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Settings:
    """Everything the gate needs to be built; the local runtime builds one itself, docker's comes from gate.json."""

    listen: tuple[str, int]
    """Port 0 takes a free one; `Gate.address` says which."""
    parent: tuple[str, int]
    """Pipelock, or the hop: the only thing the gate ever dials."""
    routes_file: Path
    uses_folder: Path
    ca_file: Path
    """Key and certificate of the gate's CA, PEM."""
    tokens: TokenStore
    pipelock_ca: Path | None = None
    extra_ca: Path | None = None
    control_socket: Path | None = None
    """None: no socket; the local runtime may ask in-process instead."""
    emit: Callable[[str], None] = write_line
    """Takes one event line without its line end; called from the events' own thread."""
    cgroup: Path | None = None
    """Where the limit of memory stands, and what is used of it."""
    runtime: str = "docker"
    hop: bool = False
    dlp_patterns: tuple[Secret, ...] = ()
    background_hosts: tuple[str, ...] = ()
    """Hosts an agent program knocks on by itself: their denials are marked `background`."""
    proxy_password: str | None = field(default=None, repr=False)
    now: Callable[[], datetime] = utc_now
    monotonic: Callable[[], float] = time.monotonic


def read(root: Path = Path("/"), tokens: TokenStore | None = None, **overrides: Any) -> Settings:
    """The settings of `<root>/etc/egress/gate.json`. Raises SettingsError.

    `root` is `/` in the container and `<home>/bottles/<slug>/local/egress` on the local runtime.
    """
    folder = root / "etc/egress"
    value = _load(folder / "gate.json")
    pipelock_ca, extra_ca = folder / "trust/pipelock.pem", folder / "trust/extra.pem"
    found: dict[str, Any] = {
        "listen": _address(value.get("listen"), "listen"),
        "parent": _parent(value.get("parent")),
        "routes_file": folder / "routes.yaml",
        "uses_folder": folder / "uses",
        "ca_file": folder / "ca/mitmproxy-ca.pem",
        "pipelock_ca": pipelock_ca if pipelock_ca.exists() else None,
        "extra_ca": extra_ca if extra_ca.exists() else None,
        "tokens": FolderTokens(root / "run/tokens") if tokens is None else tokens,
        "control_socket": root / CONTROL_SOCKET.relative_to("/"),
        "cgroup": root / "sys/fs/cgroup",
        "runtime": _one_of(value.get("runtime", "docker"), "runtime", ("docker", "local")),
        "hop": _typed(value.get("hop", False), "hop", bool),
        "dlp_patterns": tuple(_secret(item) for item in _typed(value.get("dlp_patterns", []), "dlp_patterns", list)),
        "background_hosts": tuple(_typed(value.get("background_hosts", []), "background_hosts", list)),
        "proxy_password": value.get("proxy_password"),
    }
    return Settings(**(found | overrides))


def _load(path: Path) -> dict[str, Any]:
    try:
        value = strict_yaml.load_json(path.read_bytes(), limit=1024 * 1024)
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}; `up` writes this file before it starts the gate") from None
    except strict_yaml.StrictYamlError as error:
        raise SettingsError(f"{path}: {error}") from None
    if not isinstance(value, dict):
        raise SettingsError(f"{path}: must be a JSON object")
    unknown = [key for key in value if key not in _KEYS]
    if unknown:
        raise SettingsError(f"{path}: unknown key {unknown[0]!r}; known are {', '.join(_KEYS)}")
    return value


def _address(value: Any, key: str) -> tuple[str, int]:
    match value:
        case [str(host), int(port)] if 0 <= port <= 65535 and not isinstance(port, bool):
            return host, port
    raise SettingsError(f'gate.json: {key} must be ["host", port], not {value!r}')


def _parent(value: Any) -> tuple[str, int]:
    match = re.fullmatch(r"http://([A-Za-z0-9.-]+):([0-9]{1,5})/?", value) if isinstance(value, str) else None
    if match is None:
        raise SettingsError(f'gate.json: parent must be like "http://pipelock:8888", not {value!r}')
    return match[1], int(match[2])


def _one_of(value: Any, key: str, known: tuple[str, ...]) -> str:
    if value not in known:
        raise SettingsError(f"gate.json: {key} must be one of {', '.join(known)}, not {value!r}")
    return str(value)


def _typed[T](value: Any, key: str, kind: type[T]) -> T:
    if not isinstance(value, kind):
        raise SettingsError(f"gate.json: {key} must be of type {kind.__name__}")
    return value


def _secret(item: Any) -> Secret:
    match item:
        case {"name": str(name), "regex": str(regex)}:
            try:
                return Secret(name, re.compile(regex, re.IGNORECASE))
            except re.error as error:
                raise SettingsError(f"gate.json: dlp_patterns: {name}: not a regular expression ({error})") from None
    raise SettingsError(f'gate.json: dlp_patterns: each is {{"name": …, "regex": …}}, not {item!r}')
