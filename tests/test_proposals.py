"""Proposals, decisions and state as files: read strictly, written one way."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar_addon import proposals
from sidecar_addon.proposals import Decision, Proposal, ProposalError, State

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
ID = "01KGAQ5M000000000000000001"
ARGS = {"host": "api.example.com", "path_allowlist": ["/v1/"], "justification": "to read issues"}
PROPOSAL = Proposal(ID, "egress-block", "some-agent 1.0", NOON, ARGS)
DECISION = Decision(ID, "approved", "alex", NOON, "fine", {"host": "api.example.com"}, True, NOON)


def test_a_proposal_reads_back_as_it_was_written() -> None:
    assert proposals.parse_proposal(proposals.render(PROPOSAL)) == PROPOSAL


@pytest.mark.parametrize(
    "decision", [DECISION, Decision(ID, "pending", "alex", NOON), Decision(ID, "failed", "", NOON)]
)
def test_a_decision_reads_back_as_it_was_written(decision: Decision) -> None:
    assert proposals.parse_decision(proposals.render(decision)) == decision


def test_state_reads_back_as_it_was_written_and_its_defaults_grant_nothing() -> None:
    state = State(NOON, NOON, {"EXAMPLE_TOKEN": ("api.example.com",)}, 5)
    assert proposals.parse_state(proposals.render(state)) == state
    assert proposals.parse_state(b"{}").grantable_tokens == {}


def changed(item: Proposal | Decision, **values: Any) -> bytes:
    return json.dumps({**proposals.as_data(item), **values}).encode()


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"version": 2}, "only version 1"),
        ({"version": True}, "only version 1"),
        ({"id": ID.lower()}, "id: must be a ULID"),
        ({"id": "../../../../etc/passwd00000"}, "id: must be a ULID"),
        ({"id": ID + "\n"}, "id: must be a ULID"),
        ({"id": None}, "id: must be a ULID"),
        ({"tool": "approve-all"}, "tool: "),
        ({"tool": 3}, "tool: "),
        ({"author": "x" * 101}, "author: "),
        ({"author": "\ud800"}, "half of a surrogate pair"),
        ({"created": "yesterday"}, "created: "),
        ({"created": "2026-01-31T12:00:00"}, "created: "),
        ({"created": "0001-01-01T00:00:00+23:59"}, "created: "),
        ({"created": 3}, "created: "),
        ({"args": None}, "must be an object"),
        ({"args": {**ARGS, "host": "localhost"}}, "host: "),
        ({"status": "approved"}, "'status' is not known"),
    ],
)
def test_a_proposal_with_something_wrong_is_refused_by_its_place(values: dict[str, Any], says: str) -> None:
    with pytest.raises(ProposalError, match=says):
        proposals.parse_proposal(changed(PROPOSAL, **values))


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"status": "maybe"}, "status: must be one of"),
        ({"status": "rejected"}, "in_force: only what is approved"),
        ({"status": "pending"}, "in_force: only what is approved"),
        ({"in_force": 1}, "in_force: must be true or false"),
        ({"by": None}, "by: "),
        ({"applied": "x"}, "applied: "),
        ({"reason": "x" * 4001}, "reason: "),
        ({"expires_at": "soon"}, "expires_at: "),
        ({"note": "x"}, "'note' is not known"),
    ],
)
def test_a_decision_with_something_wrong_is_refused_by_its_place(values: dict[str, Any], says: str) -> None:
    with pytest.raises(ProposalError, match=says):
        proposals.parse_decision(changed(DECISION, **values))


@pytest.mark.parametrize(
    "text",
    [
        '{"wait_seconds": 601}',
        '{"wait_seconds": -1}',
        '{"wait_seconds": true}',
        '{"muted": "no"}',
        '{"grantable_tokens": {}, "muted": 0}',
        '{"muted_until": true}',
        '{"muted_until": "in a while"}',
        '{"grantable_tokens": [{"token_ref": 1, "hosts": []}]}',
        '{"grantable_tokens": [{"token_ref": "T", "hosts": "api.example.com"}]}',
        '{"grantable_tokens": ["T"]}',
        '{"watching": true}',
    ],
)
def test_state_with_something_wrong_is_refused(text: str) -> None:
    with pytest.raises(ProposalError):
        proposals.parse_state(text.encode())


def test_a_mute_without_an_end_as_hosts_once_wrote_it_counts_for_nothing() -> None:
    assert proposals.parse_state(b'{"muted": true}') == proposals.parse_state(b"{}")


def test_a_state_without_a_mute_says_nothing_of_it_to_a_supervise_that_does_not_know_its_end() -> None:
    assert b"muted" not in proposals.render(proposals.State())


HOSTILE = [
    b"",
    b"\x00",
    b"\xff\xfe",
    b"[]",
    b"null",
    b'{"version":1,"version":1}',
    b"[" * 100_000,
    b'{"version":' + b"9" * 5_000 + b"}",
    b'{"version":NaN}',
    b" " * (proposals.LIMIT_BYTES + 1),
]


@pytest.mark.parametrize("data", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("parse", [proposals.parse_proposal, proposals.parse_decision, proposals.parse_state])
def test_hostile_bytes_are_refused(parse: Any, data: bytes) -> None:
    with pytest.raises(ProposalError):
        parse(data)


mutations = st.tuples(st.integers(0, 400), st.binary(max_size=3), st.integers(0, 5))


@given(st.binary(max_size=200) | st.tuples(st.sampled_from([PROPOSAL, DECISION]), st.lists(mutations, max_size=3)))
def test_no_bytes_make_a_parser_raise_anything_but_a_proposal_error(source: Any) -> None:
    data = source if isinstance(source, bytes) else proposals.render(source[0])
    for place, text, cut in [] if isinstance(source, bytes) else source[1]:
        data = data[:place] + text + data[place + cut :]
    for parse in (proposals.parse_proposal, proposals.parse_decision, proposals.parse_state):
        try:
            item = parse(data)
        except ProposalError:
            continue
        assert parse(proposals.render(item)) == item


@pytest.mark.parametrize("key", ["id", "tool", "author", "created", "args"])
@given(value=st.none() | st.booleans() | st.integers() | st.text() | st.lists(st.text(), max_size=2))
def test_no_value_of_a_field_makes_the_parser_raise_anything_but_a_proposal_error(key: str, value: Any) -> None:
    try:
        proposals.parse_proposal(changed(PROPOSAL, **{key: value}))
    except ProposalError:
        return


def test_an_id_sorts_by_time_and_is_one_that_the_parser_takes() -> None:
    earlier, later = proposals.new_id(1_000, b"\xff" * 10), proposals.new_id(1_001, b"\x00" * 10)
    assert earlier < later
    assert proposals.is_id(earlier)
    assert proposals.new_id(0, bytes(10)) == "0" * 26
    assert proposals.new_id((1 << 48) - 1, b"\xff" * 10) == "7" + "Z" * 25


def test_a_decision_holds_until_it_expires() -> None:
    assert DECISION.holds(NOON - timedelta(seconds=1))
    assert not DECISION.holds(NOON)
    assert not Decision(ID, "approved", "alex", NOON).holds(NOON)
