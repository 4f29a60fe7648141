"""What was approved, as a patch to the manifest: printed for a person to read and apply, never written."""

import difflib
from dataclasses import dataclass
from pathlib import Path

from bottle_tui.core import providers, saving
from bottle_tui.core.always import Always
from bottle_tui.core.takeover import is_of_manifest
from bottle_tui.errors import Conflict, InvalidFile, NotFound
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
    home = world.home.bottle(slug)
    if not home.exists():
        raise NotFound(f"no bottle is called {slug}; `bottle-tui ps` lists them")
    path = file or _manifest_of(world, slug)
    manifest = blueprint.load(path)
    if manifest.name != slug:
        raise Conflict(f"describes {manifest.name}, not {slug}; name the manifest of {slug} with -f", file=str(path))
    kept = grants.entries(home)
    fresh, ending = _run_time(home, {entry.id for entry in kept})
    provider = providers.ALL[manifest.agent.provider]
    provided = (*(route.host for route in provider.routes), *provider.hosts)
    text = path.read_bytes().decode()
    new = saving.saved(text, str(path), (*kept, *fresh), provided)
    return Patch(str(path), unified(text, new.text, path.name), new.added, (*new.left, *ending))


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


def _run_time(home: BottleHome, known: set[str]) -> tuple[list[Always], list[str]]:
    """What is granted until the bottle stops, and in words what ends by itself and so belongs into no manifest."""
    try:
        state = session.live(home).state
    except (Conflict, InvalidFile):
        return [], []
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
