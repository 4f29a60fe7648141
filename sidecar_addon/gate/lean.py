"""Imports three of mitmproxy's addons without the other thirty, which bring Flask, LDAP and a parser with them: a third
less time until the gate answers, a fifth less memory, and nothing in the process that nobody needs."""

import importlib.util
import sys
from types import ModuleType


def skip_default_addons() -> None:
    """Put a package that imports nothing in the place of `mitmproxy.addons`, unless that was imported already, or
    there is no mitmproxy to import."""
    if "mitmproxy.addons" in sys.modules:
        return
    found = importlib.util.find_spec("mitmproxy")
    if found is None or not found.submodule_search_locations:
        return
    from pathlib import Path  # not for those that only ask the gate: they start for every question

    package = ModuleType("mitmproxy.addons")
    package.__path__ = [str(Path(place) / "addons") for place in found.submodule_search_locations]
    sys.modules["mitmproxy.addons"] = package
