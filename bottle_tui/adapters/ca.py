"""The two certificate authorities of a bottle, minted once per incarnation, and the system's trusted roots."""

from datetime import datetime, timedelta
from pathlib import Path

import certifi
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from bottle_tui.ports import Minted

LIFETIME = timedelta(days=365)
_SKEW = timedelta(hours=1)
"""An agent's clock may be behind; what is valid only from now on would be refused there."""
_HOST_BUNDLES = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem")


class CertificateAuthorities:
    """`ports.Authorities` with the cryptography package."""

    def gate(self, slug: str, now: datetime) -> Minted:
        """RSA-2048: what mitmproxy signs its leaves with, and the agent trusts."""
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        certificate = _self_signed(key, f"bottle-tui gate of {slug}", now)
        return Minted(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), certificate)

    def pipelock(self, slug: str, now: datetime) -> Minted:
        """EC P-256 as SEC1: the only shape of key that pipelock reads."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = _self_signed(key, f"bottle-tui pipelock of {slug}", now)
        return Minted(key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()), certificate)

    def system_roots(self) -> bytes:
        """The host's bundle, which knows what its owner trusts, else the one that travels with certifi."""
        for path in _HOST_BUNDLES:
            try:
                roots = Path(path).read_bytes()
            except OSError:
                continue
            if b"-----BEGIN CERTIFICATE-----" in roots:
                return roots
        return Path(certifi.where()).read_bytes()


def _self_signed(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, name: str, now: datetime) -> bytes:
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, name[:64]),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "bottle-tui"),
        ]
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _SKEW)
        .not_valid_after(now + LIFETIME)
        # The identifier is SHA-1 of the key: without it leaves get no issuer id, and Python 3.13 refuses them.
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_SIGNS_CERTIFICATES, critical=True)
        .sign(key, hashes.SHA256())
    )
    return certificate.public_bytes(Encoding.PEM)


_SIGNS_CERTIFICATES = x509.KeyUsage(
    digital_signature=False,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=True,
    encipher_only=False,
    decipher_only=False,
)
