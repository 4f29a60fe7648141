"""`python -m sidecar_addon local SLUG`: gate, supervise and hop in one process on loopback. It contains nothing."""

SOCKETS = "bottle-local-"
"""How the temporary folder of the process's sockets begins; their paths must stay under 100 characters."""


def main(argv: list[str]) -> int:
    """Imports the process only when it is asked for."""
    from sidecar_addon.local.process import main as run

    return run(argv)
