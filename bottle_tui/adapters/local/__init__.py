"""The runtime without an engine: one process on loopback holds gate, supervise and hop. It contains nothing."""

from bottle_tui.adapters.local.runtime import LocalRuntime

__all__ = ["LocalRuntime"]
