"""What became of grants that are no longer there, by the ledger and by the table that is in force."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bottle_tui.core import bygone, evidence_text
from bottle_tui.core.evidence import Denial, Over
from sidecar_addon.table import Grant, Route, Table, render
from sidecar_addon.times import iso

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
HOST = "files.example.net"
EMPTY = Table()
DENIED = Denial(NOON, HOST, "GET", "/a", "host_not_allowed")


def files(*grants: Grant, host: str = HOST) -> dict[str, str]:
    return {"routes.yaml": render(Table((Route(host, grants),), apply="01J00000000000000000000000")).decode()}


def record(of: str, before: Any, after: Any, **fields: Any) -> dict[str, Any]:
    plain = {"kind": "result", "of": of, "in_force": True, "time": iso(NOON), "actor": "kim"}
    return {**plain, "before": before, "after": after, **fields}


def over(*records: dict[str, Any], live: Table = EMPTY, denial: Denial = DENIED) -> Over | None:
    found = bygone.bygone(records, live, NOON + timedelta(hours=1))
    return bygone.over(found, denial.host, [denial], NOON)


@pytest.mark.parametrize(
    ("of", "grant", "expected"),
    [
        ("revoke", Grant("g"), Over("revoked", NOON, "kim")),
        ("routes", Grant("g"), Over("revoked", NOON, "kim")),
        ("revoke", Grant("g", expires_at=NOON + timedelta(minutes=1)), Over("revoked", NOON, "kim")),
        ("expire", Grant("g", expires_at=NOON), Over("ran out", NOON)),
        ("expire", Grant("g", uses=1), Over("used up", NOON)),
        ("approve", Grant("g"), None),
        ("expire", Grant("g", path_allowlist=("/b",)), None),
    ],
)
def test_a_grant_that_left_the_table_is_over(of: str, grant: Grant, expected: Over | None) -> None:
    assert over(record(of, files(grant), files())) == expected


@pytest.mark.parametrize(
    "changed",
    [
        {"kind": "intent"},
        {"in_force": False},
        {"time": "noon"},
        {"before": None},
        {"after": {"routes.yaml": "{"}},
        {"after": {"routes.yaml": '{"routes": [3]}'}},
        {"before": {"routes.yaml": '{"routes": [{"host": "a b", "grants": [{"id": "g"}]}]}'}},
        {"before": {"routes.yaml": '{"routes": [{"host": "files.example.net"}]}'}},
    ],
)
def test_a_record_that_says_nothing_of_the_kind_counts_for_nothing(changed: dict[str, Any]) -> None:
    assert over({**record("revoke", files(Grant("g")), files()), **changed}) is None


def test_a_grant_that_stayed_is_not_over() -> None:
    assert over(record("revoke", files(Grant("g"), Grant("h", methods=("PUT",))), files(Grant("g")))) is None


def test_what_ran_out_and_is_in_the_table_still_is_over() -> None:
    past, ahead = Grant("g", expires_at=NOON), Grant("h", expires_at=NOON + timedelta(days=1))
    assert over(live=Table((Route(HOST, (past,)),))) == Over("ran out", NOON)
    assert over(live=Table((Route(HOST, (ahead,)),))) is None


def test_the_last_one_to_end_is_told_and_a_wildcards_grant_reaches_its_own_host_alone() -> None:
    early = record("revoke", files(Grant("g")), files(), time=iso(NOON - timedelta(hours=1)), actor="mira")
    late = record("revoke", files(Grant("h", host=HOST), host="*.example.net"), files(host="*.example.net"))
    assert over(early, late) == Over("revoked", NOON, "kim")
    assert over(late, denial=Denial(NOON, "other.example.net", "GET", "/a", "host_not_allowed")) is None


def test_an_end_is_said_in_one_line() -> None:
    said = [
        evidence_text.over(each, lambda at: f"{at:%H:%M}")
        for each in (Over("ran out", NOON), Over("used up", NOON), Over("revoked", NOON, "kim"), Over("revoked", NOON))
    ]
    assert said == [
        "its grant ran out at 12:00",
        "its grant was used up",
        "its grant was revoked at 12:00 by kim",
        "its grant was revoked at 12:00",
    ]
