"""Whether grants together admit what is asked."""

from datetime import UTC, datetime, timedelta

import pytest

from bottle_tui.core.admission import admitted, narrower
from sidecar_addon.table import Grant

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("grants", "asked", "expected"),
    [
        ([Grant("a")], Grant("x"), True),
        ([Grant("a")], Grant("x", methods=("WEBSOCKET",)), False),
        ([Grant("a", path_allowlist=("/",))], Grant("x"), False),
        (
            [Grant("a", path_allowlist=("/a",)), Grant("b", path_allowlist=("/b",))],
            Grant("x", path_allowlist=("/a", "/b/")),
            True,
        ),
        ([Grant("a", path_allowlist=("/a/",))], Grant("x", path_allowlist=("/a",)), False),
        ([Grant("a", methods=("GET",))], Grant("x", methods=("GET", "HEAD")), True),
        ([Grant("a", methods=("HEAD",))], Grant("x", methods=("GET",)), False),
        ([Grant("a", methods=("GET",))], Grant("x"), False),
        ([Grant("a", ports=(443, 8443))], Grant("x", ports=(8443,)), True),
        ([Grant("a")], Grant("x", ports=(443, 80)), False),
        ([Grant("a", host="b.example.com")], Grant("x"), False),
        ([Grant("a", host="a.example.com")], Grant("x"), True),
        ([Grant("a", expires_at=NOW)], Grant("x", expires_at=NOW), False),
        ([], Grant("x"), False),
    ],
)
def test_admitted(grants: list[Grant], asked: Grant, expected: bool) -> None:
    assert admitted(grants, asked, "a.example.com", NOW) is expected


def test_narrower_leaves_times_aside() -> None:
    timed = Grant("a", path_allowlist=("/a/b",), expires_at=NOW + timedelta(1))
    assert narrower(timed, Grant("b", path_allowlist=("/a",)))
    assert not narrower(Grant("b"), timed)
