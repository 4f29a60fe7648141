"""`python -m sidecar_addon COMMAND …`: picks the module of a command and imports only that one.

A module of a command has `main(argv: list[str]) -> int`. The egress image has no MCP and the supervise image no
mitmproxy, so nothing is imported before it is known what is asked.
"""

import importlib
import sys

_OPEN_FILES = 65_536

COMMANDS = {
    "egress": ("sidecar_addon.gate.main", "the gate: mitmproxy with the policy"),
    "put-token": ("sidecar_addon.gate.put_token", "put a token into a slot of the running gate (JSON on stdin)"),
    "control": ("sidecar_addon.gate.ask", "ask the running gate something (one JSON argument)"),
    "supervise": ("sidecar_addon.supervise.main", "the MCP server and its queue"),
    "hop": ("sidecar_addon.hop.main", "the allowlist stand-in for pipelock"),
    "local": ("sidecar_addon.local", "gate, supervise and hop in one process on loopback"),
    "probe": ("sidecar_addon.probe", "what a container on the agent's network can reach"),
}


def usage() -> str:
    """The commands, one a line."""
    lines = [f"  {name:<10} {what}" for name, (_, what) in COMMANDS.items()]
    return "\n".join(["usage: python -m sidecar_addon COMMAND …", "", "commands:", *lines])


def main(argv: list[str] | None = None) -> int:
    """Run the command named by the first argument; its exit code, or 2 when there is none of that name."""
    arguments = sys.argv[1:] if argv is None else argv
    if arguments[:1] in (["-h"], ["--help"]):
        print(usage())
        return 0
    if not arguments or arguments[0] not in COMMANDS:
        asked = f"{arguments[0]!r} is no command here" if arguments else "which command?"
        print(f"sidecar_addon: {asked}\n\n{usage()}", file=sys.stderr)
        return 2
    if arguments[0] in ("egress", "supervise", "hop"):
        _be_ready_for_signals()
        take_open_files()
    module = importlib.import_module(COMMANDS[arguments[0]][0])
    return int(module.main(arguments[1:]))


def take_open_files() -> None:
    """A sidecar may have as many open files as its container lets it: some engines give 1,024 unless asked, and an
    agent's connections would use them up."""
    import resource

    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    wanted = _OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, _OPEN_FILES)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _be_ready_for_signals() -> None:
    """While a sidecar still imports, a reload must not end it, and a stop must: the kernel drops both signals for a
    process 1 that says nothing about them (landmine 2)."""
    import signal

    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(0))


if __name__ == "__main__":
    sys.exit(main())
