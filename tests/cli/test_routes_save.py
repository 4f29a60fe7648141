"""`routes save`: a patch that `patch` and `git apply` take, and nothing written."""

import shutil
import subprocess

import pytest

MANIFEST = """\
name: box  # a comment that stays
agent: {image: agent:test, command: [bash]}
egress:
  allowlist: [docs.example.com]
  # routes are below
  routes:
    - host: api.example.com   # the API
      path_allowlist: [/v1/]
# the end
"""


@pytest.fixture
def approved(shell):
    """One route for always, one until the bottle stops, one for an hour."""
    shell.up(MANIFEST)
    for host, *words in (
        ("api.example.com", "--path", "/v2/", "--always"),
        ("files.example.net", "--method", "GET"),
        ("soon.example.org", "--for", "1h"),
    ):
        assert shell("routes", "add", "box", host, *words) == 0, shell.err
    return shell


@pytest.mark.parametrize("program", [["patch", "-p1"], ["git", "apply"]])
def test_the_patch_is_taken_and_the_next_up_grants_the_same_from_the_manifest(approved, program: list[str]) -> None:
    if shutil.which(program[0]) is None:
        pytest.skip(f"{program[0]} is not installed here")
    path = approved.folder / "bottle.yaml"
    assert approved("routes", "save", "box") == 0, approved.err
    assert path.read_text() == MANIFEST
    assert "soon.example.org" in approved.err
    assert "soon.example.org" not in approved.out
    subprocess.run(program, input=approved.out.encode(), check=True, capture_output=True, cwd=approved.folder)
    assert "path_allowlist: [/v1/, /v2/]" in path.read_text()
    assert "a comment that stays" in path.read_text()
    approved("down", "box", "--purge")
    assert approved("up") == 0, approved.err
    table = approved.runtime.gate("box").table
    assert table.route_for("api.example.com").grants[0].path_allowlist == ("/v1/", "/v2/")
    assert table.route_for("files.example.net").grants[0].methods == ("GET",)
    assert approved("routes", "save", "box") == 0
    assert approved.out == ""
    assert "already" in approved.err


@pytest.mark.parametrize("egress", ["", "egress: {}\n", "egress: {allowlist: [docs.example.com]}  # docs\n"])
@pytest.mark.parametrize("program", [["patch", "-p1"], ["git", "apply"]])
def test_the_patch_of_a_fresh_manifest_is_block_yaml_that_is_taken(shell, egress: str, program: list[str]) -> None:
    if shutil.which(program[0]) is None:
        pytest.skip(f"{program[0]} is not installed here")
    shell.up("name: box\nagent: {image: agent:test, command: [bash]}\n" + egress)
    assert shell("routes", "add", "box", "files.example.net", "--path", "/data/", "--method", "GET", "--always") == 0
    assert shell("routes", "save", "box") == 0, shell.err
    added = [line[1:] for line in shell.out.splitlines() if line.startswith("+") and not line.startswith("+++")]
    assert [line.split("#")[0].rstrip() for line in added if "allowlist: [docs" not in line] == [
        "egress:",
        "  routes:",
        "    - host: files.example.net",
        "      path_allowlist: [/data/]",
        "      methods: [GET]",
    ]
    subprocess.run(program, input=shell.out.encode(), check=True, capture_output=True, cwd=shell.folder)
    shell("down", "box", "--purge")
    assert shell("up") == 0, shell.err
    assert shell.runtime.gate("box").table.route_for("files.example.net").grants[0].path_allowlist == ("/data/",)


def test_what_is_kept_for_always_can_be_saved_when_the_bottle_is_down(approved) -> None:
    approved("down", "box")
    assert approved("routes", "save", "box") == 4
    assert "-f" in approved.err
    assert approved("routes", "save", "box", "-f", "bottle.yaml") == 0
    assert "/v2/" in approved.out
    assert "files.example.net" not in approved.out


def test_the_manifest_of_another_bottle_and_a_bottle_never_seen_are_refused(approved) -> None:
    other = approved.folder / "other.yaml"
    other.write_text(MANIFEST.replace("name: box", "name: other"))
    assert approved("routes", "save", "box", "-f", str(other)) == 4
    assert approved("routes", "save", "nope") == 3


def test_as_json_the_patch_is_a_text(approved) -> None:
    document = approved.json("routes", "save", "box")
    assert document["added"] == ["api.example.com", "files.example.net"]
    assert document["diff"].startswith("--- a/bottle.yaml\n+++ b/bottle.yaml\n@@")
    assert len(document["left"]) == 1


def test_a_file_without_a_last_line_feed_is_patched_too(shell) -> None:
    shell.up(MANIFEST.rstrip("\n").removesuffix("# the end").rstrip("\n"))
    assert shell("routes", "add", "box", "files.example.net", "--always") == 0, shell.err
    assert shell("routes", "save", "box") == 0
    assert "\\ No newline at end of file" in shell.out
    subprocess.run(["git", "apply"], input=shell.out.encode(), check=True, cwd=shell.folder)
    assert (shell.folder / "bottle.yaml").read_text().count("files.example.net") == 1


def test_what_was_approved_of_pipelock_alone_is_named_with_where_it_would_have_to_stand(shell) -> None:
    shell.up(MANIFEST)
    for host, want in (("api.example.com", "passthrough"), ("cdn.example.org", "allow")):
        id = shell.runtime.supervise("box").file("pipelock-block", host=host, want=want)
        digest = shell.json("show", id)["digest"]
        assert shell("approve", id, "--digest", digest) == 0, shell.err
        said = (
            "api.example.com to be passed on unread"
            if want == "passthrough"
            else "in pipelock's list for box: in force"
        )
        assert said in shell.out
    left = shell.json("routes", "save", "box")["left"]
    assert left[0].startswith("api.example.com: passed on unread") and "tls_passthrough" in left[0]
    assert left[1].startswith("cdn.example.org: in pipelock's own list")
