"""A hundred random runs through the real app: nothing is decided but what was on screen and stood alone."""

import random
from dataclasses import dataclass, field, replace

import pytest
from textual import events

from bottle_tui.core.arming import Decision
from bottle_tui.core.edits import AS_ASKED
from bottle_tui.tui import messages as m
from bottle_tui.tui.dialogs.confirm import Confirm
from bottle_tui.tui.screens.bottles import BottlesView
from bottle_tui.tui.screens.view import View
from bottle_tui.tui.sentry import SLOTS
from tests.tui.conftest import Operator, Sit
from tests.tui.samples import NOON, card, lab_cards, secret_card

BATCHES, RUNS, STEPS = 5, 20, 12
KEYS = (*"aaaaaarruuXXoyyyjjke12mtws0", "minus", "plus", "equals_sign", "escape", "enter", "tab")
SIGNS = ("minus", "plus", "equals_sign")
GAPS = (0.02, 0.1, 0.16, 0.29, 0.31, 0.45, 1.0, 1.0, 1.0, 1.0)

type Shown = tuple[str, str] | None
"""The id and the digest that a key in that place would be about."""


@dataclass(frozen=True)
class Press:
    """A key, with what was drawn in its place when it came, and since when."""

    key: str
    at: float
    shown: Shown
    since: float


@dataclass
class Bystander:
    """Keeps, apart from the guard, what is drawn and since when, every key, and what upset the screen."""

    operator: Operator
    drawn: dict[str, tuple[Shown, float]] = field(default_factory=dict)
    keys: list[Press] = field(default_factory=list)
    has_focus: bool = True
    focused_at: float = -9.0
    upset_at: float = -9.0
    decided: list[tuple[Decision, Press]] = field(default_factory=list)

    def __post_init__(self) -> None:
        sentry = self.operator.app.sentry
        deciding = self.operator.app.post_message

        def witnessed(decision: Decision) -> object:
            self.witness(decision)
            return deciding(m.DecisionMade(decision))

        sentry._decided = witnessed

    @property
    def now(self) -> float:
        return self.operator.clock[0]

    def look(self) -> None:
        """Note when what is drawn in a place has changed."""
        for place, shown in self._places().items():
            if self.drawn.get(place, (None, 0.0))[0] != shown:
                self.drawn[place] = (shown, self.now)

    def _places(self) -> dict[str, Shown]:
        app = self.operator.app
        board, inbox = app.board, isinstance(app.screen, View) and app.screen.NAME == "inbox"
        one, last = board.open_card, board.last
        done = one is not None and one.change is not None and not board.edits.is_computing(one.id)
        bottle = board.here if inbox else app.screen.slug if isinstance(app.screen, BottlesView) else None
        confirming = app.screen.target if isinstance(app.screen, Confirm) else None
        return {
            "card": (one.id, one.change.digest) if one and one.change and done and inbox else None,
            "result": (last.id, last.text) if last and isinstance(app.screen, View) else None,
            "bottle": (bottle, "quarantine") if bottle else None,
            "confirm": (confirming.id, confirming.digest) if confirming else None,
        }

    def upset(self) -> None:
        """Everything is somewhere else, or the keyboard was."""
        self.upset_at = self.now

    def moved(self) -> None:
        """A resize."""
        self.upset()
        self.drawn = {place: (shown, self.now) for place, (shown, _) in self.drawn.items()}

    def pressed(self, key: str) -> None:
        """A key is about to come."""
        shown, since = self.drawn.get(SLOTS.get(key, ""), (None, 0.0))
        self.keys.append(Press(key, self.now, shown, since))

    def witness(self, decision: Decision) -> None:
        """A key has decided: on what was drawn for long enough, with the focus, in an undisturbed screen."""
        press = next(each for each in reversed(self.keys) if each.key == decision.key)
        self.decided.append((decision, press))
        assert press.shown == (decision.target.id, decision.target.digest), (decision, press)
        assert press.at - press.since > 0.399, (decision, press)
        assert self.has_focus and press.at - self.focused_at > 0.399 and self.upset_at <= press.at, (decision, press)

    def check_alone(self) -> None:
        """Asked at the end of a run: what came after a key counts too."""
        for decision, press in self.decided:
            others = [each.at for each in self.keys if (len(each.key) == 1 or each.key in SIGNS) and each is not press]
            assert not [at for at in others if press.at - 0.299 < at < press.at + 0.149], decision

    def check_change(self, call: tuple[str, ...]) -> None:
        """What was approved is what was drawn, with the edit that was drawn."""
        if call[0] != "approve":
            return
        _, press = next(pair for pair in reversed(self.decided) if pair[0].key in "ay")
        assert press.shown == (call[1], call[2]), (call, press)
        edit = self.operator.desk.edits[call[1]]
        assert (edit == AS_ASKED) == ("Edit(" not in call[2]) and (edit == AS_ASKED or call[2].endswith(f" {edit}"))


async def fresh_start(operator: Operator) -> Bystander:
    """The same five asks again, in the inbox, nothing open over it."""
    desk = operator.desk
    desk.waiting, desk.calls = [card(), *lab_cards(), replace(secret_card(), created=NOON)], []
    for _ in range(3):
        await operator.press("escape")
    await operator.press("1")
    operator.app.conduct.reader.read("cards")
    await operator.until(lambda: len(operator.app.board.waiting) >= 4)
    operator.app.post_message(events.AppFocus())
    await operator.pilot.pause()
    bystander = Bystander(operator)
    bystander.look()
    operator.wait(1.0)
    return bystander


async def step(operator: Operator, bystander: Bystander, rng: random.Random) -> None:
    """Time passes, and then something happens: an arrival, a resize, focus, a paste, a key."""
    desk = operator.desk
    done = len(desk.deeds)
    bystander.look()
    operator.wait(rng.choice(GAPS))
    operator.app.sentry.tick()  # as its timer would, were this clock the real one
    await operator.pilot.pause()
    if operator.app.board.applying:
        await operator.until(lambda: not operator.app.board.applying)
    for call in desk.deeds[done:]:
        bystander.check_change(call)
    what = rng.random()
    bystander.look()
    if what < 0.12 and desk.waiting:
        changed = rng.choice([one for one in desk.waiting if one.change])
        other = replace(changed, change=replace(changed.change, digest=f"sha256:{rng.random()}"))
        desk.waiting[desk.waiting.index(changed)] = other
        operator.app.conduct.reader.read("cards")
        await operator.pilot.pause()
    elif what < 0.17:
        bystander.moved()
        await operator.pilot.resize_terminal(rng.choice((60, 80, 150)), rng.choice((24, 40)))
    elif what < 0.22:
        await change_focus(operator, bystander)
    elif what < 0.25:
        bystander.upset()
        bystander.pressed("v")  # a paste is typing
        operator.app.post_message(events.Paste("a yes\nno X"))
        await operator.pilot.pause()
    else:
        key = rng.choice(KEYS)
        bystander.pressed(key)
        await operator.pilot.press(key)


async def change_focus(operator: Operator, bystander: Bystander) -> None:
    """The operator looks into another window, or comes back."""
    bystander.has_focus = not bystander.has_focus
    bystander.upset()
    if bystander.has_focus:
        bystander.focused_at = bystander.now
    operator.app.post_message(events.AppFocus() if bystander.has_focus else events.AppBlur())
    await operator.pilot.pause()


@pytest.mark.timeout(600)
@pytest.mark.parametrize("batch", range(BATCHES))
async def test_random_hands_decide_nothing_that_was_not_looked_at(sit: Sit, batch: int) -> None:
    made: set[str] = set()
    async with sit() as operator:
        operator.app.conduct.reader.pause = 3600.0
        for run in range(RUNS):
            rng = random.Random(batch * 1000 + run)
            bystander = await fresh_start(operator)
            for _ in range(STEPS):
                await step(operator, bystander, rng)
            bystander.check_alone()
            made |= {decision.key for decision, _ in bystander.decided}
    assert {"a", "r", "u", "X"} <= made, "it must also let some through"
