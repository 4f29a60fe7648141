"""The line for an agent that does not listen holds nothing that an agent wrote."""

from bottle_tui.core import reminder


def test_the_line_names_the_tool_and_the_id() -> None:
    text = reminder.line("01JB2Q8F6V3N9D0RX5TK7Q2MD0")
    assert "proposal-status with id 01JB2Q8F6V3N9D0RX5TK7Q2MD0" in text and "retry" in text
    assert "\n" not in text


def test_an_id_that_is_none_is_left_out() -> None:
    assert "rm -rf" not in reminder.line("x; rm -rf ~")
