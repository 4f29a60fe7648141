"""TLS on both sides: leaves from the gate's CA for the agent, and a trust store per host towards the upstream.

A scanned host must show pipelock's certificate and a passthrough host must not: with one bundle for both, a host whose
scanning was switched off behind the gate's back would look the same.
"""

import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import certifi
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from mitmproxy.addons.tlsconfig import DEFAULT_HOSTFLAGS, TlsConfig
from mitmproxy.certs import Cert, CertStore, dummy_crl
from mitmproxy.http import HTTPFlow
from mitmproxy.tls import TlsData
from OpenSSL import SSL

from sidecar_addon.hosts import normalise
from sidecar_addon.table import Route

_LIB: Any = SSL._lib  # type: ignore[attr-defined]
_SYSTEM_ROOTS = ("/etc/ssl/certs/ca-certificates.crt", "/etc/ssl/cert.pem", "/etc/pki/tls/certs/ca-bundle.crt")


class CaError(ValueError):
    """The gate's CA or a trust file cannot be used; the message names the file."""


class Trust:
    """One TLS context per kind of host; without pipelock's CA no scanned host verifies."""

    def __init__(self, pipelock_ca: Path | None, extra_ca: Path | None) -> None:
        self._scanned = _context(*([pipelock_ca] if pipelock_ca else []))
        self._direct = _context(system_roots(), *([extra_ca] if extra_ca else []))

    def connection(self, route: Route, host: str, offers: list[bytes]) -> SSL.Connection:
        """A connection that verifies `host` as its route says it must."""
        connection = SSL.Connection(self._scanned if route.pipelock == "scanned" else self._direct)
        name = host.encode("ascii")
        parameters = _LIB.SSL_get0_param(connection._ssl)
        _LIB.X509_VERIFY_PARAM_set_hostflags(parameters, DEFAULT_HOSTFLAGS)
        SSL._openssl_assert(_LIB.X509_VERIFY_PARAM_set1_host(parameters, name, len(name)) == 1)
        connection.set_tlsext_host_name(name)
        if offers:
            connection.set_alpn_protos(offers)
        connection.set_connect_state()
        return connection


class GateTls(TlsConfig):  # type: ignore[misc]
    """mitmproxy's TLS addon with our CA file, and never its own choice of trust.

    Where `tls_start_server` gives no connection, because it raised or no route names the host, mitmproxy fails the
    handshake: nothing falls back to a default bundle.
    """

    name = "tlsconfig"
    certstore: CertStore | None

    def __init__(self, ca_file: Path, trust: Trust, route_for: Callable[[str], Route | None]) -> None:
        super().__init__()
        self._ca_file = ca_file
        self._trust = trust
        self._route_for = route_for

    def configure(self, updated: set[str]) -> None:
        """Load the CA, never make one: an unknown CA would only confuse, and its folder may be read-only."""
        if self.certstore is None:
            self.certstore = load_ca(self._ca_file)

    def running(self) -> None:
        """Nothing: mitmproxy's would configure again."""

    def request(self, flow: HTTPFlow) -> None:
        """Nothing: mitmproxy's would answer for its revocation list on every host."""

    def tls_start_server(self, tls_start: TlsData) -> None:
        """Verify by the route of the host that is connected; offer HTTP/2 where pipelock intercepts."""
        address = tls_start.conn.address
        if address is None:
            return
        host = normalise(address[0])
        route = self._route_for(host)
        if route is None:
            return
        client = tls_start.context.client
        offers = [b"h2", b"http/1.1"] if route.pipelock == "scanned" else list(client.alpn_offers)
        offers = [offer for offer in offers if offer in (b"h2", b"http/1.1")]
        tls_start.conn.sni = host
        tls_start.conn.alpn_offers = offers
        tls_start.ssl_conn = self._trust.connection(route, host, offers)


def load_ca(path: Path) -> CertStore:
    """The store that makes leaves from the CA in a PEM file (key and certificate). Raises CaError."""
    try:
        data = path.read_bytes()
        key = load_pem_private_key(data, None)
        certificate = x509.load_pem_x509_certificate(data)
    except (OSError, ValueError, TypeError) as error:
        raise CaError(f"{path}: the gate's CA cannot be read ({error}); `down` and `up` mint a new one") from None
    return CertStore(key, Cert(certificate), None, dummy_crl(key, certificate), None)


def system_roots() -> Path:
    """The platform's bundle of root certificates, else the one that travels with certifi."""
    known = (ssl.get_default_verify_paths().cafile, *_SYSTEM_ROOTS)
    return next((Path(path) for path in known if path and Path(path).is_file()), Path(certifi.where()))


def _context(*bundles: Path) -> SSL.Context:
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.set_min_proto_version(SSL.TLS1_2_VERSION)
    context.set_options(SSL.OP_NO_COMPRESSION)
    context.set_verify(SSL.VERIFY_PEER, None)
    for bundle in bundles:
        try:
            context.load_verify_locations(str(bundle))
        except SSL.Error:
            raise CaError(f"{bundle}: not a bundle of PEM certificates") from None
    return context
