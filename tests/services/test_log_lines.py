"""What the logs say of each sidecar's lines."""

import json

import pytest

from bottle_tui.core.views import LogLine
from bottle_tui.errors import SidecarUnreachable
from bottle_tui.services import logs


def parsed(role: str, **event: object) -> LogLine:
    return logs.parse("lab", role, json.dumps(event) + "\n")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("event", "summary", "level"),
    [
        (
            {"event": "denied", "method": "GET", "host": "a.test", "path": "/x", "reason": "path_not_allowed"},
            "GET a.test/x  path_not_allowed",
            "warn",
        ),
        ({"event": "allowed", "method": "GET", "host": "a.test", "path": "/x"}, "GET a.test/x", "info"),
        (
            {"event": "denied_more", "method": "GET", "host": "a.test", "reason": "expired", "count": 7},
            "GET a.test  expired, 7 more",
            "warn",
        ),
        ({"event": "finished", "status": 200, "host": "a.test", "cut": "revoked"}, "200 a.test, cut: revoked", "info"),
        (
            {"event": "routes_loaded", "routes": 12, "generation": 7, "digest": "sha256:0123456789abcdef"},
            "12 routes, generation 7, sha256:01234567 in force",
            "info",
        ),
        (
            {"event": "routes_loaded", "routes": 1, "generation": 1, "digest": "sha256:01"},
            "1 route, generation 1, sha256:01 in force",
            "info",
        ),
        ({"event": "routes_rejected", "error": "bad"}, "refused, the old table stays: bad", "error"),
        ({"event": "gate_ready", "generation": 1}, "the gate is ready, generation 1, ", "info"),
        ({"event": "proposal_filed", "id": "01JB2Q8F6V3N9D0RX5TK7Q2MD0"}, "a proposal was filed: …7Q2MD0", "notice"),
        ({"event": "waiting", "id": "01XXXXXX"}, "the agent waits for …XXXXXX", "notice"),
        ({"event": "waiting_ended", "id": "01XXXXXX"}, "the agent waits no longer for …XXXXXX", "info"),
        ({"event": "decision_read", "id": "1", "status": "failed"}, "decision on …1 read by the agent: failed", "info"),
        ({"event": "decision_loaded", "id": "1", "status": "rejected"}, "decision on …1 loaded: rejected", "info"),
        (
            {"event": "decision_loaded", "id": "1", "digest": None, "status": "pending"},
            "decision on …1 taken away: pending",
            "info",
        ),
        ({"event": "state_loaded", "digest": "sha256:0123456789"}, "told who watches, sha256:01234567", "info"),
        ({"event": "supervise_ready", "port": 9100}, "the queue answers on port 9100", "info"),
        ({"event": "token_loaded", "slot": "EGRESS_TOKEN_0"}, "EGRESS_TOKEN_0 holds its token", "info"),
        ({"event": "file_rejected", "name": "x", "error": "y"}, "x: y", "error"),
        ({"event": "something_new", "n": 1, "time": "now"}, "something_new n=1", "info"),
    ],
)  # fmt: skip
def test_an_event_becomes_one_short_line(event: dict[str, object], summary: str, level: str) -> None:
    line = parsed("egress", **event)
    assert (line.facts["summary"], line.level, line.facts["kind"]) == (summary, level, event["event"])


@pytest.mark.parametrize("raw", ["plain text", "{broken", '{"no": "event"}', '["list"]', '{"event": 5}', ""])
def test_what_is_no_event_is_shown_as_text(raw: str) -> None:
    line = logs.parse("lab", "supervise", raw)
    assert (line.event, line.facts["kind"], line.text) == (None, "text", raw)


def test_plain_text_is_redacted_and_cut() -> None:
    line = logs.parse("lab", "egress", "https://user:pw@a.test/?key=AKIAABCDEFGHIJKLMNOP " + "x" * 40_000)
    assert "AKIA" not in line.text
    assert len(line.text) < 20_000


def test_pipelocks_lines_are_read_by_its_own_reader() -> None:
    assert parsed("pipelock", event="startup", config_hash="ab" * 32).facts["kind"] == "startup"


class Lines:
    def __init__(self) -> None:
        self.closed = False

    def next(self, timeout: float) -> str | None:
        if self.closed:
            raise SidecarUnreachable("ended")
        return None if timeout == 0 else '{"event": "allowed", "host": "a.test"}'

    def close(self) -> None:
        self.closed = True


def test_a_stream_hands_out_lines_waits_and_ends() -> None:
    source = Lines()
    stream = logs.LogStream("lab", "egress", source)
    assert stream.next(0) is None
    line = stream.next(1.0)
    assert line is not None and line.facts["host"] == "a.test"
    stream.close()
    with pytest.raises(SidecarUnreachable):
        stream.next(1.0)
