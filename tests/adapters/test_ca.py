"""The two authorities, as mitmproxy, pipelock and a strict client want them."""

import ssl
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509.oid import ExtensionOID

from bottle_tui.adapters.ca import CertificateAuthorities
from bottle_tui.ports import Minted

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.fixture(scope="module", params=["gate", "pipelock"])
def minted(request: pytest.FixtureRequest) -> Minted:
    made: Minted = getattr(CertificateAuthorities(), request.param)("demo", NOW)
    return made


def certificate(minted: Minted) -> x509.Certificate:
    return x509.load_pem_x509_certificate(minted.certificate)


def test_it_is_an_authority_and_says_so_critically(minted: Minted) -> None:
    found = certificate(minted).extensions
    constraints = found.get_extension_for_oid(ExtensionOID.BASIC_CONSTRAINTS)
    usage = found.get_extension_for_oid(ExtensionOID.KEY_USAGE)
    assert constraints.critical
    assert isinstance(constraints.value, x509.BasicConstraints)
    assert constraints.value.ca
    assert usage.critical
    assert isinstance(usage.value, x509.KeyUsage)
    assert usage.value.key_cert_sign


def test_its_key_identifier_is_the_sha1_of_its_key(minted: Minted) -> None:
    held = certificate(minted)
    found = held.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    assert found == x509.SubjectKeyIdentifier.from_public_key(held.public_key())  # type: ignore[arg-type]
    assert len(found.digest) == 20


def test_it_lasts_a_year_and_is_valid_for_a_clock_that_is_behind(minted: Minted) -> None:
    held = certificate(minted)
    assert held.not_valid_after_utc == NOW + timedelta(days=365)
    assert held.not_valid_before_utc <= NOW - timedelta(minutes=30)


def test_key_and_certificate_belong_together_and_nothing_shows_the_key(minted: Minted) -> None:
    key = load_pem_private_key(minted.key, None)
    assert key.public_key() == certificate(minted).public_key()
    assert "PRIVATE" not in repr(minted)


def test_a_strict_client_takes_it_as_a_root(minted: Minted) -> None:
    context = ssl.create_default_context(cadata=minted.certificate.decode())
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    assert len(context.get_ca_certs()) == 1


def test_the_gates_key_is_rsa_2048() -> None:
    key = load_pem_private_key(CertificateAuthorities().gate("demo", NOW).key, None)
    assert isinstance(key, rsa.RSAPrivateKey)
    assert key.key_size == 2048


def test_pipelocks_key_is_p256_in_the_one_shape_it_reads() -> None:
    minted = CertificateAuthorities().pipelock("demo", NOW)
    assert minted.key.startswith(b"-----BEGIN EC PRIVATE KEY-----\n")
    key = load_pem_private_key(minted.key, None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    assert key.curve.name == "secp256r1"


def test_every_incarnation_has_its_own(minted: Minted) -> None:
    again = CertificateAuthorities().gate("demo", NOW)
    assert again.key != minted.key
    assert certificate(again).serial_number != certificate(minted).serial_number


def test_the_system_has_roots() -> None:
    roots = CertificateAuthorities().system_roots()
    assert roots.count(b"-----BEGIN CERTIFICATE-----") > 20


def test_openssl_verifies_a_leaf_of_the_gate(tmp_path: Path) -> None:
    minted = CertificateAuthorities().gate("demo", datetime.now(UTC))
    key = load_pem_private_key(minted.key, None)
    assert isinstance(key, rsa.RSAPrivateKey)
    issuer = certificate(minted)
    leaf_key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.now(UTC)
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.serialization import Encoding

    leaf = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([]))
        .issuer_name(issuer.subject)
        .public_key(leaf_key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("api.example.com")]), critical=True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    (tmp_path / "ca.pem").write_bytes(minted.certificate)
    (tmp_path / "leaf.pem").write_bytes(leaf.public_bytes(Encoding.PEM))
    words = ["openssl", "verify", "-x509_strict", "-CAfile", str(tmp_path / "ca.pem"), str(tmp_path / "leaf.pem")]
    assert subprocess.run(words, capture_output=True, check=False).returncode == 0
