"""The operator's settings file on disk; read once, never written."""

import os
import stat
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import platformdirs

from bottle_tui.core import settings
from bottle_tui.core.settings import DEFAULTS, LIMIT_BYTES, Settings
from bottle_tui.errors import InvalidFile

VARIABLE = "BOTTLE_TUI_SETTINGS"


def path(environ: Mapping[str, str]) -> Path:
    """`$BOTTLE_TUI_SETTINGS`, else `settings.yaml` in the platform's folder for configuration."""
    chosen = environ.get(VARIABLE)
    return Path(chosen).expanduser() if chosen else platformdirs.user_config_path("bottle-tui") / "settings.yaml"


def read(
    environ: Mapping[str, str], key_problem: Callable[[Mapping[str, str]], tuple[str, str] | None] = lambda keys: None
) -> tuple[Settings, str | None]:
    """The settings, and one line on what is wrong with the file; then they are the defaults.

    `key_problem` knows the dashboard's keys: the action whose key is no good, and why; then the keys are the defaults.
    """
    place = path(environ)
    try:
        data = _bytes(place)
    except FileNotFoundError:
        absent = f"{VARIABLE} names {place}, and there is no such file; defaults are used"
        return DEFAULTS, absent if environ.get(VARIABLE) else None
    except OSError as error:
        return DEFAULTS, f"{place}: cannot be read ({error.strerror}); defaults are used"
    try:
        found = settings.parse(data, str(place))
    except InvalidFile as error:
        kept = settings.of_broken(data)
        return kept, f"{error}; defaults are used{', and read-only, as it asks' if kept.read_only else ''}"
    if wrong := key_problem(found.keys):
        return replace(found, keys={}), f"{settings.wrong_key(data, str(place), *wrong)}; the default keys are used"
    return found, None


def _bytes(place: Path) -> bytes:
    """At most what the parser takes, and one byte more; a pipe or a device is not waited for."""
    handle = os.open(place, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError(0, "it is no regular file")
        return file.read(LIMIT_BYTES + 1)
