"""The JSON Schema of `bottle.yaml`, for editors: printed from the same table of keys that the parser checks against."""

from typing import Any

from bottle_tui.core.keys import BOTTLE


def json_schema() -> dict[str, Any]:
    """Draft 2020-12. What spans several keys (duplicate hosts, auth on a wildcard) only the parser refuses."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "bottle.yaml",
        "description": "What one bottle holds: an agent, and what may leave it.",
    } | BOTTLE.schema()
