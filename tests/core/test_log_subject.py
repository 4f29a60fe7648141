"""What a line of any sidecar's log is about, or why it is about nothing."""

import json

import pytest

from bottle_tui.core.log_subject import subject, why_none
from bottle_tui.core.views import LogLine
from bottle_tui.ports import Role
from bottle_tui.services.logs import parse

ID = "01JB2Q8F6V3N9D0RX5TK7Q2MD0"


def said(role: Role, **event: object) -> LogLine:
    return parse("docs", role, json.dumps({"time": "2026-03-04T12:00:00Z", **event}))


@pytest.mark.parametrize("name", ["allowed", "denied", "denied_more", "finished"])
def test_the_gates_word_on_a_request_is_about_it(name: str) -> None:
    line = said("egress", event=name, host="a.test", grant="m1")
    assert subject(line) == line.event


@pytest.mark.parametrize("name", ["proposal_filed", "waiting", "waiting_ended", "decision_loaded", "decision_read"])
def test_a_line_of_supervise_with_an_id_is_about_that_proposal(name: str) -> None:
    assert subject(said("supervise", event=name, id=ID)) == {"of": "supervise", "proposal": ID}


def test_a_line_of_pipelock_is_about_its_host_and_says_whether_it_refused() -> None:
    refused = said("pipelock", event="blocked", scanner="body_dlp", method="POST", target="api.example.com:443")
    assert subject(refused) == {"of": "pipelock", "host": "api.example.com", "refused": True}
    opened = said("pipelock", event="tunnel_open", target="api.example.com:443")
    assert subject(opened) == {"of": "pipelock", "host": "api.example.com", "refused": False}


def test_a_program_that_does_not_trust_the_gate_is_about_its_host() -> None:
    line = said("egress", event="client_refused_tls", host="a.test")
    assert subject(line) == {"of": "egress", "host": "a.test", "refused": False}


def test_a_load_of_a_table_is_about_what_brought_it() -> None:
    assert subject(said("egress", event="routes_loaded", apply="01A", routes=2)) == {"of": "egress", "apply": "01A"}


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (parse("docs", "egress", "Traceback"), "plain text"),
        (said("supervise", event="supervise_ready", port=9100), "no proposal"),
        (said("pipelock", event="startup", config_hash="5a1e"), "names no host"),
        (said("egress", event="routes_loaded", routes=2), "no request"),
    ],
)
def test_a_line_about_none_of_them_says_why(line: LogLine, why: str) -> None:
    assert subject(line) is None
    assert why in why_none(line)
