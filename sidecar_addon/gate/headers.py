"""What is taken off requests and responses on their way through, and the credential that is put on. Works on
mitmproxy's `Headers`, which are pairs of bytes in order."""

import re
from collections.abc import Collection
from urllib.parse import unquote_plus

from mitmproxy.http import Headers, Request, Response

from sidecar_addon.gate.tokens import Token
from sidecar_addon.table import Route

_HOP = frozenset(
    b"connection keep-alive proxy-connection proxy-authenticate proxy-authorization te trailer upgrade "
    b"http2-settings alt-used sec-websocket-extensions".split()
)
"""Hop-by-hop. Transfer-Encoding stays: mitmproxy writes its own framing by it. WebSockets are not compressed: a few
bytes could unfold to gigabytes in the gate."""
_EXTENSIONS = b"sec-websocket-extensions"
_FRAMING = frozenset({b"host", b"content-length", b"transfer-encoding"})
"""The gate's own to write, and nobody else's under another spelling."""
_NO_LETTER = re.compile(rb"[^a-z0-9]")
_VOICE = re.compile(rb"^(x-pipelock-|x-bottle-|pipelock-)", re.IGNORECASE)
_OVERRIDE = re.compile(
    rb"^(x-http-method|x-method-override|x-original-|x-rewrite-url|x-forwarded-|x-forward-|forwarded$|x-real-ip$|"
    rb"via$|x-original$|x-host$|x-url-scheme$)",
    re.IGNORECASE,
)
_SPLITTING = re.compile(rb"[\r\n\x00]+[ \t]*")
_CREDENTIAL = re.compile(
    rb"(^|[-_])(authorization|authentication|auth|cookies?|(api|access|auth|app|application|subscription|functions|"
    rb"master|private|secret|service|client)[-_]?keys?|(api|access|auth|id|session|refresh|bearer)?tokens?|secrets?|"
    rb"passw(or)?d|credentials?)($|[-_])",
    re.IGNORECASE,
)
_KEY_PARAMETER = re.compile(
    r"^(key|(x[-_](goog[-_])?)?api[-_]?key|(access|auth|private|refresh|id|oauth|bearer|session)[-_]?(key|token)|token|"
    r"auth|authorization|(client[-_]?)?secret|passw(or)?d|pwd|credentials?|jwt|sig|signature|"
    r"x-(amz|goog)-(signature|credential|security-token))(\[[^\]]*\])*$",
    re.IGNORECASE,
)


def clean_request(request: Request, *, websocket: bool) -> None:
    """Remove hop-by-hop, proxy, override and voice headers, and what Connection lists."""
    listed = {
        name.strip().lower().encode("latin-1", "replace")
        for value in request.headers.get_all("connection")
        for name in value.split(",")
    } - _FRAMING
    dropped = _HOP - ({b"connection", b"upgrade"} if websocket else set())
    request.headers = Headers(
        [
            (name, value)
            for name, value in request.headers.fields
            if name.lower() not in listed and not _steers(name, dropped)
        ]
    )
    if websocket:
        request.headers["Connection"], request.headers["Upgrade"] = "Upgrade", "websocket"


def clean_response(response: Response) -> None:
    """Remove headers and trailers in which an upstream could speak with the gate's or pipelock's voice."""
    response.headers = Headers(
        # A lone CR ends a line for some readers: what follows it would be a header of the upstream's choice.
        [
            (name, _SPLITTING.sub(b" ", value))
            for name, value in response.headers.fields
            if not _VOICE.match(name) and name.lower() != _EXTENSIONS
        ]
    )
    if response.trailers:
        response.trailers = Headers([field for field in response.trailers.fields if not _VOICE.match(field[0])])


def clean_trailers(request: Request, route: Route) -> None:
    """Remove from the trailers what would not have passed as a header: some servers read both alike."""
    request.trailers = Headers(
        [
            (name, value)
            for name, value in request.trailers.fields
            if not _steers(name, _HOP | _FRAMING) and not (route.has_auth and _is_credential(name, route))
        ]
    )


def strip_credentials(request: Request, route: Route) -> None:
    """Remove every credential the agent sent: headers by name, and key-like query parameters."""
    request.headers = Headers(
        [(name, value) for name, value in request.headers.fields if not _is_credential(name, route)]
    )
    request.data.path = without_keys(request.data.path)


def without_keys(target: bytes) -> bytes:
    """A request target without key-like query parameters; everything else byte for byte."""
    path, mark, query = target.partition(b"?")
    if not mark:
        return target
    kept = [part for part in query.split(b"&") if not _key_like(part)]
    return path + mark + b"&".join(kept) if kept else path


def inject(request: Request, route: Route, token: Token) -> None:
    """Put the real credential on, and ask for an answer in which a reflected token can be seen."""
    value = token.value if route.auth_scheme == "none" else f"{route.auth_scheme} {token.value}"
    request.headers[route.auth_header] = value
    request.headers["Accept-Encoding"] = "identity"


def bad_bytes(headers: Headers) -> bool:
    """Whether a name or value holds what would split a header line."""
    return any(re.search(rb"[\r\n\x00]", part) for field in headers.fields for part in field)


def _folded(name: bytes) -> bytes:
    """A name as servers of the CGI kind (WSGI, PHP, Rack) know it: there `X_Original_URL` is X-Original-URL."""
    return _NO_LETTER.sub(b"-", name.lower())


def _steers(name: bytes, dropped: Collection[bytes]) -> bool:
    folded = _folded(name)
    if folded in dropped or _VOICE.match(folded) or _OVERRIDE.match(folded):
        return True
    return folded in _FRAMING and folded != name.lower()


def _is_credential(name: bytes, route: Route) -> bool:
    folded = _folded(name)
    return folded == _folded(route.auth_header.encode()) or bool(_CREDENTIAL.search(folded))


def _key_like(part: bytes) -> bool:
    # A `;` separates parameters for some servers: any key-like name in the part takes the whole part.
    names = (piece.partition(b"=")[0] for piece in part.split(b";"))
    return any(_KEY_PARAMETER.match(unquote_plus(name.decode("latin-1")).strip()) for name in names)
