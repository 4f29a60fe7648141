"""Many are asked at once; one that is slow keeps nobody waiting."""

import threading

import pytest

from bottle_tui.errors import SidecarUnreachable
from bottle_tui.services.rounds import MOST, Rounds, once


class Slow:
    """A question that is not answered until it is let go."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.answered = threading.Event()
        self.asked = 0

    def __call__(self) -> str:
        self.asked += 1
        assert self.go.wait(5)
        self.answered.set()
        return f"late {self.asked}"


def test_everybody_is_asked_at_the_same_time() -> None:
    together = threading.Barrier(MOST)
    assert len(once({str(number): lambda: together.wait(5) for number in range(MOST)}, 5)) == MOST


def test_more_than_fit_are_asked_one_after_the_other() -> None:
    assert once({str(number): lambda number=number: number for number in range(3 * MOST)}, 5) == {
        str(number): number for number in range(3 * MOST)
    }


def test_the_answer_of_a_slow_one_is_in_the_next_round_and_it_is_not_asked_twice_meanwhile() -> None:
    rounds, slow = Rounds[str](), Slow()
    assert rounds.ask({"slow": slow, "quick": lambda: "here"}, 0.05) == {"quick": "here"}
    assert rounds.ask({"slow": slow, "quick": lambda: "here again"}, 0.05) == {"quick": "here again"}
    assert (slow.asked, rounds.late) == (1, 0)
    slow.go.set()
    assert slow.answered.wait(5)
    assert rounds.ask({"slow": slow}, 5)["slow"].startswith("late")


def test_a_late_answer_is_news() -> None:
    rounds, slow = Rounds[str](), Slow()
    assert rounds.ask({"slow": slow}, 0.01) == {}
    slow.go.set()
    assert rounds.settled(5)
    assert rounds.late == 1


def test_what_a_question_raises_is_raised_for_whoever_asked() -> None:
    def fails() -> str:
        raise SidecarUnreachable("gone")

    with pytest.raises(SidecarUnreachable, match="gone"):
        once({"one": fails, "other": lambda: "here"}, 5)


def test_one_who_is_no_longer_asked_about_is_forgotten() -> None:
    rounds = Rounds[str]()
    rounds.ask({"gone": lambda: "x", "here": lambda: "y"}, 5)
    assert rounds.ask({"here": lambda: "y"}, 5) == {"here": "y"}
