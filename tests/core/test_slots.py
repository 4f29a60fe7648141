"""Token slots: kept, never reused, and damaged files refused."""

import pytest

from bottle_tui.core import slots
from bottle_tui.core.slots import Slots
from bottle_tui.errors import InvalidFile


def test_a_reference_keeps_its_slot_and_a_new_one_gets_a_fresh_number() -> None:
    held, first = Slots().taken("A")
    held, second = held.taken("B")
    assert (first, second) == ("EGRESS_TOKEN_0", "EGRESS_TOKEN_1")
    assert held.taken("A") == (held, "EGRESS_TOKEN_0")
    assert held.of("C") is None


def test_the_file_gives_the_same_slots() -> None:
    held = Slots({"EGRESS_TOKEN_2": "A"}, 7)
    assert slots.parse(slots.render(held)) == held
    assert slots.parse(None) == Slots()


def test_a_number_that_is_taken_is_never_given_again_whatever_the_file_says() -> None:
    assert slots.parse(b'{"next": 0, "slots": {"EGRESS_TOKEN_4": "A"}}').next == 5


@pytest.mark.parametrize(
    "data", [b"{", b"[]", b"{}", b'{"next": 0, "slots": []}', b'{"next": 1, "slots": {"PATH": "A"}}']
)
def test_a_damaged_file_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidFile):
        slots.parse(data)
