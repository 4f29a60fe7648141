"""The Docker engine as the end-to-end tests drive it: its command line, images by content, and lines as they come."""

import functools
import hashlib
import io
import json
import os
import queue
import re
import shutil
import subprocess
import tarfile
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PARTS = Path(__file__).parent
CHECKOUT = PARTS.parents[2]
LOCK = CHECKOUT / "sidecar_addon" / "requirements-supervise.lock"
PIPELOCK = "ghcr.io/luckypipewrench/pipelock:2.3.0"


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        """Its standard output as JSON; fails with all that it said."""
        try:
            return json.loads(self.out)
        except json.JSONDecodeError:
            raise AssertionError(f"no JSON: {self}") from None


def run(words: Iterable[str], stdin: bytes = b"", env: dict[str, str] | None = None, timeout: float = 120) -> Done:
    """Runs a command to its end."""
    done = subprocess.run(list(words), input=stdin, env=env, capture_output=True, timeout=timeout, check=False)
    return Done(done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"))


def docker(*words: str, stdin: bytes = b"", timeout: float = 120) -> str:
    """`docker …` that must succeed; what it printed."""
    done = run(("docker", *words), stdin, timeout=timeout)
    assert done.code == 0, f"docker {' '.join(words)}: {done.err or done.out}"
    return done.out.strip()


def missing() -> str | None:
    """Why there is no engine to test with, None when one answers."""
    if not shutil.which("docker"):
        return "the docker command is not installed"
    done = run(("docker", "version", "--format", "{{.Server.Version}}"), timeout=20)
    return None if done.code == 0 else done.err.strip().splitlines()[-1]


def has_image(name: str) -> bool:
    """Whether the engine holds an image."""
    return run(("docker", "image", "inspect", name)).code == 0


@functools.cache
def has_real_pipelock() -> bool:
    """Whether the published pipelock is here or can be pulled."""
    if has_image(PIPELOCK):
        return True
    try:
        return run(("docker", "pull", "--quiet", PIPELOCK), timeout=90).code == 0
    except subprocess.TimeoutExpired:
        return False


def stand_in() -> dict[str, str]:
    """What a bottle's environment needs here: the hop where it was asked for or the real pipelock is not to be had."""
    wanted = os.environ.get("BOTTLE_TUI_PIPELOCK") == "hop"
    return {"BOTTLE_TUI_PIPELOCK": "hop"} if wanted or not has_real_pipelock() else {}


def build(target: str) -> str:
    """The test agent's image of that target, built when this content was not built before; its tag."""
    context = {path.name: path.read_bytes() for path in (PARTS / "Dockerfile.agent", *sorted(PARTS.glob("*.py")))}
    context = {name: data for name, data in context.items() if name in ("Dockerfile.agent", "ask.py", "raw.py")}
    context["requirements.lock"] = LOCK.read_bytes()
    digest = hashlib.sha256(b"".join(name.encode() + data for name, data in context.items())).hexdigest()
    tag = f"bottle-tui-e2e-{target}:{digest[:12]}"
    if has_image(tag):
        return tag
    with tempfile.TemporaryDirectory() as folder:
        for name, data in context.items():
            (Path(folder) / name).write_bytes(data)
        network = os.environ.get("BOTTLE_TUI_BUILD_NETWORK", "default")
        words = ("build", "--network", network, "--target", target, "--tag", tag)
        docker(*words, "--file", f"{folder}/Dockerfile.agent", folder, timeout=900)
    return tag


class Lines:
    """The output of a command that goes on, line by line, in the order it came. Close it."""

    def __init__(self, *words: str, stdin: bool = False) -> None:
        self.process = subprocess.Popen(
            words, stdin=subprocess.PIPE if stdin else None, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self._lines: queue.Queue[str | None] = queue.Queue()
        self.seen: list[str] = []
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout
        with self.process.stdout as stdout:
            for line in stdout:
                self._lines.put(line.rstrip("\n"))
        self._lines.put(None)

    def wait_for(self, wanted: Callable[[str], bool], what: str, timeout: float = 30) -> str:
        """The next line that is wanted. Fails, with what came instead, at the end or after `timeout`."""
        while True:
            try:
                line = self._lines.get(timeout=timeout)
            except queue.Empty:
                raise AssertionError(f"{what} did not come in {timeout} s; last: {self.seen[-8:]}") from None
            if line is None:
                self._lines.put(None)
                raise AssertionError(f"{what} did not come before the end; last: {self.seen[-8:]}")
            self.seen.append(line)
            if wanted(line):
                return line

    def event(self, name: str, /, timeout: float = 30, **facts: object) -> dict[str, Any]:
        """The next event line of that name in which every named fact holds."""

        def wanted(line: str) -> bool:
            event = as_event(line)
            return event.get("event") == name and all(event.get(key) == value for key, value in facts.items())

        return as_event(self.wait_for(wanted, f"event {name} {facts}", timeout))

    def rest(self, timeout: float = 60) -> list[str]:
        """Everything until the command's own end."""
        lines = []
        while (line := self._lines.get(timeout=timeout)) is not None:
            lines.append(line)
        self.process.wait(timeout)
        return lines

    def close(self) -> None:
        """Ends the command and takes its end."""
        self.process.terminate()
        self.process.wait(30)
        if self.process.stdin:
            self.process.stdin.close()


def as_event(line: str) -> dict[str, Any]:
    """A line as an event, {} when it is none."""
    try:
        event = json.loads(line)
    except json.JSONDecodeError:
        return {}
    return event if isinstance(event, dict) else {}


def events(container: str) -> list[dict[str, Any]]:
    """Every event a container has printed so far."""
    done = run(("docker", "logs", container))
    return [event for line in (done.out + done.err).splitlines() if (event := as_event(line))]


def fetch_file(container: str, path: str) -> bytes:
    """A file out of a container."""
    done = subprocess.run(("docker", "cp", f"{container}:{path}", "-"), capture_output=True, timeout=60, check=True)
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
        member = archive.extractfile(archive.getmembers()[0])
        assert member, path
        return member.read()


def put_file(container: str, path: str, data: bytes, owner: int = 0) -> None:
    """A file into a container, as `docker cp` puts it."""
    folder, _, name = path.rpartition("/")
    docker("cp", "-", f"{container}:{folder or '/'}", stdin=tar({name: data}, owner))


def tar(files: Mapping[str, bytes], owner: int = 0) -> bytes:
    """An archive of readable files."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode, entry.uid, entry.gid = len(content), 0o444, owner, owner
            archive.addfile(entry, io.BytesIO(content))
    return data.getvalue()


_SLUG = '{{.Label "bottle-tui.slug"}}'
_LISTINGS = {
    "container": ("ps", "--all", "--format", "{{.Names}}\t" + _SLUG),
    "network": ("network", "ls", "--format", "{{.Name}}\t" + _SLUG),
    "volume": ("volume", "ls", "--format", "{{.Name}}\t" + _SLUG),
}
"""In the order in which they can be removed."""
_RUN = re.compile(r"(?:bottle-)?((?:e2e-p|rt-contract-)(\d+))(?:-|$)")


def _things(kind: str) -> Iterator[tuple[str, list[str]]]:
    """Everything of a kind: its name, and what says whose it is: the bottle's label, and the name itself."""
    for line in docker(*_LISTINGS[kind]).splitlines():
        name, _, slug = line.partition("\t")
        yield name, [slug, name]


def dead_runs() -> set[str]:
    """Runs of tests of which something is left, and whose process is gone."""
    found = (_RUN.match(text) for kind in _LISTINGS for _, texts in _things(kind) for text in texts)
    return {match[1] for match in found if match and not Path(f"/proc/{match[2]}").exists()}


def sweep(whose: str) -> None:
    """Removes the containers, networks and volumes of a run, or a bottle: the last resort of a clean-up."""
    for kind in _LISTINGS:
        names = [name for name, texts in _things(kind) if any(_is_of(whose, text) for text in texts)]
        if names:
            run(("docker", kind, "rm", *(("--force",) if kind != "network" else ()), *names))


def _is_of(whose: str, text: str) -> bool:
    return text == whose or text.startswith((f"{whose}-", f"bottle-{whose}-"))
