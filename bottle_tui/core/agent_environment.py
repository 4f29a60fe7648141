"""The agent's whole environment: the manifest's and the provider's variables, and those that lead through the gate."""

from collections.abc import Mapping

from bottle_tui.core import providers

CA_BUNDLE = "/etc/bottle/ca-bundle.pem"
"""The system's roots and the gate's CA: what the trust variables name."""
GATE_CERTIFICATE = "/etc/bottle/gate-ca.pem"
CURRENT_DOCKERFILE = "/etc/bottle/current-config/Dockerfile"
MORE_TRUST_VARIABLES = (
    "CARGO_HTTP_CAINFO",
    "DENO_CERT",
    "BUNDLE_SSL_CA_CERT",
    "UV_SSL_CERT_FILE",
    "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH",
)
"""Read by cargo, deno, bundler, uv and gRPC, which do not read the common ones."""


def agent_environment(own: Mapping[str, str], *, proxy_url: str, mcp_url: str, ca_file: str) -> dict[str, str]:
    """The environment. What leads through the gate comes last, so that nothing can undo it."""
    return {
        **own,
        **providers.network_env(proxy_url=proxy_url, ca_file=ca_file),
        **dict.fromkeys(MORE_TRUST_VARIABLES, ca_file),
        # Node reads proxy variables only when it is told to.
        "NODE_USE_ENV_PROXY": "1",
        "BOTTLE_MCP_URL": mcp_url,
    }


def dockerfile_of(image: str | None, build_file: bytes | None) -> bytes:
    """What the agent reads as its current Dockerfile: its own, or the line that names its image."""
    if build_file is not None:
        return build_file
    return f"FROM {image or 'scratch'}\n".encode()
