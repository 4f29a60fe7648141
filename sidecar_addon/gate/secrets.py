"""Secrets in what the agent sends: known shapes, the operator's own patterns, and the tokens that the gate holds.

Pipelock has to be blind to the headers that carry injected tokens, so the gate looks at URL, headers and trailers.
"""

import base64
import binascii
import re
from collections.abc import Iterable, Iterator
from urllib.parse import unquote_to_bytes

from sidecar_addon.gate.settings import Secret

_SHAPES = {
    # The key id inside a presigned URL is public by design.
    "AWS access key": r"(?<![A-Za-z0-9])(?<!X-Amz-Credential=)(?:AKIA|ASIA)[0-9A-Z]{16}(?![A-Za-z0-9])",
    "GitHub token": r"(?<![A-Za-z0-9])(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{22})",
    "GitLab token": r"(?<![A-Za-z0-9])gl(?:pat|ptt|dt|rt|cbt)-[A-Za-z0-9_-]{20}",
    "Slack token": r"(?<![A-Za-z0-9])xox[abeoprs]-[A-Za-z0-9-]{10}|xapp-[0-9]-[A-Za-z0-9-]{10}",
    "Google key": r"(?<![A-Za-z0-9])(?:AIza[0-9A-Za-z_-]{35}|ya29\.[0-9A-Za-z_-]{20})",
    "Stripe key": r"(?<![A-Za-z0-9])(?:sk|rk)_(?:live|test)_[0-9A-Za-z]{16}",
    "model provider key": r"(?<![A-Za-z0-9])sk-(?:ant-|proj-|svcacct-|or-v1-)[A-Za-z0-9_-]{20}|"
    r"(?<![A-Za-z0-9-])sk-[A-Za-z0-9]{32}",
    "package registry token": r"(?<![A-Za-z0-9])(?:npm_[A-Za-z0-9]{36}|pypi-AgE[A-Za-z0-9_-]{40})",
    "model hub token": r"(?<![A-Za-z0-9])hf_[A-Za-z0-9]{30}",
    "mail service key": r"(?<![A-Za-z0-9])SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16}",
    "private key": r"-----BEGIN [A-Z ]{0,20}PRIVATE KEY|AGE-SECRET-KEY-1[0-9A-Z]{20}",
}
_KNOWN = tuple(Secret(name, re.compile(pattern)) for name, pattern in _SHAPES.items())
_ROUNDS = 3


def find(texts: Iterable[str], patterns: Iterable[Secret], held: Iterable[str]) -> str | None:
    """The name of the first secret found in any text or its decoded forms; the secret itself is never returned."""
    patterns, held = tuple(patterns), tuple(held)
    for text in texts:
        for form in forms(text):
            if any(token in form for token in held):
                return "a token that the gate holds"
            for secret in (*_KNOWN, *patterns):
                if secret.regex.search(form):
                    return secret.name
    return None


def forms(text: str) -> Iterator[str]:
    """A text as it stands, with its %-escapes undone up to three times, and what Basic credentials spell."""
    yield text
    for _ in range(_ROUNDS):
        if "%" not in text:
            break
        text, before = unquote_to_bytes(text.encode("utf-8", "surrogateescape")).decode("utf-8", "replace"), text
        if text == before:
            break
        yield text
    for match in re.finditer(r"(?i)\bbasic\s+([A-Za-z0-9+/_=-]{8,})", text):
        decoded = _decoded(match[1])
        if decoded:
            yield decoded


def _decoded(text: str) -> str | None:
    plain = text.replace("-", "+").replace("_", "/").rstrip("=")
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4)).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return None
