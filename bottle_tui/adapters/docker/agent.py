"""What the agent's container will be, decided once its image is there: which user, which home, which files."""

import re
from collections.abc import Mapping
from typing import Any

from bottle_tui.adapters.docker import archives
from bottle_tui.adapters.docker.archives import Entry
from bottle_tui.adapters.docker.containers import AgentShape
from bottle_tui.adapters.docker.engine import Engine, foreign_errors, translated
from bottle_tui.adapters.docker.sdk import sdk
from bottle_tui.core.plan import AgentPlan
from bottle_tui.errors import LaunchFailed
from bottle_tui.ports import Progress

FALLBACK_USER = "1000:1000"
FALLBACK_HOME = "/home/agent"
SYSTEM_BUNDLES = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem")
"""Where images keep the trusted roots in one file: Debian and Alpine, Fedora, and a common extra."""
_BEGINS_SECONDS = 0.5
_NOT_BEGUN = "exec "
"""What the engine's init says, between its name and "failed", when there is no such program."""
_ROOT = re.compile(r"^(0+|root)?(:.*)?$")


def user_of(plan: AgentPlan, image_user: str, operator: tuple[int, int]) -> str:
    """Who the agent runs as: as the manifest says, the operator where it may write, else the image's user; never root
    unless the manifest says so."""
    if plan.user:
        return plan.user
    if any(not mount.read_only for mount in plan.mounts) and operator[0] != 0:
        return f"{operator[0]}:{operator[1]}"
    return FALLBACK_USER if _ROOT.match(image_user or "") else image_user


def home_of(plan: AgentPlan, image: Mapping[str, Any], user: str, passwd: str) -> str:
    """The agent's HOME: the manifest's, the one of its user in the image, else a folder of our own."""
    stated = plan.env.get("HOME")
    if stated:
        return stated
    name, _, _ = user.partition(":")
    for line in passwd.splitlines():
        fields = line.split(":")
        if len(fields) >= 6 and name in (fields[0], fields[2]):
            return fields[5] if _usable(fields[5]) else FALLBACK_HOME
    for item in (image.get("Config") or {}).get("Env") or []:
        key, _, value = item.partition("=")
        if key == "HOME" and _usable(value) and value != "/root":
            return str(value)
    return FALLBACK_HOME


def _usable(home: str) -> bool:
    """A home that can be a volume of its own: not the root folder, nor one that holds the system."""
    return home.startswith("/") and home.count("/") >= 1 and home not in ("/", "/nonexistent", "/etc", "/usr", "/bin")


def ids_of(user: str, passwd: str) -> tuple[int, int]:
    """Numeric owner for the home volume of `user` (name or uid, optionally :gid)."""
    name, _, group = user.partition(":")
    for line in passwd.splitlines():
        fields = line.split(":")
        if len(fields) >= 4 and name in (fields[0], fields[2]):
            return int(fields[2]), int(group) if group.isdigit() else int(fields[3])
    if not name.isdigit():
        raise LaunchFailed(f"agent.user: the image knows no user {name!r}; write a number, or one of the image's users")
    return int(name), int(group) if group.isdigit() else int(name)


def shape(
    engine: Engine,
    plan: AgentPlan,
    image: str,
    env: Mapping[str, str],
    operator: tuple[int, int],
    progress: Progress,
) -> tuple[AgentShape, tuple[int, int]]:
    """The agent's container and the numeric owner of its home."""
    with translated(LaunchFailed, f"the image {image} could not be looked at"):
        inspected = engine.api.inspect_image(image)
        passwd = _image_file(engine, image, "/etc/passwd").decode("utf-8", "replace")
    user = user_of(plan, (inspected.get("Config") or {}).get("User") or "", operator)
    if operator[0] == 0 and not plan.user and any(not mount.read_only for mount in plan.mounts):
        progress(f"agent: runs as {user}, not as root; folders that only root may write stay closed (agent.user)")
    home = home_of(plan, inspected, user, passwd)
    return (
        AgentShape(
            image=image,
            user=user,
            home=home,
            mounts=plan.mounts,
            env=env,
            command=plan.command,
            workdir=plan.workdir,
            limits=plan.limits,
        ),
        ids_of(user, passwd),
    )


def _image_file(engine: Engine, image: str, path: str) -> bytes:
    """A file of an image, through a container that is never started; empty when there is none."""
    errors = sdk().errors

    made = engine.api.create_container_from_config(
        {"Image": image, "Cmd": ["-"], "HostConfig": {"NetworkMode": "none"}}
    )
    try:
        chunks, _ = engine.api.get_archive(made["Id"], path)
        return archives.read_file(chunks) or b""
    except errors.NotFound:
        return b""
    finally:
        engine.api.remove_container(made["Id"], force=True, v=True)


def furnish(
    engine: Engine, container: str, files: Mapping[str, bytes], home: str, owner: tuple[int, int], *, fresh_home: bool
) -> None:
    """The agent's files under /etc/bottle, root's and read-only, and the owner of a new home."""
    entries = [Entry(path, None, 0, 0o755) for path in sorted({folder for file in files for folder in _folders(file)})]
    entries += [Entry(path.lstrip("/"), data, 0, 0o444) for path, data in files.items()]
    with translated(LaunchFailed, "the agent's files could not be put in place"):
        engine.api.put_archive(container, "/", archives.pack(entries))
        if fresh_home:
            parent, _, name = home.rpartition("/")
            engine.api.put_archive(
                container, parent or "/", archives.pack([Entry(name, None, owner[0], 0o700, owner[1])])
            )


def _folders(file: str) -> list[str]:
    parts = file.strip("/").split("/")[:-1]
    return ["/".join(parts[:count]) for count in range(2, len(parts) + 1)]


def trust(engine: Engine, container: str, certificate: bytes) -> list[str]:
    """Add the gate's CA to the image's own root bundles, before the agent starts. Best effort; the bundles changed."""
    errors = sdk().errors

    changed = []
    for path in SYSTEM_BUNDLES:
        try:
            chunks, _ = engine.api.get_archive(container, path)
            bundle = archives.read_file(chunks)
            if not bundle:
                continue
            folder, _, name = path.rpartition("/")
            whole = bundle.rstrip(b"\n") + b"\n" + certificate
            engine.api.put_archive(container, folder, archives.pack([Entry(name, whole, 0, 0o644)]))
            changed.append(path)
        except errors.NotFound:
            continue
        except foreign_errors():
            continue
    return changed


def refuse_missing_program(engine: Engine, container: str) -> None:
    """Raises LaunchFailed when the agent ended at once because its command is not in the image.

    A program that ends by itself is the agent's own matter; one that never began is a mistake in the manifest.
    """
    import requests.exceptions

    try:
        code = int(engine.api.wait(container, timeout=_BEGINS_SECONDS)["StatusCode"])
    except (requests.exceptions.ReadTimeout, requests.exceptions.ConnectionError):
        return  # it runs
    with translated(LaunchFailed, "the agent's output could not be read"):
        said = engine.api.logs(container, tail=5).decode("utf-8", "replace").strip()
    if code in (126, 127) and _NOT_BEGUN in said:
        raise LaunchFailed(f"the agent did not start: {said.splitlines()[-1][:300]}; is agent.command in its image?")
