"""Which log lines are shown: by words, level, decision and host."""

import json

import pytest

from bottle_tui.core.log_filter import LogFilter, decision_of, not_known, parsed
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
        ("level:warn", (DENIED, BLOCKED, TEXT)),
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


def real(level: str, event: str, **fields: object) -> str:
    return json.dumps({"level": level, "component": "pipelock", "event": event, **fields})


REAL = {  # as pipelock 2.3.0 wrote them, the addresses replaced
    "host": real(
        "warn",
        "blocked",
        method="CONNECT",
        target="evil.example:443",
        scanner="allowlist",
        reason="domain not in allowlist: evil.example",
        message="request blocked",
    ),
    "secret": real(
        "warn",
        "body_dlp",
        method="POST",
        url="http://api.example.com/x",
        action="block",
        match_count=1,
        patterns=["GitHub Token"],
        message="request body DLP scan hit",
    ),
    "refused": real(
        "error",
        "error",
        method="CONNECT",
        target="api.example.com:9",
        error="dial tcp 192.0.2.1:9: connect: connection refused",
        message="request error",
    ),
    "reload": real(
        "error",
        "error",
        method="CONFIG_RELOAD",
        resource="/etc/pipelock/conf/pipelock.yaml",
        error="rejected: security downgrade from strict mode",
    ),
    "passed": real(
        "info",
        "forward_http",
        method="GET",
        url="http://api.example.com/x",
        status_code=200,
        message="forward proxy request",
    ),
    "tunnel": real("info", "tunnel_open", target="api.example.com:443"),
    "untrusted": real(
        "warn",
        "blocked",
        method="GET",
        target="api.example.com:443",
        scanner="tls_handshake_error",
        reason="remote error: tls: unknown certificate authority",
    ),
    "response": real("warn", "response_scan", url="http://api.example.com/x", action="block", match_count=1),
    "killed": real("warn", "kill_switch_deny", endpoint="api.example.com:443"),
    "sni": real("warn", "sni_mismatch", connect_host="api.example.com", sni_host="evil.example", category="mismatch"),
    "quiet": real("warn", "sni_mismatch", connect_host="api.example.com", sni_host="", category="timeout"),
    "itself": real(
        "warn", "anomaly", method="STARTUP", resource="0.0.0.0:8888", reason="listen address is not loopback"
    ),
    "banner": "Pipelock v2.3.0 starting",
    "panic": "panic: runtime error: index out of range",
}


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("level:error", "refused reload panic"),
        ("level:err", "refused reload panic"),
        ("level:warning", "host secret refused reload untrusted response killed sni panic"),
        ("is:denied", "host secret untrusted response killed sni"),
        ("decision:blocked", "host secret untrusted response killed sni"),
        ("is:allowed", "passed tunnel"),
        ("is:policy", "reload"),
        ("host:evil.example", "host"),
        ("host:api.example.com level:error", "refused"),
    ],
)
def test_the_filter_knows_pipelocks_own_lines(text: str, kept: str) -> None:
    found = parsed(text)
    assert [name for name, raw in REAL.items() if found.lets(parse("box", "pipelock", raw))] == kept.split()


@pytest.mark.parametrize("role", ["egress", "supervise", "pipelock"])
def test_plain_text_has_a_level_in_every_sidecar(role: str) -> None:
    texts = ("Traceback (most recent call last):", "Error: no such file", "WARNING: careful", "all is well")
    levels = [parse("box", role, text).level for text in texts]  # type: ignore[arg-type]
    assert levels == ["error", "error", "warn", "info"]


def test_what_a_gate_could_not_write_is_a_warning() -> None:
    assert line(event="dropped", count=3).level == "warn"


@pytest.mark.parametrize(
    ("text", "missed"),
    [
        ("level:loud words", ("level:loud",)),
        ("is:nice decision: host:", ("is:nice", "decision:", "host:")),
        ("level:warn GET http://x a:b", ()),
    ],
)
def test_a_filter_word_that_is_not_known_is_named(text: str, missed: tuple[str, ...]) -> None:
    assert not_known(text) == missed


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
