"""`up`, `stop` and `down` in the ledger. Giving power is written down before it is done, taking it away after."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bottle_tui.core.plan import Plan
from bottle_tui.errors import BottleError
from bottle_tui.ports import BottleHome, World
from bottle_tui.services import acceptance, audit


@dataclass
class Up:
    """One `up` that starts or changes something: its intent, and its result whatever that is."""

    world: World
    home: BottleHome
    plan: Plan
    how: acceptance.How
    _about: dict[str, Any] = field(default_factory=dict)

    def begin(self) -> None:
        """What is to be enforced from now on. The caller holds the lock. Raises LedgerBroken: nothing may be done."""
        name, digest = Path(self.plan.manifest).name, self.plan.digest
        about = {"of": "up", "component": "bottle", "accepted": digest, "operation": f"{name} {digest[:19]}"}
        changed: dict[str, Any] = {}
        before = acceptance.read(self.home)
        if before is None or before["digest"] != digest:
            changed = {
                "before": _text(before["policy"] if before else {}),
                "after": _text(acceptance.as_policy(self.plan)),
            }
        audit.append(
            self.world, self.home, "intent", **about, manifest=self.plan.manifest, acceptance=self.how, **changed
        )
        self._about = about

    @contextlib.contextmanager
    def told(self) -> Iterator[None]:
        """Around the whole of it, outside the lock: how it ended is written when it is over, if it has begun."""
        why = "it was interrupted"
        try:
            yield
            why = ""
        except BottleError as error:
            why = str(error)
            raise
        finally:
            if why:
                with contextlib.suppress(BottleError):
                    self._end(in_force=False, why=why)
        self._end(in_force=True)

    def _end(self, **fields: Any) -> None:
        if self._about:
            with self.home.lock():
                audit.append(self.world, self.home, "result", **self._about, **fields)


def taken(world: World, home: BottleHome, kind: str, why: str = "") -> str | None:
    """That a bottle was stopped or removed; `why` not, or not in full. The caller holds the lock.

    Returns why it could not be written down: that holds up nothing that only takes away.
    """
    told = {"in_force": False, "why": why} if why else {}
    try:
        audit.append(world, home, kind, component="bottle", operation="the bottle", **told)
    except BottleError as error:
        return f"its record in the ledger is unwritten: {error}"
    return None


def _text(policy: dict[str, str]) -> dict[str, str]:
    return {"policy": "\n".join(f"{key}: {value}" for key, value in policy.items())} if policy else {}
