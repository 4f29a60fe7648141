"""What was approved, as a patch to the manifest: printed for a person to read and apply, never written."""

import difflib
from dataclasses import dataclass
from pathlib import Path

from bottle_tui.core import providers, saving
from bottle_tui.core.always import Always
from bottle_tui.core.changes import State
from bottle_tui.core.manifest import Manifest
from bottle_tui.core.takeover import is_of_manifest
from bottle_tui.errors import Conflict, InvalidFile
from bottle_tui.ports import BottleHome, World
from bottle_tui.services import blueprint, grants, lookup, session


@dataclass(frozen=True)
class Patch:
    """A unified diff against the manifest, empty when it says all of it already; and what is not in it, with why."""

    file: str
    diff: str
    added: tuple[str, ...]
    left: tuple[str, ...]


def save(world: World, slug: str, file: Path | None = None) -> Patch:
    """The patch. Without a file, the manifest that the bottle was started with. Raises NotFound, Conflict."""
    home = lookup.home_of(world, slug)
    path = file or _manifest_of(world, slug)
    manifest = blueprint.load(path)
    if manifest.name != slug:
        raise Conflict(f"describes {manifest.name}, not {slug}; name the manifest of {slug} with -f", file=str(path))
    kept = grants.entries(home)
    state = _in_force(home)
    fresh, ending = _run_time(state, {entry.id for entry in kept})
    provider = providers.ALL[manifest.agent.provider]
    beside = _beside(state, manifest, provider)
    provided = (*(route.host for route in provider.routes), *provider.hosts)
    text = path.read_bytes().decode()
    new = saving.saved(text, str(path), (*kept, *fresh), provided)
    return Patch(str(path), unified(text, new.text, path.name), new.added, (*new.left, *ending, *beside))


def unified(before: str, after: str, name: str) -> str:
    """A diff that `patch -p1` and `git apply` take, run in the file's folder."""
    lines = difflib.unified_diff(
        before.splitlines(keepends=True), after.splitlines(keepends=True), f"a/{name}", f"b/{name}"
    )
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def _manifest_of(world: World, slug: str) -> Path:
    record = lookup.find(world, slug)
    stated = record.details.get("manifest") if record is not None else None
    if not isinstance(stated, str):
        raise Conflict(f"{slug} is down, and its manifest is not known; name it with -f bottle.yaml")
    return Path(stated)


def _in_force(home: BottleHome) -> State:
    """What was last in force; nothing where that cannot be read."""
    try:
        return session.live(home).state
    except (Conflict, InvalidFile):
        return State()


def _run_time(state: State, known: set[str]) -> tuple[list[Always], list[str]]:
    """What is granted until the bottle stops, and in words what ends by itself and so belongs into no manifest."""
    fresh, ending = [], []
    for route in state.routes:
        for grant in route.grants:
            if is_of_manifest(grant) or grant.id in known:
                continue
            if grant.expires_at is not None or grant.uses is not None:
                ending.append(f"{grant.host or route.host}: it ends by itself, so it belongs into no manifest")
            else:
                fresh.append(grants.entry(state, route, grant))
    return fresh, ending


def _beside(state: State, manifest: Manifest, provider: providers.Provider) -> list[str]:
    """What was approved of pipelock alone: for a host whose route the manifest has, or in pipelock's own list."""
    stated = {route.host: route.passthrough for route in provider.routes}
    stated |= {route.host: route.passthrough for route in manifest.routes if route.passthrough is not None}
    unread = [
        route.host
        for route in state.routes
        if route.pipelock == "passthrough"
        and not stated.get(route.host)
        and route.grants
        and all(is_of_manifest(each) for each in route.grants)
    ]
    return [
        *(
            f"{host}: passed on unread; to keep that, its route needs `pipelock: {{tls_passthrough: true}}`"
            for host in unread
        ),
        *(
            f"{host}: in pipelock's own list, which no manifest holds; it stays until `bottle-tui pipelock edit`"
            for host in (*state.extra.hosts, *state.extra.passthrough)
        ),
    ]
