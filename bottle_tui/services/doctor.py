"""What is missing here, and the line that fixes it. Looks only; nothing is changed."""

import os
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bottle_tui.core.words import counted
from bottle_tui.errors import BottleError, InvalidFile
from bottle_tui.ports import World
from bottle_tui.services import audit, backlog, blueprint, lookup, status

_LOG_TAIL = 2000


@dataclass(frozen=True)
class Finding:
    """`ok` None: not known here. `remedy` is the line that fixes it."""

    name: str
    ok: bool | None
    text: str
    remedy: str = ""


def examine(world: World, *, runtime: str, manifest: Path | None = None) -> list[Finding]:
    """Every finding: this machine's first, then each bottle's."""
    trouble = _unusable(world.home.root)
    found = [_python(), trouble or _home(world), _engine(world, runtime)]
    if manifest is not None and _may_be_there(manifest):
        found.append(_manifest(world, manifest))
    for slug in () if trouble else world.home.slugs():
        found += _bottle(world, slug)
    return found


def _python() -> Finding:
    version = ".".join(str(part) for part in sys.version_info[:3])
    return Finding("python", sys.version_info >= (3, 13), f"Python {version}", "install Python 3.13 or newer")


def _unusable(root: Path) -> Finding | None:
    """Why nothing can be kept there, tried with a file that is gone again at once; no bottle can be examined then."""
    elsewhere = "set BOTTLE_TUI_HOME to a folder of your own that can be written"
    try:
        place = next(each for each in (root, *root.parents) if _is_there(each))
        if place == root and place.stat().st_uid != os.geteuid():
            return Finding("home", False, f"{root} belongs to another account", elsewhere)
        with tempfile.TemporaryFile(dir=place) as tried:
            tried.write(b"?")
    except OSError as error:
        mine = isinstance(error, PermissionError) and _is_mine(root)
        made = "be written" if os.path.lexists(root) else "be made"
        return Finding(
            "home", False, f"{root} cannot {made} ({error.strerror})", f"chmod 700 {root}" if mine else elsewhere
        )
    return None


def _is_there(path: Path) -> bool:
    """Raises OSError where that cannot be told."""
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


def _may_be_there(path: Path) -> bool:
    """Where it cannot be told, reading it says why."""
    try:
        return _is_there(path)
    except OSError:
        return True


def _is_mine(root: Path) -> bool:
    try:
        return root.stat().st_uid == os.geteuid()
    except OSError:
        return False


def _home(world: World) -> Finding:
    root = world.home.root
    if not root.exists():
        return Finding("home", True, f"{root} will be made by the first `up`")
    mode = root.stat().st_mode & 0o777
    if mode & 0o077:
        return Finding("home", False, f"{root} is open to others ({mode:o})", f"chmod 700 {root}")
    return Finding("home", True, f"{root}, for you alone")


def _engine(world: World, runtime: str) -> Finding:
    try:
        chosen = lookup.runtime(world, runtime)
        chosen.check()
    except BottleError as error:
        return Finding("runtime", False, error.message, "start it, or try `bottle-tui demo`, which needs none")
    return Finding("runtime", True, chosen.describe())


def _manifest(world: World, path: Path) -> Finding:
    try:
        drawn = blueprint.draw(world, path)
    except BottleError as error:
        return Finding("manifest", False, str(error))
    return Finding(
        "manifest",
        True,
        f"{path}: {counted(len(drawn.plan.routes), 'route')}, {counted(len(drawn.plan.tokens), 'token')} set",
    )


def _bottle(world: World, slug: str) -> Iterator[Finding]:
    try:
        yield Finding(f"{slug}: ledger", True, audit.verify(world, slug))
    except InvalidFile as error:
        yield _unreadable(slug, error)
        return
    except BottleError as error:
        yield Finding(f"{slug}: ledger", False, str(error), "keep the file, and find out who changed it")
    try:
        if lookup.find(world, slug) is None:
            return
        state = status.bottle(world, slug)
    except InvalidFile as error:
        yield _unreadable(slug, error)
        return
    except BottleError as error:
        yield Finding(slug, None, str(error))
        return
    well = state.state in ("running", "stopped", "starting")
    yield Finding(slug, well, state.state + (f": {state.note}" if state.note else ""))
    if state.sidecars.get("egress") == "up":
        yield from _distrust(world, slug)


def _unreadable(slug: str, error: InvalidFile) -> Finding:
    return Finding(slug, False, str(error), "give that file back to yourself (owner, mode), or remove what is no file")


def _distrust(world: World, slug: str) -> Iterator[Finding]:
    """An agent that does not trust the gate's CA retries in silence for long; the gate's log knows."""
    try:
        egress = lookup.sidecar(world, slug, "egress")
        read = backlog.read(world.clock, egress, limit=_LOG_TAIL, tail=_LOG_TAIL)
    except BottleError:
        return
    hosts = {str(event.get("host")) for event in read.events if event.get("event") == "client_refused_tls"}
    if hosts:
        text = f"the agent does not trust the gate's CA (seen for {', '.join(sorted(hosts)[:5])})"
        remedy = "point the program at the file in SSL_CERT_FILE; docs/providers.md names the variable of each"
        yield Finding(f"{slug}: trust", False, text, remedy)
