"""Supervise in memory: takes decisions, and files proposals for a test."""

from typing import Any

from bottle_tui.adapters.fakes.sidecar import QUEUE, FakeSidecar, Surroundings
from sidecar_addon import proposals
from sidecar_addon.table import digest_of


class FakeSupervise(FakeSidecar):
    """The queue's sidecar: takes decisions, and lets a test file proposals as an agent would."""

    def __init__(self, runtime: Surroundings) -> None:
        super().__init__(runtime, "supervise")
        self.loaded: dict[str, bytes] = {}
        self._filed = 0

    def file(self, tool: str, **args: Any) -> str:
        """A proposal of the agent; its id."""
        self._filed += 1
        now = self.runtime.clock.now()
        identity = proposals.new_id(int(now.timestamp() * 1000), self._filed.to_bytes(10))
        args = {"justification": "needed for the task", **args}
        data = proposals.render(proposals.Proposal(identity, tool, "agent", now, args))
        self.files[f"{QUEUE}/proposals/{identity}.json"] = data
        self.say({"event": "proposal_filed", "id": identity, "digest": digest_of(data)})
        return identity

    def decision(self, identity: str) -> proposals.Decision | None:
        """What the agent would be answered."""
        data = self.loaded.get(f"{identity}.json")
        return proposals.parse_decision(data) if data is not None else None

    def reload(self) -> None:
        prefix = f"{QUEUE}/decisions/"
        for path, data in self.files.items():
            name = path.removeprefix(prefix)
            if path.startswith(prefix) and self.loaded.get(name) != data:
                self.loaded[name] = data
                self.say(_loaded(name, data))


def _loaded(name: str, data: bytes) -> dict[str, Any]:
    if name == "state.json":
        return {"event": "state_loaded", "digest": digest_of(data)}
    try:
        decision = proposals.parse_decision(data)
    except proposals.ProposalError as error:
        return {"event": "file_rejected", "name": f"decisions/{name}", "error": str(error)}
    return {"event": "decision_loaded", "id": decision.id, "digest": digest_of(data), "status": decision.status}
