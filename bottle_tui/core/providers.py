"""What one agent program needs: its routes, placeholder credentials, our MCP server, and the hosts it knocks on itself.

The only module that names hosts of real providers. `docs/providers.md` says what was seen in a run and what was read.
"""

import json
import posixpath
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from bottle_tui.core.manifest import Auth, ManifestRoute
from bottle_tui.core.plan import AgentPlan
from sidecar_addon.strict_yaml import StrictYamlError, load_json

MCP_URL = "http://supervise:9100/mcp"
FILES = "/etc/bottle"
"""Where a provider's files lie in the agent, read-only."""
PLACEHOLDER = "placeholder-the-gate-holds-the-credential"
"""Stands where the agent program wants a credential; shaped like none, so that no search for secrets finds it."""

_NO_MAPPING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class Provider:
    """One agent program. `flags` are appended to the command when it starts `program`."""

    name: str
    program: str | None
    routes: tuple[ManifestRoute, ...] = ()
    hosts: tuple[str, ...] = ()
    """Bare hosts, added last and never over an existing one."""
    env: Mapping[str, str] = field(default_factory=lambda: _NO_MAPPING)
    flags: tuple[str, ...] = ()
    files: Mapping[str, bytes] = field(default_factory=lambda: MappingProxyType({}))
    background_hosts: tuple[str, ...] = ()
    remedy: Mapping[str, str] = field(default_factory=lambda: _NO_MAPPING)
    """token_ref → the line that fills it when it is unset."""


@dataclass(frozen=True)
class Role:
    """What a route's role gives the agent."""

    env: Mapping[str, str]


ROLES: Mapping[str, Role] = MappingProxyType(
    {
        "claude_code_oauth": Role(
            {
                "CLAUDE_CODE_OAUTH_TOKEN": PLACEHOLDER,
                "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
                "DISABLE_TELEMETRY": "1",
                "DISABLE_ERROR_REPORTING": "1",
                "DISABLE_AUTOUPDATER": "1",
            }
        )
    }
)


def _json(value: object) -> bytes:
    return (json.dumps(value, indent=2) + "\n").encode()


_MCP_SERVERS = _json({"mcpServers": {"supervise": {"type": "http", "url": MCP_URL}}})

CLAUDE = Provider(
    name="claude",
    program="claude",
    routes=(
        ManifestRoute(
            "api.anthropic.com",
            auth=Auth("Bearer", "CLAUDE_CODE_OAUTH_TOKEN"),
            roles=("claude_code_oauth",),
            passthrough=True,
        ),
    ),
    # `=` because the flag takes several values and would swallow the words after it.
    flags=(f"--mcp-config={FILES}/mcp.json",),
    files={f"{FILES}/mcp.json": _MCP_SERVERS},
    background_hosts=(
        "statsig.anthropic.com",
        "statsig.com",
        "mcp-proxy.anthropic.com",
        "downloads.claude.ai",
        "http-intake.logs.us5.datadoghq.com",
    ),
    remedy={
        "CLAUDE_CODE_OAUTH_TOKEN": "run `claude setup-token` and export CLAUDE_CODE_OAUTH_TOKEN with what it prints"
    },
)

_CODEX_TOKEN = "BOT_BOTTLE_CODEX_HOST_ACCESS_TOKEN"
_CODEX_BASE = "https://chatgpt.com/backend-api/codex"

CODEX = Provider(
    name="codex",
    program="codex",
    routes=(
        # The login of a person opens far more below /backend-api/ than the model.
        ManifestRoute(
            "chatgpt.com",
            path_allowlist=("/backend-api/codex",),
            auth=Auth("Bearer", _CODEX_TOKEN),
            passthrough=True,
        ),
    ),
    env={"BOTTLE_CODEX_PLACEHOLDER": PLACEHOLDER},
    flags=(
        "-c",
        f'mcp_servers.supervise.url="{MCP_URL}"',
        "-c",
        'model_provider="bottle"',
        "-c",
        f'model_providers.bottle={{name="bottle", base_url="{_CODEX_BASE}", wire_api="responses", '
        'env_key="BOTTLE_CODEX_PLACEHOLDER"}',
    ),
    background_hosts=("ab.chatgpt.com", "auth.openai.com", "developers.openai.com", "openai.com", "www.openai.com"),
    remedy={_CODEX_TOKEN: f"log in with `codex login` on this machine, or export {_CODEX_TOKEN}"},
)

OPENCODE = Provider(
    name="opencode",
    program="opencode",
    routes=(ManifestRoute("opencode.ai", path_allowlist=("/zen/",), passthrough=True),),
    env={"OPENCODE_CONFIG": f"{FILES}/opencode.json", "OPENCODE_DISABLE_AUTOUPDATE": "true"},
    files={
        f"{FILES}/opencode.json": _json(
            {"mcp": {"supervise": {"type": "remote", "url": MCP_URL, "enabled": True}}, "autoupdate": False}
        )
    },
    background_hosts=("models.dev", "api.opencode.ai"),
)

NONE = Provider(name="none", program=None, files={f"{FILES}/mcp.json": _MCP_SERVERS})

ALL: Mapping[str, Provider] = MappingProxyType({each.name: each for each in (CLAUDE, CODEX, OPENCODE, NONE)})


def command(provider: Provider, stated: tuple[str, ...] | None) -> tuple[str, ...]:
    """The agent's command with the provider's flags; a command that starts something else is left alone."""
    words = stated if stated is not None else ((provider.program,) if provider.program else ())
    if not words or posixpath.basename(words[0]) != provider.program:
        return words
    end = words.index("--") if "--" in words else len(words)
    return (*words[:end], *provider.flags, *words[end:])


def registered(provider: Provider, words: tuple[str, ...]) -> bool:
    """Whether the agent program will find our MCP server without anybody's help."""
    return not provider.flags or set(provider.flags) <= set(words)


def placed(agent: AgentPlan, *, mcp_url: str = MCP_URL, files: str = FILES) -> AgentPlan:
    """The agent with another MCP address and another folder for its files: what the local runtime needs."""

    def moved(text: str) -> str:
        return text.replace(MCP_URL, mcp_url).replace(FILES, files)

    return replace(
        agent,
        command=tuple(moved(word) for word in agent.command),
        env={name: moved(value) for name, value in agent.env.items()},
        files={moved(path): moved(content.decode()).encode() for path, content in agent.files.items()},
    )


def network_env(*, proxy_url: str, ca_file: str) -> dict[str, str]:
    """Proxy and trust variables of the agent, in every spelling that its programs read.

    Everything the agent reaches over TLS shows a certificate of the gate, so the gate's CA is all it has to trust.
    """
    no_proxy = "supervise,localhost,127.0.0.1"
    env: dict[str, str] = {}
    for name, value in (("HTTP_PROXY", proxy_url), ("HTTPS_PROXY", proxy_url), ("NO_PROXY", no_proxy)):
        env |= {name: value, name.lower(): value}
    return env | dict.fromkeys(TRUST_VARIABLES, ca_file)


TRUST_VARIABLES = (
    "SSL_CERT_FILE",
    "NODE_EXTRA_CA_CERTS",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "GIT_SSL_CAINFO",
    "CODEX_CA_CERTIFICATE",
    "AWS_CA_BUNDLE",
    "PIP_CERT",
)
NETWORK_VARIABLES = frozenset(
    {*TRUST_VARIABLES, "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "http_proxy", "https_proxy"}
    | {"all_proxy", "no_proxy"}
)
"""The bottle's own: a manifest cannot set them."""


def codex_access_token(auth_json: bytes) -> str | None:
    """The access token of a Codex login (`auth.json`), None when the file holds none."""
    try:
        value = load_json(auth_json, limit=1024 * 1024)
    except StrictYamlError:
        return None
    tokens = value.get("tokens") if isinstance(value, dict) else None
    token = tokens.get("access_token") if isinstance(tokens, dict) else None
    return token if isinstance(token, str) and token else None


@dataclass(frozen=True)
class HostLogin:
    """A login of the host that fills an unset token: `$<variable>/<file>`, else `~/<folder>/<file>`."""

    variable: str
    folder: str
    file: str
    read: Callable[[bytes], str | None]


HOST_LOGINS: Mapping[str, HostLogin] = MappingProxyType(
    {_CODEX_TOKEN: HostLogin("CODEX_HOME", ".codex", "auth.json", codex_access_token)}
)
"""By token_ref. Whoever launches reads the file; nothing here touches a disk."""
