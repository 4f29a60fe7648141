"""A whole local bottle made by hand, as the services would: certificates, a table, pipelock's config, settings."""

import datetime
import http.server
import json
import ssl
import threading
from collections.abc import Mapping
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from bottle_tui.adapters.ca import CertificateAuthorities
from bottle_tui.core.mirror import Extra, render_config
from bottle_tui.core.plan import AgentPlan, Limits, PipelockPlan, Plan, SupervisePlan
from bottle_tui.ports import Launch
from sidecar_addon.table import Grant, Route, Table, fingerprint, render

HOST = "api.example.com"
TOKEN = "example-token-0123456789"


def plan(command: tuple[str, ...], manifest: Path) -> Plan:
    agent = AgentPlan(
        image=None,
        build=None,
        command=command,
        workdir=None,
        mounts=(),
        env={},
        files={"/etc/bottle/mcp.json": b'{"url": "http://supervise:9100/mcp"}'},
        provider="none",
        user=None,
        limits=Limits(1 << 30, 256),
    )
    return Plan(
        slug="local-test",
        manifest=str(manifest),
        digest="sha256:0",
        agent=agent,
        routes=(),
        tokens=(),
        pipelock=pipelock_plan(),
        supervise=SupervisePlan(45, ()),
    )


def pipelock_plan() -> PipelockPlan:
    return PipelockPlan(None, None, (), (), 8)


def routes(*hosts: str) -> tuple[Route, ...]:
    return tuple(
        Route(
            host,
            (Grant(f"m{number}", ("/v1/",), ("GET",)),),
            auth_scheme="Bearer",
            token_env="EGRESS_TOKEN_0",
            token_fingerprint=fingerprint("EXAMPLE_TOKEN"),
            pipelock="not_scanned",
        )
        for number, host in enumerate(hosts, 1)
    )


def table(*hosts: str, apply: str = "01A", base: str | None = None) -> Table:
    return Table(routes(*hosts), apply=apply, base=base)


def config(*hosts: str, apply: str = "01A") -> bytes:
    return render_config(routes(*hosts), Extra(), pipelock_plan(), apply)


def launch(
    home: Path, upstream_ca: bytes, *, command: tuple[str, ...] = (), hosts: tuple[str, ...] = (HOST,)
) -> Launch:
    now = datetime.datetime.now(datetime.UTC)
    gate = CertificateAuthorities().gate("local-test", now)
    settings = {
        "listen": ["0.0.0.0", 9099],
        "parent": "http://pipelock:8888",
        "runtime": "local",
        "hop": True,
        "dlp_patterns": [],
        "background_hosts": [],
        "proxy_password": None,
    }
    return Launch(
        plan=plan(command, home / "bottle.yaml"),
        incarnation="01I",
        files={
            "egress": {
                "/etc/egress/routes.yaml": render(table(*hosts)),
                "/etc/egress/gate.json": json.dumps(settings).encode(),
                "/etc/egress/trust/extra.pem": upstream_ca,
            },
            "pipelock": {"/etc/pipelock/pipelock.yaml": config(*hosts)},
            "supervise": {"/var/lib/supervise/decisions/state.json": b'{"watched_at": null, "muted": false}'},
            "agent": {"/etc/bottle/ca-bundle.pem": gate.certificate},
        },
        private_files={"egress": {"/etc/egress/ca/mitmproxy-ca.pem": gate.key + gate.certificate}},
        tokens={"EGRESS_TOKEN_0": (TOKEN, fingerprint("EXAMPLE_TOKEN"))},
        agent_env={
            "HTTPS_PROXY": "http://egress:9099",
            "NO_PROXY": "supervise",
            "SSL_CERT_FILE": "/etc/bottle/ca-bundle.pem",
            "BOTTLE_MCP_URL": "http://supervise:9100/mcp",
        },
        home=home,
    )


class Upstream:
    """A TLS server on loopback, under a CA of its own, that answers what it was asked and with which credential."""

    def __init__(self, folder: Path, *names: str) -> None:
        self.certificate = _self_signed(folder / "upstream.pem", names)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "upstream.pem")
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def stands_for(self, *names: str) -> Mapping[str, tuple[str, int]]:
        return dict.fromkeys(names, ("127.0.0.1", self.port))

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join(30)
        self._server.server_close()


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        authorised = self.headers.get("Authorization") == f"Bearer {TOKEN}"
        body = json.dumps({"path": self.path, "authorised": authorised}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        return


def _self_signed(path: Path, names: tuple[str, ...]) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "toy upstream")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host) for host in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    kind = serialization.PrivateFormat.PKCS8
    path.write_bytes(pem + key.private_bytes(serialization.Encoding.PEM, kind, serialization.NoEncryption()))
    return pem
