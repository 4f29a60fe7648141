"""Asks by path: nobody's ask is left out that could admit a denial, and the others are not looked at."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from bottle_tui.core.asked import Asked
from bottle_tui.core.denials import admits
from bottle_tui.core.evidence import Denial
from sidecar_addon.table import Grant, Route, Table

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
PATHS = st.lists(st.sampled_from("abc"), max_size=4).map(lambda parts: "/" + "/".join(parts))
PREFIXES = st.one_of(PATHS, PATHS.map(lambda path: path.rstrip("/") + "/"))


def ask(*prefixes: str, name: str = "g") -> Table:
    return Table((Route("api.example.com", (Grant(name, path_allowlist=prefixes or None),)),))


@given(st.lists(st.lists(PREFIXES, max_size=3), max_size=8), PATHS)
def test_whatever_would_admit_it_is_among_those_it_is_held_against(lists: list[list[str]], path: str) -> None:
    tables = [ask(*prefixes, name=f"g{n}") for n, prefixes in enumerate(lists)]
    about = list(Asked.of(tables).about(path))
    denial = Denial(NOW, "api.example.com", "GET", path, "path_not_allowed")
    assert [table for table in tables if admits(table, denial, NOW) and table not in about] == []


def test_of_two_thousand_asks_a_denial_is_held_against_those_that_name_its_path() -> None:
    asks = [ask(f"/repos/{n}/", f"/users/{n}") for n in range(2_000)]
    everything = ask()
    found = Asked.of([*asks, everything])
    assert list(found.about("/repos/7/issues")) == [asks[7], everything]
    assert list(found.about("/elsewhere")) == [everything]
