"""The agent cannot be handed the host, an engine, the decisions, or the pen for its own policy."""

import pytest

from bottle_tui.core.manifest import parse
from bottle_tui.core.mounts import pinned, source_problem
from bottle_tui.core.plan import Mount
from bottle_tui.core.resolve import resolve
from bottle_tui.errors import InvalidManifest

HOME = "/home/me/.local/state/bottle-tui"


def mounts_of(*texts: str, build: str | None = None) -> tuple[Mount, ...]:
    listed = "\n".join(f'    - "{text}"' for text in texts)
    own = f"  build: {build}\n" if build else ""
    manifest = parse(f"name: a\nagent:\n{own}  mounts:\n{listed}\n".encode(), "bottle.yaml")
    return resolve(manifest, base="/home/me/project").agent.mounts


@pytest.mark.parametrize(
    "text",
    [
        "/:/host",
        "/..:/host",
        "/var/run/docker.sock:/sock",
        "/var/run:/run2",
        "/run/podman:/p",
        "/var:/v",
        "~/x:/x",
        ".:/",
        ".:/a/../b",
        ".:/etc/bottle",
        ".:/etc",
        ".:/run/tokens/x",
        ".:/proc/x",
    ],
)
def test_what_would_hand_over_too_much_is_refused(text: str) -> None:
    with pytest.raises(InvalidManifest) as caught:
        mounts_of(text)
    assert caught.value.place == "4 (agent.mounts[0])"


def test_one_target_twice_is_refused() -> None:
    with pytest.raises(InvalidManifest, match="mounted twice"):
        mounts_of(".:/work", "./data:/work/")


def test_a_mount_that_holds_the_manifest_and_the_build_folder_gets_both_read_only_over_it() -> None:
    assert mounts_of(".:/work", build="./agent") == (
        Mount("/home/me/project", "/work"),
        Mount("/home/me/project/bottle.yaml", "/work/bottle.yaml", read_only=True),
        Mount("/home/me/project/agent", "/work/agent", read_only=True),
    )


def test_a_parent_folder_is_no_way_around() -> None:
    assert Mount("/home/me/project/bottle.yaml", "/m/project/bottle.yaml", read_only=True) in mounts_of("..:/m")


def test_a_second_mount_of_the_same_folder_is_no_way_around() -> None:
    found = mounts_of(".:/work", ".:/again")
    assert Mount("/home/me/project/bottle.yaml", "/again/bottle.yaml", read_only=True) in found


def test_what_is_read_only_or_elsewhere_needs_no_cover() -> None:
    assert mounts_of(".:/work:ro", "./data:/data") == (
        Mount("/home/me/project", "/work", read_only=True),
        Mount("/home/me/project/data", "/data"),
    )


def test_the_root_of_a_file_system_is_covered_too() -> None:
    assert pinned((Mount("/", "/host"),), ("/p/bottle.yaml",))[1] == Mount(
        "/p/bottle.yaml", "/host/p/bottle.yaml", True
    )


@pytest.mark.parametrize(
    ("source", "refused"),
    [
        ("/", True),
        ("/home/me", True),
        ("/home/me/.local/state/bottle-tui", True),
        ("/home/me/.local/state/bottle-tui/bottles/a", True),
        ("/home/me/.local/state/bottle-tui-other", False),
        ("/home/me/project", False),
        ("/var/run", True),
        ("/run/docker.sock", True),
        ("/srv/engine.sock", True),
        ("/srv", True),
    ],
)
def test_a_source_is_judged_where_its_links_lead(source: str, refused: bool) -> None:
    problem = source_problem(
        source, home=HOME, sockets=("/var/run/docker.sock", "/run/docker.sock", "/srv/engine.sock")
    )
    assert (problem is not None) is refused
