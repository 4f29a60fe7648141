"""The ledger as the dashboard lists it: its newest part, and what of it can still be taken back."""

import difflib
from dataclasses import dataclass
from typing import Any

from bottle_tui.core import deeds
from bottle_tui.core.deeds import Deed
from bottle_tui.errors import BottleError, NotFound
from bottle_tui.ports import World
from bottle_tui.services import audit, lookup, queue, session
from sidecar_addon.table import TableError, render_yaml
from sidecar_addon.table_parser import parse


@dataclass(frozen=True)
class Record:
    """One record: its fields but for the files, and those as diffs."""

    fields: dict[str, Any]
    changes: tuple[str, ...] = ()


def everything(world: World, slug: str) -> tuple[Deed, ...]:
    """The whole ledger, the oldest first, its chain checked. Raises NotFound, LedgerBroken."""
    records = audit.records(world, slug)
    return tuple(reversed(deeds.deeds(records, {}, most=len(records))))


def listed(world: World, slug: str) -> tuple[Deed, ...]:
    """Who decided what, the newest first, 500 at most. Raises NotFound."""
    home = lookup.home_of(world, slug)
    record = lookup.find(world, slug)
    entries = queue.entries(home, record.incarnation if record else None)
    hosts = {entry.id: str(entry.proposal.args.get("host", "")) for entry in entries}
    in_force: set[str] = set()
    try:
        table = session.live(home).table if record else None
    except BottleError:
        table = None
    for route, grant in table.grants() if table else ():
        in_force |= {grant.id, *([grant.proposal] if grant.proposal else [])}
        hosts.setdefault(grant.id, grant.host or route.host)
    rejected = {entry.id for entry in entries if entry.current and entry.status == "rejected"} if record else set()
    approved = {entry.id for entry in entries if entry.status == "approved" and _in_force(entry)} if record else set()
    return deeds.judged(deeds.deeds(audit.newest_records(home), hosts), in_force | approved, rejected)


def record(world: World, slug: str, number: int) -> Record:
    """One record, whole. Raises NotFound."""
    found = [each for each in audit.newest_records(lookup.home_of(world, slug)) if each.get("n") == number]
    if found:
        return _opened(found[-1])
    raise NotFound(f"record {number} is not in the newest part of the ledger; `bottle-tui audit show {slug}` has it")


def _opened(found: dict[str, Any]) -> Record:
    changes: list[str] = []
    before, after = _files(found.get("before")), _files(found.get("after"))
    for name in dict.fromkeys((*before, *after)):
        old, new = _lines(name, before.get(name)), _lines(name, after.get(name))
        changes += list(difflib.unified_diff(old, new, f"{name} before", f"{name} after", lineterm="", n=2))
    return Record({key: value for key, value in found.items() if key not in ("before", "after")}, tuple(changes))


def _files(value: object) -> dict[str, object]:
    return {str(name): text for name, text in value.items()} if isinstance(value, dict) else {}


def _lines(name: str, text: object) -> list[str]:
    """A file as people read it: the table as block YAML."""
    if not isinstance(text, str):
        return []
    if name == "routes.yaml":
        try:
            return render_yaml(parse(text.encode())).splitlines()
        except TableError:
            return text.splitlines()
    return text.splitlines()


def _in_force(entry: queue.Entry) -> bool:
    return entry.decision is not None and entry.decision.in_force
