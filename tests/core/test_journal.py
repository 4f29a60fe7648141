"""The journal: what goes in comes out."""

import json
from datetime import UTC, datetime

import pytest

from bottle_tui.core import journal
from bottle_tui.core.journal import Journal, Pair
from bottle_tui.errors import InvalidFile
from sidecar_addon.table import digest_of

WHOLE = Journal(
    apply="01A",
    incarnation="one",
    kind="approve",
    actor="op",
    started=datetime(2026, 1, 1, tzinfo=UTC),
    files={"routes.yaml": Pair("a", "b"), "grants.yaml": Pair(None, None)},
    proposal="01B",
    change="sha256:c",
    grants=("01B",),
    decision={"id": "01B"},
    step="egress",
    failures=("the gate does not answer",),
)


def test_it_is_read_as_it_was_written() -> None:
    assert journal.parse(journal.render(WHOLE)) == WHOLE


def test_one_of_an_earlier_version_has_told_no_failures() -> None:
    old = {key: value for key, value in json.loads(journal.render(WHOLE)).items() if key != "failures"}
    assert journal.parse(json.dumps(old).encode()).failures == ()


def test_a_pair_knows_whether_it_changes() -> None:
    assert WHOLE.files["routes.yaml"].changes
    assert not WHOLE.files["grants.yaml"].changes


def test_digests_of_either_side() -> None:
    assert WHOLE.digest("routes.yaml", "after") == digest_of(b"b")
    assert WHOLE.digest("grants.yaml", "before") is None


def test_a_step_on() -> None:
    assert WHOLE.at("prove").step == "prove"


@pytest.mark.parametrize("data", [b"{", b"[]", b"{}", b'{"files": {"a": 1}}'])
def test_a_damaged_one_says_what_to_do(data: bytes) -> None:
    with pytest.raises(InvalidFile, match="quarantine"):
        journal.parse(data)
