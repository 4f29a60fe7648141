"""Folding: three asks of one bottle are one row, and nothing moves under the eye."""

from hypothesis import given
from hypothesis import strategies as st

from bottle_tui.core.folding import Folding, Line


def shown(folding: Folding, order: str) -> list[str]:
    """Rows as text: "a" for one ask, "L3" for a folded one. An ask's first letter is its bottle."""
    ids, slugs = order.split(), {id: id[0] for id in order.split()}
    return [f"{line.slug}×{len(line.ids)}" if line.folded else line.ids[0] for line in folding.lines(ids, slugs)]


def arrived(folding: Folding, order: str, selected: str | None, *, first: bool = False) -> Folding:
    ids = order.split()
    return folding.arrived(ids, {id: id[0] for id in ids}, selected, first=first)


def moved(folding: Folding, order: str, selected: str) -> Folding:
    ids = order.split()
    return folding.moved(ids, {id: id[0] for id in ids}, selected)


def test_two_asks_of_a_bottle_stand_apart_and_three_fold_in_the_place_of_the_first() -> None:
    assert shown(arrived(Folding(), "l1 d1 l2", "l1", first=True), "l1 d1 l2") == ["l1", "d1", "l2"]
    assert shown(arrived(Folding(), "l1 d1 l2 l3", "l1", first=True), "l1 d1 l2 l3") == ["l×3", "d1"]


def test_an_arrival_folds_behind_the_cursor_and_never_what_is_open_under_it() -> None:
    assert shown(arrived(Folding(), "l1 l2 l3", "l1"), "l1 l2 l3") == ["l1", "l×2"]
    assert shown(arrived(Folding(), "l1 l2 l3", "l2"), "l1 l2 l3") == ["l×2", "l2"]
    assert shown(arrived(Folding(), "l1 l2 l3 l4", "l3"), "l1 l2 l3 l4") == ["l1", "l2", "l3", "l4"]


def test_more_arrivals_join_the_fold_behind_the_cursor_and_moving_away_folds_all() -> None:
    order = "l1 l2 l3 l4 l5 l6"
    folded = arrived(arrived(Folding(), "l1 l2 l3", "l1"), order, "l1")
    assert shown(folded, order) == ["l1", "l×5"]
    assert shown(moved(folded, order, "l2"), order) == ["l1", "l×5"], "the cursor is on the fold"
    left = moved(arrived(folded, f"{order} d1", "l1"), f"{order} d1", "d1")
    assert shown(left, f"{order} d1") == ["l×6", "d1"]
    assert shown(folded.close("l", 6), order) == ["l×6"]


def test_an_ask_that_is_taken_out_of_a_fold_leaves_the_others_in_it() -> None:
    folded = arrived(Folding(), "l1 l2 l3 l4", "l1").beside("l2")
    assert shown(folded, "l1 l2 l3 l4") == ["l1", "l2", "l×2"]
    assert shown(arrived(folded, "l2 l3 l4", "l2"), "l2 l3 l4") == ["l2", "l×2"]


def test_an_arrival_folds_below_the_cursor_but_takes_no_row_from_above_it() -> None:
    assert shown(arrived(Folding(), "d1 l1 l2 l3", "d1"), "d1 l1 l2 l3") == ["d1", "l×3"]
    assert shown(arrived(Folding(), "l1 d1 l2 l3", "d1"), "l1 d1 l2 l3") == ["l×3", "d1"]
    assert shown(arrived(Folding(), "l1 l2 d1 l3", "d1"), "l1 l2 d1 l3") == ["l1", "l2", "d1", "l3"]


def test_what_was_left_open_for_the_eye_folds_when_the_operator_moves_on() -> None:
    left = arrived(Folding(), "l1 l2 d1 l3", "d1")
    assert shown(moved(left, "l1 l2 d1 l3", "d1"), "l1 l2 d1 l3") == ["l×3", "d1"]


def test_a_folded_row_of_two_stays_until_the_operator_moves() -> None:
    folded = arrived(Folding(), "l1 l2 l3 d1", "d1", first=True)
    after = arrived(folded, "l1 l3 d1", "d1")
    assert shown(after, "l1 l3 d1") == ["l×2", "d1"]
    assert shown(moved(after, "l1 l3 d1", "d1"), "l1 l3 d1") == ["l1", "l3", "d1"]


def test_opened_by_hand_stays_open_until_closed_by_hand() -> None:
    opened = arrived(Folding(), "l1 l2 l3 d1", "l1", first=True).open("l")
    assert shown(moved(opened, "l1 l2 l3 d1", "d1"), "l1 l2 l3 d1") == ["l1", "l2", "l3", "d1"]
    assert shown(arrived(opened, "l1 l2 l3 d1 l4", "d1"), "l1 l2 l3 d1 l4")[0] == "l1"
    assert shown(opened.close("l", 3), "l1 l2 l3 d1") == ["l×3", "d1"]


def test_one_ask_alone_is_never_a_folded_row() -> None:
    assert shown(Folding().close("l", 1), "l1 d1") == ["l1", "d1"]
    gone = arrived(arrived(Folding(), "l1 l2 l3", "l1", first=True), "l3", "l3")
    assert gone == Folding() and shown(gone, "l3") == ["l3"]


def test_an_ask_that_is_not_listed_has_no_row() -> None:
    assert Folding().lines(["l1", "x"], {"l1": "l"}) == (Line("l", ("l1",)),)
    assert Folding().moved(["x"], {}, "x") == Folding()


@st.composite
def arrivals(draw: st.DrawFn) -> tuple[list[str], list[str], int]:
    names = [f"{slug}{number}" for number in range(6) for slug in "abc"]
    order = draw(st.permutations(names).map(lambda found: found[:12]))
    size = draw(st.integers(1, 8))
    return order[:size], order[size:], draw(st.integers(0, size - 1))


@given(arrivals())
def test_whatever_arrives_the_row_under_the_cursor_stays_where_it_is(case: tuple[list[str], list[str], int]) -> None:
    here, coming, cursor = case
    order, folding = list(here), Folding()
    slugs = {id: id[0] for id in order}
    folding = folding.arrived(order, slugs, None, first=True)
    lines = folding.lines(order, slugs)
    line = lines[min(cursor, len(lines) - 1)]
    place = lines.index(line)
    for id in coming:
        order.append(id)
        slugs[id] = id[0]
        folding = folding.arrived(order, slugs, line.ids[0], first=False)
        after = folding.lines(order, slugs)
        assert after[place].ids[0] == line.ids[0] and after[place].folded == line.folded
        assert sorted(each for row in after for each in row.ids) == sorted(order)
