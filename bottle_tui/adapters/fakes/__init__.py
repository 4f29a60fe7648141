"""A runtime in memory for tests: its gate decides with the real table and matcher, its pipelock acks by hash.

What goes wrong is scripted: a sidecar can be silent, reject, or be unreachable, and any call can be the last one made.
"""

from bottle_tui.adapters.fakes.clock import START, FakeClock
from bottle_tui.adapters.fakes.gate import ROUTES, FakeGate
from bottle_tui.adapters.fakes.pipelock import CONFIG, FakePipelock
from bottle_tui.adapters.fakes.runtime import FakeRuntime
from bottle_tui.adapters.fakes.sidecar import QUEUE, FakeLines, FakeSidecar
from bottle_tui.adapters.fakes.supervise import FakeSupervise
from bottle_tui.adapters.fakes.tripwire import Died, TrippedBottleHome, TrippedHome, Tripwire

__all__ = [
    "CONFIG",
    "QUEUE",
    "ROUTES",
    "START",
    "Died",
    "FakeClock",
    "FakeGate",
    "FakeLines",
    "FakePipelock",
    "FakeRuntime",
    "FakeSidecar",
    "FakeSupervise",
    "TrippedBottleHome",
    "TrippedHome",
    "Tripwire",
]
