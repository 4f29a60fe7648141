"""A hundred random runs through the real app: nothing is decided but what was on screen and stood alone."""

import random
from dataclasses import dataclass, field, replace

import pytest

from bottle_tui.core.edits import AS_ASKED
from bottle_tui.tui.screens.view import View
from tests.tui.conftest import Operator, Sit
from tests.tui.samples import NOON, card, lab_cards, secret_card

BATCHES, RUNS, STEPS = 5, 20, 8
KEYS = (*"aaaaaaaaruXoyyyjjke12mtws0", "minus", "plus", "equals_sign", "escape", "enter", "tab")
SIGNS = ("minus", "plus", "equals_sign")
GAPS = (0.02, 0.1, 0.16, 0.29, 0.31, 0.45, 1.0, 1.0, 1.0, 1.0)

type Shown = tuple[str, str] | None


@dataclass
class Stopwatch:
    """Keeps, apart from the guard, since when the card shows what it shows, and when each key came."""

    operator: Operator
    shown: Shown = None
    since: float = 0.0
    keys: list[tuple[str, float, Shown, float]] = field(default_factory=list)

    def look(self) -> None:
        """Note when what the card shows has changed."""
        board = self.operator.app.board
        one = board.open_card if board else None
        inbox = [view for view in self.operator.app.screen_stack if isinstance(view, View) and view.NAME == "inbox"]
        done = one is not None and not board.edits.is_computing(one.id)
        shown = (one.id, one.change.digest) if one and done and one.change and inbox else None
        if shown != self.shown:
            self.shown, self.since = shown, self.operator.clock[0]

    def pressed(self, key: str) -> None:
        """A key, with what was shown when it came."""
        self.keys.append((key, self.operator.clock[0], self.shown, self.since))

    def check(self, call: tuple[str, ...]) -> None:
        """What was approved is what was drawn for long enough, by a key without a neighbour."""
        if call[0] != "approve":
            return
        _, at, shown, since = next(press for press in reversed(self.keys) if press[0] in "ay")
        assert shown == (call[1], call[2]), (call, shown)
        edit = self.operator.desk.edits[call[1]]
        assert (edit == AS_ASKED) == ("Edit(" not in call[2]) and (edit == AS_ASKED or call[2].endswith(f" {edit}"))
        assert at - since > 0.399, (call, at - since)
        others = [when for key, when, *_ in self.keys if (len(key) == 1 or key in SIGNS) and when != at]
        assert not [when for when in others if at - 0.299 < when < at + 0.149], call


async def fresh_start(operator: Operator) -> Stopwatch:
    """The same five asks again, in the inbox, nothing open over it."""
    desk = operator.desk
    desk.waiting, desk.calls = [card(), *lab_cards(), replace(secret_card(), created=NOON)], []
    for _ in range(3):
        await operator.press("escape")
    await operator.press("1")
    operator.app.conduct.reader.read("cards")
    await operator.until(lambda: len(operator.app.board.waiting) >= 4)
    watch = Stopwatch(operator)
    watch.look()
    operator.wait(1.0)
    return watch


async def step(operator: Operator, watch: Stopwatch, rng: random.Random) -> None:
    """Time passes, and then something happens: an arrival, a resize, a key."""
    desk = operator.desk
    done = len(desk.deeds)
    watch.look()
    operator.wait(rng.choice(GAPS))
    operator.app.sentry.tick()  # as its timer would, were this clock the real one
    await operator.pilot.pause()
    if operator.app.board.applying:
        await operator.until(lambda: not operator.app.board.applying)
    for call in desk.deeds[done:]:
        watch.check(call)
    what = rng.random()
    if what < 0.15 and desk.waiting:
        changed = rng.choice([one for one in desk.waiting if one.change])
        other = replace(changed, change=replace(changed.change, digest=f"sha256:{rng.random()}"))
        desk.waiting[desk.waiting.index(changed)] = other
        operator.app.conduct.reader.read("cards")
        await operator.pilot.pause()
    elif what < 0.2:
        await operator.pilot.resize_terminal(rng.choice((60, 80, 150)), rng.choice((24, 40)))
    else:
        key = rng.choice(KEYS)
        watch.look()
        watch.pressed(key)
        await operator.pilot.press(key)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("batch", range(BATCHES))
async def test_random_hands_decide_nothing_that_was_not_looked_at(sit: Sit, batch: int) -> None:
    made = 0
    async with sit() as operator:
        operator.app.conduct.reader.pause = 3600.0
        for run in range(RUNS):
            rng = random.Random(batch * 1000 + run)
            watch = await fresh_start(operator)
            for _ in range(STEPS):
                await step(operator, watch, rng)
            made += len([call for call in operator.desk.deeds if call[0] == "approve"])
    assert made, "it must also let some through"
