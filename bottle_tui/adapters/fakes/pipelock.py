"""Pipelock in memory: acks by hash, and refuses to scan less without a restart."""

from bottle_tui.adapters.fakes.sidecar import FakeSidecar, Surroundings
from bottle_tui.core import mirror
from bottle_tui.errors import InvalidFile

CONFIG = "/etc/pipelock/pipelock.yaml"


class FakePipelock(FakeSidecar):
    """Pipelock: acks a reload by the file's hash, and takes less scanning only at a restart."""

    def __init__(self, runtime: Surroundings) -> None:
        super().__init__(runtime, "pipelock")
        self.config: bytes | None = None

    @property
    def live(self) -> mirror.Mirrored:
        """What it enforces."""
        return mirror.read(self.config) if self.config is not None else mirror.Mirrored()

    def started(self) -> None:
        data = self.files.get(CONFIG, b"")
        if self._refused(data, starting=True):
            self.running = False
            return
        self.config = data
        self.say(
            {"level": "info", "component": "pipelock", "event": "startup", "config_hash": mirror.config_hash(data)}
        )

    def reload(self) -> None:
        data = self.files.get(CONFIG, b"")
        if self._refused(data, starting=False):
            return
        self.config = data
        self.say(
            {
                "level": "info",
                "component": "pipelock",
                "event": "config_reload",
                "status": "success",
                "config_hash": mirror.config_hash(data),
            }
        )

    def _refused(self, data: bytes, *, starting: bool) -> bool:
        try:
            wanted = mirror.read(data)
        except InvalidFile as error:
            self.say(f"pipelock: config reload failed: {error}")
            return True
        weaker = set(wanted.passthrough) - set(self.live.passthrough)
        if self.rejects is None and (starting or not weaker):
            return False
        why = self.rejects or "rejected: security downgrade from strict mode"
        self.say({"level": "error", "event": "error", "method": "CONFIG_RELOAD", "resource": CONFIG, "error": why})
        return True
