"""`up`: from a manifest to a bottle that runs, both sidecars having said what they enforce."""

import contextlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from bottle_tui.core import slots
from bottle_tui.core.views import BottleStatus
from bottle_tui.errors import BottleError, Conflict, LaunchFailed
from bottle_tui.ports import SIDECARS, BottleHome, Progress, Recorded, Role, Runtime, World
from bottle_tui.services import (
    acceptance,
    again,
    blueprint,
    confirming,
    gate,
    launching,
    loading,
    lookup,
    reconcile,
    recording,
    recover,
    session,
    status,
    tokens,
)
from bottle_tui.services.blueprint import Blueprint
from bottle_tui.services.incarnation import OF_AN_INCARNATION

LOCK_SECONDS = 300.0
"""Another `up` of the same bottle may be building images."""
_RESTARTABLE: tuple[Role, ...] = ("pipelock", "supervise")


@dataclass(frozen=True)
class UpResult:
    """How `up` ended: the bottle as it is now, and what a person should read."""

    status: BottleStatus
    lines: tuple[str, ...]


def up(
    world: World,
    manifest_path: Path,
    *,
    runtime: str,
    accept: str | None = None,
    ask: Callable[[str], bool] | None = None,
    progress: Progress = lambda line: None,
    joined: bool = False,
) -> UpResult:
    """Start the manifest's bottle, or bring a running one to it. Raises whatever of `errors` stopped it.

    `joined`: the caller joins the agent next, which starts it.
    """
    slug = blueprint.load(Path(manifest_path)).name
    record = lookup.find(world, slug)
    _same_runtime(record, runtime)
    chosen = lookup.runtime(world, runtime)
    chosen.check()
    home = world.home.bottle(slug)
    runs = _runs(chosen, record)
    # A gate that runs holds its tokens already; only what is started, or new, needs them in this process.
    drawn = blueprint.draw(world, Path(manifest_path), slots=_slots(home, record), need_tokens=not runs)
    drawn = replace(drawn, joined=joined)
    _require_image(drawn, runtime)
    for note in drawn.plan.notes:
        progress(note)
    asked = acceptance.Asked(accept, ask, _moved_from(record, Path(manifest_path)))
    how = acceptance.require(home, drawn.plan, asked, progress=progress, here=_here(world, runtime))
    deed = recording.Up(world, home, drawn.plan, how)
    with deed.told():
        with home.lock(LOCK_SECONDS):
            record = lookup.find(world, slug)
            live = _live_needed(chosen, record, drawn)
            if live or how != "before" or not _runs(chosen, record):
                deed.begin()
            if not live:
                record = _bring_up(world, chosen, record, drawn, progress)
        lines = _live(world, record, drawn) if live and record else []
    _at_home(world, drawn)
    acceptance.pin(home, drawn.plan)  # a plan that did not start is corrected without anybody's word
    return UpResult(status.bottle(world, slug), tuple(lines))


def _require_image(drawn: Blueprint, runtime: str) -> None:
    """Only the local runtime, which runs the command on this host, can do without."""
    if runtime != "local" and not drawn.plan.agent.image and not drawn.plan.agent.build:
        raise drawn.manifest.refuse(
            ("agent",), f"the {runtime} runtime needs image: NAME, or build: FOLDER with a Dockerfile"
        )


def _here(world: World, runtime: str) -> acceptance.Here:
    return acceptance.Here(local=runtime == "local", scans=not launching.uses_hop(world, runtime))


def _same_runtime(record: Recorded | None, runtime: str) -> None:
    if record is not None and record.runtime != runtime:
        raise Conflict(
            f"{record.slug} was started on the {record.runtime} runtime; "
            f"`bottle-tui down {record.slug}` first, or --runtime {record.runtime}"
        )


def _moved_from(record: Recorded | None, manifest: Path) -> str | None:
    """The manifest of another folder that the bottle was started with; None when there is none.

    Folders of one name hold manifests of one name, and the agent of one must not be taken for the other's unasked.
    """
    stated = record.details.get("manifest") if record is not None else None
    if not isinstance(stated, str) or Path(stated).parent.resolve() == manifest.parent.resolve():
        return None
    return stated


def _at_home(world: World, drawn: Blueprint) -> None:
    """From now on the bottle is that of this manifest's folder."""
    record = lookup.find(world, drawn.plan.slug)
    if record is not None and record.details.get("manifest") != drawn.plan.manifest:
        lookup.save(world, confirming.with_plan(record, drawn))


def _slots(home: BottleHome, record: Recorded | None) -> slots.Slots | None:
    """The slots given so far: they belong to an incarnation."""
    return None if record is None or _half_made(record) else slots.parse(home.read(slots.FILE))


def _half_made(record: Recorded) -> bool:
    """Whether an `up` or a `down` did not get to its end: what is there cannot be started, only removed."""
    return bool(record.details.get("starting") or record.details.get(lookup.HALF_GONE))


def _live_needed(chosen: Runtime, record: Recorded | None, drawn: Blueprint) -> bool:
    """Whether a running bottle is to take over another manifest."""
    return record is not None and record.details.get("plan") != drawn.plan.digest and _runs(chosen, record)


def _runs(chosen: Runtime, record: Recorded | None) -> bool:
    return record is not None and not _half_made(record) and chosen.states(record).get("egress") == "up"


def _bring_up(world: World, chosen: Runtime, record: Recorded | None, drawn: Blueprint, progress: Progress) -> Recorded:
    if record is not None and _half_made(record):
        progress("an earlier `up` or `down` did not get to its end; removing what it left…")
        _refuse_leftovers(chosen.remove(record.slug, record, purge=False))
        record = None
    if record is None:
        return _launch(world, chosen, drawn, progress)
    return _as_it_is(world, chosen, record, drawn, progress)


def _as_it_is(world: World, chosen: Runtime, record: Recorded, drawn: Blueprint, progress: Progress) -> Recorded:
    """A bottle that was made before: started when it is stopped, its broken parts started again when it runs."""
    states = chosen.states(record)
    if "unknown" in states.values():
        raise BottleError(f"{record.slug}: the runtime does not say what runs; try again when it answers")
    if all(states.get(role) != "up" for role in SIDECARS):
        return again.start_again(world, chosen, record, drawn, progress)
    if states.get("egress") != "up":
        _start_the_gate(world, record.slug, progress)
    for role in _RESTARTABLE:
        if states.get(role) != "up":
            progress(f"{role} was down; starting it again…")
            chosen.sidecar(record, role).restart()
    missing = status.missing_tokens(world, record.slug, gate.status(chosen.sidecar(record, "egress")))
    if missing:
        progress(f"the gate has no value of {', '.join(missing)}; delivering…")
        tokens.deliver(world, record.slug)
    settled = recover.recover(world, record.slug)
    if settled is not None:
        progress(settled)
    _give_back_the_table(world, record.slug, progress)
    progress(f"{record.slug} runs already")
    return record


def _start_the_gate(world: World, slug: str, progress: Progress) -> None:
    """It has died alone: the bottle was not stopped, so what was granted until it stops stands.

    The table gets an apply of its own: what the gate said of it before it died must not count.
    """
    progress("egress was down; starting it again with what was in force…")
    opened = session.opened(world, slug)
    table = replace(session.live(opened.home).table, apply=opened.fresh_id(), source=None)
    opened.home.write(session.TABLE_FILE, table.data)
    loading.restart_gate(opened, table)


def _give_back_the_table(world: World, slug: str, progress: Progress) -> None:
    """A gate that came back without a table it could read denies everything: it gets the one that was in force."""
    opened = session.opened(world, slug)
    if gate.status(opened.sidecar("egress")).digest is None:
        progress("the gate has no routes that it can read; loading those that were in force…")
        loading.load_table(opened, session.live(opened.home).table)


def _launch(world: World, chosen: Runtime, drawn: Blueprint, progress: Progress) -> Recorded:
    """Make the bottle anew. Whatever fails, nothing of it stays."""
    slug = drawn.plan.slug
    home = world.home.bottle(slug)
    for name in OF_AN_INCARNATION:
        home.delete(name)
    incarnation = secrets.token_hex(16)
    lookup.save(world, _starting(world, chosen.name, slug, incarnation))
    made: Recorded | None = None
    with contextlib.ExitStack() as undo:
        undo.callback(lambda: _undo(world, chosen, slug, made))
        prepared = launching.prepare(world, drawn, incarnation, runtime=chosen.name)
        made = chosen.launch(prepared.launch, progress)
        made = confirming.with_plan(made, drawn)
        lookup.save(world, made)
        confirming.confirm(world, chosen, made, prepared, progress)
        confirming.keep(world, drawn, prepared)
        undo.pop_all()
    return made


def _starting(world: World, runtime: str, slug: str, incarnation: str) -> Recorded:
    return Recorded(
        slug=slug,
        runtime=runtime,
        incarnation=incarnation,
        created=world.clock.now(),
        containers={},
        networks={},
        volumes={},
        proxy_url="",
        mcp_url="",
        ca_file="",
        details={"starting": True},
    )


def _undo(world: World, chosen: Runtime, slug: str, made: Recorded | None) -> None:
    """After a failed launch: the runtime has undone its own steps; what was made and never confirmed goes too."""
    home = world.home.bottle(slug)
    left: list[str] = []
    if made is not None:
        left = chosen.remove(slug, made, purge=False)
    if not left:
        for name in (*OF_AN_INCARNATION, lookup.RECORD):
            home.delete(name)


def _refuse_leftovers(left: list[str]) -> None:
    if left:
        raise LaunchFailed(f"what is left of an earlier `up` or `down` could not be removed: {'; '.join(left)}")


def _live(world: World, record: Recorded, drawn: Blueprint) -> list[str]:
    """A running bottle takes over what can be changed under it; the rest needs down and up."""
    if record.details.get("structure") != launching.structure(drawn.plan):
        raise confirming.needs_anew(record.slug)
    lines = reconcile.reconcile(world, record, drawn.plan)
    lookup.save(world, confirming.with_plan(record, drawn))
    return lines
