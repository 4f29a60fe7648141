"""Lines of several outputs stand by their time, and each output keeps its own order."""

from hypothesis import given
from hypothesis import strategies as st

from bottle_tui.core.log_order import merged
from bottle_tui.core.views import LogLine


def line(text: str, time: object = None) -> LogLine:
    event = {"event": "x", "time": time} if time is not None else None
    return LogLine("docs", "egress", text, event)


def at(second: int, text: str = "") -> LogLine:
    return line(text or str(second), f"2026-03-04T12:00:{second:02d}Z")


def texts(*outputs: list[LogLine]) -> str:
    return " ".join(each.text for each in merged(outputs))


def test_they_stand_by_time_however_it_is_written() -> None:
    other = [line("b", "2026-03-04T13:00:02.5+01:00"), line("d", "2026-03-04T12:00:04.123456Z")]
    assert texts([at(1, "a"), at(3, "c")], other) == "a b c d"


def test_a_line_without_a_time_stays_behind_the_one_before_it_or_before_the_first_that_has_one() -> None:
    assert texts([line("banner"), at(5), line("trace"), at(9)], [at(4), at(6)]) == "4 banner 5 trace 6 9"
    assert texts([line("a"), line("b")], [at(1)]) == "1 a b"


def test_what_is_no_time_is_none() -> None:
    assert texts([at(3), line("x", "yesterday"), line("y", 7), at(8)], [at(4)]) == "3 x y 4 8"


def test_an_output_that_goes_back_in_time_keeps_its_order() -> None:
    assert texts([at(5), at(2), at(6)], [at(4)]) == "4 5 2 6"


@given(st.lists(st.lists(st.one_of(st.none(), st.integers(0, 59)), max_size=8), max_size=4))
def test_no_line_is_lost_and_every_output_keeps_its_own_order(outputs: list[list[int | None]]) -> None:
    made = [
        [
            line(f"{n}.{m}", None if second is None else f"2026-03-04T12:00:{second:02d}Z")
            for m, second in enumerate(each)
        ]
        for n, each in enumerate(outputs)
    ]
    together = [each.text for each in merged(made)]
    for n, each in enumerate(made):
        assert [text for text in together if text.startswith(f"{n}.")] == [one.text for one in each]
