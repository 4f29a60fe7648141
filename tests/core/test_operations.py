"""An operator's own changes: what they make of the policy, and what is refused."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bottle_tui.core import operations
from bottle_tui.core.changes import AuthAsk, Merged, State
from bottle_tui.core.mirror import Extra
from bottle_tui.core.operations import Add, EditPipelock, EditRoutes, Remove, only_narrows
from bottle_tui.core.slots import Slots
from bottle_tui.errors import Conflict, InvalidFile, NotFound, UsageError
from sidecar_addon.table import Grant, Route, Table, fingerprint, render_yaml

NOW = datetime(2026, 1, 1, tzinfo=UTC)
API = Route("api.example.com", (Grant("m1", path_allowlist=("/v1/",)), Grant("m2", path_allowlist=("/v2/",))))
WILD = Route("*.example.com", (Grant("w"),))


def result(
    operation: operations.Operation, *routes: Route, extra: Extra | None = None, slots: Slots | None = None
) -> Merged:
    state = State(routes, extra or Extra(), slots or Slots())
    return operations.result(operation, state, now=NOW, default_scan="scanned")


def test_adding_makes_a_grant_with_the_operations_id() -> None:
    operation = Add("01A", "A.example.org", ("/x/",), ("get",), (443, 8443), lasts="1h")
    route = result(operation).after.routes[0]
    assert route.host == "a.example.org"
    assert route.grants == (Grant("01A", ("/x/",), ("GET",), (443, 8443), expires_at=NOW + timedelta(hours=1)),)


def test_adding_for_one_request() -> None:
    assert result(Add("01A", "a.example.org", lasts="once")).after.routes[0].grants[0].uses == 1


def test_adding_with_auth_names_the_token_it_needs() -> None:
    merged = result(Add("01A", "a.example.org", auth=AuthAsk("Bearer", "EXAMPLE_TOKEN", "X-Key")))
    assert merged.needs_token is not None
    assert merged.after.routes[0].auth_header == "X-Key"


@pytest.mark.parametrize(
    "operation", [Add("01A", "10.0.0.1"), Add("01A", "a.example.org", ("x",)), Remove("01A", "a b")]
)
def test_what_cannot_be_is_a_usage_error(operation: operations.Operation) -> None:
    with pytest.raises(UsageError):
        result(operation)


def test_removing_takes_route_and_grants() -> None:
    merged = result(Remove("01A", "API.example.com"), API, WILD)
    assert merged.after.routes == (WILD,)
    assert merged.grant_ids == ("m1", "m2")
    with pytest.raises(NotFound):
        result(Remove("01A", "other.example.com"), API)


def edit(text: str, *routes: Route, **state: object) -> Merged:
    return result(EditRoutes("01E", text), *routes, **state)  # type: ignore[arg-type]


def test_editing_nothing_changes_nothing() -> None:
    assert edit(render_yaml(Table((API, WILD))), API, WILD).unchanged


def test_a_flat_route_gets_a_grant_of_this_edit() -> None:
    merged = edit("routes:\n- host: new.example.org\n  path_allowlist: [/a/]\n", API)
    assert merged.after.routes == (Route("new.example.org", (Grant("01E.1", ("/a/",)),)),)
    assert merged.grant_ids == ("01E.1", "m1", "m2")


def test_a_changed_grant_is_among_what_the_proof_asks_about() -> None:
    text = render_yaml(Table((API,))).replace("/v1/", "/v9/")
    assert edit(text, API).grant_ids == ("m1",)


def test_a_slot_keeps_its_fingerprint_and_an_unknown_slot_is_refused() -> None:
    text = "routes:\n- {host: a.example.org, auth_scheme: Bearer, token_env: EGRESS_TOKEN_0, grants: []}\n"
    merged = edit(text, slots=Slots({"EGRESS_TOKEN_0": "EXAMPLE_TOKEN"}, 1))
    assert merged.after.routes[0].token_fingerprint == fingerprint("EXAMPLE_TOKEN")
    with pytest.raises(Conflict, match="EGRESS_TOKEN_0"):
        edit(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "routes: 1\n",
        "other: []\n",
        "routes: []\nbase: x\n",
        "routes: [\n",
        "routes:\n- host: 1\n",
        "routes:\n- 1\n",
        "\tx",
    ],
)
def test_a_wrong_text_names_place_and_remedy(text: str) -> None:
    with pytest.raises(InvalidFile):
        edit(text)


def test_editing_pipelocks_lists_keeps_the_routes_in_step() -> None:
    merged = result(EditPipelock("01P", "passthrough: ['*.example.com']\n"), API, WILD)
    assert [route.pipelock for route in merged.after.routes] == ["passthrough", "passthrough"]
    back = operations.result(EditPipelock("01P", "hosts: []\n"), merged.after, now=NOW, default_scan="scanned")
    assert [route.pipelock for route in back.after.routes] == ["scanned", "scanned"]
    assert result(EditPipelock("01P", "hosts: []\n"), API).unchanged


def test_a_route_that_was_passthrough_by_itself_stays_so() -> None:
    own = replace(API, pipelock="passthrough")
    assert result(EditPipelock("01P", "hosts: [cdn.example.org]\n"), own).after.routes == (own,)


@pytest.mark.parametrize(
    "operation", [EditRoutes("01E", "routes: []\n", "1h"), EditPipelock("01P", "hosts: []\n", "once")]
)
def test_an_edit_has_no_time(operation: operations.Operation) -> None:
    with pytest.raises(UsageError):
        result(operation)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (State((API,)), State((replace(API, grants=API.grants[:1]),)), True),
        (State((API,)), State(()), True),
        (State((API,)), State((API, WILD)), False),
        (State((API,)), State((replace(API, grants=(Grant("n"),)),)), False),
        (State((API,)), State((replace(API, pipelock="passthrough"),)), False),
        (State((API, WILD)), State((WILD,)), False),
        (State((API, replace(WILD, grants=()))), State((replace(WILD, grants=()),)), True),
        (State(), State(extra=Extra(hosts=("a",))), False),
        (State(), State(extra=Extra(passthrough=("a",))), False),
        (State(extra=Extra(("a",))), State(), True),
    ],
)
def test_what_only_takes_away(before: State, after: State, expected: bool) -> None:
    assert only_narrows(before, after) is expected
