"""A real supervise on loopback, driven by the SDK's own client; decisions arrive as files and a reload."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from mcp.client import Client

from sidecar_addon import proposals, spool
from sidecar_addon.proposals import Decision, Proposal, State
from sidecar_addon.supervise.server import Service

PATIENCE = 30.0


@dataclass
class Bottle:
    """One supervise and the folder it keeps; what a host would do to it, as methods."""

    folder: Path
    service: Service
    events: list[dict[str, Any]]
    arrived: asyncio.Event
    clock: timedelta = field(default_factory=timedelta)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.service.port}{self.service.settings.path}"

    def client(self, **options: Any) -> Client:
        return Client(self.url, **options)

    async def event(self, name: str, **fields: Any) -> dict[str, Any]:
        """The first event of that name with these fields, waited for."""
        async with asyncio.timeout(PATIENCE):
            while True:
                for event in self.events:
                    if event["event"] == name and all(event.get(key) == value for key, value in fields.items()):
                        return event
                self.arrived.clear()
                await self.arrived.wait()

    def named(self, name: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["event"] == name]

    def filed(self) -> list[Proposal]:
        """What lies in the folder, as the host would read it."""
        entries, refused = spool.scan(self.folder / "proposals", proposals.LIMIT_BYTES)
        assert not refused
        return [proposals.parse_proposal(entry.data) for entry in entries]

    def decide(self, identity: str, status: str, **fields: Any) -> None:
        """Put a decision and signal."""
        moment = fields.pop("decided_at", self.service.queue.now())
        self.put(f"{identity}.json", proposals.render(Decision(identity, status, "alex", moment, **fields)))

    def tell(self, **fields: Any) -> None:
        """Put state.json and signal."""
        self.put("state.json", proposals.render(State(**fields)))

    def put(self, name: str, data: bytes) -> None:
        spool.write(self.folder / "decisions", name, data)
        self.service.reload()

    def later(self, passed: timedelta) -> None:
        """Turn the clock on."""
        self.clock += passed
        self.service.queue.now = lambda: datetime.now(UTC) + self.clock


def text_of(result: Any) -> str:
    """What the model reads."""
    return "\n".join(part.text for part in result.content)
