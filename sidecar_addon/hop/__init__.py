"""The allowlist hop: stands in for pipelock where that is not to be had. Same file, same events, no scanning."""
