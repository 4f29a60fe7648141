"""One identity per request: every name and port it carries must be the connection's. Pure functions over values
taken from mitmproxy's flow, so that each rule can be tested without a connection."""

import re
from dataclasses import dataclass

from sidecar_addon.hosts import HostError, normalise
from sidecar_addon.matching import Request

_CONTROL = re.compile(r"[\x00-\x20\x7f]")


@dataclass(frozen=True)
class Claims:
    """What a request says about where it goes."""

    method: str
    target: str
    """The request target in origin form, with its query; text with surrogates for bytes beyond ASCII."""
    connection: tuple[str, int]
    """Where it would be sent: the CONNECT target, or the host and port of an absolute URL."""
    encrypted: bool
    """Whether the agent speaks TLS with the gate on this connection."""
    plain: bool = False
    """Whether it is an http:// request to the proxy itself: neither in a tunnel nor an https:// URL without one."""
    authority: str = ""
    """`:authority`, or that of an absolute-form target."""
    hosts: tuple[str, ...] = ()
    """Every Host header."""
    sni: str | None = None
    upgrade: bool = False
    """Whether it asks for a WebSocket."""


@dataclass(frozen=True)
class Refused:
    """The request carries no single identity; `reason` is one of the denial reasons."""

    reason: str
    detail: str


def check(claims: Claims) -> Request | Refused:
    """The request as the table judges it, or why it has no single identity."""
    host, port = claims.connection
    try:
        name = normalise(host)
    except HostError as error:
        return Refused("host_not_allowed", str(error))
    if not claims.hosts and not claims.authority:
        return Refused("host_mismatch", "the request names no host: neither :authority nor a Host header")
    if len(claims.hosts) > 1:
        return Refused("host_mismatch", "the request carries more than one Host header")
    for what, text in (("Host", next(iter(claims.hosts), "")), (":authority", claims.authority)):
        if text and not same(text, name, port):
            return Refused("host_mismatch", f"{what} names another host or port than the connection")
    if claims.encrypted and claims.sni is not None and not _same_name(claims.sni, name):
        return Refused("host_mismatch", "the TLS handshake (SNI) names another host than the connection")
    return Request(
        method=method_of(claims),
        scheme="https" if claims.encrypted else "http",
        host=name,
        port=port,
        path=claims.target.partition("?")[0],
    )


def method_of(claims: Claims) -> str:
    """The method as the table knows it. WEBSOCKET is our word for an upgrade: as a method on the wire it is unknown."""
    if claims.upgrade and claims.method == "GET":
        return "WEBSOCKET"
    return "?WEBSOCKET" if claims.method == "WEBSOCKET" else claims.method


def target_problem(claims: Claims) -> str | None:
    """Why a target would not arrive as it was decided, whatever the rules of its route; else None."""
    if _CONTROL.search(claims.target):
        return "the path must hold no blanks and no control characters"
    if not claims.target.startswith("/") and (claims.target, claims.method) != ("*", "OPTIONS"):
        return "the path must start with /"
    return None


def same(text: str, host: str, port: int) -> bool:
    """Whether `host` or `host:port` names this host, and this port where it names one."""
    name, separator, number = text.rpartition(":")
    if not separator:
        return _same_name(text, host)
    return number.isascii() and number.isdigit() and number == str(port) and _same_name(name, host)


def _same_name(text: str, host: str) -> bool:
    try:
        return text == text.strip() and normalise(text) == host
    except HostError:
        return False
