"""Which hosts a ledger record is about."""

import json
from typing import Any

import pytest

from bottle_tui.core.touched import asked, changed


def routes(*listed: object) -> str:
    return json.dumps({"version": 1, "routes": list(listed)})


def files(before: object, after: object, name: str = "routes.yaml") -> dict[str, Any]:
    return {"before": {name: before}, "after": {name: after}}


def test_a_proposal_or_an_operation_names_its_host() -> None:
    assert asked({"proposal_bytes": '{"args": {"host": "a.test"}}'}) == "a.test"
    assert asked({"host": "b.test", "proposal_bytes": "{"}) == "b.test"


@pytest.mark.parametrize("damaged", [None, "{", "[]", '{"args": 3}', '{"args": {"host": 3}}', 7])
def test_a_record_without_a_readable_proposal_names_none(damaged: object) -> None:
    assert asked({"proposal_bytes": damaged}) == ""


def test_what_came_went_and_became_another_is_changed_and_the_rest_is_not() -> None:
    old = routes({"host": "same.test"}, {"host": "gone.test"}, {"host": "other.test", "grants": []})
    new = routes({"host": "same.test"}, {"host": "other.test", "grants": [{"id": "g"}]}, {"host": "new.test"})
    assert changed(files(old, new)) == ("other.test", "new.test", "gone.test")


def test_where_no_route_changes_pipelocks_lists_tell() -> None:
    old = "# apply 1\napi_allowlist:\n- a.test\n- 'b.test'\npatterns:\n- name: x.y\n"
    new = "# apply 2\napi_allowlist:\n- a.test\n- c.test\npatterns:\n- name: z.y\n"
    assert changed(files(old, new, "pipelock.yaml")) == ("c.test", "b.test")


@pytest.mark.parametrize("damaged", [None, "{", '{"routes": 1}', '{"routes": [1, {}]}'])
def test_files_that_cannot_be_read_change_nothing(damaged: object) -> None:
    assert changed(files(damaged, damaged)) == ()
    assert changed({}) == ()
