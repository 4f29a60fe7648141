"""Which lines count as an answer, and which are about something else."""

import json
from typing import Any

import pytest

from bottle_tui.adapters.fakes import FakeClock, FakeRuntime, FakeSidecar
from bottle_tui.core.event_lines import event_of
from bottle_tui.services import ack
from bottle_tui.services.ack import Verdict


def said(judge: ack.Judge, line: str | dict[str, Any]) -> bool | None:
    """Loaded, refused, or not about us."""
    text = line if isinstance(line, str) else json.dumps(line)
    verdict = judge(text, event_of(text) or {})
    return None if verdict is None else verdict.loaded


LOADED = {"event": "routes_loaded", "apply": "01A", "digest": "sha256:a"}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (LOADED, True),
        ({**LOADED, "digest": "sha256:b"}, None),
        ({**LOADED, "apply": "01B", "digest": "sha256:b"}, None),
        ({"event": "routes_rejected", "apply": "01A", "digest": "sha256:a", "error": "no"}, False),
        ({"event": "routes_rejected", "apply": None, "digest": "sha256:a", "error": "no"}, False),
        ({"event": "routes_rejected", "apply": None, "digest": "sha256:z", "error": "no"}, None),
        ({"event": "denied", "apply": "01A"}, None),
        ("plain text with 01A", None),
        ("{broken", None),
        ("[1]", None),
        ('{"a": ' * 50_000, None),
    ],
)
def test_the_gates_lines(line: str | dict[str, Any], expected: bool | None) -> None:
    assert said(ack.routes("01A", "sha256:a"), line) is expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ({"event": "config_reload", "status": "success", "config_hash": "aa"}, True),
        ({"event": "config_reload", "status": "success", "config_hash": "bb"}, None),
        (
            {"event": "error", "method": "CONFIG_RELOAD", "error": "rejected: security downgrade from strict mode"},
            False,
        ),
        ({"event": "error", "method": "CONNECT", "error": "use of closed network connection"}, None),
        ("pipelock: config reload failed: yaml: line 3", False),
        ("a path that an agent chose: pipelock: config reload failed: x", None),
        ("Fetch:  http://0.0.0.0:8888/", None),
    ],
)
def test_pipelocks_lines(line: str | dict[str, Any], expected: bool | None) -> None:
    assert said(ack.config("aa"), line) is expected


def test_a_start_counts_with_our_hash_alone() -> None:
    assert said(ack.startup("aa"), {"event": "startup", "config_hash": "aa"}) is True
    assert said(ack.startup("aa"), {"event": "startup", "config_hash": "bb"}) is None


def test_supervises_lines() -> None:
    judge = ack.decision("01P", "sha256:d")
    assert said(judge, {"event": "decision_loaded", "id": "01P", "digest": "sha256:d"}) is True
    assert said(judge, {"event": "decision_loaded", "id": "01P", "digest": "sha256:old"}) is None
    assert said(judge, {"event": "file_rejected", "name": "decisions/01P.json", "error": "bad"}) is False
    assert said(judge, {"event": "file_rejected", "name": "decisions/01X.json", "error": "bad"}) is None
    assert said(ack.state("sha256:s"), {"event": "state_loaded", "digest": "sha256:s"}) is True
    assert said(ack.state("sha256:s"), {"event": "state_loaded", "digest": "sha256:t"}) is None


def test_a_line_from_before_our_signal_does_not_count() -> None:
    runtime = FakeRuntime(FakeClock())
    sidecar = FakeSidecar(runtime, "egress")
    sidecar.say(LOADED)
    assert ack.drive(runtime.clock, sidecar, {}, ack.routes("01A", "sha256:a"), (1.0,)) is None


def test_a_flood_of_other_lines_does_not_make_it_wait_longer() -> None:
    runtime = FakeRuntime(FakeClock())
    sidecar = FakeSidecar(runtime, "egress")
    lines = sidecar.follow()
    for _ in range(100):
        sidecar.say({"event": "denied"})
    assert ack.listen(runtime.clock, lines, lambda line, event: None, 2.0) is None
    assert runtime.clock.monotonic() == pytest.approx(2.0, abs=0.01)


def test_a_verdict_carries_its_event() -> None:
    verdict = ack.routes("01A", "sha256:a")(json.dumps(LOADED), LOADED)
    assert verdict == Verdict(True, event=LOADED)
