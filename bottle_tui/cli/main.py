"""The entry: words to a command, errors to one clear line and an exit code."""

import contextlib
import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module

from bottle_tui.cli.context import Context
from bottle_tui.cli.output import Output
from bottle_tui.cli.parser import DASHBOARD, build_parser
from bottle_tui.core.names import RUNTIMES
from bottle_tui.errors import BottleError, UsageError

INTERRUPTED = 130
READER_GONE = 141


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; nothing gets out of here but that."""
    words = list(sys.argv[1:] if argv is None else argv)
    # Known before the words are understood, so that a usage error is a document too.
    out = Output(as_json="--json" in words)
    try:
        code = _run(words, out)
        sys.stdout.flush()
    except SystemExit as ended:  # argparse, after --help and --version
        return int(ended.code or 0)
    except BottleError as error:
        return _failed(out, error.code, error.exit_code, str(error), error.message, error.file, error.place)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        _swallow_the_rest()
        return READER_GONE
    except Exception as error:
        if os.environ.get("BOTTLE_TUI_DEBUG"):
            raise
        told = f"internal error: {type(error).__name__}: {error}; BOTTLE_TUI_DEBUG=1 shows where"
        return _failed(out, "internal", 1, told, told)
    return code


def _run(words: list[str], out: Output) -> int:
    args = build_parser().parse_args(words)
    if args.read_only and args.handler != DASHBOARD:
        raise UsageError("--read-only is the dashboard's; leave it out, or leave the command out")
    if not args.runtime and (stated := os.environ.get("BOTTLE_TUI_RUNTIME")) and stated not in RUNTIMES:
        raise UsageError(f"BOTTLE_TUI_RUNTIME={stated!r} is no runtime; set {' or '.join(RUNTIMES)}")
    module, _, name = args.handler.partition(":")
    handler: Callable[[Context], int] = getattr(import_module(f"bottle_tui.cli.{module}"), name)
    return handler(Context(args, out))


def _failed(
    out: Output, code: str, exit_code: int, told: str, message: str, file: str | None = None, place: str | None = None
) -> int:
    with contextlib.suppress(BrokenPipeError):
        if out.as_json:
            out.document({"error": {"code": code, "message": message, "file": file, "place": place}})
        else:
            out.say(f"bottle-tui: {told}")
    return exit_code


def _swallow_the_rest() -> None:
    """Standard output leads nowhere from here on, so that the interpreter's own flush at the end stays quiet."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
