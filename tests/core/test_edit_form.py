"""The form's lines and the edit they stand for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bottle_tui.core.edit_form import FIELDS, fields_of, filled, prefilled
from bottle_tui.core.edits import AS_ASKED, Edit
from bottle_tui.core.narrowing import Ask

ASK = Ask("egress-block", {"host": "api.example.com", "path_allowlist": ["/v1/"]}, scan="scanned")


def test_what_was_prefilled_is_the_ask_itself() -> None:
    lines = prefilled(ASK)
    assert tuple(lines) == tuple(FIELDS) == fields_of(ASK)
    assert (lines["paths"], lines["methods"], lines["ports"], lines["until"]) == ("/v1/", "", "443", "bottle")
    assert filled(ASK, lines).edit == AS_ASKED


def test_each_line_is_a_part_of_the_edit() -> None:
    lines = {"host": "*.Example.com", "paths": "/a, /b", "methods": "post get", "ports": "8443", "scan": "passthrough",
             "until": "90m"}  # fmt: skip
    assert filled(ASK, lines).edit == Edit(
        "*.example.com", ("/a", "/b"), ("GET", "POST"), (8443,), "passthrough", "90m"
    )


@pytest.mark.parametrize(
    ("field", "line", "why"),
    [
        ("host", "10.0.0.1", "IP address"),
        ("host", "", "host name"),
        ("paths", "relative", "absolute path"),
        ("methods", "FETCH", "not one of"),
        ("ports", "many", "numbers"),
        ("ports", "70000", "port"),
        ("ports", "80", "plain HTTP"),
        ("scan", "maybe", "scanned or passthrough"),
        ("until", "soon", "no time"),
    ],
)
def test_an_error_names_its_field(field: str, line: str, why: str) -> None:
    found = filled(ASK, prefilled(ASK) | {field: line})
    assert (found.edit, found.field) == (None, field)
    assert why in found.why


def test_a_credential_keeps_the_host_exact() -> None:
    ask = Ask("egress-block", {"host": "api.example.com", "auth": {"scheme": "Bearer", "token_ref": "T"}})
    found = filled(ask, prefilled(ask) | {"host": "*.example.com"})
    assert found.field == "host" and "credential" in found.why


def test_pipelocks_asks_have_a_time_and_a_rebuild_nothing() -> None:
    assert fields_of(Ask("pipelock-block", {"host": "a.example.com", "want": "allow"})) == ("until",)
    assert filled(Ask("pipelock-block", {"host": "a.example.com"}), {"until": "always"}).edit == Edit(lasts="always")
    assert fields_of(Ask("capability-block", {})) == ()


@given(st.fixed_dictionaries({name: st.text(max_size=30) for name in FIELDS}))
def test_whatever_is_typed_gives_an_edit_or_a_field(lines: dict[str, str]) -> None:
    found = filled(ASK, lines)
    assert (found.edit is None) == bool(found.why) and (found.edit is not None or found.field in FIELDS)
