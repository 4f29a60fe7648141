"""The typing guard: what may decide, and ten thousand random evenings at the keyboard."""

import random
from dataclasses import dataclass, field, replace

import pytest

from bottle_tui.core.arming import Decision, Guard, Part, Refusal, Target, whole

SLOTS = {"a": "card", "r": "card", "u": "result", "X": "card", "y": "confirm"}
CARD = Target("01A", "sha256:1", risks=2)
ALL = frozenset({Part(0), Part(1)})


def armed(target: Target = CARD, at: float = 0.0, seen: frozenset[Part] = ALL) -> Guard:
    return Guard(SLOTS, {"confirm": "card"}).show("card", target, at, seen)


def press(guard: Guard, key: str, at: float) -> tuple[Guard, Refusal | None]:
    return guard.key(key, len(key) == 1, at)


def test_a_key_that_stands_alone_on_what_was_shown_long_enough_decides_once() -> None:
    guard, refusal = press(armed(), "a", 0.4)
    assert refusal is None
    assert guard.tick(0.54)[1] is None
    guard, decision = guard.tick(0.55)
    assert decision == Decision("a", CARD)
    assert guard.tick(9.0)[1] is None


@pytest.mark.parametrize(
    ("guard", "key", "refusal"),
    [
        (armed(at=0.7), "a", Refusal.TOO_NEW),
        (armed(), "u", Refusal.NOTHING),
        (armed(seen=frozenset({Part(1)})), "a", Refusal.UNSEEN),
        (armed().lost_focus(), "a", Refusal.FOCUS),
        (armed().gained_focus(0.7), "a", Refusal.FOCUS),
        (armed().pasted(0.8), "a", Refusal.TYPING),
        (press(armed(), "j", 0.8)[0], "a", Refusal.TYPING),
        (press(armed(), "enter", 0.8)[0], "a", Refusal.TYPING),
        (armed().resized(0.8), "a", Refusal.TOO_NEW),
    ],
)
def test_a_key_is_refused_with_its_reason(guard: Guard, key: str, refusal: Refusal) -> None:
    guard, why = press(guard, key, 1.0)
    assert why is refusal
    assert guard.tick(5.0)[1] is None


def test_rejecting_needs_no_scrolling_to_every_risk() -> None:
    guard, refusal = press(armed(seen=frozenset()), "r", 1.0)
    assert refusal is None
    assert guard.tick(2.0)[1] == Decision("r", CARD)


def test_a_key_right_after_it_spoils_the_decision_and_says_so() -> None:
    guard, _ = press(armed(), "a", 1.0)
    guard, why = press(guard, "n", 1.1)
    assert why is Refusal.TYPING
    assert guard.tick(2.0)[1] is None


def test_the_same_key_twice_is_typing_too() -> None:
    guard, _ = press(armed(), "a", 1.0)
    guard, why = press(guard, "a", 1.1)
    assert why is Refusal.TYPING
    assert guard.tick(2.0)[1] is None


def test_an_arrow_key_alone_is_not_typing() -> None:
    guard, why = armed().key("down", False, 0.9)
    assert why is None
    assert press(guard, "a", 1.0)[1] is None


@pytest.mark.parametrize(
    "spoil",
    [
        lambda guard: guard.show("card", Target("01B", "sha256:1"), 1.1),
        lambda guard: guard.show("card", Target("01A", "sha256:2", risks=2), 1.1),
        lambda guard: guard.show("card", None, 1.1),
        lambda guard: guard.lost_focus(),
        lambda guard: guard.gained_focus(1.1),
        lambda guard: guard.pasted(1.1),
        lambda guard: guard.resized(1.1),
    ],
)
def test_what_happens_within_the_quiet_time_spoils_the_decision(spoil) -> None:
    guard, _ = press(armed(), "a", 1.0)
    assert spoil(guard).tick(9.0)[1] is None


def test_a_risk_folded_over_several_lines_is_seen_once_each_of_them_was_at_one_width() -> None:
    first, second = Part(0, 0, 2, 75), Part(0, 1, 2, 75)
    assert whole([first, Part(0, 1, 2, 64), Part(0, 0, 3, 60)]) == frozenset()
    half = armed(replace(CARD, risks=1), seen=frozenset({first}))
    assert press(half, "a", 1.0)[1] is Refusal.UNSEEN
    assert press(half.show("card", replace(CARD, risks=1), 0.3, frozenset({second})), "a", 1.0)[1] is None


def test_the_same_card_drawn_again_spoils_nothing_and_adds_up_the_risks_seen() -> None:
    guard = armed(seen=frozenset({Part(0)})).show("card", CARD, 0.3, frozenset({Part(1)}))
    assert guard.all_seen("card")
    guard, why = press(guard, "a", 0.4)
    assert why is None
    assert guard.show("card", CARD, 0.45).tick(0.6)[1] == Decision("a", CARD)


def test_another_place_on_screen_may_change_while_a_key_is_pending() -> None:
    guard, _ = press(armed(), "a", 1.0)
    assert guard.show("result", Target("01Z", ""), 1.1).tick(1.2)[1] == Decision("a", CARD)


def test_what_is_to_be_confirmed_goes_when_its_card_changes() -> None:
    guard = armed().show("confirm", CARD, 0.5)
    guard, why = press(guard, "y", 1.0)
    assert why is None
    guard = guard.show("card", Target("01B", "sha256:9"), 1.1)
    assert guard.tick(2.0)[1] is None
    assert guard.refusal("y", 9.0) is Refusal.NOTHING


def test_keys_of_a_text_line_decide_nothing_but_count_as_typing() -> None:
    guard, why = armed().key("a", True, 1.0, deciding=False)
    assert why is None
    assert press(guard, "a", 1.2)[1] is Refusal.TYPING


def test_a_late_clock_never_arms_anything() -> None:
    guard = armed(at=5.0)
    assert press(guard, "a", 4.0)[1] is Refusal.TOO_NEW


@dataclass
class Witness:
    """What an honest bystander with a stop-watch saw, kept apart from the machine."""

    shown: dict[str, tuple[Target, float]] = field(default_factory=dict)
    seen: dict[str, set[int]] = field(default_factory=dict)
    typed: list[float] = field(default_factory=list)
    pressed: dict[str, list[float]] = field(default_factory=dict)
    focused: bool = True
    focused_at: float = -9.0
    upset_at: float = -9.0
    """The last resize, paste or change of focus."""

    def wrong(self, decision: Decision) -> str | None:
        slot = SLOTS[decision.key]
        pressed = self.pressed[decision.key][-1]
        target, since = self.shown.get(slot, (None, 0.0))
        if target != decision.target:
            return "not what is on screen"
        if pressed - since < 0.4:
            return "on screen for less than 400 ms"
        if any(at != pressed and pressed - 0.3 < at < pressed + 0.15 for at in self.typed):
            return "another key beside it"
        if self.typed.count(pressed) > 1:
            return "two keys at once"
        if not self.focused or pressed - self.focused_at < 0.4 or self.upset_at > pressed:
            return "focus, paste or resize"
        if decision.key == "a" and len(self.seen.get(slot, ())) < target.risks:
            return "a risk was not seen"
        return None


def evening(seed: int) -> tuple[int, list[str]]:
    """One random run: how many decisions fell, and what was wrong with them."""
    rng = random.Random(seed)
    guard, witness, now, faults, made = Guard(SLOTS, {"confirm": "card"}), Witness(), 0.0, [], 0
    for _ in range(rng.randint(20, 60)):
        now += rng.choice([0.01, 0.05, 0.1, 0.16, 0.29, 0.31, 0.41, 0.8])
        what = rng.random()
        if what < 0.2:
            slot = rng.choice(["card", "card", "result", "confirm"])
            target = rng.choice([None, CARD, CARD, Target("01B", "sha256:2"), Target("01A", "sha256:3", risks=1)])
            seen = frozenset(rng.sample(sorted(ALL), rng.randint(0, 2)))
            old = witness.shown.get(slot, (None, 0.0))
            guard = guard.show(slot, target, now, seen)
            if old[0] != target:
                witness.seen[slot] = set()
                witness.shown.pop(slot, None)
                if slot == "card":
                    witness.shown.pop("confirm", None)
                if target:
                    witness.shown[slot] = (target, now)
            witness.seen.setdefault(slot, set()).update(seen)
        elif what < 0.24:
            guard = guard.resized(now)
            witness.upset_at = now
            witness.shown = {slot: (target, now) for slot, (target, _) in witness.shown.items()}
        elif what < 0.27:
            guard, witness.focused, witness.upset_at = guard.lost_focus(), False, now
        elif what < 0.33:
            guard, witness.focused, witness.focused_at = guard.gained_focus(now), True, now
            witness.upset_at = now
        elif what < 0.36:
            guard, witness.upset_at = guard.pasted(now), now
            witness.typed.append(now)
        elif what < 0.8:
            key = rng.choice(["a", "a", "a", "r", "u", "y", "X", "j", "e", "down"])
            guard, _ = guard.key(key, len(key) == 1, now)
            if len(key) == 1:
                witness.typed.append(now)
            witness.pressed.setdefault(key, []).append(now)
        guard, decision = guard.tick(now)
        if decision is not None:
            made += 1
            if fault := witness.wrong(decision):
                faults.append(f"seed {seed}: {decision}: {fault}")
    return made, faults


def test_ten_thousand_random_evenings_end_without_one_wrong_decision() -> None:
    runs = [evening(seed) for seed in range(10_000)]
    assert [fault for _, faults in runs for fault in faults] == []
    assert sum(made for made, _ in runs) > 1_000, "the machine must also let the right ones through"
