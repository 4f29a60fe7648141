"""What `init` writes: a commented manifest and a Dockerfile for the agent. Pure; the command line writes the files."""

import re
from collections.abc import Callable

_INSTALL = {
    "claude": ("node:22-bookworm-slim", "npm install -g @anthropic-ai/claude-code"),
    "codex": ("node:22-bookworm-slim", "npm install -g @openai/codex"),
    "opencode": ("node:22-bookworm-slim", "npm install -g opencode-ai"),
    "none": ("debian:bookworm-slim", None),
}
_TOKEN = {
    "claude": "Before `up`: export CLAUDE_CODE_OAUTH_TOKEN with what `claude setup-token` prints.",
    "codex": "Before `up`: log in with `codex login` on this host. The login stays; the agent gets a placeholder.",
    "opencode": "A model that wants a key gets it from the gate: see `auth` below. The agent never holds it.",
    "none": "Credentials are added by the gate: see `auth` below. The agent never holds them.",
}
_NO_TEXT = re.compile(r"^([0-9]+|true|false|null)$")
"""Slugs that YAML takes for something else."""


def found(which: Callable[[str], str | None]) -> str:
    """The provider whose program is installed here, "none" when none is. `which` looks a program up."""
    return next((name for name in ("claude", "codex", "opencode") if which(name)), "none")


def slug(folder: str) -> str:
    """A slug made of a folder's name; "bottle" when nothing of it can be one."""
    return re.sub(r"[^a-z0-9]+", "-", folder.lower())[:40].strip("-") or "bottle"


def files(provider: str, name: str, *, manifest: str = "bottle.yaml") -> dict[str, str]:
    """Relative path → content."""
    return {manifest: bottle_yaml(provider, name), "agent/Dockerfile": dockerfile(provider)}


def bottle_yaml(provider: str, name: str) -> str:
    """A manifest that `up` takes as it stands."""
    command = f"[{provider}]" if provider != "none" else "[bash]"
    name = f'"{name}"' if _NO_TEXT.match(name) else name
    return f"""\
# A bottle: one agent, and what may leave it. `bottle-tui schema` describes every key, docs/manifest.md explains them.
# {_TOKEN[provider]}
name: {name}

agent:
  build: ./agent                  # a folder with a Dockerfile; or  image: my-agent:latest
  command: {command}
  workdir: /work
  mounts: [".:/work"]             # this file and ./agent are mounted over it read-only
  provider: {provider.ljust(22)}# claude | codex | opencode | none: brings its own routes and settings
  # limits: {{memory: 4g, pids: 1024}}

egress:                           # whatever is not named here is denied, and the agent can ask for it
  allowlist: []                   # bare hosts: every path and method, no credential
  routes: []
    # - host: api.example.com     # exact, or "*.example.com"
    #   path_allowlist: [/v1/]    # left out: every path
    #   methods: [GET, POST]      # left out: every method
    #   auth: {{scheme: Bearer, token_ref: EXAMPLE_TOKEN}}   # a variable of this host; its value never enters the agent

# supervise:
#   grantable_tokens:             # what an approval may hand to a new route, and where
#     - {{token_ref: EXAMPLE_TOKEN, hosts: [api.example.com]}}
"""


def dockerfile(provider: str) -> str:
    """An image with the agent program and the tools that most tasks want."""
    base, install = _INSTALL[provider]
    lines = [
        f"FROM {base}",
        "RUN apt-get update \\",
        " && apt-get install -y --no-install-recommends ca-certificates curl git ripgrep \\",
        " && rm -rf /var/lib/apt/lists/*",
        *([f"RUN {install}"] if install else []),
        "RUN useradd --create-home --uid 10100 agent",
        "USER agent",
        "WORKDIR /work",
    ]
    return "\n".join(lines) + "\n"
