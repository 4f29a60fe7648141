"""The two last hops behind one face: the hop as a process, pipelock as a container; both on loopback."""

import queue
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from bottle_tui.core import pipelock_log
from bottle_tui.core.views import LogLine

IMAGE = "ghcr.io/luckypipewrench/pipelock:2.3.0"
WAIT = 30.0


class Proxy(Protocol):
    """What the contract needs of either."""

    port: int

    def write(self, data: bytes) -> None: ...

    def hang_up(self) -> None: ...

    def wait_for(self, wanted: Callable[[LogLine], bool]) -> LogLine: ...

    def stop(self) -> None: ...


def config(port: int, allowlist: list[str], **changes: Any) -> bytes:
    """A whole configuration, of which `changes` replace top-level sections."""
    whole: dict[str, Any] = {
        "version": 1,
        "mode": "strict",
        "enforce": True,
        "explain_blocks": True,
        "api_allowlist": allowlist,
        "fetch_proxy": {"listen": f"127.0.0.1:{port}", "monitoring": {"max_requests_per_minute": 1000000}},
        "forward_proxy": {"enabled": True, "max_tunnel_seconds": 3600, "idle_timeout_seconds": 300},
        "tls_interception": interception("localhost"),
        "dlp": {"scan_env": False, "include_defaults": True, "patterns": []},
        "request_body_scanning": {"enabled": True, "action": "block"},
        "response_scanning": {"enabled": True, "action": "warn"},
        "media_policy": {"enabled": False},
        "taint": {"enabled": False},
        "sentry": {"enabled": False},
        "ssrf": {"ip_allowlist": ["127.0.0.0/8", "::1/128"]},
        "logging": {"format": "json", "output": "stdout", "include_allowed": True, "include_blocked": True},
    }
    return yaml.safe_dump(whole | changes, sort_keys=False).encode()


def interception(*passthrough: str) -> dict[str, Any]:
    """The section, on; the CA lies beside the file."""
    return {
        "enabled": True,
        "ca_cert": "ca.pem",
        "ca_key": "ca-key.pem",
        "passthrough_domains": list(passthrough),
    }


def _write_ca(folder: Path) -> None:
    """An EC CA such as pipelock takes: SEC1, with a key identifier."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "contract")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(now - timedelta(hours=1))
    builder = builder.not_valid_after(now + timedelta(hours=1))
    usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
    certificate = (
        builder.add_extension(x509.BasicConstraints(True, 0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "ca.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "ca-key.pem").touch(0o600)
    (folder / "ca-key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        )
    )


class _Process:
    """A process whose output, standard error included, is read line by line."""

    def __init__(self, argv: list[str]) -> None:
        self.process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line)
        self._lines.put(None)

    def wait_for(self, wanted: Callable[[LogLine], bool]) -> LogLine:
        """The next line that is wanted; fails with what came instead."""
        seen: list[str] = []
        deadline = time.monotonic() + WAIT
        while (left := deadline - time.monotonic()) > 0:
            try:
                line = self._lines.get(timeout=left)
            except queue.Empty:
                break
            if line is None:
                break
            seen.append(line)
            read = pipelock_log.read("contract", line)
            if wanted(read):
                return read
        raise AssertionError(f"the wanted line did not come; these did: {seen}")

    def end(self) -> None:
        """Wait for the end, and close what was read from."""
        self.process.wait(WAIT)
        self._thread.join(WAIT)
        assert self.process.stdout is not None
        self.process.stdout.close()


class HopProcess:
    """`python -m sidecar_addon hop`."""

    def __init__(self, folder: Path, port: int, data: bytes) -> None:
        self.port = port
        self._path = folder / "pipelock.yaml"
        self._path.write_bytes(data)
        self._process = _Process([sys.executable, "-m", "sidecar_addon", "hop", "--config", str(self._path)])

    def write(self, data: bytes) -> None:
        self._path.write_bytes(data)

    def hang_up(self) -> None:
        import signal

        self._process.process.send_signal(signal.SIGHUP)

    def wait_for(self, wanted: Callable[[LogLine], bool]) -> LogLine:
        return self._process.wait_for(wanted)

    def stop(self) -> None:
        self._process.process.terminate()
        self._process.end()


class PipelockContainer:
    """The published image on the host's network, listening on loopback only."""

    def __init__(self, folder: Path, port: int, data: bytes) -> None:
        self.port = port
        self._folder = folder / "cfg"
        self._folder.mkdir()
        _write_ca(self._folder)
        self._name = f"bottle-contract-{port}"
        argv = ["docker", "create", "--name", self._name, "--network", "host", IMAGE, "run", "--config"]
        _docker([*argv, "/cfg/pipelock.yaml"])
        self.write(data)
        self._process = _Process(["docker", "start", "--attach", self._name])

    def write(self, data: bytes) -> None:
        (self._folder / "pipelock.yaml").write_bytes(data)
        _docker(["docker", "cp", f"{self._folder}/.", f"{self._name}:/cfg/"])

    def hang_up(self) -> None:
        _docker(["docker", "kill", "--signal", "HUP", self._name])

    def wait_for(self, wanted: Callable[[LogLine], bool]) -> LogLine:
        return self._process.wait_for(wanted)

    def stop(self) -> None:
        _docker(["docker", "rm", "--force", self._name])
        self._process.end()


def has_image() -> bool:
    """Whether an engine answers and holds the real image."""
    if shutil.which("docker") is None:
        return False
    return subprocess.run(["docker", "image", "inspect", IMAGE], capture_output=True, check=False).returncode == 0


def _docker(argv: list[str]) -> None:
    subprocess.run(argv, check=True, capture_output=True, timeout=30)
