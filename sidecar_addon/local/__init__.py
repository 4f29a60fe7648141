"""`python -m sidecar_addon local SLUG`: gate, supervise and hop in one process on loopback. It contains nothing."""


def main(argv: list[str]) -> int:
    """Imports the process only when it is asked for."""
    from sidecar_addon.local.process import main as run

    return run(argv)
