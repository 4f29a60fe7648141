"""Commands that are run anyway count the traffic that there is by then."""

import pytest

from bottle_tui.services import traffic


def used(shell, count: int) -> None:
    for _ in range(count):
        shell.runtime.clock.advance(1)
        now = shell.runtime.clock.now().isoformat(timespec="milliseconds").replace("+00:00", "Z")
        said = {"event": "allowed", "host": "docs.example.com", "method": "GET", "path": "/x", "grant": "m1", "id": now}
        shell.runtime.gate("box").say({**said, "time": now})


def counted(shell) -> int:
    return sum(row.count for row in traffic.kept(shell.world, "box", None)[0])


@pytest.mark.parametrize("command", ["ps", "approve", "revoke", "stop"])
def test_what_was_used_until_then_is_counted(shell, command: str) -> None:
    shell.up()
    asked = shell.runtime.supervise("box").file("egress-block", host="files.example.net", path_allowlist=["/x/"])
    used(shell, 3)
    words = {
        "ps": ["ps"], "approve": ["approve", asked], "revoke": ["revoke", "box", "docs.example.com"],
        "stop": ["stop", "box"],
    }  # fmt: skip
    assert shell(*words[command]) == 0, shell.err
    assert counted(shell) == 3


def test_a_bottle_whose_gate_does_not_answer_is_not_asked_for_its_log(shell) -> None:
    shell.up()
    used(shell, 3)
    shell.runtime.gate("box").hung = True
    shell("ps")
    assert counted(shell) == 0
