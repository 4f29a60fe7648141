"""The ledger as a list: one entry a deed, its intent and its result as one. Pure."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from bottle_tui.core import touched
from bottle_tui.core.words import counted
from sidecar_addon.times import parse_time


@dataclass(frozen=True)
class Deed:
    """Who did what, when, and how it ended. Whole records are read by their number `n`."""

    n: int
    at: datetime
    actor: str
    verb: str
    """approved | rejected | reopened | revoked | ended | routes | pipelock | quarantined | released | started | stopped
    | removed | … as it reads."""
    what: str
    """What it was about: a host, an operation, a grant. Foreign text."""
    ok: bool | None
    """None: begun, and nothing more was heard."""
    result: str = ""
    began: int | None = None
    """The number of the record of its intent, where that is another one."""
    proposal: str | None = None
    grants: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    """What it was about, where that is hosts. Foreign text."""
    operation: str = ""
    """What an operator did by hand, as it was called: "routes add"."""
    undo: bool = False
    """Whether what it brought is still in force, so that it can be taken back."""
    reopen: bool = False
    """Whether it is a rejection that still stands."""

    @property
    def said(self) -> str:
        """The verb as it reads: "approve" and not "approved" where it was tried and did not come to that."""
        return _TRIED.get(self.verb, self.verb) if self.ok is False else self.verb

    @property
    def told(self) -> str:
        """How it ended, in words; empty where the verb says all of it."""
        if self.ok is None:
            return "begun, and nothing more was heard"
        if self.ok:
            return self.result
        why = self.result
        return why if why.startswith(("not ", "nothing done")) else f"not in force: {why}" if why else "not done"


MOST_OPEN = 4
"""How far back an intent is looked for."""
_VERBS = {
    "approve": "approved", "revoke": "revoked", "expire": "ended", "routes": "routes", "pipelock": "pipelock",
    "release": "released", "answer": "answered", "quarantine": "quarantined",
    "up": "started",
}  # fmt: skip
_TRIED = {
    "approved": "approve", "revoked": "revoke", "released": "release", "started": "start", "stopped": "stop",
    "removed": "remove", "quarantined": "quarantine",
}  # fmt: skip
_PLAIN = {"rejected": "rejected", "reopened": "reopened", "proposed": "proposed", "withdrawn": "withdrawn",
          "superseded": "superseded",
          "quarantine": "quarantined", "dropped": "dropped"}  # fmt: skip


def deeds(records: Iterable[Mapping[str, Any]], hosts: Mapping[str, str], most: int = 500) -> tuple[Deed, ...]:
    """The newest first. `hosts`: proposal or grant → what it is about."""
    found: list[Deed] = []
    begun: list[Deed] = []
    hosts = dict(hosts)
    for record in records:
        if host := touched.asked(record):
            hosts.setdefault(str(record.get("proposal") or record.get("id")), host)
        deed = _deed(record, hosts)
        if deed is None:
            continue
        if record.get("kind") == "intent":
            begun.append(deed)
            continue
        its = _intent_of(deed, begun) if record.get("kind") == "result" else None
        if its is not None:
            begun.remove(its)
            deed = _joined(its, deed)
        found.append(deed)
    found = sorted([*found, *begun], key=lambda each: each.n)
    return tuple(reversed(found[-most:]))


def _intent_of(result: Deed, begun: list[Deed]) -> Deed | None:
    """The last one like it: what an `up` does along the way has intents and results of its own between its two."""
    for its in reversed(begun[-MOST_OPEN:]):
        if its.verb == result.verb and (not its.proposal or not result.proposal or its.proposal == result.proposal):
            return its
        if its.verb != "started":
            return None
    return None


def _joined(begun: Deed, ended: Deed) -> Deed:
    """The result, with what only the intent says."""
    hosts, operation = ended.hosts or begun.hosts, ended.operation or begun.operation
    named = " ".join(filter(None, (operation, ", ".join(hosts)))) if hosts else ""
    return replace(
        ended,
        began=begun.n,
        what=named or begun.what or ended.what,
        hosts=hosts,
        operation=operation,
        proposal=ended.proposal or begun.proposal,
        grants=ended.grants or begun.grants,
    )


def _deed(record: Mapping[str, Any], hosts: Mapping[str, str]) -> Deed | None:
    kind, of = record.get("kind"), str(record.get("of") or "")
    try:
        at, number = parse_time(str(record.get("time"))), int(record["n"])
    except (ValueError, KeyError, TypeError, OverflowError):
        return None
    known = _VERBS.get(of, of or "changed")
    verb = known if kind in ("intent", "result") else _PLAIN.get(str(kind), str(kind))
    proposal = record.get("proposal") if isinstance(record.get("proposal"), str) else None
    listed = record.get("grants") if isinstance(record.get("grants"), list) else [record.get("id")]
    grants = tuple(each for each in listed or () if isinstance(each, str))
    about = _hosts(record, proposal, grants, hosts)
    return Deed(
        n=number,
        at=at,
        actor=str(record.get("actor") or ""),
        verb=verb,
        what=_what(record, proposal, grants, about),
        hosts=about,
        operation=_operation(record),
        ok=None if kind == "intent" else _ok(record),
        result=_result(record),
        proposal=proposal,
        grants=grants,
    )


def _hosts(
    record: Mapping[str, Any], proposal: str | None, grants: Collection[str], hosts: Mapping[str, str]
) -> tuple[str, ...]:
    names = [hosts[each] for each in (proposal, *grants) if each is not None and each in hosts]
    return tuple(dict.fromkeys(filter(None, names))) or touched.changed(record)


def _operation(record: Mapping[str, Any]) -> str:
    operation = record.get("operation")
    return operation if isinstance(operation, str) else ""


def _what(record: Mapping[str, Any], proposal: str | None, grants: Collection[str], about: Collection[str]) -> str:
    if about:
        return ", ".join(about)
    if _operation(record):
        return _operation(record)
    return f"…{proposal[-6:]}" if proposal else ", ".join(f"…{each[-6:]}" for each in grants)


def _ok(record: Mapping[str, Any]) -> bool:
    if record.get("kind") != "result":
        return record.get("in_force") is not False
    return record.get("in_force") is True or record.get("of") in ("answer", "expire")


def _result(record: Mapping[str, Any]) -> str:
    why = record.get("why") or record.get("reason")
    if record.get("kind") == "result" and record.get("unchanged") is True:
        return "nothing changed, in force already"
    if record.get("kind") == "result" and record.get("in_force") is True:
        if record.get("of") == "up":
            return "runs, in force"
        cut = record.get("cut")
        return f"in force, proven; {counted(cut, 'stream')} cut" if isinstance(cut, int) and cut else "in force, proven"
    if record.get("nothing_done") is True:
        return f"nothing done: {why}" if why else "nothing done"
    return str(why) if why else ""


def judged(newest_first: Iterable[Deed], in_force: Collection[str], rejected: Collection[str]) -> tuple[Deed, ...]:
    """With what can still be taken back, each thing once, at its newest deed.

    `in_force` holds proposals and grants, `rejected` proposals.
    """
    told: set[str] = set()
    found: list[Deed] = []
    for deed in newest_first:
        names = {name for name in (deed.proposal, *deed.grants) if name is not None}
        fresh = not names & told
        brings = deed.ok is True and deed.verb in ("approved", "routes")
        whole = deed.proposal is not None or len(deed.grants) == 1  # of several grants only one would be taken back
        undo = brings and fresh and whole and bool(names & set(in_force))
        reopen = deed.verb == "rejected" and fresh and deed.proposal in rejected
        if brings or deed.verb in ("rejected", "reopened"):
            told |= names
        found.append(replace(deed, undo=undo, reopen=reopen))
    return tuple(found)
