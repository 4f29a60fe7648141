"""A bottle whose record is damaged is said to be, and hides no other: neither its row nor what waits for somebody."""

import json
from collections.abc import Callable
from typing import Any

import pytest
import yaml

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
from bottle_tui.tui.wiring.lookout_wired import Denials
from sidecar_addon.table import digest_of
from tests.services.test_many_bottles import beside as one_more

FILES = ("slots.json", "table.yaml", "pipelock.yaml", "pipelock.extra.yaml", "state.json", "grants.yaml", "quarantined",
         "apply.json", "muted", "queue/{id}.note.json", "queue/{id}.decision.json", "queue/{id}.json",
         "traffic/cursor.json", "audit.jsonl")  # fmt: skip
LOOKS: dict[str, Callable[[Any], object]] = {
    "what was denied": denied.groups,
    "what has ended": ending.settle,
    "what was interrupted": interrupted.everywhere,
    "who is muted": muting.muted,
    "what is out of date": outdated.settle,
    "what has changed": stamp.stamp,
    "what runs out": timers.endings,
    "who watches": lambda world: watching.watched(world, world.clock.now()),
    "what happened meanwhile": lambda world: absence.since(world, world.clock.now()),
    "what is beside the inbox": lambda world: Denials(world).groups(None),
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


@pytest.fixture(params=FILES)
def torn(bottle: Any, request: pytest.FixtureRequest) -> Any:
    """A bottle with an ask, beside one that runs, whose ask waits too, and of which one file was torn."""
    other = one_more(bottle, "torn")
    bottle.identity = bottle.ask()
    bottle.clock.advance(1)
    torn = other.ask("torn.example.net")
    other.home.write(request.param.format(id=torn), b"{")
    return bottle


def test_a_torn_file_of_one_that_runs_hides_nothing_of_the_others(torn: Any) -> None:
    assert torn.identity in [card.id for card in review.cards(torn.world, lost={})]
    assert review.card(torn.world, torn.identity).slug == "box"
    states = {each.slug: each.state for each in status.bottles(torn.world)}
    assert states["box"] == "running" and "torn" in states
    for look in LOOKS.values():
        look(torn.world)


def test_where_an_ask_cannot_be_read_the_row_of_its_bottle_says_which_file(bottle: Any) -> None:
    waits = bottle.ask()
    bottle.home.write(f"queue/{waits}.note.json", b"{")
    (row,) = status.bottles(bottle.world)
    assert row.state == "degraded" and f"queue/{waits}.note.json" in row.note and str(bottle.home.path) in row.note
    lost: dict[str, str] = {}
    assert review.cards(bottle.world, lost=lost) == [] and "move it out of" in lost["box"]
    with pytest.raises(InvalidFile, match="move it out of"):
        review.cards(bottle.world, "box")


def test_an_ask_that_an_earlier_version_took_is_said_to_be_damaged(bottle: Any) -> None:
    waits, data = bottle.ask(), b'{"version": 0}'
    note = bottle.home.read(f"queue/{waits}.note.json")
    old = digest_of(bottle.home.read(f"queue/{waits}.json"))
    bottle.home.write(f"queue/{waits}.json", data)
    bottle.home.write(f"queue/{waits}.note.json", note.replace(old.encode(), digest_of(data).encode()))
    assert review.cards(bottle.world, lost={}) == []
    assert "move it out of" in status.bottles(bottle.world)[0].note


def test_a_configuration_that_cannot_be_read_stands_on_the_card(bottle: Any) -> None:
    bottle.ask()
    bottle.home.write("pipelock.yaml", b"\x00{")
    (card,) = review.cards(bottle.world)
    assert card.problem is not None and "pipelock.yaml" in card.problem


def test_a_configuration_of_which_a_part_is_gone_stands_on_the_card_too(bottle: Any) -> None:
    bottle.ask()
    config = yaml.safe_load(bottle.home.read("pipelock.yaml"))
    bottle.home.write("pipelock.yaml", json.dumps({**config, "request_body_scanning": None}).encode())
    (card,) = review.cards(bottle.world)
    assert card.problem is not None and "pipelock.yaml" in card.problem


ODD = (None, [], {}, "x", float("inf"), float("nan"), 10**30, -1)


def _looks_at_all(bottle: Any) -> None:
    assert {each.slug for each in status.bottles(bottle.world)} == {"box", "other"}
    assert [card.slug for card in review.cards(bottle.world, lost={})] == ["box"]
    for look in LOOKS.values():
        look(bottle.world)


@pytest.fixture
def odd(bottle: Any) -> Any:
    """A bottle that runs, beside one with an ask."""
    other = one_more(bottle, "other")
    bottle.ask()
    return other


@pytest.mark.parametrize("value", ODD, ids=repr)
def test_a_gate_whose_answers_make_no_sense_is_its_own_trouble(odd: Any, value: object) -> None:
    usual = odd.gate._control
    for name in usual({"verb": "status"}):
        odd.gate._control = lambda wish, name=name: {**usual(wish), **({name: value} if "time" in usual(wish) else {})}
        _looks_at_all(odd)
    stats = {"api.example.com": dict.fromkeys(("requests", "bytes", "ms"), value)}
    odd.gate._control = lambda wish: stats if wish["verb"] == "scan_stats" else usual(wish)
    _looks_at_all(odd)


@pytest.mark.parametrize("value", ODD, ids=repr)
def test_a_record_whose_number_is_none_is_left_out(odd: Any, value: object) -> None:
    odd.home.write("audit.jsonl", json.dumps({"n": value, "time": "2026-01-01T12:00:00Z", "kind": "rejected"}).encode())
    _looks_at_all(odd)
