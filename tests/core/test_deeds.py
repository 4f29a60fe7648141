"""The ledger as a list: intents and results as one, and each thing taken back only at its newest deed."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from bottle_tui.core.deeds import deeds, judged
from bottle_tui.core.evidence import Use
from bottle_tui.core.listing import Listing, items
from sidecar_addon.table import Grant, Route, Table

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
FIRST, SECOND = "01JB2Q8F6V3N9D0RX5TK7Q2MD0", "01JB2Q9A0GJ4B8PVLABF1LESNX"


def record(n: int, kind: str, **fields: object) -> dict[str, Any]:
    moment = (NOW + timedelta(minutes=n)).isoformat().replace("+00:00", "Z")
    return {"n": n, "time": moment, "kind": kind, "actor": "op", **fields}


def approved(n: int, proposal: str) -> list[dict[str, Any]]:
    return [
        record(n, "intent", of="approve", proposal=proposal),
        record(n + 1, "result", of="approve", proposal=proposal, in_force=True, cut=3),
    ]


def test_an_intent_and_its_result_are_one_deed() -> None:
    (deed,) = deeds(approved(1, FIRST), {FIRST: "a.test"})
    assert (deed.n, deed.began, deed.verb, deed.what, deed.ok) == (2, 1, "approved", "a.test", True)
    assert deed.result == "in force, proven; 3 streams cut"


def test_an_intent_without_a_result_stays_as_begun() -> None:
    told = deeds([record(1, "intent", of="approve", proposal=FIRST), *approved(2, SECOND)], {})
    assert [(deed.n, deed.ok) for deed in told] == [(3, True), (1, None)]
    assert told[1].what == f"…{FIRST[-6:]}"
    (last,) = deeds([record(1, "intent", of="revoke", grants=[FIRST])], {})
    assert (last.ok, last.grants, last.what) == (None, (FIRST,), f"…{FIRST[-6:]}")


def test_a_result_of_another_kind_does_not_end_an_intent() -> None:
    told = deeds(
        [record(1, "intent", of="revoke", grants=["m1"]), record(2, "rejected", proposal=FIRST, reason="no")], {}
    )
    assert [deed.verb for deed in told] == ["rejected", "revoked"]
    assert told[0].result == "no"


def test_what_an_up_does_along_the_way_is_a_deed_of_its_own_and_ends_neither() -> None:
    told = deeds(
        [
            record(1, "intent", of="up", operation="bottle.yaml sha256:1"),
            record(2, "result", of="expire", grants=["m1"], in_force=False, why="ended: the bottle was stopped"),
            record(3, "intent", of="routes", grants=["m2"]),
            record(4, "result", of="routes", in_force=True),
            record(5, "result", of="up", in_force=True),
        ],
        {},
    )
    assert [(deed.n, deed.began, deed.verb, deed.ok) for deed in told] == [
        (5, 1, "started", True), (4, 3, "routes", True), (2, None, "ended", True),
    ]  # fmt: skip
    assert told[0].what == "bottle.yaml sha256:1"
    assert told[0].result == "runs, in force"


def test_an_up_that_never_ended_stays_as_begun() -> None:
    told = deeds(
        [record(1, "intent", of="up"), record(2, "intent", of="up"), record(3, "result", of="up", in_force=True)], {}
    )
    assert [(deed.n, deed.ok) for deed in told] == [(3, True), (1, None)]


def test_what_only_the_intent_knows_stays() -> None:
    (deed,) = deeds(
        [
            record(1, "intent", of="revoke", grants=["m1"], proposal=FIRST),
            record(2, "result", of="revoke", in_force=True),
        ],
        {"m1": "a.test"},
    )
    assert (deed.what, deed.grants, deed.proposal, deed.result) == ("a.test", ("m1",), FIRST, "in force, proven")


def test_damaged_and_unknown_records_are_left_out_or_named_as_they_are() -> None:
    told = deeds([{"kind": "result"}, {"n": "x", "time": "never"}, record(3, "strange"), record(4, "result")], {})
    assert [deed.verb for deed in told] == ["changed", "strange"]
    assert told[0].ok is False and told[0].result == ""


def test_only_the_newest_are_kept() -> None:
    told = deeds((record(n, "rejected", proposal=FIRST) for n in range(30)), {}, most=7)
    assert [deed.n for deed in told] == list(range(29, 22, -1))


def test_an_approval_that_came_twice_is_taken_back_once_at_the_newer_one() -> None:
    told = deeds([*approved(1, FIRST), *approved(3, FIRST), *approved(5, SECOND)], {})
    assert [deed.undo for deed in judged(told, {FIRST}, ())] == [False, True, False]


def test_a_rejection_that_was_reopened_is_not_reopened_again_and_a_failed_approval_not_taken_back() -> None:
    failed = record(4, "result", of="approve", proposal=SECOND, in_force=False, why="silent")
    told = deeds([record(1, "rejected", proposal=FIRST), record(2, "reopened", proposal=FIRST), failed], {})
    assert [(deed.undo, deed.reopen) for deed in judged(told, {SECOND}, {FIRST})] == [(False, False)] * 3
    again = judged(told[2:], (), {FIRST})
    assert again[0].reopen
    assert not judged((replace(told[2], proposal=None),), (), {FIRST})[0].reopen


def test_what_brought_several_grants_at_once_is_not_taken_back_in_part() -> None:
    about = {"of": "routes", "component": "egress"}
    both = [record(1, "intent", **about, grants=["m1", "m2"]), record(2, "result", **about, in_force=True)]
    one = [record(3, "intent", **about, id="01ADDED"), record(4, "result", **about, in_force=True)]
    told = deeds([*both, *one], {})
    assert [deed.undo for deed in judged(told, {"m1", "m2", "01ADDED"}, ())] == [True, False]


def test_an_expiry_and_an_answer_are_done_though_nothing_is_in_force_by_them() -> None:
    told = deeds([record(1, "result", of="expire", in_force=False, why="its time is over", grants=["m1"])], {})
    assert (told[0].verb, told[0].ok, told[0].result) == ("ended", True, "its time is over")


def test_a_table_is_listed_in_its_order_with_origins() -> None:
    table = Table(
        (
            Route("a.test", (Grant("m1"), Grant(FIRST, proposal=FIRST, host="b.a.test"))),
            Route("c.test", (Grant(SECOND), Grant("01KEPT", uses=1, expires_at=NOW))),
            Route("d.test", ()),
        )
    )
    listed = items(table, {"01KEPT"}, {"m1": Use("m1", 4)}, {"01KEPT": 1})
    assert [(item.id, item.host, item.origin, item.always) for item in listed] == [
        ("m1", "a.test", "manifest", False),
        (FIRST, "b.a.test", "proposal", False),
        (SECOND, "c.test", "operator", False),
        ("01KEPT", "c.test", "always", True),
        ("route d.test", "d.test", None, False),
    ]
    assert [item.ended(NOW - timedelta(1)) for item in listed] == [False, False, False, True, True]
    assert listed[0].use == Use("m1", 4) and listed[1].use is None


def test_an_operators_own_change_is_called_what_it_is() -> None:
    (deed,) = deeds([record(1, "intent", of="routes", operation="routes edit", id=FIRST)], {})
    assert (deed.verb, deed.what, deed.grants) == ("routes", "routes edit", (FIRST,))


def test_a_grant_is_found_in_a_listing_by_its_id_until_it_is_gone() -> None:
    listed = items(Table((Route("a.test", (Grant("m1"),)),)), (), {}, {})
    found = Listing("box", "sha256:0", None, None, False, listed, NOW)
    assert found.item("m1") is listed[0]
    assert found.item("m2") is None and found.item(None) is None


def test_what_was_tried_and_did_not_come_to_it_does_not_read_as_done() -> None:
    tried = record(1, "intent", of="approve", proposal=FIRST)
    refused = record(2, "result", of="approve", proposal=FIRST, in_force=False, nothing_done=True, why="in quarantine")
    failed = record(2, "result", of="approve", proposal=FIRST, in_force=False, why="pipelock is silent")
    said = [(deed.said, deed.told) for result in (refused, failed) for deed in deeds([tried, result], {})]
    assert said == [("approve", "nothing done: in quarantine"), ("approve", "not in force: pipelock is silent")]
    (done,) = deeds(approved(1, FIRST), {})
    assert (done.said, done.told) == ("approved", "in force, proven; 3 streams cut")
    (begun,) = deeds([tried], {})
    assert (begun.said, begun.told) == ("approved", "begun, and nothing more was heard")
