"""Bottles: run, init, up, stop, down, ps, attach."""

import os
import shutil
import sys
from pathlib import Path

from bottle_tui.cli import dashboard, shapes, splitting
from bottle_tui.cli.context import Context
from bottle_tui.cli.counting import count
from bottle_tui.cli.words import age
from bottle_tui.core.views import BottleStatus
from bottle_tui.core.words import plain
from bottle_tui.errors import BottleError, Conflict, UsageError


def ps(context: Context) -> int:
    """Every bottle, one row each. 1 when an engine does not answer: then the list does not say how they are."""
    from bottle_tui.services import lookup, status

    bottles = status.bottles(context.world)
    if context.out.as_json:
        context.out.document([shapes.bottle(each) for each in bottles])
    elif not bottles:
        context.out.say("no bottles; `bottle-tui init` writes a manifest, `bottle-tui up` starts it")
    else:
        now = context.world.clock.now()
        rows = [
            (
                each.slug,
                each.runtime,
                plain(each.state),
                *(each.sidecars.get(role, "unknown") for role in ("egress", "pipelock", "supervise")),
                str(each.pending),
                age(now, each.created),
                each.note,
            )
            for each in bottles
        ]
        context.out.table(
            ("BOTTLE", "RUNTIME", "STATE", "EGRESS", "PIPELOCK", "SUPERVISE", "PENDING", "AGE", "NOTE"), rows
        )
        used = sorted({each.runtime for each in bottles})
        context.out.say(" · ".join(lookup.described(context.world, name) for name in used))
    count(context, [each.slug for each in bottles if each.sidecars.get("egress") == "up"])
    return 1 if any(each.state == "unknown" for each in bottles) else 0


def up(context: Context) -> int:
    """Start the manifest's bottle, or bring a running one to it."""
    from bottle_tui.services import lookup

    status, lines = _up(context)
    if context.out.as_json:
        context.out.document(shapes.bottle(status) | {"lines": list(lines)})
        return 0
    context.out.line(f"{status.slug} {plain(status.state)}  ({lookup.described(context.world, status.runtime)})")
    if context.args.split:
        opened = splitting.beside(["attach", status.slug], os.environ, context.out.say)
        if opened and context.out.interactive():
            return dashboard.run(context)
    _what_next(context, status)
    return 0


def _what_next(context: Context, status: BottleStatus) -> None:
    """The lines that a person needs now."""
    if status.state == "quarantined":
        context.out.say(f"  in quarantine, nothing passes: bottle-tui release {status.slug} ends it")
    rows = [("agent", f"bottle-tui attach {status.slug}"), ("dashboard", "bottle-tui")]
    if status.runtime == "local":
        # There is no container to be inside of: whatever is started by hand needs these.
        rows += [("proxy", status.proxy_url or ""), ("MCP", status.mcp_url or ""), ("CA", status.ca_file or "")]
    for name, value in rows:
        context.out.say(f"  {name.ljust(9)}  {value}")


def stop(context: Context) -> int:
    """Stop a bottle; what is already stopped is fine."""
    from bottle_tui.services import stop as stopping

    lines = stopping.stop(context.world, context.args.slug) or []
    return _done(context, f"{context.args.slug} stopped", list(lines))


def down(context: Context) -> int:
    """Remove a bottle; what could not be removed is named with the command that removes it."""
    from bottle_tui.services import lookup
    from bottle_tui.services import stop as stopping

    slug = context.args.slug
    already = [] if context.args.purge or lookup.find(context.world, slug) else [f"{slug} is down already"]
    left = list(stopping.down(context.world, slug, purge=context.args.purge) or [])
    if context.out.as_json:
        context.out.document({"slug": slug, "lines": already, "left": left})
    else:
        for line in left:
            context.out.line(f"left: {line}")
        done = already[0] if already else f"{slug} removed"
        context.out.line(done if not left else f"{slug} removed but for what is named above")
    return 1 if left else 0


def attach(context: Context) -> int:
    """Join the agent's terminal; the agent's exit code is the command's."""
    return _attach(context, context.args.slug)


def init(context: Context) -> int:
    """Write a commented manifest, and a Dockerfile for the agent where there is none."""
    written = _init(context)
    if context.out.as_json:
        context.out.document({"files": [str(path) for path in written]})
    else:
        for path in written:
            context.out.line(f"wrote {path}")
    return 0


def run(context: Context) -> int:
    """init if there is no manifest, up, attach."""
    path = Path(context.args.file)
    if not path.exists():
        for written in _init(context):
            context.out.say(f"wrote {written}")
    elif context.args.provider:
        _require_provider(path, context.args.provider)
    status, _ = _up(context, joined=sys.stdin.isatty())
    if not context.out.interactive():
        context.out.say(f"{status.slug} {status.state}")
    if context.args.split:
        splitting.beside([], os.environ, context.out.say)
    return _attach(context, status.slug)


def _require_provider(path: Path, wanted: str) -> None:
    """`run claude` beside a manifest for something else would start the something else. Raises UsageError."""
    from bottle_tui.services import blueprint

    provider = blueprint.load(path).agent.provider
    if provider != wanted:
        raise UsageError(
            f"{path} is for provider {provider}, so this would not start {wanted}; "
            f"write `provider: {wanted}` there, or leave the word out"
        )


def _up(context: Context, *, joined: bool = False) -> tuple[BottleStatus, tuple[str, ...]]:
    from bottle_tui.services import start

    out = context.out
    result = start.up(
        context.world,
        Path(context.args.file),
        runtime=context.runtime,
        accept=context.args.accept,
        ask=(lambda text: _accepted(context, text)) if out.interactive() else None,
        progress=(lambda line: None) if out.as_json else out.say,
        joined=joined,
    )
    if not out.as_json:
        for line in result.lines:
            out.say(line)
    return result.status, tuple(result.lines)


def _accepted(context: Context, text: str) -> bool:
    """Show what is to be accepted, and take nothing but a typed yes."""
    for line in text.splitlines():
        context.out.say(line)
    return context.out.ask("accept? type yes:") == "yes"


def _attach(context: Context, slug: str) -> int:
    from bottle_tui.services import attach as attaching
    from bottle_tui.tui.signals import ended_by_signals

    if context.out.interactive():
        context.out.say(attaching.how_to_leave(context.world, slug))
    with ended_by_signals():
        return attaching.attach(context.world, slug)


def _done(context: Context, line: str, lines: list[str]) -> int:
    if context.out.as_json:
        context.out.document({"slug": context.args.slug, "lines": lines or [line]})
    else:
        for each in lines or [line]:
            context.out.line(each)
    return 0


def _init(context: Context) -> list[Path]:
    from bottle_tui.core import template

    target = Path(context.args.file)
    if target.exists():
        raise Conflict("is there already; edit it, or remove it first", file=str(target))
    folder = target.absolute().parent
    provider = context.args.provider or template.found(shutil.which)
    files = template.files(provider, template.slug(folder.name), manifest=target.name)
    written: list[Path] = []
    for name, content in files.items():
        path = target.parent / name
        if path.exists():
            continue
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, encoding="utf-8")
        except OSError as error:
            raise BottleError(f"cannot be written ({error.strerror})", file=str(path)) from error
        written.append(path)
    return written
