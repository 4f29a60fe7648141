"""Words that the command line needs before anything else is loaded."""

PROVIDERS = ("claude", "codex", "opencode", "none")
