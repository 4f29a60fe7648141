"""A quarantine that was asked for, and what the sidecars confirm of it. The file keeps the wish, never the state.

Whoever looks next carries out what could not be done at once: cutting off is safe at any time. Nothing waits: while
somebody holds the lock he is at work on it, and a gate that does not answer is not asked again at every look.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from bottle_tui.errors import BottleError, Conflict
from bottle_tui.ports import World
from bottle_tui.services import audit, gate, loading, recover, session
from bottle_tui.services.session import QUARANTINE_FILE, RELEASE_FILE, TABLE_FILE, Session
from sidecar_addon.times import iso

_AGAIN_SECONDS = 20.0

_tries: dict[str, float] = {}
"""When it was last tried in vain: a dashboard looks every few seconds."""


@dataclass(frozen=True)
class Cut:
    """What is confirmed of a quarantine; None of a part that is, else why not."""

    network: str | None
    gate: str | None
    late: str = ""
    """Who asked for it and when, where it was carried out only now."""

    @property
    def confirmed(self) -> bool:
        """Whether egress is off its chain and the gate has said that it refuses everything."""
        return self.network is None and self.gate is None

    @property
    def why(self) -> str:
        """What is missing, as one line; empty when nothing is. A reason that both share is said once."""
        if self.network and self.gate:
            return self.network if self.gate in self.network else f"the network: {self.network}; the gate: {self.gate}"
        if self.network:
            return f"the network was not cut ({self.network})"
        return f"the gate has not confirmed ({self.gate})" if self.gate else ""


def wish(opened: Session) -> None:
    """Keep that it was asked for, by whom and when; nothing in it says that it was done."""
    asked = {"by": opened.world.operator, "at": iso(opened.clock.now())}
    keep(opened, json.dumps(asked).encode())


def keep(opened: Session, mark: bytes) -> None:
    """The file with the wish: no release is under way any more."""
    opened.home.write(QUARANTINE_FILE, mark)
    opened.home.delete(RELEASE_FILE)


def asked(opened: Session) -> dict[str, Any] | None:
    """The wish, None when nobody has one. A damaged file is a wish all the same."""
    data = opened.home.read(QUARANTINE_FILE)
    if data is None:
        return None
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def attempt(action: Callable[[], None]) -> str | None:
    """Run it; why it failed, if it did. A quarantine goes on with its next step whatever happens to this one."""
    try:
        action()
    except BottleError as error:
        return str(error)
    return None


def flag(opened: Session) -> None:
    """The same routes, with the flag, loaded and confirmed. The caller holds the lock."""
    recover.recover_session(opened)
    table = session.live(opened.home).table
    live = gate.status(opened.sidecar("egress"))
    if live.quarantined and table.quarantined and live.digest == table.digest:
        return
    flagged = replace(
        table.with_routes(table.routes, apply=opened.fresh_id(), base=live.digest),
        quarantined=True,
        hold_until=None,
    )
    loading.load_table(opened, flagged)
    opened.home.write(TABLE_FILE, flagged.data)


def note(opened: Session, confirmed: bool) -> None:
    """What was last confirmed, for those that read files only. The caller holds the lock."""
    value = asked(opened)
    if value is not None and value.get("confirmed", False) != confirmed:
        opened.home.write(QUARANTINE_FILE, json.dumps({**value, "confirmed": confirmed}).encode())


def record(opened: Session, cut: Cut, **about: Any) -> None:
    """The deed in the ledger, done or not. The caller holds the lock."""
    how = "not carried out" if cut.network and cut.gate else "not in full"
    why = f"{how}: {cut.why}" if cut.why else cut.late
    fields = {"network": cut.network or "cut", "gate": cut.gate or "confirmed", "in_force": cut.confirmed, **about}
    audit.append(opened.world, opened.home, "quarantine", component="egress", **fields, **({"why": why} if why else {}))


def look(world: World, opened: Session, *, answers: bool) -> Cut:
    """What stands of a quarantine that was asked for; what is missing is done now. `answers`: the gate says it does."""
    cut = Cut(_network(opened), None if answers else "it does not say that it refuses everything")
    key = str(opened.home.path)
    last = _tries.get(key)
    if cut.confirmed:
        _tries.pop(key, None)
        attempt(lambda: _noted(opened))
        return cut
    if world.read_only or (last is not None and world.clock.monotonic() - last < _AGAIN_SECONDS):
        return cut
    try:
        with opened.home.lock(timeout=0.0):
            done = _carried_out(opened)
    except Conflict:
        return cut
    except BottleError as error:
        return replace(cut, gate=cut.gate and str(error))
    if done is None or done.confirmed:
        _tries.pop(key, None)
    else:
        _tries[key] = world.clock.monotonic()
    return done or cut


def half_released(opened: Session) -> str:
    """What is missing of a release that was begun and is not done; empty when nothing is, or none was begun."""
    if opened.home.read(RELEASE_FILE) is None:
        return ""
    try:
        if opened.runtime.isolated(opened.recorded):
            return "egress is not back on its chain, nothing passes"
        attempt(lambda: _tidied(opened))
    except BottleError as error:
        return f"whether egress is back on its chain is not known: {error}"
    return ""


def _tidied(opened: Session) -> None:
    """It ended after its last step. Nobody else is at one, under the lock."""
    if not opened.world.read_only:
        with opened.home.lock(timeout=0.0):
            if not opened.runtime.isolated(opened.recorded):
                opened.home.delete(RELEASE_FILE)


def _network(opened: Session) -> str | None:
    try:
        return None if opened.runtime.isolated(opened.recorded) else "egress is on the chain"
    except BottleError as error:
        return str(error)


def _noted(opened: Session) -> None:
    if (asked(opened) or {}).get("confirmed") is not True and not opened.world.read_only:
        with opened.home.lock(timeout=0.0):
            note(opened, True)


def _local(written: str) -> str:
    try:
        return f"{datetime.fromisoformat(written).astimezone():%Y-%m-%d %H:%M}"
    except (ValueError, OverflowError):
        return ""


def _carried_out(opened: Session) -> Cut | None:
    """Both steps, as `quarantine` does them; None when the wish was taken back while nobody held the lock."""
    value = asked(opened)
    if value is None:
        return None
    network = attempt(lambda: opened.runtime.isolate(opened.recorded))
    refused = attempt(lambda: flag(opened))
    by, at = str(value.get("by") or "somebody"), _local(str(value.get("at") or ""))
    cut = Cut(network, refused, late=f"asked for by {by}{' at ' if at else ''}{at}, carried out only now")
    if cut.confirmed:
        record(opened, cut, asked_by=by)
    note(opened, cut.confirmed)
    return cut
