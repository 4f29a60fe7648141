"""The proxy password of the local runtime, where any process of the machine could otherwise use the gate."""

import base64
import binascii
import hmac

from mitmproxy.http import Headers, Response

from sidecar_addon.gate.refusal import response


def knows_password(fields: Headers, password: str | None) -> bool:
    """Whether Proxy-Authorization carries the password, under any name; always, when none is set."""
    if password is None:
        return True
    scheme, _, credentials = fields.get("proxy-authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return False
    try:
        _, _, offered = base64.b64decode(credentials.strip(), validate=True).partition(b":")
    except (binascii.Error, ValueError):
        return False
    return hmac.compare_digest(offered, password.encode())


def asks_password() -> Response:
    """407, which proxy clients answer with the password of their proxy URL."""
    body = b'{"error":"proxy_password_needed","hint":"use the proxy URL that `bottle-tui ps --json` prints"}\n'
    return response(407, body, {"Proxy-Authenticate": 'Basic realm="bottle-tui"'})
