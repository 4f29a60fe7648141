"""`apply.json`: what an apply is about to do, with every file before and after, so that a crash can be undone. Pure."""

import json
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Self

from bottle_tui.errors import InvalidFile
from sidecar_addon import strict_yaml
from sidecar_addon.table import digest_of
from sidecar_addon.times import iso, parse_time

FILE = "apply.json"
_LIMIT = 160 * 1024 * 1024
STEPS = ("prepared", "token", "pipelock", "hold", "egress", "prove", "kept", "recorded")
"""In order; each is written before it is begun."""


@dataclass(frozen=True)
class Pair:
    """A file before and after; None is "absent"."""

    before: str | None
    after: str | None

    @property
    def changes(self) -> bool:
        """Whether there is anything to do."""
        return self.before != self.after


@dataclass(frozen=True)
class Journal:
    """One apply. `files`: routes.yaml and pipelock.yaml in the sidecars, the others in the bottle's folder."""

    apply: str
    incarnation: str
    kind: str
    """approve | revoke | expire | routes | pipelock | quarantine | release."""
    actor: str
    started: datetime
    files: dict[str, Pair] = field(default_factory=dict)
    proposal: str | None = None
    change: str = ""
    """Digest of the change that was shown."""
    grants: tuple[str, ...] = ()
    decision: dict[str, Any] | None = None
    """The decision to write when it is in force."""
    step: str = "prepared"
    narrow: bool = False
    """Only takes away: once the gate has it, it is finished and never put back."""
    failures: tuple[str, ...] = ()
    """Why it came to nothing so far, as the ledger has it already: tried again and again, it says that once."""

    def at(self, step: str) -> Self:
        """The same, one step on."""
        return replace(self, step=step)

    def digest(self, name: str, side: str) -> str | None:
        """`sha256:…` of one side of a file, None when it is absent there."""
        text = getattr(self.files[name], side)
        return None if text is None else digest_of(text.encode())


def render(journal: Journal) -> bytes:
    """The file's bytes."""
    data = {
        "version": 1,
        "apply": journal.apply,
        "incarnation": journal.incarnation,
        "kind": journal.kind,
        "actor": journal.actor,
        "started": iso(journal.started),
        "step": journal.step,
        "proposal": journal.proposal,
        "change": journal.change,
        "grants": list(journal.grants),
        "decision": journal.decision,
        "narrow": journal.narrow,
        "failures": list(journal.failures),
        "files": {name: {"before": pair.before, "after": pair.after} for name, pair in journal.files.items()},
    }
    return (json.dumps(data, separators=(",", ":"), ensure_ascii=True) + "\n").encode()


def parse(data: bytes) -> Journal:
    """Read a journal. Raises InvalidFile."""
    try:
        value = strict_yaml.load_json(data, limit=_LIMIT)
        files = {name: Pair(pair["before"], pair["after"]) for name, pair in value["files"].items()}
        return Journal(
            apply=value["apply"],
            incarnation=value["incarnation"],
            kind=value["kind"],
            actor=value["actor"],
            started=parse_time(value["started"]),
            files=files,
            proposal=value["proposal"],
            change=value["change"],
            grants=tuple(value["grants"]),
            decision=value["decision"],
            step=value["step"],
            narrow=value["narrow"] is True,
            failures=tuple(map(str, value.get("failures", ()))),
        )
    except (strict_yaml.StrictYamlError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise InvalidFile(
            f"is damaged ({error}): what the last apply was doing is not known; "
            "`bottle-tui quarantine` cuts the bottle off, `down` and `up` start clean",
            file=FILE,
        ) from None
