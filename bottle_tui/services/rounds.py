"""Bottles asked all at once: whoever is slow or dead keeps no other waiting, and is asked by one thread at a time."""

import threading
from collections.abc import Callable, Mapping

MOST = 16
"""Questions under way at a time."""


class Rounds[Answer]:
    """Questions by name. What comes too late for its round is there in the next; until then it is not asked again."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._room = threading.BoundedSemaphore(MOST)
        self._asking: set[str] = set()
        self._answers: dict[str, Answer | BaseException] = {}
        self._waited_for: set[str] = set()
        self.late = 0
        """How many answers came after their round; another number means that there is news."""

    def ask(self, questions: Mapping[str, Callable[[], Answer]], seconds: float) -> dict[str, Answer]:
        """The latest answer of each; a name without one is left out. Raises what the first failing question raised."""
        with self._changed:
            begun = [name for name in questions if name not in self._asking]
            self._asking.update(begun)
            self._waited_for.update(begun)
            self._answers = {name: answer for name, answer in self._answers.items() if name in questions}
        for name in begun:
            threading.Thread(target=self._run, args=(name, questions[name]), name=f"ask {name}", daemon=True).start()
        with self._changed:
            self._changed.wait_for(lambda: not self._asking.intersection(begun), seconds)
            self._waited_for.difference_update(begun)
            found = {name: self._answers[name] for name in questions if name in self._answers}
        failed = [answer for answer in found.values() if isinstance(answer, BaseException)]
        if failed:
            raise failed[0]
        return found  # type: ignore[return-value]  # no errors are left in it

    def last(self, name: str) -> Answer | None:
        """What was answered last, also when it was no answer to the latest question; None before the first one."""
        with self._changed:
            answer = self._answers.get(name)
        return None if isinstance(answer, BaseException) else answer

    def settled(self, seconds: float) -> bool:
        """Whether within so many seconds nothing is under way any more."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._asking, seconds)

    def _run(self, name: str, question: Callable[[], Answer]) -> None:
        answer: Answer | BaseException
        with self._room:
            try:
                answer = question()
            except BaseException as error:  # noqa: BLE001 - a worker's boundary: raised again for whoever asked
                answer = error
        with self._changed:
            self._answers[name] = answer
            self._asking.discard(name)
            self.late += name not in self._waited_for
            self._changed.notify_all()


def once[Answer](questions: Mapping[str, Callable[[], Answer]], seconds: float) -> dict[str, Answer]:
    """One round of its own."""
    return Rounds[Answer]().ask(questions, seconds)
