"""A part of the local process: what does not run is not said to."""

import threading

import pytest

from sidecar_addon.local.parts import Part, PartFailed, Running


def test_a_part_that_ends_by_what_nobody_foresaw_did_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[object] = []
    monkeypatch.setattr(threading, "excepthook", lambda caught: said.append(caught.exc_value))

    def build(port: int) -> Running:
        raise ImportError("no module of that name")

    with pytest.raises(PartFailed, match="supervise did not start: it ended at once"):
        Part("supervise", build).start()
    assert said
