"""Which log lines are shown: by words, level, decision and host."""

import json

import pytest

from bottle_tui.core.log_filter import LogFilter, decision_of, parsed
from bottle_tui.services.logs import parse


def line(role: str = "egress", **event: object):
    return parse("box", role, json.dumps(event))  # type: ignore[arg-type]


DENIED = line(event="denied", host="A.files.example.net", method="GET", path="/x", reason="host_not_allowed")
ALLOWED = line(event="allowed", host="api.example.com", method="GET", path="/v1/")
LOADED = line(event="routes_loaded", routes=3, generation=2, digest="sha256:1")
BLOCKED = line(
    "pipelock", event="blocked", scanner="body_dlp", target="api.example.com:443", reason="secret", level="warn"
)
TEXT = parse("box", "egress", "Traceback (most recent call last)")
ALL = (DENIED, ALLOWED, LOADED, BLOCKED, TEXT)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("", ALL),
        ("level:warn", (DENIED, BLOCKED)),
        ("is:denied", (DENIED, BLOCKED)),
        ("is:allowed", (ALLOWED,)),
        ("is:policy", (LOADED,)),
        ("host:*.example.net", (DENIED,)),
        ("host:*.files.example.net", (DENIED,)),
        ("host:*.les.example.net", ()),
        ("host:api", (ALLOWED, BLOCKED)),
        ("host:api is:denied", (BLOCKED,)),
        ("TRACEBACK (most", (TEXT,)),
        ("level:loud", ()),
    ],
)
def test_a_typed_filter_keeps_what_it_says(text: str, kept: tuple[object, ...]) -> None:
    found = parsed(text)
    assert tuple(each for each in ALL if found.lets(each)) == kept
    assert parsed(str(found)) == found


def test_levels_and_decisions_step_round() -> None:
    found, levels, decisions = LogFilter(words="x"), [], []
    for _ in range(4):
        found = found.next_level().next_decision()
        levels.append(found.level)
        decisions.append(found.decision)
    assert levels == ["notice", "warn", "error", ""]
    assert decisions == ["denied", "allowed", "policy", ""]
    assert found == LogFilter(words="x") and found
    assert not LogFilter()
    assert LogFilter(level="fatal").next_level().level == ""


def test_what_is_no_decision_is_none() -> None:
    assert decision_of(TEXT) == ""
