"""Text through the operator's editor and back."""

import os
import shlex
import subprocess
import tempfile
from pathlib import Path

from bottle_tui.errors import BottleError, UsageError


def edited(text: str, suffix: str) -> str:
    """The text as it comes back from $VISUAL or $EDITOR. Raises UsageError when there is none, or it ends badly."""
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR")
    if not editor:
        raise UsageError("no editor; set EDITOR")
    with tempfile.TemporaryDirectory(prefix="bottle-tui-") as folder:
        path = Path(folder) / f"edit{suffix}"
        path.write_text(text, encoding="utf-8")
        try:
            code = subprocess.run([*shlex.split(editor), str(path)], check=False).returncode
        except OSError as error:
            raise UsageError(f"the editor {editor!r} does not start ({error.strerror}); set EDITOR") from error
        except ValueError as error:
            raise UsageError(f"the editor {editor!r} is no command ({error}); set EDITOR") from error
        if code != 0:
            raise BottleError(f"the editor ended with {code}; nothing is changed")
        try:
            return path.read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            raise UsageError(f"what the editor left is not UTF-8 (byte {error.start}); nothing is changed") from error
        except OSError as error:
            raise UsageError(f"the editor left no text ({error.strerror}); nothing is changed") from error
