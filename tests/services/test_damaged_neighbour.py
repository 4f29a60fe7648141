"""A bottle whose record is damaged is said to be, and hides no other: neither its row nor what waits for somebody."""

from collections.abc import Callable
from typing import Any

import pytest

from bottle_tui.errors import InvalidFile
from bottle_tui.services import (
    absence,
    denied,
    ending,
    interrupted,
    muting,
    outdated,
    review,
    stamp,
    status,
    timers,
    watching,
)

LOOKS: dict[str, Callable[[Any], object]] = {
    "what was denied": denied.groups,
    "what has ended": ending.settle,
    "what was interrupted": interrupted.everywhere,
    "who is muted": muting.muted,
    "what is out of date": outdated.settle,
    "what has changed": stamp.stamp,
    "what runs out": timers.endings,
    "who watches": watching.watched,
    "what happened meanwhile": lambda world: absence.since(world, world.clock.now()),
}


@pytest.fixture
def beside(bottle: Any) -> Any:
    """A bottle with an ask, beside one whose record was torn."""
    bottle.identity = bottle.ask()
    bottle.world.home.bottle("torn").write("bottle.json", b"{")
    return bottle


def test_it_is_listed_as_not_known_with_what_to_do(beside: Any) -> None:
    box, torn = status.bottles(beside.world)
    assert (box.slug, box.state) == ("box", "running")
    assert (torn.slug, torn.state) == ("torn", "unknown")
    assert "bottle.json" in torn.note and "`bottle-tui down torn`" in torn.note


def test_what_waits_in_the_others_is_listed(beside: Any) -> None:
    assert [card.id for card in review.cards(beside.world)] == [beside.identity]
    assert review.card(beside.world, beside.identity[-6:]).slug == "box"


def test_whoever_asks_for_it_by_name_is_told(beside: Any) -> None:
    with pytest.raises(InvalidFile, match="damaged"):
        review.cards(beside.world, "torn")


@pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS)
def test_no_other_look_at_all_bottles_fails(beside: Any, look: Callable[[Any], object]) -> None:
    look(beside.world)
