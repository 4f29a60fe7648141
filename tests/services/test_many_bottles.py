"""Many bottles, of which one is slow, dead or hostile: the others are seen all the same."""

import threading
from dataclasses import replace

import pytest

from bottle_tui.core.views import BottleStatus
from bottle_tui.ports import Launch
from bottle_tui.services import filed, lookup, queue, review, status
from bottle_tui.services.rounds import Rounds
from bottle_tui.services.seen import Traffic
from tests.services.conftest import Bottle, plan_of


def beside(first: Bottle, slug: str) -> Bottle:
    """One more bottle in the same world, with the same routes."""
    files = {"egress": dict(first.gate.files), "pipelock": dict(first.pipelock.files)}
    launch = Launch(
        plan_of(slug), "one", {**files, "supervise": dict(first.supervise.files)}, {}, {}, {}, first.home.path
    )
    lookup.save(first.world, first.runtime.launch(launch, lambda line: None))
    home = first.world.home.bottle(slug)
    for name in ("table.yaml", "pipelock.yaml", "state.json", "slots.json"):
        home.write(name, first.home.read(name) or b"")
    return replace(first, home=home, slug=slug)


@pytest.fixture
def others(bottle: Bottle) -> tuple[Bottle, Bottle]:
    """Two bottles beside `box`."""
    return beside(bottle, "other"), beside(bottle, "third")


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits long for one that is stuck."""
    for module in (status, review):
        monkeypatch.setattr(module, "GLANCE", 1.0)


def states(bottle: Bottle, rounds: Rounds[BottleStatus] | None = None) -> dict[str, str]:
    return {each.slug: each.state for each in status.bottles(bottle.world, rounds)}


@pytest.mark.usefixtures("others")
def test_a_gate_that_hangs_greys_its_own_row_and_no_other(bottle: Bottle) -> None:
    rounds = Rounds[BottleStatus]()
    bottle.gate.stuck = threading.Event()
    assert states(bottle, rounds) == {"box": "unknown", "other": "running", "third": "running"}
    assert states(bottle, rounds) == {"box": "unknown", "other": "running", "third": "running"}
    bottle.gate.stuck.set()
    assert rounds.settled(5)
    assert states(bottle, rounds) == dict.fromkeys(("box", "other", "third"), "running")


@pytest.mark.usefixtures("others")
def test_one_that_hangs_later_is_shown_as_it_was_last_heard_with_the_age_of_that(bottle: Bottle) -> None:
    rounds = Rounds[BottleStatus]()
    states(bottle, rounds)
    heard = bottle.clock.now()
    bottle.clock.advance(60)
    bottle.gate.stuck = threading.Event()
    found = {each.slug: each for each in status.bottles(bottle.world, rounds)}
    assert (found["box"].state, found["other"].state) == ("running", "running")
    assert found["box"].as_of <= heard < found["other"].as_of
    bottle.gate.stuck.set()


@pytest.mark.usefixtures("others")
def test_a_list_that_is_asked_for_once_says_which_gate_does_not_answer(bottle: Bottle, monkeypatch) -> None:
    monkeypatch.setattr(status, "PATIENCE", 1.0)
    bottle.gate.stuck = threading.Event()
    found = {each.slug: each for each in status.bottles(bottle.world)}
    assert (found["box"].state, found["box"].note) == ("unknown", "it does not answer")
    assert found["other"].state == "running"
    bottle.gate.stuck.set()


def test_a_queue_that_hangs_keeps_no_other_ask_from_the_screen(bottle: Bottle, others: tuple[Bottle, Bottle]) -> None:
    rounds = Rounds[Traffic]()
    known = bottle.ask("known.example.net")
    bottle.supervise.stuck = threading.Event()
    fresh = others[0].supervise.file("egress-block", host="fresh.example.net")
    assert [card.id for card in review.cards(bottle.world, rounds=rounds)] == sorted([known, fresh])
    bottle.supervise.stuck.set()
    assert rounds.settled(5)


@pytest.mark.usefixtures("others")
def test_one_ask_by_its_whole_id_looks_into_no_queue(bottle: Bottle) -> None:
    identity = bottle.ask()
    bottle.wire.calls.clear()
    assert review.card(bottle.world, identity).id == identity
    assert not any("read_folder" in call for call in bottle.wire.calls)
    review.card(bottle.world, identity[-8:])
    assert sum("read_folder" in call for call in bottle.wire.calls) == 2, "of the two that were never looked into"


def test_what_waits_is_counted_without_a_look_into_the_folder(bottle: Bottle) -> None:
    bottle.ask("copied.example.net")
    bottle.supervise.file("egress-block", host="new.example.net")
    bottle.wire.calls.clear()
    assert status.bottle(bottle.world, bottle.slug).pending == 2
    assert not any("read_folder" in call for call in bottle.wire.calls)


def test_an_output_too_long_to_tell_is_not_believed(bottle: Bottle) -> None:
    bottle.ask("copied.example.net")
    hidden = bottle.supervise.file("egress-block", host="hidden.example.net")
    for _ in range(filed.TAIL):
        bottle.supervise.say({"event": "waiting", "id": "noise"})
    assert status.bottle(bottle.world, bottle.slug).pending == 2
    assert hidden in {card.id for card in review.cards(bottle.world)}


def test_a_queue_that_says_nothing_new_is_read_once_a_minute_all_the_same(bottle: Bottle) -> None:
    bottle.ask("copied.example.net")
    silent = bottle.supervise.file("egress-block", host="unsaid.example.net")
    bottle.supervise.log = [entry for entry in bottle.supervise.log if silent not in entry[1]]
    assert silent not in {card.id for card in review.cards(bottle.world)}
    bottle.clock.advance(filed.AGAIN)
    assert silent in {card.id for card in review.cards(bottle.world)}


def test_a_look_that_reads_no_folder_keeps_the_count_of_the_status_bar_known(bottle: Bottle) -> None:
    bottle.ask("copied.example.net")
    bottle.clock.advance(30)
    before = bottle.home.read(queue.SEEN_FILE)
    review.cards(bottle.world)
    assert bottle.home.read(queue.SEEN_FILE) != before
