"""One exec per gate is kept open; where that cannot be, it is tried again later, unless the image knows none."""

import struct
from collections.abc import Iterator
from itertools import pairwise
from socket import socket, socketpair
from typing import Any, cast

import pytest

from bottle_tui.adapters.docker.conversing import FIRST_PAUSE, LONGEST_PAUSE, Conversations
from bottle_tui.adapters.docker.engine import Engine
from bottle_tui.adapters.docker.sdk import sdk

QUESTION = ["python", "-m", "sidecar_addon", "control", '{"verb":"status"}']
ANSWER = b'{"digest":"sha256:1"}\n'
FRAME = struct.pack(">BxxxL", 1, len(ANSWER)) + ANSWER
KILLED, NO_JSON = 137, 2


class Api:
    """What an engine says to an `exec`, in the frames of a real one: answers lie there before they are asked for."""

    def __init__(self) -> None:
        self.ends: int | None = None
        """The exit code of conversations that end before they have said a word; None: they go on."""
        self.begun: list[str] = []
        """Every `exec`: "conversation" or "question"."""
        self.codes: list[int] = []
        self.sockets: list[socket] = []

    def exec_create(self, container: str, argv: list[str], **options: Any) -> dict[str, str]:
        self.begun.append("conversation" if argv[-1] == "-" else "question")
        self.codes.append((self.ends or 0) if argv[-1] == "-" else 0)
        return {"Id": str(len(self.begun) - 1)}

    def exec_start(self, identity: str, *, socket: bool) -> socket:
        ours, theirs = socketpair()
        self.sockets += [ours, theirs]
        if self.begun[int(identity)] == "question":
            theirs.sendall(FRAME)
            theirs.close()
        elif self.ends is None:
            theirs.sendall(FRAME * 10)
        else:
            theirs.close()
        return ours

    def exec_inspect(self, identity: str) -> dict[str, Any]:
        return {"Running": False, "ExitCode": self.codes[int(identity)]}


class Asked:
    """A gate that is asked over and over, while time goes on as the test says."""

    def __init__(self) -> None:
        self.api, self.now = Api(), 0.0
        engine = cast(Engine, type("Stand", (), {"api": self.api})())
        self._conversations = Conversations(engine, lambda: self.now)

    def once(self) -> list[str]:
        """Ask; which `exec` that took. The answer is the same whichever way."""
        before = len(self.api.begun)
        ran = self._conversations.run("c1", QUESTION, b"", 5.0)
        assert (ran.code, ran.stdout) == (0, ANSWER)
        return self.api.begun[before:]


@pytest.fixture
def asked() -> Iterator[Asked]:
    sdk()  # an engine has a client before anything is asked
    found = Asked()
    yield found
    for each in found.api.sockets:
        each.close()


def test_further_questions_take_no_exec(asked: Asked) -> None:
    assert asked.once() == ["conversation"]
    assert asked.once() == []


def test_a_conversation_that_was_killed_is_tried_again_after_a_pause(asked: Asked) -> None:
    asked.api.ends = KILLED
    assert asked.once() == ["conversation", "question"]
    asked.api.ends = None
    assert asked.once() == ["question"]
    asked.now += FIRST_PAUSE
    assert asked.once() == ["conversation"]
    assert asked.once() == []


def test_the_pauses_grow_up_to_a_bound(asked: Asked) -> None:
    asked.api.ends = KILLED
    times = []
    while asked.now < 4 * LONGEST_PAUSE:
        if "conversation" in asked.once():
            times.append(asked.now)
        asked.now += FIRST_PAUSE
    pauses = [after - before for before, after in pairwise(times)]
    assert pauses[:3] == [FIRST_PAUSE, 2 * FIRST_PAUSE, 4 * FIRST_PAUSE]
    assert max(pauses) == LONGEST_PAUSE


def test_after_one_that_was_had_the_pauses_are_short_again(asked: Asked) -> None:
    asked.api.ends = KILLED
    asked.once()
    asked.now += FIRST_PAUSE
    asked.once()
    asked.api.ends, asked.now = None, asked.now + 2 * FIRST_PAUSE
    assert asked.once() == ["conversation"]
    asked.api.ends = KILLED
    for theirs in asked.api.sockets[1::2]:
        theirs.close()
    assert asked.once() == ["conversation", "question"]
    asked.now += FIRST_PAUSE
    assert asked.once() == ["conversation", "question"]


def test_an_image_that_takes_the_dash_for_a_question_is_never_tried_again(asked: Asked) -> None:
    asked.api.ends = NO_JSON
    assert asked.once() == ["conversation", "question"]
    asked.now += 100 * LONGEST_PAUSE
    assert asked.once() == ["question"]
