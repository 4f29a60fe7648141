"""JSON read strictly: no duplicate keys, no surprising values. Needs nothing but Python: what runs by `exec` in a
sidecar imports it, and starts in a third of the time without YAML."""

import json
import re
from typing import Any

_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


class StrictYamlError(ValueError):
    """The text is not one strict document. `line` counts from 1, 0 when unknown."""

    def __init__(self, message: str, line: int = 0) -> None:
        super().__init__(f"line {line}: {message}" if line else message)
        self.message = message
        self.line = line


def load_json(text: bytes | str, *, limit: int) -> Any:
    """Read one JSON document of at most `limit` bytes, duplicate keys refused. Raises StrictYamlError."""
    decoded = decode(text, limit)
    try:
        value = json.loads(decoded, object_pairs_hook=_no_duplicates, parse_constant=_no_constant)
        if _SURROGATE.search(decoded):
            json.dumps(value, ensure_ascii=False).encode("utf-8")
        return value
    except UnicodeEncodeError:
        raise StrictYamlError("holds half of a surrogate pair, which is no text") from None
    except json.JSONDecodeError as error:
        raise StrictYamlError(f"not valid JSON: {error.msg}", error.lineno) from None
    except RecursionError:
        raise StrictYamlError("nested too deeply") from None
    except StrictYamlError:
        raise
    except ValueError:
        raise StrictYamlError("a number with too many digits") from None


def decode(text: bytes | str, limit: int) -> str:
    """The text, at most `limit` bytes of UTF-8. Raises StrictYamlError."""
    size = len(text)
    if size > limit:
        raise StrictYamlError(f"{size} bytes, over the limit of {limit}")
    if isinstance(text, str):
        return text
    try:
        return text.decode("utf-8")
    except UnicodeDecodeError as error:
        raise StrictYamlError(f"not UTF-8 text (byte {error.start})", text.count(b"\n", 0, error.start) + 1) from None


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise StrictYamlError(f"the key {key!r} is there twice")
        found[key] = value
    return found


def _no_constant(name: str) -> Any:
    raise StrictYamlError(f"{name} is not a value")
