"""Pinning: a manifest or build folder that is not the one last accepted is shown, and a person says yes first."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from bottle_tui.core.plan import Plan
from bottle_tui.errors import InvalidFile, NeedsAcceptance
from bottle_tui.ports import BottleHome, Progress
from sidecar_addon import strict_yaml
from sidecar_addon.table import route_as_data

FILE = "accepted.json"
_LIMIT = 16 * 1024 * 1024

type How = Literal["before", "by a typed yes", "by --accept", "by this up, the first"]
"""How a plan came to be accepted."""
type Ask = Callable[[str], bool]
"""Shows a text and returns whether the person typed yes."""


@dataclass(frozen=True)
class Here:
    """What of a policy holds where the bottle is to run."""

    local: bool = False
    scans: bool = True

    def said(self, policy: dict[str, str]) -> dict[str, str]:
        """The policy in words that are true here."""
        return {key: self._line(key, value) for key, value in policy.items()}

    def _line(self, key: str, value: str) -> str:
        if not self.scans and key.startswith("route "):
            rules, _, state = value.rpartition(" (")
            return f"{rules} (not scanned: the hop stands in for pipelock)" if state == "scanned)" else value
        if not self.local:
            return value
        if key == "image":
            return "not used: the local runtime runs the command on this host, NOT CONTAINED"
        if key in ("limits", "user") or key.startswith("mount "):
            return f"{value} (not enforced on the local runtime)"
        return value


@dataclass(frozen=True)
class Asked:
    """Who may accept a plan: a digest that somebody has looked at, a person.

    `moved`: the bottle's manifest so far, when it lies in another folder.
    """

    accept: str | None = None
    ask: Ask | None = None
    moved: str | None = None


def require(home: BottleHome, plan: Plan, asked: Asked, *, progress: Progress, here: Here = Here()) -> How:
    """Returns how, once this plan is accepted; it is pinned by `pin`, once it runs. Raises NeedsAcceptance; nothing was
    built or started then.
    """
    before, accept, ask = read(home), asked.accept, asked.ask
    if before is not None and before["digest"] == plan.digest and asked.moved is None:
        return "before"
    if accept is not None and accept != plan.digest:
        raise NeedsAcceptance(f"--accept names {accept}, and what stands here is {plan.digest}; look at it again")
    lines = _lines(before, plan, here)
    if asked.moved is not None:
        another = f"{plan.slug} was started with {asked.moved}; for a bottle of its own write another `name:`"
        lines.insert(0, f"  ~ {another}")
    title = f"{plan.manifest}, {plan.digest}" + ("" if before is None else ": changed since it was last accepted")
    text = "\n".join([title, *lines])
    if accept is None and ask is not None:
        if not ask(text):
            raise NeedsAcceptance(f"{plan.manifest} was not accepted; nothing was started")
        return "by a typed yes"
    if accept is None and (before is not None or asked.moved is not None):
        raise NeedsAcceptance(
            f"changed since it was last accepted: {'; '.join(lines)}. "
            f"Accept it with `bottle-tui up -f {plan.manifest} --accept {plan.digest}`",
            file=plan.manifest,
        )
    for line in text.splitlines():
        progress(line)
    if accept is not None:
        return "by --accept"
    progress(f"once it runs, this `up` has accepted it ({plan.digest}); later changes will be asked about")
    return "by this up, the first"


def _lines(before: dict[str, Any] | None, plan: Plan, here: Here) -> list[str]:
    """What is to be accepted: all of a first policy, what is other in a later one."""
    if before is None:
        return policy(plan, here)
    if before["digest"] == plan.digest:
        return []
    return widening(here.said(before["policy"]), here.said(as_policy(plan)))


def read(home: BottleHome) -> dict[str, Any] | None:
    """What was last accepted: `digest` and `policy`; None when nothing ever was."""
    data = home.read(FILE)
    if data is None:
        return None
    try:
        value = strict_yaml.load_json(data, limit=_LIMIT)
        return {"digest": str(value["digest"]), "policy": dict(value["policy"])}
    except (strict_yaml.StrictYamlError, KeyError, TypeError, ValueError) as error:
        raise InvalidFile(
            f"is damaged ({error}); remove it, and `up` shows the whole policy again", file=FILE
        ) from None


def pin(home: BottleHome, plan: Plan) -> None:
    """Remember this plan as accepted, once it runs."""
    before = read(home)
    if before is not None and before["digest"] == plan.digest:
        return
    home.write(FILE, (json.dumps({"digest": plan.digest, "policy": as_policy(plan)}, indent=1) + "\n").encode())


def as_policy(plan: Plan) -> dict[str, str]:
    """What the plan gives the agent, one line of words for each thing; the keys are stable."""
    refs = {token.slot: token.token_ref for token in plan.tokens}
    said: dict[str, str] = {}
    for route in plan.routes:
        data = route_as_data(route)
        rules = [
            " ".join(
                (
                    " ".join(grant.get("path_allowlist", ["every path"])),
                    ",".join(grant.get("methods", ["every method"])),
                    "port " + ",".join(str(port) for port in grant.get("ports", [443])),
                )
            )
            for grant in data["grants"]
        ]
        said[f"route {route.host}"] = f"{'; '.join(rules)} ({route.pipelock})"
        if route.token_env:
            said[f"auth {route.host}"] = f"{route.auth_header}: {route.auth_scheme} of {refs.get(route.token_env, '?')}"
    for mount in plan.agent.mounts:
        said[f"mount {mount.target}"] = f"{mount.source} ({'read-only' if mount.read_only else 'writable'})"
    said["image"] = plan.agent.build or plan.agent.image or "none"
    if plan.agent.user:
        said["user"] = plan.agent.user
    limits = plan.agent.limits
    said["limits"] = f"memory {_size(limits.memory)}, pids {limits.pids}, cpus {limits.cpus or 'all'}"
    said["command"] = " ".join(plan.agent.command) or "the image's"
    if plan.pipelock.allow_private:
        said["private networks"] = " ".join(plan.pipelock.allow_private)
    for token in plan.supervise.grantable_tokens:
        said[f"grantable {token.token_ref}"] = " ".join(token.hosts)
    return said


def _size(count: int) -> str:
    """Bytes in the largest unit that they fill: "4 GiB"."""
    for unit, size in (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)):
        if count and count % size == 0:
            return f"{count // size} {unit}"
    return f"{count} bytes"


def policy(plan: Plan, here: Here = Here()) -> list[str]:
    """The whole policy, one line for each thing."""
    return [f"  {key}: {value}" for key, value in here.said(as_policy(plan)).items()]


def widening(before: dict[str, str], after: dict[str, str]) -> list[str]:
    """What is new, changed or gone, new and changed first."""
    lines = [f"  + {key}: {value}" for key, value in after.items() if key not in before]
    lines += [f"  ~ {key}: {before[key]} → {value}" for key, value in after.items() if before.get(key, value) != value]
    lines += [f"  - {key}: {value}" for key, value in before.items() if key not in after]
    return lines or ["  nothing that the agent gets; the text of the manifest, or a file it builds from, is another"]
