"""The policy of a running bottle: routes, pipelock's hosts, revoking, quarantine."""

import os
import shlex
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from bottle_tui.cli.context import Context
from bottle_tui.cli.deciding import report
from bottle_tui.cli.output import DIM
from bottle_tui.cli.words import size
from bottle_tui.errors import BottleError, UsageError


def routes_show(context: Context) -> int:
    """What the gate enforces, and whether it has said so."""
    from bottle_tui.services import routes

    shown = routes.show(context.world, context.args.slug)
    if context.out.as_json:
        context.out.document(shown)
        return 0
    state = "in force" if shown["in_force"] else "NOT KNOWN to be in force"
    context.out.line(f"{shown['slug']}  generation {shown['generation']}  {state}  {shown['digest']}", DIM)
    rows = [row for route in shown["routes"] for row in _route_rows(route)]
    context.out.table(("HOST", "SCAN", "AUTH", "PATHS", "METHODS", "PORTS", "UNTIL", "GRANT", "SCANNED SO FAR"), rows)
    return 0


def _route_rows(route: dict[str, Any]) -> list[tuple[str, ...]]:
    scan = route.get("scan") or {}
    cost = f"{scan['requests']} requests, {size(scan['bytes'])}, {scan['ms']} ms" if scan.get("requests") else ""
    rows: list[tuple[str, ...]] = []
    for number, grant in enumerate(route["grants"] or [{"id": "–", "methods": ["nothing"]}]):
        ends = grant.get("expires_at") or ("1 request" if grant.get("uses") == 1 else "")
        rows.append(
            (
                grant.get("host") or (route["host"] if number == 0 else '  "'),
                route["pipelock"] if number == 0 else "",
                f"{route['auth_scheme']} {route['token_env']}" if route.get("token_env") and number == 0 else "",
                " ".join(grant.get("path_allowlist") or ["every"]),
                " ".join(grant.get("methods") or ["every"]),
                " ".join(str(port) for port in grant.get("ports") or [443]),
                ends,
                grant["id"],
                cost if number == 0 else "",
            )
        )
    return rows


def revoke(context: Context) -> int:
    """End every grant on a host, or the one that is named."""
    from bottle_tui.services import revoke as revoking

    args = context.args
    if (args.host is None) == (args.grant is None):
        raise UsageError("name a HOST, or one grant with --grant ID")
    return report(context.out, revoking.revoke(context.world, args.slug, host=args.host, grant=args.grant))


def quarantine(context: Context) -> int:
    """Cut a bottle off at once."""
    from bottle_tui.services import quarantine as cutting

    return _line(context, cutting.quarantine(context.world, context.args.slug))


def release(context: Context) -> int:
    """End a quarantine."""
    from bottle_tui.services import quarantine as cutting

    return _line(context, cutting.release(context.world, context.args.slug))


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
        if code != 0:
            raise BottleError(f"the editor ended with {code}; nothing is changed")
        return path.read_text(encoding="utf-8")


def _line(context: Context, line: str) -> int:
    if context.out.as_json:
        context.out.document({"slug": context.args.slug, "lines": [line]})
    else:
        context.out.line(line)
    return 0
