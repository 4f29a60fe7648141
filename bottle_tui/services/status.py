"""How bottles are: what the runtime says of their parts, and what the gate says of itself."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial

from bottle_tui.core import journal, silence, slots
from bottle_tui.core.views import SKEW, BottleState, BottleStatus, SidecarState
from bottle_tui.errors import BottleError, InvalidFile, NotFound
from bottle_tui.ports import SIDECARS, Recorded, Role, Runtime, Survey, World
from bottle_tui.services import cutoff, filed, gate, interrupted, lookup, session
from bottle_tui.services.gate import GateStatus
from bottle_tui.services.rounds import Rounds, once
from bottle_tui.services.session import QUARANTINE_FILE, TABLE_FILE, Session
from sidecar_addon.table import digest_of, fingerprint

PATIENCE, GLANCE = 20.0, 1.0
"""Seconds until a list is shown without those that have not answered: asked for once, or again and again."""
GATE_SECONDS = 3.0
"""And until a gate counts as one that does not answer."""
HANGS_AFTER = 10.0
"""Seconds for which pipelock has not answered the gate."""
_NOTHING = Survey({}, {})


def bottles(world: World, rounds: Rounds[BottleStatus] | None = None) -> list[BottleStatus]:
    """Every bottle that is recorded here, and whatever else on the engine carries our label.

    All are asked at once, and one that does not answer in time is "unknown". With `rounds`, of somebody who looks
    again, it is shown as it was last heard, and what it says later is in the next list. One whose files are damaged
    hides no other, and says why.
    """
    listed, damaged = lookup.everything(world)
    records = [record for record in listed.values() if record is not None]
    surveys = _surveys(world, records)
    before = rounds.last if rounds is not None else lambda slug: None
    questions = {
        each.slug: partial(_row, world, each, surveys.get(each.runtime, _NOTHING), before(each.slug))
        for each in records
    }
    heard = once(questions, PATIENCE) if rounds is None else rounds.ask(questions, GLANCE)
    found = [heard.get(each.slug) or _silent(each) for each in records]
    known = {(each.runtime, each.slug) for each in records}
    for name, survey in surveys.items():
        found += [
            _foreign(world, name, slug, state)
            for slug, state in survey.found.items()
            if (name, slug) not in known and slug not in damaged
        ]
    found += [_without_record(world, slug, "unknown", why) for slug, why in damaged.items()]
    return sorted(found, key=lambda each: each.slug)


def bottle(world: World, slug: str) -> BottleStatus:
    """One bottle. Raises NotFound when it is not recorded."""
    return _asked(world, lookup.recorded(world, slug), _NOTHING)


def _row(world: World, record: Recorded, survey: Survey, before: BottleStatus | None) -> BottleStatus:
    try:
        return _asked(world, record, survey, before)
    except BottleError as error:
        return _status(record, "unknown", {}, as_of=None, note=str(error))


def _asked(world: World, record: Recorded, survey: Survey, before: BottleStatus | None = None) -> BottleStatus:
    """As it answers now; one that does not, as it was last heard `before`."""
    return silence.remembered(_heard(world, record, survey), before, world.clock.now())


def _heard(world: World, record: Recorded, survey: Survey) -> BottleStatus:
    chosen, slug = lookup.runtime_of(world, record), record.slug
    if record.details.get("starting"):
        note = "its `up` is at work, or died: `bottle-tui down` cleans up"
        return _status(record, "starting", {}, as_of=world.clock.now(), note=note)
    if record.details.get(lookup.HALF_GONE):
        note = f"removed in part: `bottle-tui down {slug}` names what is left"
        return _status(record, "stopped", {}, as_of=world.clock.now(), note=note)
    settled = interrupted.settle(world, slug)
    states = survey.states.get(slug) or chosen.states(record)
    sidecars: dict[str, SidecarState] = {role: states.get(role, "unknown") for role in SIDECARS}
    kept, asked = world.home.bottle(slug).read(TABLE_FILE), world.clock.now()
    answer, problem = _ask(chosen, record, sidecars)
    skew = _skew(answer, asked, world.clock.now())
    try:
        state, note = _judge(world, record, states, answer, problem)
    except InvalidFile as error:
        state, note = "degraded", str(error)
    if state == "running" and answer is not None and _is_another(world, slug, kept, answer):
        state, note = (
            "degraded",
            "the gate has another table than the confirmed one; X cuts it off, `down` and `up` start clean",
        )
    if skew:
        note = "; ".join(filter(None, (f"the gate's clock is {skew:+.0f} s from this host's", note)))
    pending, trouble, hangs = _supervise(world, chosen, record, sidecars)
    if hangs:
        sidecars["supervise"] = "unknown"
    if _pipelock_hangs(state, answer):
        sidecars["pipelock"] = "unknown"
        trouble = "; ".join(filter(None, (_hangs(slug, "pipelock", "nothing passes"), trouble)))
    if trouble and state == "running":
        state = "degraded"
    note = "; ".join(line for line in (settled, note, trouble) if line)
    as_of = None if state == "unknown" else asked
    if answer is None and sidecars["egress"] == "up":
        sidecars["egress"] = "unknown"
    return _status(record, state, sidecars, as_of=as_of, note=note, answer=answer, pending=pending, skew=skew)


def _is_another(world: World, slug: str, kept: bytes | None, answer: GateStatus) -> bool:
    """Whether the gate enforces something else than what was confirmed before it was asked, and nobody is at work."""
    home = world.home.bottle(slug)
    if kept is None or home.read(journal.FILE) is not None or home.read(TABLE_FILE) != kept:
        return False
    return answer.digest != digest_of(kept)


def _ask(chosen: Runtime, record: Recorded, sidecars: Mapping[str, SidecarState]) -> tuple[GateStatus | None, str]:
    if sidecars["egress"] != "up":
        return None, ""
    try:
        return gate.status(chosen.sidecar(record, "egress"), seconds=GATE_SECONDS), ""
    except BottleError as error:
        return None, str(error)


def _skew(answer: GateStatus | None, asked: datetime, answered: datetime) -> float:
    """How far the gate's clock is ahead, when it is more than could come from the time the question took."""
    if answer is None:
        return 0.0
    ahead, behind = (answer.time - answered).total_seconds(), (asked - answer.time).total_seconds()
    return ahead if ahead > SKEW else -behind if behind > SKEW else 0.0


def _judge(
    world: World,
    record: Recorded,
    states: Mapping[Role, SidecarState],
    answer: GateStatus | None,
    problem: str,
) -> tuple[BottleState, str]:
    """The state and one line of why. Worst first: what is not known is never called running."""
    parts = [states.get(role, "unknown") for role in SIDECARS]
    wished = world.home.bottle(record.slug).read(QUARANTINE_FILE) is not None
    if all(part == "down" for part in parts):
        return "stopped", f"in quarantine when it starts; `bottle-tui release {record.slug}` ends it" if wished else ""
    if all(part == "unknown" for part in parts):
        asked = "; a quarantine was asked for: whether it is carried out is not known either" if wished else ""
        return "unknown", f"{_silence(world, record)}{asked}"
    if wished:
        return _wished(world, record, answer)
    if answer is not None and answer.quarantined:
        return "quarantined", f"`bottle-tui release {record.slug}` ends it"
    if "unknown" in parts:
        return "degraded", "the runtime does not answer"
    if "down" in parts:
        down = ", ".join(role for role in SIDECARS if states.get(role) != "up")
        return "degraded", "; ".join(filter(None, (f"{down} down; `bottle-tui up` starts it again", problem)))
    if answer is None:
        return "unknown", problem or "the gate does not answer"
    if answer.error:
        return "degraded", f"the gate denies everything: {answer.error}"
    if half := _half_released(world, record):
        return "degraded", half
    missing = missing_tokens(world, record.slug, answer)
    if missing:
        return "needs_tokens", f"the gate has no value of {', '.join(missing)}; `bottle-tui up` delivers it"
    return "running", _about_pipelock(record, states)


def _wished(world: World, record: Recorded, answer: GateStatus | None) -> tuple[BottleState, str]:
    """A quarantine counts once it is confirmed; what was asked for and is not is the worst there is."""
    opened = session.opened(world, record.slug)
    cut = cutoff.look(world, opened, answers=answer is not None and answer.quarantined)
    if cut.confirmed:
        late = f"{cut.late}; " if cut.late else ""
        return "quarantined", f"{late}`bottle-tui release {record.slug}` ends it"
    again = f"press X again, or `bottle-tui quarantine {record.slug}`"
    return "degraded", f"quarantine was asked for and has NOT been carried out: {again} ({cut.why})"


def _half_released(world: World, record: Recorded) -> str:
    home, runtime = world.home.bottle(record.slug), lookup.runtime_of(world, record)
    missing = cutoff.half_released(Session(world, record, runtime, home))
    if not missing:
        return ""
    return f"its release is at work, or died: {missing}; `bottle-tui release {record.slug}` finishes it"


def _silence(world: World, record: Recorded) -> str:
    """Why nothing is known: the engine's own line where there is one."""
    try:
        lookup.runtime_of(world, record).check()
    except BottleError as error:
        return str(error)
    return "the runtime does not answer"


def _about_pipelock(record: Recorded, states: Mapping[Role, SidecarState]) -> str:
    notes = []
    if record.details.get("pipelock") == "hop":
        notes.append("pipelock is the hop: allowlist only")
    if states.get("agent") == "down":
        notes.append(f"the agent has ended; `bottle-tui attach {record.slug}` starts it again")
    return "; ".join(notes)


def missing_tokens(world: World, slug: str, answer: GateStatus) -> list[str]:
    """Host variables whose slot in the gate is empty, or holds another one's value."""
    refs = slots.parse(world.home.bottle(slug).read(slots.FILE)).refs
    return [ref for slot, ref in refs.items() if answer.slots.get(slot) != fingerprint(ref)]


def _supervise(
    world: World, chosen: Runtime, record: Recorded, sidecars: Mapping[str, SidecarState]
) -> tuple[int, str, bool]:
    """How many proposals have no decision, what is wrong, and whether supervise hangs. An unreachable queue counts as
    none, and its sidecar shows why, a damaged one as none with why.
    """
    if sidecars["supervise"] != "up":
        return 0, "", False
    try:
        found = filed.look(Session(world, record, chosen, world.home.bottle(record.slug)))
    except InvalidFile as error:
        return 0, str(error), False
    except BottleError:
        return 0, "", False
    said = _hangs(record.slug, "supervise", "no ask and no answer passes") if found.hangs else ""
    return found.waiting, said, found.hangs


def _pipelock_hangs(state: BottleState, answer: GateStatus | None) -> bool:
    """Only where the gate could reach it: in quarantine it is off the chain."""
    return state in ("running", "needs_tokens") and answer is not None and answer.parent_silent >= HANGS_AFTER


def _hangs(slug: str, role: Role, so: str) -> str:
    return f"{role} hangs: {so}; `bottle-tui stop {slug}` and `up` start it anew"


def _surveys(world: World, records: Sequence[Recorded]) -> dict[str, Survey]:
    """What one look at each runtime tells; one without an engine tells nothing."""

    def look(name: str) -> Survey:
        try:
            return world.runtimes[name].survey([each for each in records if each.runtime == name])
        except (BottleError, NotFound):
            return _NOTHING

    return once({name: partial(look, name) for name in world.runtimes}, PATIENCE)


def _silent(record: Recorded) -> BottleStatus:
    """Asked, and not answered yet."""
    return _status(record, "unknown", {}, as_of=None, note="it does not answer")


def _status(
    record: Recorded,
    state: BottleState,
    sidecars: Mapping[str, SidecarState],
    *,
    as_of: datetime | None,
    note: str = "",
    answer: GateStatus | None = None,
    pending: int = 0,
    skew: float = 0.0,
) -> BottleStatus:
    return BottleStatus(
        slug=record.slug,
        runtime=record.runtime,
        state=state,
        sidecars={role: sidecars.get(role, "unknown") for role in SIDECARS},
        pending=pending,
        proxy_url=record.proxy_url or None,
        mcp_url=record.mcp_url or None,
        ca_file=record.ca_file or None,
        as_of=as_of,
        created=record.created,
        generation=answer.generation if answer else None,
        skew=skew,
        note=note,
    )


def _foreign(world: World, runtime: str, slug: str, state: str) -> BottleStatus:
    note = f"{state}; carries our label, but was not made from this home: only looked at"
    return _without_record(world, slug, "foreign", note, runtime)


def _without_record(world: World, slug: str, state: BottleState, note: str, runtime: str | None = None) -> BottleStatus:
    return BottleStatus(
        slug=slug,
        runtime=runtime or lookup.last_runtime(world, slug) or "",
        state=state,
        sidecars=dict.fromkeys(SIDECARS, "unknown"),
        pending=0,
        proxy_url=None,
        mcp_url=None,
        ca_file=None,
        as_of=None if state == "unknown" else world.clock.now(),
        note=note,
    )
