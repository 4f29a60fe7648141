"""Who the agent is in its container, and where its home is."""

import pytest

from bottle_tui.adapters.docker import agent
from bottle_tui.core.plan import AgentPlan, Limits, Mount
from bottle_tui.errors import LaunchFailed

PASSWD = "root:x:0:0:root:/root:/bin/sh\nnode:x:1000:1001::/home/node:/bin/sh\nodd:x:7:7::/nonexistent:/bin/false\n"
WRITABLE = (Mount("/host", "/work"),)
READ_ONLY = (Mount("/host", "/work", True),)


def plan(**changes: object) -> AgentPlan:
    fields: dict[str, object] = {
        "image": "x",
        "build": None,
        "command": (),
        "workdir": None,
        "mounts": (),
        "env": {},
        "files": {},
        "provider": "none",
        "user": None,
        "limits": Limits(1, 1),
    }
    return AgentPlan(**(fields | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("agent_user", "mounts", "image_user", "operator", "expected"),
    [
        (None, WRITABLE, "node", (501, 20), "501:20"),
        (None, READ_ONLY, "node", (501, 20), "node"),
        (None, (), "node", (501, 20), "node"),
        (None, (), "", (501, 20), "1000:1000"),
        (None, (), "root", (501, 20), "1000:1000"),
        (None, (), "0", (501, 20), "1000:1000"),
        (None, (), "0:5", (501, 20), "1000:1000"),
        (None, (), "root:staff", (501, 20), "1000:1000"),
        (None, WRITABLE, "node", (0, 0), "node"),
        (None, WRITABLE, "root", (0, 0), "1000:1000"),
        ("0", WRITABLE, "node", (501, 20), "0"),
        ("7:7", WRITABLE, "node", (501, 20), "7:7"),
    ],
)
def test_the_agent_is_root_only_when_the_manifest_says_so(
    agent_user: str | None, mounts: tuple[Mount, ...], image_user: str, operator: tuple[int, int], expected: str
) -> None:
    assert agent.user_of(plan(user=agent_user, mounts=mounts), image_user, operator) == expected


@pytest.mark.parametrize(
    ("user", "env", "image_env", "expected"),
    [
        ("node", {}, [], "/home/node"),
        ("1000:1001", {}, [], "/home/node"),
        ("501:20", {}, [], "/home/agent"),
        ("501:20", {}, ["PATH=/bin", "HOME=/opt/me"], "/opt/me"),
        ("501:20", {}, ["HOME=/root"], "/home/agent"),
        ("501:20", {}, ["HOME=/"], "/home/agent"),
        ("odd", {}, [], "/home/agent"),
        ("node", {"HOME": "/elsewhere"}, [], "/elsewhere"),
    ],
)
def test_home_is_the_users_in_the_image_or_a_folder_of_our_own(
    user: str, env: dict[str, str], image_env: list[str], expected: str
) -> None:
    assert agent.home_of(plan(env=env), {"Config": {"Env": image_env}}, user, PASSWD) == expected


@pytest.mark.parametrize(
    ("user", "expected"),
    [("node", (1000, 1001)), ("1000", (1000, 1001)), ("501:20", (501, 20)), ("501", (501, 501)), ("node:5", (1000, 5))],
)
def test_the_home_volume_belongs_to_the_agents_user(user: str, expected: tuple[int, int]) -> None:
    assert agent.ids_of(user, PASSWD) == expected


def test_a_user_that_the_image_does_not_know_is_named() -> None:
    with pytest.raises(LaunchFailed, match="knows no user 'ghost'"):
        agent.ids_of("ghost", PASSWD)
