"""Secrets and whole URLs taken out of what a log line says, before anybody sees or keeps it. Pure."""

import re
from typing import Any

MARK = "[redacted]"
_URL = re.compile(
    r"\b([a-z][a-z0-9+.-]{1,15}://)(?:[^\s/@\"'<>]*@)?([^\s/?#\"'<>\\]+)([/?#][^\s\"'<>]*)?", re.IGNORECASE
)
_SECRETS = tuple(
    re.compile(text)
    for text in (
        r"\b(?:gh[pousr]_|github_pat_|glpat-|npm_|hf_|dop_v1_)[A-Za-z0-9_-]{16,}",
        r"\bsk-[A-Za-z0-9_-]{16,}",
        r"\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{12,}",
        r"\bAIza[A-Za-z0-9_-]{30,}",
        r"\bxox[a-z]-[A-Za-z0-9-]{10,}",
        r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?",
        r"-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*",
        r"(?i)\b(?:bearer|basic)\s+[A-Za-z0-9+/=._~-]{8,}",
        r"(?i)\b(?:api[_-]?key|access[_-]?token|token|secret|password|passwd)=[^\s&\"']{4,}",
        # Long unbroken letters and digits mixed: keys of no known shape. Hex digests of configs are told apart below.
        r"(?<![A-Za-z0-9_/+-])(?=[A-Za-z0-9_/+-]*[0-9])(?=[A-Za-z0-9_/+-]*[A-Z])[A-Za-z0-9_/+-]{32,}={0,2}",
    )
)
_KEEP = re.compile(r"^(?:sha256:)?[0-9a-f]{64}$")
"""Digests stay: an acknowledgement is compared by them."""


def redacted(text: str) -> str:
    """The text with paths, queries and credentials of URLs gone, and known secret shapes gone."""
    if _KEEP.match(text):
        return text
    text = _URL.sub(_shortened, text)
    for pattern in _SECRETS:
        text = pattern.sub(MARK, text)
    return text


def redacted_value(value: Any) -> Any:
    """The same for every text in a JSON value, keys included."""
    if isinstance(value, str):
        return redacted(value)
    if isinstance(value, dict):
        return {redacted(str(key)): redacted_value(item) for key, item in value.items()}
    if isinstance(value, list):
        return [redacted_value(item) for item in value]
    return value


def _shortened(match: re.Match[str]) -> str:
    scheme, host, rest = match.group(1), match.group(2), match.group(3)
    return f"{scheme}{host}/{MARK}" if rest and rest != "/" else f"{scheme}{host}{rest or ''}"
