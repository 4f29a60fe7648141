"""What people read: aligned, calm, and as true as the documents."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bottle_tui.cli.words import age
from bottle_tui.cli.world import build_world, chosen_runtime
from bottle_tui.core.words import size
from bottle_tui.errors import UsageError

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0, "0s"), (59, "59s"), (60, "1m"), (3599, "59m"), (3600, "1h"), (86400 * 3, "3d"), (-5, "0s")],
)
def test_an_age_is_one_unit(seconds: int, shown: str) -> None:
    assert age(NOW, NOW - timedelta(seconds=seconds)) == shown


def test_an_age_that_is_not_known_is_a_dash() -> None:
    assert age(NOW, None) == "–"


@pytest.mark.parametrize(
    ("count", "shown"),
    [(0, "0 B"), (999, "999 B"), (1500, "1.5 kB"), (2_500_000, "2.5 MB"), (5 * 10**12, "5000.0 GB")],
)
def test_a_size_is_one_unit(count: int, shown: str) -> None:
    assert size(count) == shown


def test_the_columns_of_ps_stand_under_each_other(shell) -> None:
    shell.up()
    assert shell("ps") == 0
    head, row = shell.out.splitlines()
    assert head.split()[:3] == ["BOTTLE", "RUNTIME", "STATE"]
    assert row.index("docker") == head.index("RUNTIME")
    assert row.index("running") == head.index("STATE")


def test_proposals_show_the_worst_risk_and_an_empty_inbox_says_so(shell) -> None:
    shell.up()
    assert shell("proposals") == 0
    assert (shell.out, shell.err) == ("", "nothing waits\n")
    identity = shell.runtime.supervise("box").file("egress-block", host="*.github.io")
    assert shell("proposals", "box") == 0
    row = shell.out.splitlines()[1]
    assert row.startswith(identity)
    assert row.endswith("!!")


def test_the_world_is_built_without_building_a_runtime(tmp_path: Path) -> None:
    world = build_world({"BOTTLE_TUI_HOME": str(tmp_path), "BOTTLE_TUI_OPERATOR": "me"})
    assert (world.home.root, world.operator) == (tmp_path, "me")
    assert (sorted(world.runtimes), len(world.runtimes), "docker" in world.runtimes) == (["docker", "local"], 2, True)
    assert world.runtimes["local"] is world.runtimes["local"]
    assert world.runtimes["local"].describe() == "local: NOT CONTAINED"
    assert world.runtimes["docker"].name == "docker"
    assert world.authorities is not None
    assert world.authorities.gate("x", NOW).certificate.startswith(b"-----BEGIN CERTIFICATE")


def test_the_runtime_is_the_stated_one_then_the_environments_then_docker() -> None:
    assert chosen_runtime("local", {"BOTTLE_TUI_RUNTIME": "docker"}) == "local"
    assert chosen_runtime(None, {"BOTTLE_TUI_RUNTIME": "local"}) == "local"
    assert chosen_runtime(None, {}) == "docker"
    with pytest.raises(UsageError):
        chosen_runtime(None, {"BOTTLE_TUI_RUNTIME": "x"})
