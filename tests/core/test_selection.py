"""The inbox's order: arrivals move nothing, decisions lead to the next oldest."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bottle_tui.core.selection import Selection, viewport

START = datetime(2026, 1, 2, 12, tzinfo=UTC)


def items(**ages: int) -> list[tuple[str, datetime]]:
    return [(id, START - timedelta(seconds=age)) for id, age in ages.items()]


def test_the_oldest_opens_first() -> None:
    assert Selection().loaded(items(b=10, a=90, c=5)) == Selection(("a", "b", "c"), "a")


def test_an_older_arrival_still_goes_to_the_end() -> None:
    before = Selection().loaded(items(b=10, c=5))
    assert before.loaded(items(a=500, b=10, c=5)).order == ("b", "c", "a")


def test_the_open_one_stays_open_when_it_is_gone_until_the_operator_looks_elsewhere() -> None:
    gone = Selection().loaded(items(a=9, b=5)).loaded(items(b=5))
    assert (gone.order, gone.selected, gone.leaving) == (("a", "b"), "a", "a")
    assert gone.moved(1) == Selection(("b",), "b")


def test_after_a_decision_the_next_oldest_opens() -> None:
    chosen = Selection(("c", "a", "b"), "c")
    assert chosen.decided("c", items(c=1, a=50, b=90)).selected == "b"
    assert chosen.decided("a", items(c=1, b=90)).selected == "c"
    assert Selection(("c",), "c").decided("c", items(c=1)).selected == "c"


def test_the_cursor_stops_at_both_ends() -> None:
    assert Selection(("a", "b"), "b").moved(5).selected == "b"
    assert Selection(("a", "b"), "b").moved(-5).selected == "a"
    assert Selection().moved(1) == Selection()
    assert Selection(("a",), "a").at("z").selected == "a"


def test_dropping_one_opens_its_neighbour() -> None:
    assert Selection(("a", "b", "c"), "b").without("b").selected == "c"
    assert Selection(("a", "b", "c"), "c").without("a") == Selection(("b", "c"), "c")
    assert Selection(("a",), "a").without("a").selected is None
    assert Selection(("a",), "a").without("x").selected == "a"


@given(st.lists(st.sets(st.sampled_from("abcdef")), max_size=8), st.lists(st.integers(-3, 3), max_size=8))
def test_no_listing_moves_the_open_one_or_swaps_two_others(listings: list[set[str]], moves: list[int]) -> None:
    selection = Selection()
    for listing, by in zip(listings, moves, strict=False):
        before = selection
        selection = selection.loaded(items(**{id: ord(id) for id in listing}))
        if before.selected:
            assert selection.selected == before.selected
        kept = [id for id in before.order if id in selection.order]
        assert [id for id in selection.order if id in kept] == kept
        selection = selection.moved(by)


def test_the_cursor_keeps_its_row_when_others_leave_above_it() -> None:
    assert viewport(top=4, index=5, was_index=6, rows=3, count=20) == 3
    assert viewport(top=0, index=0, was_index=1, rows=3, count=2) == 0


@given(st.integers(0, 50), st.integers(0, 50), st.integers(0, 50), st.integers(1, 10), st.integers(1, 51))
def test_the_cursor_is_always_in_view(top: int, index: int, was: int, rows: int, count: int) -> None:
    index = min(index, count - 1)
    first = viewport(top, index, was, rows, count)
    assert first <= index < first + rows
