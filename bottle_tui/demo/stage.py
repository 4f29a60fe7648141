"""What the demo needs on disk for a moment: a manifest, a certificate for its toy upstream."""

import datetime
import json
import sys
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from bottle_tui.demo.agent import HOST

SLUG = "demo"
HERE = Path(__file__).parent
SERVER_PEM = "upstream.pem"
CA_PEM = "upstream-ca.pem"


def local_manifest(folder: Path) -> Path:
    """A manifest whose agent is the script, run by this Python."""
    command = json.dumps([sys.executable, str(HERE / "agent.py")])
    return _write(folder, f"  command: {command}\n", "")


def docker_manifest(folder: Path, base: str, networks: list[str]) -> Path:
    """The same with the script in an image of its own; `networks` are where the toy upstream may be found."""
    build = folder / "agent"
    build.mkdir()
    for name in ("agent.py", "upstream.py"):
        (build / name).write_bytes((HERE / name).read_bytes())
    (build / "Dockerfile").write_text(f"FROM {base}\nCOPY agent.py upstream.py /opt/demo/\nUSER 1000:1000\n")
    agent = "  build: ./agent\n  command: [python, -u, /opt/demo/agent.py]\n"
    return _write(folder, agent, f"  allow_private: {json.dumps(networks)}\n")


def _write(folder: Path, agent: str, pipelock: str) -> Path:
    (folder / "bottle.yaml").write_text(
        f"name: {SLUG}\n"
        f"agent:\n{agent}  provider: none\n"
        "egress:\n  routes:\n"
        "    - {host: files.example.net, path_allowlist: [/public/], methods: [GET]}\n"
        f"pipelock:\n  extra_ca: {CA_PEM}\n{pipelock}"
    )
    return folder / "bottle.yaml"


def certificate(folder: Path) -> Path:
    """A self-signed certificate of the toy upstream, which is its own CA; returns the file with the key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "bottle-tui demo upstream")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
        .public_bytes(Encoding.PEM)
    )
    (folder / CA_PEM).write_bytes(made)
    server = folder / SERVER_PEM
    server.touch(0o600)
    server.write_bytes(made + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return server
