"""One bottle as a test sees it: the installed `bottle-tui` on one side, the agent's container on the other."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.e2e.parts import engine
from tests.e2e.parts.outside import Outside

COMMAND = str(Path(sys.executable).parent / "bottle-tui")
PRIVATE = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"]


@dataclass(frozen=True)
class Reply:
    """What curl got in the agent's container. `status` is 0 when there was no answer; `error` then says why."""

    status: int
    headers: dict[str, str]
    body: str
    error: str

    @property
    def reason(self) -> str | None:
        """Why the gate or pipelock denied it, None when nobody says that it was denied."""
        return self.headers.get("x-bottle-denied")

    def json(self) -> Any:
        """The body as JSON; fails with the whole reply."""
        try:
            return json.loads(self.body)
        except json.JSONDecodeError:
            raise AssertionError(f"no JSON: {self}") from None


class Ask:
    """A tool call of the agent that goes on in its container, made with the official MCP client."""

    def __init__(self, container: str, tool: str, arguments: Mapping[str, Any], seconds: float) -> None:
        words = ("docker", "exec", container, "python", "/opt/parts/ask.py", tool, json.dumps(arguments), str(seconds))
        self._process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def answer(self, timeout: float = 90) -> dict[str, Any]:
        """Its answer: `error`, `structured`, `text`, `beats`. Fails when the call itself failed."""
        out, err = self._process.communicate(timeout=timeout)
        assert self._process.returncode == 0, err[-2000:]
        answer: dict[str, Any] = json.loads(out)
        return answer

    def waits(self) -> None:
        """Returns once supervise has told the client that its call waits. Fails when the call ends before that."""
        assert self._process.stderr is not None
        assert any('"progress"' in line for line in self._process.stderr), "the call has ended"

    def given_up(self, timeout: float = 60) -> str:
        """Waits until the client has given up; what it said."""
        _, err = self._process.communicate(timeout=timeout)
        assert self._process.returncode != 0, "the call was answered, not given up"
        return err

    def end(self) -> None:
        """Ends a call that no test waited for."""
        if self._process.returncode is None:
            self._process.kill()
            self._process.communicate()


@dataclass
class Bottle:
    """A bottle of the tests. `folder` holds its manifest and its `<home>`."""

    slug: str
    folder: Path
    outside: Outside
    environ: dict[str, str] = field(default_factory=dict)
    """The operator's shell: what `bottle-tui` finds in its environment beside the test's own."""
    calls: list[Ask] = field(default_factory=list)

    @property
    def home(self) -> Path:
        """`<home>/bottles/<slug>`."""
        return self.folder / "home" / "bottles" / self.slug

    def container(self, role: str) -> str:
        """The name of one of its containers."""
        return f"bottle-{self.slug}-{role}"

    # ---- the operator

    def environment(self) -> dict[str, str]:
        """The environment of every command of the operator."""
        own = {"BOTTLE_TUI_HOME": str(self.folder / "home"), "BOTTLE_TUI_OPERATOR": "tester", "COLUMNS": "200"}
        return {**os.environ, **own, **self.environ}

    def cli(self, *words: str, timeout: float = 120, **environ: str) -> engine.Done:
        """`bottle-tui …` to its end."""
        return engine.run((COMMAND, *words), env={**self.environment(), **environ}, timeout=timeout)

    def ok(self, *words: str, **environ: str) -> Any:
        """`bottle-tui … --json` that must succeed; what it printed."""
        done = self.cli(*words, "--json", **environ)
        assert done.code == 0, f"bottle-tui {' '.join(words)}: {done}"
        return done.json()

    def write(self, manifest: Mapping[str, Any]) -> Path:
        """Writes the manifest (JSON is YAML)."""
        path = self.folder / "bottle.yaml"
        path.write_text(json.dumps(manifest, indent=1))
        return path

    def up(self, *words: str) -> engine.Done:
        """`bottle-tui up`, and the outside world joins."""
        network = f"bottle-{self.slug}-outside"
        filters = ("--filter", "type=network", "--filter", "event=create", "--format", "{{.Actor.Attributes.name}}")
        made = engine.Lines("docker", "events", *filters)
        joining = threading.Thread(target=self._join, args=(made, network), daemon=True)
        joining.start()
        done = self.cli("up", "-f", str(self.folder / "bottle.yaml"), *words, timeout=300)
        made.close()
        joining.join(10)
        if done.code == 0:
            self.outside.join(network)
        return done

    def _join(self, made: engine.Lines, network: str) -> None:
        """Lets the outside world join as soon as the network is there, so that the agent's first request finds it."""
        try:
            made.wait_for(lambda line: line == network, "its network", timeout=300)
        except AssertionError:
            return
        self.outside.join(network)

    def down(self, *words: str) -> engine.Done:
        """`bottle-tui down`; the outside world leaves first."""
        for call in self.calls:
            call.end()
        self.outside.leave(f"bottle-{self.slug}-outside")
        return self.cli("down", self.slug, *words)

    def state(self) -> dict[str, Any]:
        """Its row of `ps`."""
        rows: list[dict[str, Any]] = self.ok("ps")
        return next(row for row in rows if row["slug"] == self.slug)

    def show(self, id: str) -> dict[str, Any]:
        """One proposal with its change."""
        shown: dict[str, Any] = self.ok("show", id)
        return shown

    def approve(self, id: str, *words: str, timeout: float = 120, **environ: str) -> engine.Done:
        """Approves exactly the change that `show` showed."""
        return self.cli("approve", id, "--digest", self.show(id)["digest"], *words, timeout=timeout, **environ)

    def routes(self) -> dict[str, Any]:
        """`routes show`."""
        shown: dict[str, Any] = self.ok("routes", "show", self.slug)
        return shown

    # ---- the agent

    def agent(self, *words: str, timeout: float = 60) -> engine.Done:
        """A command in the agent's container, as the agent."""
        return engine.run(("docker", "exec", self.container("agent"), *words), timeout=timeout)

    def curl(self, url: str, *options: str, timeout: float = 30) -> Reply:
        """One request of the agent."""
        words = ("curl", "-sS", "-i", "--suppress-connect-headers", "--max-time", str(timeout))
        done = self.agent(*words, *options, "-w", "\n%{http_code}", url, timeout=timeout + 30)
        text, _, status = done.out.rpartition("\n")
        headers: dict[str, str] = {}
        while text.startswith("HTTP/"):
            head, _, text = text.partition("\r\n\r\n")
            pairs = (line.partition(":") for line in head.splitlines()[1:])
            headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
        return Reply(int(status or 0), headers, text, done.err.strip())

    def raw(self, order: Mapping[str, Any]) -> dict[str, Any]:
        """Bytes below any client: see raw.py."""
        done = self.agent("python", "/opt/parts/raw.py", json.dumps(order), timeout=120)
        assert done.code == 0, done
        answer: dict[str, Any] = done.json()
        return answer

    def stream(self, url: str, *options: str) -> engine.Lines:
        """A request of the agent that goes on."""
        script = 'echo $$ > "$(mktemp /tmp/stream.XXXXXX)"; exec curl -sS -N --max-time 120 "$@"'
        return engine.Lines("docker", "exec", self.container("agent"), "sh", "-c", script, "curl", *options, url)

    def end_streams(self) -> None:
        """Ends every `stream` in the container: the end of `docker exec` is not the end of what it started."""
        self.agent("sh", "-c", "for file in /tmp/stream.*; do kill $(cat $file); rm -f $file; done 2>/dev/null")

    def call(self, tool: str, arguments: Mapping[str, Any], seconds: float = 90) -> Ask:
        """A tool call of the agent, in the background."""
        self.calls.append(Ask(self.container("agent"), tool, arguments, seconds))
        return self.calls[-1]

    def ask(self, seconds: float = 90, tool: str = "egress-block", **arguments: Any) -> tuple[Ask, str]:
        """A blocking tool called by the agent; the call, and the id of the proposal that it filed."""
        known = {event["id"] for event in self.events("supervise", "proposal_filed")}
        call = self.call(tool, {"justification": "The tests of this project need it.", **arguments}, seconds)
        return call, self.filed(known)

    def filed(self, known: set[str], timeout: float = 30) -> str:
        """The id of the next proposal that is not known yet."""
        lines = self.follow("supervise")
        try:
            ids = iter(lambda: str(lines.event("proposal_filed", timeout)["id"]), "")
            return next(id for id in ids if id not in known)
        finally:
            lines.close()

    def grant(self, **arguments: Any) -> dict[str, Any]:
        """Asked, approved, answered: what the agent was told."""
        call, id = self.ask(**arguments)
        done = self.approve(id)
        assert done.code == 0, done
        return call.answer()

    # ---- what the sidecars say

    def events(self, role: str, name: str | None = None) -> list[dict[str, Any]]:
        """The events of a sidecar so far, all or of one name."""
        return [event for event in engine.events(self.container(role)) if name in (None, event.get("event"))]

    def follow(self, role: str) -> engine.Lines:
        """The output of a sidecar from its start, and on. Close it."""
        return engine.Lines("docker", "logs", "--follow", self.container(role))

    def control(self, order: Mapping[str, Any]) -> dict[str, Any]:
        """Asks the running gate."""
        words = ("python", "-m", "sidecar_addon", "control", json.dumps(order))
        answer: dict[str, Any] = json.loads(engine.docker("exec", self.container("egress"), *words))
        return answer

    def signal(self, role: str, name: str) -> None:
        """Sends a signal to a container's first process."""
        engine.docker("kill", "--signal", name, self.container(role))


type MakeBottle = Callable[..., Bottle]
"""Takes a name, and `image`, `environ` or whole sections of the manifest by keyword."""


def manifest(slug: str, image: str, **keys: Any) -> dict[str, Any]:
    """A manifest that trusts the outside's CA and private addresses. `keys` replace whole sections."""
    found: dict[str, Any] = {
        "name": slug,
        "agent": {"image": image, "command": ["sleep", "infinity"], "provider": "none"},
        "egress": {},
        "pipelock": {},
    }
    found |= keys
    found["pipelock"] = {"extra_ca": "outside.pem", "allow_private": PRIVATE, **found["pipelock"]}
    return found
