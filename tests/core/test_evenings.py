"""Selection, arming and the typing guard as one machine: ten thousand random evenings before a list that moves.

What is drawn follows from the selection alone. A bystander with a stop-watch keeps what he saw, apart from the guard.
"""

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from bottle_tui.core.arming import Decision, Guard, Target
from bottle_tui.core.selection import Selection

SLOTS = {"a": "card", "r": "card", "u": "result", "o": "result", "X": "bottle", "y": "confirm"}
FOLLOWS = {"confirm": "card"}
START = datetime(2026, 3, 4, tzinfo=UTC)
GAPS = (0.01, 0.05, 0.1, 0.14, 0.16, 0.29, 0.31, 0.39, 0.41, 0.8)
PROSE = "the quick brown fox says yes and no, ruX"


@dataclass
class Bystander:
    """What was drawn in each place and since when, every key, and what upset the screen."""

    drawn: dict[str, tuple[Target, float]] = field(default_factory=dict)
    typed: list[float] = field(default_factory=list)
    pressed: dict[str, float] = field(default_factory=dict)
    focused_at: float = -9.0
    upset_at: float = -9.0
    has_focus: bool = True

    def sees(self, slot: str, target: Target | None, now: float) -> None:
        old = self.drawn.get(slot)
        if old is not None and old[0] == target:
            return
        self.drawn.pop(slot, None)
        if slot == "card":
            self.drawn.pop("confirm", None)
        if target is not None:
            self.drawn[slot] = (target, now)

    def moved(self, now: float) -> None:
        """Everything is somewhere else."""
        self.drawn = {slot: (target, now) for slot, (target, _) in self.drawn.items()}
        self.upset_at = now

    def stood_alone(self, at: float) -> bool:
        """Asked at the end of the evening: what came after a key counts too."""
        return not [when for when in self.typed if when != at and at - 0.3 < when < at + 0.15]

    def fault(self, decision: Decision) -> str | None:
        at = self.pressed[decision.key]
        target, since = self.drawn.get(SLOTS[decision.key], (None, 0.0))
        if target != decision.target:
            return f"not what is drawn: {target}"
        if at - since < 0.4:
            return "drawn for less than 400 ms"
        if not self.has_focus or at - self.focused_at < 0.4 or self.upset_at > at:
            return "focus, paste or resize"
        return None


@dataclass
class Evening:
    """One run: asks that come, change and go, an operator, and prose that lands in the wrong split."""

    seed: int
    now: float = 0.0
    asks: dict[str, tuple[datetime, str]] = field(default_factory=dict)
    selection: Selection = field(default_factory=Selection)
    guard: Guard = field(default_factory=lambda: Guard(SLOTS, FOLLOWS))
    bystander: Bystander = field(default_factory=Bystander)
    faults: list[str] = field(default_factory=list)
    decisions: list[tuple[str, float]] = field(default_factory=list)

    def run(self) -> "Evening":
        rng = random.Random(self.seed)
        for _ in range(3):
            self.arrive(rng)
        for _ in range(rng.randint(30, 70)):
            self.now += rng.choice(GAPS)
            self.step(rng)
            self.tick(rng)
        beside = [each for each in self.decisions if not self.bystander.stood_alone(each[1])]
        self.faults += [f"seed {self.seed}: another key beside {key} at {at}" for key, at in beside]
        return self

    def step(self, rng: random.Random) -> None:
        happenings = [self.arrive, self.change, self.leave, self.resize, self.focus, self.paste, self.confirm]
        what = rng.random()
        if what < 0.35:
            rng.choice(happenings)(rng)
        elif what < 0.45:
            for letter in rng.sample(PROSE, 4):
                self.key(letter)
                self.now += rng.choice((0.02, 0.08, 0.2))
                self.tick(rng)
        elif what < 0.85:
            self.key(rng.choice("aaaarruoXyjjkk"))

    def arrive(self, rng: random.Random) -> None:
        self.asks[f"{self.seed}-{len(self.asks)}-{self.now}"] = (START + timedelta(seconds=self.now), "sha256:0")
        self.listed()

    def change(self, rng: random.Random) -> None:
        """The ground moves: the same ask would change something else now."""
        if self.asks:
            id = rng.choice(list(self.asks))
            self.asks[id] = (self.asks[id][0], f"sha256:{self.now}")
            self.listed()

    def leave(self, rng: random.Random) -> None:
        """Somebody else decides."""
        if self.asks:
            del self.asks[rng.choice(list(self.asks))]
            self.listed()

    def listed(self) -> None:
        before = self.selection
        self.selection = before.loaded((id, created) for id, (created, _) in self.asks.items())
        if before.selected is not None and self.selection.selected != before.selected:
            self.faults.append("a listing moved the cursor")
        if before.selected is not None and self.selection.index > before.index:
            self.faults.append("a listing pushed the row under the cursor down")
        self.draw()

    def draw(self) -> None:
        id = self.selection.selected
        card = Target(id, self.asks[id][1]) if id in self.asks else None
        self.show("card", card)
        self.show("bottle", Target(f"bottle of {id}", "") if id else None)

    def show(self, slot: str, target: Target | None) -> None:
        self.guard = self.guard.show(slot, target, self.now)
        self.bystander.sees(slot, target, self.now)

    def resize(self, rng: random.Random) -> None:
        self.guard = self.guard.resized(self.now)
        self.bystander.moved(self.now)

    def focus(self, rng: random.Random) -> None:
        gains = not self.bystander.has_focus or rng.random() < 0.5
        self.guard = self.guard.gained_focus(self.now) if gains else self.guard.lost_focus()
        self.bystander.has_focus, self.bystander.upset_at = gains, self.now
        if gains:
            self.bystander.focused_at = self.now

    def paste(self, rng: random.Random) -> None:
        self.guard = self.guard.pasted(self.now)
        self.bystander.typed.append(self.now)
        self.bystander.upset_at = self.now

    def confirm(self, rng: random.Random) -> None:
        card = self.bystander.drawn.get("card")
        self.show("confirm", card[0] if card else None)

    def key(self, key: str) -> None:
        self.guard, _ = self.guard.key(key, True, self.now)
        self.bystander.typed.append(self.now)
        self.bystander.pressed[key] = self.now
        if key in "jk":
            self.selection = self.selection.moved(1 if key == "j" else -1)
            self.draw()

    def tick(self, rng: random.Random) -> None:
        self.guard, decision = self.guard.tick(self.now)
        if decision is None:
            return
        self.decisions.append((decision.key, self.bystander.pressed[decision.key]))
        if fault := self.bystander.fault(decision):
            self.faults.append(f"seed {self.seed}: {decision}: {fault}")
        if SLOTS[decision.key] in ("card", "confirm") and decision.target.id in self.asks:
            del self.asks[decision.target.id]
            waiting = [(id, created) for id, (created, _) in self.asks.items()]
            self.selection = self.selection.decided(decision.target.id, waiting)
            self.show("result", Target(decision.target.id, ""))
            self.listed_after_decision()

    def listed_after_decision(self) -> None:
        self.selection = self.selection.loaded((id, created) for id, (created, _) in self.asks.items())
        self.draw()


def test_ten_thousand_evenings_decide_nothing_that_was_not_drawn_long_enough_by_a_key_that_stood_alone() -> None:
    faults: list[str] = []
    decided: set[str] = set()
    for seed in range(10_000):
        evening = Evening(seed).run()
        faults += evening.faults
        decided |= {key for key, _ in evening.decisions}
    assert faults == []
    assert decided == set(SLOTS), "the machine must also let each of the right ones through"
