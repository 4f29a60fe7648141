"""Images are named by what they are built from."""

import tarfile
from io import BytesIO

import pytest

from bottle_tui.adapters.docker import images
from bottle_tui.errors import LaunchFailed


@pytest.mark.parametrize("role", images.ROLES)
def test_the_same_files_give_the_same_tag_and_the_same_bytes(role: str) -> None:
    first, second = (images.context_tar(images.context_files(role)) for _ in range(2))
    assert first == second
    assert images.tag(role, first) == images.tag(role, second)


def test_the_tag_is_the_role_and_twelve_digits_of_the_contexts_hash() -> None:
    assert images.tag("egress", b"context") == "bottle-tui-egress:ea7792a26f40"


def test_another_byte_anywhere_is_another_tag() -> None:
    files = images.context_files("egress")
    before = images.tag("egress", images.context_tar(files))
    changed = files | {"sidecar_addon/table.py": files["sidecar_addon/table.py"] + b"\n"}
    assert images.tag("egress", images.context_tar(changed)) != before


def test_the_sidecars_context_holds_their_code_and_locks_and_nothing_of_the_hosts_side() -> None:
    files = images.context_files("supervise")
    assert {"Dockerfile.egress", "sidecar_addon/__main__.py", "sidecar_addon/requirements-egress.lock"} <= set(files)
    assert not any(path.startswith("bottle_tui") or "__pycache__" in path for path in files)


def test_pipelocks_context_is_its_dockerfile_with_a_pinned_version() -> None:
    files = images.context_files("pipelock")
    assert set(files) == {"Dockerfile.pipelock"}
    assert b"ARG PIPELOCK_VERSION=" in files["Dockerfile.pipelock"]
    assert b":latest" not in files["Dockerfile.pipelock"]


def test_the_context_can_be_unpacked_by_anyone() -> None:
    with tarfile.open(fileobj=BytesIO(images.context_tar(images.context_files("egress")))) as archive:
        assert all(member.mode == 0o644 and member.mtime == 0 for member in archive.getmembers())


def test_an_operator_may_name_a_ready_image_for_our_sidecars_only() -> None:
    environ = {"BOTTLE_TUI_EGRESS_IMAGE": "registry.test/egress:1", "BOTTLE_TUI_PIPELOCK_IMAGE": "x"}
    assert images.override("egress", environ) == "registry.test/egress:1"
    assert images.override("supervise", environ) is None
    assert images.override("pipelock", environ) is None


@pytest.mark.parametrize(
    ("name", "tagged"),
    [("debian", False), ("debian:12", True), ("host.test:5000/debian", False), ("a@sha256:0", True)],
)
def test_a_name_without_a_tag_means_the_latest_one_only(name: str, tagged: bool) -> None:
    assert images._has_tag(name) is tagged


@pytest.mark.parametrize(
    ("step", "remedy"),
    [
        ("Step 1/6 : FROM node:22-bookworm-slim", "`docker pull node:22-bookworm-slim`"),
        ("Step 2/6 : RUN apt-get update", "BOTTLE_TUI_BUILD_NETWORK"),
    ],
)
def test_a_build_that_fails_is_one_line_with_what_to_do_about_that_step(step: str, remedy: str) -> None:
    output = iter([{"stream": step + "\n"}, {"stream": " ---> Running in 1"}, {"error": "no such host\n"}])
    with pytest.raises(LaunchFailed) as caught:
        images._watch(output, "the agent's image (/work/agent)", lambda line: None)
    assert remedy in caught.value.message
    assert "\n" not in caught.value.message
