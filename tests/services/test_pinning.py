"""What an agent could rewrite is pinned: manifest, build folder and mounts, with links resolved."""

import errno
import io
from pathlib import Path
from typing import Any

import pytest

from bottle_tui.adapters.fakes import FakeClock, FakeRuntime
from bottle_tui.adapters.home import DiskHome
from bottle_tui.core.plan import Mount
from bottle_tui.errors import InvalidManifest, UsageError
from bottle_tui.ports import World
from bottle_tui.services import acceptance, blueprint, tokens


class Place:
    """A project folder, and a home beside it."""

    def __init__(self, folder: Path) -> None:
        self.project = folder / "project"
        self.project.mkdir()
        self.home = folder / "home"
        self.environ = {"HOME": str(folder)}
        runtime = FakeRuntime(FakeClock())
        self.world = World(DiskHome(self.home), {"fake": runtime}, runtime.clock, self.environ, "op")
        self.manifest = self.project / "bottle.yaml"

    def write(self, agent: str) -> None:
        self.manifest.write_text(f"name: box\nagent: {{{agent}, provider: none}}\n")

    def draw(self) -> blueprint.Blueprint:
        return blueprint.draw(self.world, self.manifest)

    def mounts(self, *texts: str, more: str = "image: x") -> tuple[Mount, ...]:
        listed = ", ".join(f'"{text}"' for text in texts)
        self.write(f"{more}, mounts: [{listed}]")
        return self.draw().plan.agent.mounts


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_the_manifest_is_mounted_over_read_only(place: Place) -> None:
    assert place.mounts(".:/work") == (
        Mount(str(place.project), "/work"),
        Mount(str(place.manifest), "/work/bottle.yaml", read_only=True),
    )


def test_a_read_only_mount_needs_nothing_over_it(place: Place) -> None:
    assert place.mounts(".:/work:ro") == (Mount(str(place.project), "/work", read_only=True),)


def test_the_manifest_is_found_through_a_link(place: Place) -> None:
    (place.project.parent / "alias").symlink_to(place.project)
    found = place.mounts("../alias:/work")
    assert found[1] == Mount(str(place.manifest), "/work/bottle.yaml", read_only=True)


def test_the_manifest_itself_as_a_mount_is_read_only(place: Place) -> None:
    assert place.mounts("bottle.yaml:/b.yaml") == (Mount(str(place.manifest), "/b.yaml", read_only=True),)


def test_the_build_folder_is_read_only_wherever_it_shows(place: Place) -> None:
    build = place.project / "agent"
    (build / "src").mkdir(parents=True)
    (build / "Dockerfile").write_text("FROM x\n")
    found = place.mounts(".:/work", "agent/src:/src", more="build: ./agent")
    assert Mount(str(build), "/work/agent", read_only=True) in found
    assert Mount(str(build / "src"), "/src", read_only=True) in found


@pytest.mark.parametrize("source", ["/", "../home", "..", "/var/run/docker.sock", "/run"])
def test_what_would_hand_over_the_host_is_refused(place: Place, source: str) -> None:
    place.home.mkdir()
    with pytest.raises(InvalidManifest):
        place.mounts(f"{source}:/x")


def test_a_link_to_the_home_is_refused_like_the_home(place: Place) -> None:
    place.home.mkdir()
    (place.project / "innocent").symlink_to(place.home)
    with pytest.raises(InvalidManifest, match="decisions and keys"):
        place.mounts("innocent:/x")


def test_the_socket_that_docker_host_names_is_refused(place: Place) -> None:
    (place.project / "engine.sock").touch()
    place.environ["DOCKER_HOST"] = f"unix://{place.project}/engine.sock"
    with pytest.raises(InvalidManifest, match="engine's socket"):
        place.mounts(".:/work")


def test_a_mount_that_does_not_exist_is_named(place: Place) -> None:
    with pytest.raises(InvalidManifest, match="absent does not exist"):
        place.mounts("absent:/x")


def test_any_file_of_the_build_folder_changes_the_digest(place: Place) -> None:
    build = place.project / "agent"
    build.mkdir()
    (build / "Dockerfile").write_text("FROM x\n")
    place.write("build: ./agent")
    seen = [place.draw().plan.digest]
    (build / "extra").write_text("1")
    seen.append(place.draw().plan.digest)
    (build / "extra").write_text("2")
    seen.append(place.draw().plan.digest)
    (build / "extra").chmod(0o755)
    seen.append(place.draw().plan.digest)
    (build / "link").symlink_to("extra")
    seen.append(place.draw().plan.digest)
    (build / "link").unlink()
    (build / "link").symlink_to("Dockerfile")
    seen.append(place.draw().plan.digest)
    assert len(set(seen)) == len(seen)
    assert place.draw().plan.digest == seen[-1]


def test_a_build_folder_without_a_dockerfile_is_named(place: Place) -> None:
    place.write("build: .")
    with pytest.raises(InvalidManifest, match="has no Dockerfile"):
        place.draw()


def test_a_file_of_the_build_folder_that_cannot_be_read_is_named(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    (place.project / "Dockerfile").write_text("FROM x\n")
    (place.project / "key.pem").write_text("1")
    place.write("build: .")
    opened = io.open

    def closed(path: object, *args: Any, **named: Any) -> Any:
        """Root may read everything, so a closed mode shows nothing."""
        if str(path).endswith("key.pem"):
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return opened(path, *args, **named)

    monkeypatch.setattr(io, "open", closed)
    with pytest.raises(InvalidManifest, match=r"key.pem cannot be read \(Permission denied\); make it readable"):
        place.draw()


def test_the_agent_reads_the_dockerfile_it_is_built_from(place: Place) -> None:
    (place.project / "Dockerfile").write_text("FROM x\nRUN y\n")
    place.write("build: .")
    assert place.draw().dockerfile == b"FROM x\nRUN y\n"


def test_a_folder_in_the_manifests_place_is_a_usage_error(place: Place) -> None:
    place.manifest.mkdir()
    with pytest.raises(UsageError, match="cannot be read"):
        blueprint.load(place.manifest)


def test_what_changed_is_told_new_and_changed_things_first() -> None:
    before = {"route a": "1", "route b": "2", "image": "x"}
    after = {"route b": "3", "image": "x", "mount /w": "/w"}
    assert acceptance.widening(before, after) == ["  + mount /w: /w", "  ~ route b: 2 → 3", "  - route a: 1"]
    assert acceptance.widening(before, before) == [
        "  nothing that the agent gets; the text of the manifest, or a file it builds from, is another"
    ]


def test_a_login_of_the_host_stands_in_for_an_unset_token(place: Place, tmp_path: Path) -> None:
    (tmp_path / ".codex").mkdir()
    (tmp_path / ".codex" / "auth.json").write_text('{"tokens": {"access_token": "from-the-login"}}')
    name = "BOT_BOTTLE_CODEX_HOST_ACCESS_TOKEN"
    assert tokens.value(place.world, name) == "from-the-login"
    place.environ[name] = "from-the-environment"
    assert tokens.value(place.world, name) == "from-the-environment"
    assert tokens.value(place.world, "ANOTHER") is None


def test_the_policy_says_what_holds_where_the_bottle_runs(place: Place) -> None:
    place.manifest.write_text(
        "name: box\nagent: {image: x, provider: none, mounts: ['.:/work:ro']}\n"
        "egress: {allowlist: [docs.example.com], routes: [{host: p.example.com, pipelock: {tls_passthrough: true}}]}\n"
    )
    plan = place.draw().plan
    contained = "\n".join(acceptance.policy(plan))
    assert "docs.example.com: every path every method port 443 (scanned)" in contained
    assert "image: x" in contained
    hop = "\n".join(acceptance.policy(plan, acceptance.Here(scans=False)))
    assert "port 443 (not scanned: the hop stands in for pipelock)" in hop
    assert "p.example.com: every path every method port 443 (passthrough)" in hop
    assert "image: x" in hop
    local = acceptance.policy(plan, acceptance.Here(local=True, scans=False))
    assert "  image: not used: the local runtime runs the command on this host, NOT CONTAINED" in local
    assert f"  mount /work: {place.project} (read-only) (not enforced on the local runtime)" in local
    assert not [line for line in local if "(scanned)" in line]


def test_memory_is_said_in_a_unit_that_people_read(place: Place) -> None:
    place.write("image: x, limits: {memory: 4g}")
    assert acceptance.as_policy(place.draw().plan)["limits"].startswith("memory 4 GiB, ")
    place.write("image: x, limits: {memory: 1500m}")
    assert acceptance.as_policy(place.draw().plan)["limits"].startswith("memory 1500 MiB, ")
