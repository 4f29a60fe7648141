"""From the addresses of containers to those of one machine, wherever an agent reads them. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from bottle_tui.core.plan import AgentPlan

HOST = "127.0.0.1"
PROXY = "http://egress:9099"
MCP = "http://supervise:9100/mcp"
BOTTLE_FOLDER = "/etc/bottle/"


@dataclass(frozen=True)
class Addresses:
    """Where a local bottle's agent finds its proxy, its tools and its files."""

    proxy_url: str = field(repr=False)
    mcp_url: str = field(repr=False)
    files: Path
    """Stands for `/` where the agent's own files are meant."""

    def text(self, text: str) -> str:
        """The text with container addresses replaced."""
        text = text.replace(MCP, self.mcp_url).replace(PROXY, self.proxy_url)
        return text.replace(BOTTLE_FOLDER, f"{self.files}{BOTTLE_FOLDER}")

    def file(self, data: bytes) -> bytes:
        """The same for a file; one that is no text stays as it is."""
        try:
            return self.text(data.decode()).encode()
        except UnicodeDecodeError:
            return data

    def environment(self, env: Mapping[str, str]) -> dict[str, str]:
        """The same for every value; loopback is never asked for through the proxy."""
        found = {name: self.text(value) for name, value in env.items()}
        for name in ("NO_PROXY", "no_proxy"):
            hosts = [host for host in found.get(name, "").split(",") if host]
            found[name] = ",".join(dict.fromkeys([*hosts, HOST]))
        return found


def working_folder(plan: AgentPlan, manifest: str) -> str:
    """Where the agent starts: the host's folder behind its workdir, else the manifest's own."""
    wanted = Path(plan.workdir or "/work")
    for mount in plan.mounts:
        target = Path(mount.target)
        if wanted == target or target in wanted.parents:
            return str(Path(mount.source) / wanted.relative_to(target))
    return str(Path(manifest).parent)


def credentials(proxy_url: str, mcp_url: str) -> tuple[str, str] | None:
    """Password and MCP path of a bottle that ran before, so that its addresses stay; None when they are unreadable."""
    password, path = urlsplit(proxy_url).password, urlsplit(mcp_url).path
    return (password, path) if password and path.startswith("/") else None
