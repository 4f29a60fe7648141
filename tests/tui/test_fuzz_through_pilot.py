"""A hundred random runs through the real app: nothing is decided but what was on screen and stood alone."""

import random
from dataclasses import replace

import pytest

from tests.tui.conftest import Operator, Sit
from tests.tui.samples import Desk, card, lab_cards, secret_card

RUNS = 100
KEYS = ("a", "a", "a", "r", "u", "X", "o", "y", "j", "k", "e", "escape", "enter", "tab", "d", "b", "1", "2")
GAPS = (0.02, 0.1, 0.16, 0.29, 0.31, 0.45, 1.0)


class Stopwatch:
    """Keeps, apart from the guard, when each thing was last drawn anew and when each key came."""

    def __init__(self, operator: Operator) -> None:
        self.operator = operator
        self.drawn: tuple[object, float] = (None, 0.0)
        self.keys: list[tuple[str, float]] = []

    def look(self) -> None:
        """Note when what the card shows has changed."""
        board = self.operator.app.board
        open_card = board.open_card if board else None
        shown = (open_card.id, open_card.change.digest) if open_card and open_card.change else None
        if shown != self.drawn[0]:
            self.drawn = (shown, self.operator.clock[0])

    def check(self, call: tuple[str, ...]) -> None:
        """An approval must be of what is drawn, for long enough, by a key without a neighbour."""
        if call[0] != "approve":
            return
        presses = [at for key, at in self.keys if key in "ay"]
        assert presses, call
        pressed = presses[-1]
        near = [
            at for key, at in self.keys if len(key) == 1 and at != pressed and pressed - 0.299 < at < pressed + 0.149
        ]
        assert not near, (call, near)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("batch", range(10))
async def test_random_hands_decide_nothing_that_was_not_looked_at(sit: Sit, batch: int) -> None:
    for run in range(RUNS // 10):
        rng = random.Random(batch * 100 + run)
        desk = Desk(waiting=[secret_card(), card(), *lab_cards()])
        shown: dict[str, set[str]] = {one.id: {one.change.digest} for one in desk.waiting if one.change}
        async with sit(desk) as operator:
            operator.app.conduct.reader.pause = 3600.0
            watch = Stopwatch(operator)
            for _ in range(12):
                watch.look()
                operator.wait(rng.choice(GAPS))
                what = rng.random()
                if what < 0.15 and desk.waiting:
                    changed = rng.choice(desk.waiting)
                    if changed.change:
                        fresh = replace(changed, change=replace(changed.change, digest=f"sha256:{rng.random()}"))
                        desk.waiting[desk.waiting.index(changed)] = fresh
                        shown[fresh.id].add(fresh.change.digest)
                    operator.app.conduct.reader.read("cards")
                    await operator.pilot.pause()
                elif what < 0.2:
                    await operator.pilot.resize_terminal(rng.choice((60, 80, 150)), rng.choice((24, 40)))
                else:
                    key = rng.choice(KEYS)
                    watch.keys.append((key, operator.clock[0]))
                    at = len(desk.deeds)
                    before = operator.app.board.open_card
                    await operator.pilot.press(key)
                    operator.app.sentry.tick()
                    await operator.pilot.pause()
                    for call in desk.deeds[at:]:
                        watch.check(call)
                        assert before is not None or call[0] != "approve"
            for call in desk.deeds:
                if call[0] == "approve":
                    assert call[2] in shown[call[1]]
