"""What is missing here, and the line that fixes it. Looks only; nothing is changed."""

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bottle_tui.errors import BottleError
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
    found = [_python(), _home(world), _engine(world, runtime)]
    if manifest is not None and manifest.exists():
        found.append(_manifest(world, manifest))
    for slug in world.home.slugs():
        found += _bottle(world, slug)
    return found


def _python() -> Finding:
    version = ".".join(str(part) for part in sys.version_info[:3])
    return Finding("python", sys.version_info >= (3, 13), f"Python {version}", "install Python 3.13 or newer")


def _home(world: World) -> Finding:
    root = world.home.root
    if not root.exists():
        return Finding("home", True, f"{root} will be made by the first `up`")
    mode = root.stat().st_mode & 0o777
    if mode & 0o077:
        return Finding("home", False, f"{root} is open to others ({mode:o})", f"chmod 700 {root}")
    if not os.access(root, os.W_OK):
        return Finding("home", False, f"{root} cannot be written", "set BOTTLE_TUI_HOME to a folder of your own")
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
    return Finding("manifest", True, f"{path}: {len(drawn.plan.routes)} routes, {len(drawn.plan.tokens)} tokens set")


def _bottle(world: World, slug: str) -> Iterator[Finding]:
    try:
        yield Finding(f"{slug}: ledger", True, audit.verify(world, slug))
    except BottleError as error:
        yield Finding(f"{slug}: ledger", False, str(error), "keep the file, and find out who changed it")
    if lookup.find(world, slug) is None:
        return
    try:
        state = status.bottle(world, slug)
    except BottleError as error:
        yield Finding(slug, None, error.message)
        return
    well = state.state in ("running", "stopped", "starting")
    yield Finding(slug, well, state.state + (f": {state.note}" if state.note else ""))
    if state.sidecars.get("egress") == "up":
        yield from _distrust(world, slug)


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
