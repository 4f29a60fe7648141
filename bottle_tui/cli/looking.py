"""Looking: logs, traffic, the ledger, the doctor, the schema, the demo."""

from dataclasses import asdict
from datetime import datetime
from pathlib import Path

from bottle_tui.cli import ledger, shapes, words
from bottle_tui.cli.context import Context
from bottle_tui.cli.output import DIM, GREEN, RED, YELLOW
from bottle_tui.core.rollup import Row
from bottle_tui.core.traffic import HostTraffic
from bottle_tui.core.views import LogLine
from bottle_tui.core.words import size
from bottle_tui.errors import UsageError


def schema(context: Context) -> int:
    """The JSON Schema of bottle.yaml, or of the settings, for editors."""
    from bottle_tui.core import schema as manifest
    from bottle_tui.core import settings

    context.out.document(settings.json_schema() if context.args.settings else manifest.json_schema())
    return 0


def audit_show(context: Context) -> int:
    """The ledger: a row for each deed, or its records as they stand."""
    from bottle_tui.services import audit, ending, history

    ending.settle(context.world, context.args.slug)
    if context.out.as_json:
        context.out.document(audit.records(context.world, context.args.slug))
        return 0
    deeds = history.everything(context.world, context.args.slug)
    if not deeds:
        context.out.say("nothing is recorded yet")
        return 0
    ledger.show(context.out, deeds)
    return 0


def audit_verify(context: Context) -> int:
    """Check the chain of hashes; the first bad record is named."""
    from bottle_tui.services import audit

    line = audit.verify(context.world, context.args.slug)
    if context.out.as_json:
        context.out.document({"slug": context.args.slug, "ok": True, "line": line})
    else:
        context.out.line(line)
    return 0


def logs(context: Context) -> int:
    """A sidecar's output; with --follow until Ctrl-C or its end."""
    from bottle_tui.errors import SidecarUnreachable
    from bottle_tui.services import logs as following

    args = context.args
    stream = following.follow(context.world, args.slug, args.sidecar, tail=max(args.tail, 1))
    left = None if args.follow else max(args.tail, 1)
    try:
        while left is None or left > 0:
            line = stream.next(1.0)
            if line is None and left is not None:
                break
            if line is not None:
                _print_log(context, line)
                left = None if left is None else left - 1
    except SidecarUnreachable as error:
        if left is None:
            context.out.say(error.message)
    finally:
        stream.close()
    return 0


def _print_log(context: Context, line: LogLine) -> None:
    if context.out.as_json:
        context.out.document(shapes.log_line(line), indent=None)
        return
    style = {"error": RED, "warn": YELLOW}.get(line.level, DIM if line.noise else "")
    if line.event is None:
        context.out.line(line.text, style)
        return
    moment = words.local(str(line.event.get("time") or ""), "%H:%M:%S")
    kind = str(line.facts.get("kind") or "")
    context.out.line(f"{moment.ljust(8)}  {kind.ljust(15)}  {line.facts.get('summary') or line.text}", style)


def traffic(context: Context) -> int:
    """Requests by kind, as they were counted per minute; and, where all hosts are asked for, their sums."""
    from bottle_tui.services import traffic as counting

    args, out = context.args, context.out
    found = counting.traffic(context.world, args.slug, since=_since(context), host=args.host)
    if out.as_json:
        out.document(shapes.traffic(found) | {"source": counting.SOURCE})
        return 0
    place = {each.host: number for number, each in enumerate(found.hosts)}
    kinds = sorted(found.rows, key=lambda row: place[row.host])
    out.table(_TRAFFIC_HEAD, [_traffic_row(row) for row in kinds])
    if args.host is None:
        out.line()
        out.table(("HOST", "ALLOWED", "DENIED", "WHY", "UP", "DOWN"), [_host_row(each) for each in found.hosts])
    for gap in found.gaps:
        out.say(words.gap(gap))
    if found.remark:
        out.say(f"the newest is not counted yet: {found.remark}")
    return 0


def _since(context: Context) -> datetime | None:
    from bottle_tui.core import edits

    text = context.args.since
    if text is None:
        return None
    try:
        length = edits.duration(text) if text not in edits.LASTS or text in ("15m", "1h", "8h") else None
    except UsageError:
        length = None
    if length is None:
        raise UsageError(f"--since {text}: write a time such as 15m, 1h, 7d")
    return context.world.clock.now() - length


_TRAFFIC_HEAD = ("HOST", "METHOD", "PATH", "GRANT", "COUNT", "UP", "DOWN", "FIRST", "LAST", "WHY")


def _traffic_row(row: Row) -> tuple[str, ...]:
    """One kind of request; WHY is empty where it was let through."""
    moments = (words.local(row.first, "%m-%d %H:%M"), words.local(row.last, "%m-%d %H:%M"))
    sizes = (size(row.bytes_up), size(row.bytes_down))
    what = (row.host, row.method or "–", row.prefix or "–", row.grant or "–", str(row.count))
    return (*what, *sizes, *moments, row.reason or "")


def _host_row(each: HostTraffic) -> tuple[str, ...]:
    counts = (str(each.allowed), str(each.denied), _reasons(each.reasons))
    return (each.host, *counts, size(each.bytes_up), size(each.bytes_down))


def _reasons(reasons: dict[str, int]) -> str:
    ordered = sorted(reasons.items(), key=lambda each: -each[1])
    return ", ".join(f"{reason} {count}" for reason, count in ordered)


def doctor(context: Context) -> int:
    """What is missing here, each with the line that fixes it; exit 1 when something is."""
    from bottle_tui.services import doctor as examining

    if context.args.build:
        _build_images(context)
    findings = examining.examine(context.world, runtime=context.runtime, manifest=Path("bottle.yaml"))
    if context.runtime == "docker":
        from bottle_tui.adapters.docker import diagnosis

        findings += [examining.Finding(*each) for each in diagnosis.findings(context.world.environ)]
    if context.out.as_json:
        context.out.document([asdict(finding) for finding in findings])
    else:
        for finding in findings:
            mark, style = {True: ("ok", GREEN), False: ("!!", RED), None: ("??", YELLOW)}[finding.ok]
            context.out.line(f"{mark}  {finding.name}: {finding.text}", style if finding.ok is not True else "")
            if finding.ok is False and finding.remedy:
                context.out.line(f"      {finding.remedy}", DIM)
    return 1 if any(finding.ok is False for finding in findings) else 0


def _build_images(context: Context) -> None:
    from bottle_tui.adapters.docker import images
    from bottle_tui.adapters.docker.engine import Engine

    environ = context.world.environ
    context.world.runtimes["docker"].check()
    engine = Engine(environ)
    hop = environ.get("BOTTLE_TUI_PIPELOCK") == "hop"
    for role in images.ROLES:
        if role == "pipelock" and hop:
            continue
        name = images.ensure(engine, role, environ, context.out.say)
        context.out.say(f"{role}: {name}")


def demo(context: Context) -> int:
    """The whole loop on this machine; without a terminal it decides by itself and prints what happens."""
    from bottle_tui import demo as showing

    if context.out.as_json:
        runtime = context.args.runtime or "local"
        verdict = showing.by_itself(runtime, context.out.say)
        context.out.document({"slug": "demo", "runtime": runtime, **asdict(verdict)})
        return 0 if verdict.closed else 1
    return int(showing.run(context.args.runtime or "local") or 0)
