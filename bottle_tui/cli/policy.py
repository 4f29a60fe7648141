"""The policy of a running bottle: routes, pipelock's hosts, revoking, quarantine."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bottle_tui.cli import consent, shapes
from bottle_tui.cli.context import Context
from bottle_tui.cli.counting import count
from bottle_tui.cli.deciding import report
from bottle_tui.cli.output import BOLD, DIM
from bottle_tui.cli.words import local, used
from bottle_tui.core.evidence import Use
from bottle_tui.core.operations import Operation
from bottle_tui.core.words import counted, size
from bottle_tui.errors import BottleError, InvalidFile, NotFound, UsageError
from bottle_tui.tui import editor


def routes_show(context: Context) -> int:
    """What the gate enforces, and whether it has said so."""
    from bottle_tui.services import ending, interrupted, routes

    for line in interrupted.everywhere(context.world, context.args.slug):
        context.out.say(line)

    ending.settle(context.world, context.args.slug)
    shown = routes.show(context.world, context.args.slug)
    if unsettled := interrupted.settle(context.world, context.args.slug):
        context.out.say(unsettled)
    wanted = context.args.host
    if wanted is not None:
        shown["routes"] = [route for route in shown["routes"] if route["host"] == wanted.lower()]
        if not shown["routes"]:
            raise NotFound(f"no route names {wanted}; `bottle-tui routes show {shown['slug']}` lists them")
    if context.out.as_json:
        context.out.document(shown)
        return 0
    state = "in force" if shown["in_force"] else "NOT KNOWN to be in force"
    if shown["stopped"]:
        state = "stopped: nothing passes; comes back with:"
    quarantined = ", QUARANTINED" if shown.get("quarantined") else ""
    context.out.line(f"{shown['slug']}  generation {shown['generation'] or '–'}  {state}{quarantined}", BOLD)
    context.out.line(shown["digest"], DIM)
    uses = _uses(context)
    rows = [row for route in shown["routes"] for row in _route_rows(route, uses)]
    head = ("HOST", "SCAN", "AUTH", "PATHS", "METHODS", "PORTS", "UNTIL", "GRANT", "USED", "SCANNED SO FAR")
    context.out.table(head, rows)
    return 0


def _uses(context: Context) -> dict[str, Use]:
    """What each grant has admitted, the newest counted first."""
    from bottle_tui.services import evidence, traffic

    traffic.drain(context.world, context.args.slug)
    return evidence.of_grants(context.world, context.args.slug)


def routes_add(context: Context) -> int:
    """A route, or a grant on one that is there."""
    from bottle_tui.core.changes import AuthAsk
    from bottle_tui.services import routes

    args = context.args
    auth = AuthAsk(scheme=args.scheme, token_ref=args.token_ref, header=args.header) if args.token_ref else None
    operation = routes.adding(
        context.world,
        args.host,
        path_allowlist=tuple(args.path or ()),
        methods=tuple(method.upper() for method in args.method or ()),
        ports=tuple(args.port or (443,)),
        auth=auth,
        scan="passthrough" if args.passthrough else None,
        lasts=_lasts(context),
    )
    return _carry_out(context, operation)


def routes_remove(context: Context) -> int:
    """A route itself; where a wildcard takes over, that is a widening and shown as one."""
    from bottle_tui.services import routes

    return _carry_out(context, routes.removing(context.world, context.args.host))


def routes_save(context: Context) -> int:
    """What was approved, as a patch to the manifest on standard output; the manifest itself is never written."""
    from bottle_tui.services import save

    args, out = context.args, context.out
    patch = save.save(context.world, args.slug, Path(args.file) if args.file else None)
    if out.as_json:
        out.document({"slug": args.slug, **asdict(patch)})
        return 0
    sys.stdout.write(patch.diff)  # raw: `patch` and `git apply` read it; all of it comes from the operator's own files
    for line in patch.left:
        out.say(f"not in the patch: {line}")
    if not patch.diff:
        out.say(f"{patch.file} says all of it already" if not patch.left else "nothing else was approved")
    return 0


def routes_edit(context: Context) -> int:
    """All routes, in $EDITOR."""
    from bottle_tui.services import routes

    world, slug = context.world, context.args.slug
    return _edit(context, routes.text(world, slug), lambda text: routes.editing(world, text, lasts=_lasts(context)))


def pipelock_show(context: Context) -> int:
    """What pipelock's file lists, and its hash."""
    from bottle_tui.services import pipelock

    shown = pipelock.show(context.world, context.args.slug)
    if context.out.as_json:
        context.out.document(shown)
        return 0
    context.out.line(f"{shown['slug']}  {shown['config_hash']}", DIM)
    passed, extra = set(shown["passthrough"]), {*shown["extra"]["hosts"], *shown["extra"]["passthrough"]}
    rows = [
        (host, "passthrough" if host in passed else "listed", "by hand" if host in extra else "routes")
        for host in dict.fromkeys([*shown["hosts"], *shown["passthrough"]])
    ]
    context.out.table(("HOST", "STATE", "FROM"), rows)
    return 0


def pipelock_edit(context: Context) -> int:
    """The hosts that pipelock has beside those of the routes, in $EDITOR."""
    from bottle_tui.services import pipelock

    world, slug = context.world, context.args.slug
    return _edit(context, pipelock.text(world, slug), lambda text: pipelock.editing(world, text))


def _edit(context: Context, before: str, operation: Callable[[str], Operation]) -> int:
    """Edit, show, carry out; what is wrong with the text is said, and at a terminal it can be edited again.

    A text that does not come into force is kept, and said where.
    """
    text = before
    while True:
        text = editor.edited(text, ".yaml")
        if text == before:
            context.out.say("nothing is changed")
            return 0
        try:
            code = _carry_out(context, operation(text))
            if code:
                _keep(context, text)
            return code
        except InvalidFile as error:
            again = context.out.interactive() and _again(context, error)
            if not again:
                _keep(context, text)
                raise
        except BottleError:
            _keep(context, text)
            raise


def _again(context: Context, error: InvalidFile) -> bool:
    context.out.say(str(error))
    return context.out.ask("edit again? type yes:") == "yes"


def _keep(context: Context, text: str) -> None:
    from bottle_tui.services import operate

    context.out.say(f"your text is kept in {operate.keep_text(context.world, context.args.slug, text)}")


def _carry_out(context: Context, operation: Operation) -> int:
    """Show the change, bind to it, put it in force."""
    from bottle_tui.services import routes

    args, out = context.args, context.out
    card = routes.preview(context.world, args.slug, operation)
    agreed = consent.given(out, card, args.digest)
    done = routes.carry_out(context.world, args.slug, operation, agreed.digest, acknowledged=agreed.acknowledged)
    return report(out, done, {"digest": agreed.digest, "diff": shapes.diff(card)})


def _lasts(context: Context) -> str:
    from bottle_tui.core import edits

    if context.args.always:
        return edits.ALWAYS
    return getattr(context.args, "lasts", None) or edits.BOTTLE


def _route_rows(route: dict[str, Any], uses: Mapping[str, Use]) -> list[tuple[str, ...]]:
    scan = route.get("scan") or {}
    cost = (
        f"{counted(scan['requests'], 'request')}, {size(scan['bytes'])}, {scan['ms']} ms"
        if scan.get("requests")
        else ""
    )
    rows: list[tuple[str, ...]] = []
    for number, grant in enumerate(route["grants"] or [{"id": "–", "methods": ["nothing"]}]):
        ends = local(grant.get("expires_at")) or ("1 request" if grant.get("uses") == 1 else "")
        rows.append(
            (
                grant.get("host") or (route["host"] if number == 0 else '  "'),
                route["pipelock"] if number == 0 else "",
                f"{route['auth_scheme']} {route.get('token_ref', route['token_env'])}"
                if route.get("token_env") and number == 0
                else "",
                " ".join(grant.get("path_allowlist") or ["every"]),
                " ".join(grant.get("methods") or ["every"]),
                " ".join(str(port) for port in grant.get("ports") or [443]),
                ends,
                grant["id"],
                used(uses.get(grant["id"])) if route["grants"] else "",
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
    code = report(context.out, revoking.revoke(context.world, args.slug, host=args.host, grant=args.grant))
    count(context, [args.slug])
    return code


def quarantine(context: Context) -> int:
    """Cut a bottle off at once."""
    from bottle_tui.services import quarantine as cutting

    return _line(context, cutting.quarantine(context.world, context.args.slug))


def release(context: Context) -> int:
    """End a quarantine."""
    from bottle_tui.services import quarantine as cutting

    return _line(context, cutting.release(context.world, context.args.slug))


def _line(context: Context, line: str) -> int:
    if context.out.as_json:
        context.out.document({"slug": context.args.slug, "lines": [line]})
    else:
        context.out.line(line)
    return 0
