"""Words that the command line needs before anything else is loaded."""

PROVIDERS = ("claude", "codex", "opencode", "none")
RUNTIMES = ("docker", "local")
"""The first one is taken where none is stated."""
