"""The result line: whose news takes it, and what is said of an approval that recovered."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bottle_tui.core.views import Outcome
from bottle_tui.tui.board import results
from bottle_tui.tui.board.reducing import result_of
from bottle_tui.tui.board.results import Result
from tests.tui.samples import NOON, card

THEIRS = replace(card(), status="rejected", decided_by="kim", decided_at=NOON)
MINE = Result(NOON, "approved files.example.net: in force, proven", "ok", "01MINE", undo=True)


@pytest.mark.parametrize(
    ("last", "later", "first"),
    [
        (replace(MINE, kind="busy", undo=False), 60, "mine"),
        (MINE, 1, "mine"),
        (replace(MINE, undo=False, reopen=True), 14, "mine"),
        (MINE, 60, "theirs"),
        (replace(MINE, undo=False), 1, "theirs"),
        (None, 0, "theirs"),
    ],
)
def test_news_of_another_operator_leave_the_line_to_what_is_done_here_just_now(
    last: Result | None, later: int, first: str
) -> None:
    now = NOON + timedelta(seconds=later)
    told = results.heard_of((last,) if last else (), results.elsewhere(THEIRS, now), now)
    assert (told[0].id == "01MINE") == (first == "mine")
    assert [each.id for each in told if each.elsewhere] == [THEIRS.id]


def test_an_approval_that_is_in_force_after_all_is_said_to_be_and_can_be_taken_back() -> None:
    outcome = Outcome(card().id, "research", "failed", False, "approved, not in force: the gate does not answer", 5)
    failed = result_of("approve", outcome, NOON)
    (now,) = results.recovered((failed,), replace(card(), status="approved", in_force=True))
    assert now.kind == "ok" and now.undo and "in force after all" in now.text
    assert results.recovered((failed,), replace(card(), status="failed")) == (failed,)


def test_what_was_refused_because_another_was_quicker_is_not_said_to_have_come_to_something() -> None:
    refused = Result(NOON, "was approved by ada a moment ago", "bad", card().id)
    assert results.recovered((refused,), replace(card(), status="approved", in_force=True)) == (refused,)
