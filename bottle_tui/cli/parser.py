"""The words of the command line. Cheap to import: what a command does is loaded when it is chosen."""

import argparse
import difflib
import re
from typing import Any, NoReturn

from bottle_tui import __version__
from bottle_tui.core.names import PROVIDERS, RUNTIMES
from bottle_tui.errors import UsageError

DASHBOARD = "dashboard:run"
_CHOICE = re.compile(r"argument .*: invalid choice: '(?P<word>.*)' \(choose from (?P<known>.*)\)$")
SHELLS = ("bash", "zsh", "fish")


class Parser(argparse.ArgumentParser):
    """argparse that raises our error instead of ending the process, so that `--json` holds for usage errors too."""

    def error(self, message: str) -> NoReturn:
        wrong = _CHOICE.match(message)
        if wrong is not None:
            known = re.findall(r"[\w-]+", wrong["known"])
            near = difflib.get_close_matches(wrong["word"], known, n=1)
            if near:
                message = f"{wrong['word']!r} is none of its words; did you mean {near[0]}?"
        raise UsageError(f"{message} (see `{self.prog} --help`)")


def build_parser() -> argparse.ArgumentParser:
    """The whole grammar. A command's handler is `args.handler`, as "module:function" below `bottle_tui.cli`."""
    parser = Parser(
        prog="bottle-tui",
        description="Contained AI coding agents, and what they may reach. Without a command: the dashboard.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"bottle-tui {__version__}")
    parser.add_argument("--json", action="store_true", help="print one JSON document (docs/json.md)")
    parser.add_argument("--runtime", choices=RUNTIMES, help="where bottles run (BOTTLE_TUI_RUNTIME; default docker)")
    parser.add_argument("--read-only", action="store_true", help="the dashboard shows, and decides nothing")
    parser.set_defaults(handler=DASHBOARD)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", parser_class=Parser)
    for family in (_bottles, _deciding, _policy, _looking):
        family(commands)
    return parser


def _add(commands: Any, name: str, handler: str, about: str, *words: str) -> Any:
    """One command; `words` are its plain positional arguments."""
    command = commands.add_parser(name, help=about, description=about, allow_abbrev=False)
    command.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help=argparse.SUPPRESS)
    command.add_argument("--runtime", choices=RUNTIMES, default=argparse.SUPPRESS, help=argparse.SUPPRESS)
    for word in words:
        command.add_argument(word, metavar=word.upper())
    command.set_defaults(handler=handler)
    return command


def _bottles(commands: Any) -> None:
    run = _add(commands, "run", "bottles:run", "init if there is no manifest, up, attach; again: reattach")
    run.add_argument("provider", nargs="?", choices=PROVIDERS, metavar="PROVIDER", help=" | ".join(PROVIDERS))
    run.add_argument("--split", action="store_true", help="open the dashboard in a pane beside it")
    init = _add(commands, "init", "bottles:init", "write a commented bottle.yaml")
    init.add_argument("provider", nargs="?", choices=PROVIDERS, metavar="PROVIDER", help=" | ".join(PROVIDERS))
    up = _add(commands, "up", "bottles:up", "start a bottle, or bring a running one to its manifest")
    up.add_argument("--split", action="store_true", help="then the dashboard here, the agent in a pane beside it")
    for command in (run, init, up):
        command.add_argument("-f", "--file", default="bottle.yaml", help="the manifest (default: bottle.yaml)")
    for command in (run, up):
        command.add_argument("--accept", metavar="DIGEST", help="accept this manifest and build folder")
    _add(commands, "stop", "bottles:stop", "stop a bottle; its volumes stay", "slug")
    down = _add(commands, "down", "bottles:down", "remove a bottle; ledger, grants and home volume stay", "slug")
    down.add_argument("--purge", action="store_true", help="remove those too")
    _add(commands, "ps", "bottles:ps", "list bottles")
    status = _add(commands, "status", "glancing:status", "what this machine's files say, at once (for status bars)")
    status.add_argument(
        "--short", action="store_true", help="one line: 3⏳ waiting, 2● bottles, 1✕ quarantined; ? = old"
    )
    status.add_argument("--ascii", action="store_true", help="with --short: plain ASCII, 3w 2b 1q (NO_UNICODE too)")
    _add(commands, "attach", "bottles:attach", "join the agent's terminal", "slug")
    logs = _add(commands, "logs", "looking:logs", "a sidecar's output", "slug")
    logs.add_argument("sidecar", choices=("egress", "pipelock", "supervise"), metavar="SIDECAR")
    logs.add_argument("-f", "--follow", action="store_true", help="go on until Ctrl-C")
    logs.add_argument("--tail", type=int, default=200, metavar="N", help="the last N lines (default: 200)")


def _deciding(commands: Any) -> None:
    proposals = _add(commands, "proposals", "deciding:proposals", "what agents ask for")
    proposals.add_argument("slug", nargs="?", metavar="SLUG", help="of one bottle only")
    proposals.add_argument("--all", action="store_true", dest="everything", help="decided ones too")
    _add(commands, "show", "deciding:show", "one proposal: facts, risks, the change", "id")
    approve = _add(commands, "approve", "deciding:approve", "grant it, and prove that it is in force", "id")
    approve.add_argument("--digest", metavar="D", help="the digest of the change that was shown; else it is printed")
    approve.add_argument("--edit", action="append", default=[], metavar="K=V", help="path=/v1/ methods=GET host=… …")
    approve.add_argument("--for", dest="lasts", metavar="TIME", help="once, 15m, 1h, 8h, bottle, always")
    reject = _add(commands, "reject", "deciding:reject", "refuse it, with a reason for the agent", "id")
    reject.add_argument("--reason", required=True, help="what the agent is told")
    _add(commands, "reopen", "deciding:reopen", "let a rejected ask be asked again", "id")


def _policy(commands: Any) -> None:
    routes = commands.add_parser("routes", help="the routes of a bottle: show, edit, add, save, revoke, remove")
    verbs = routes.add_subparsers(title="verbs", metavar="COMMAND", parser_class=Parser, required=True)
    show = _add(verbs, "show", "policy:routes_show", "what the gate enforces", "slug")
    show.add_argument("host", nargs="?", metavar="HOST", help="this route only")
    edit = _add(verbs, "edit", "policy:routes_edit", "edit the routes in $EDITOR", "slug")
    add = _add(verbs, "add", "policy:routes_add", "add a route, or a grant on one", "slug", "host")
    add.add_argument("--path", action="append", metavar="/P", help="a path prefix; left out: every path")
    add.add_argument("--method", action="append", metavar="M", help="a method; left out: every method")
    add.add_argument("--port", action="append", type=int, metavar="N", help="a port; left out: 443")
    add.add_argument("--token-ref", metavar="NAME", help="the host's variable that holds the credential")
    add.add_argument("--scheme", default="Bearer", help="how it is sent (default: Bearer)")
    add.add_argument("--header", default="Authorization", help="the header that carries it")
    add.add_argument("--passthrough", action="store_true", help="do not scan this host")
    save = _add(verbs, "save", "policy:routes_save", "print what was approved as a patch to the manifest", "slug")
    save.add_argument("-f", "--file", help="the manifest (default: the one the bottle was started with)")
    revoke = _add(verbs, "revoke", "policy:revoke", "end grants on a host", "slug")
    remove = _add(verbs, "remove", "policy:routes_remove", "remove a route itself", "slug", "host")
    short = _add(commands, "revoke", "policy:revoke", "the same as `routes revoke`", "slug")
    for command in (revoke, short):
        command.add_argument("host", nargs="?", metavar="HOST", help="every grant on this host")
        command.add_argument("--grant", metavar="ID", help="this grant only")
    for command in (edit, add, revoke, remove, short):
        command.add_argument("--always", action="store_true", help="for the next `up` too (grants.yaml)")
    for command in (edit, add):
        command.add_argument("--for", dest="lasts", metavar="TIME", help="once, 15m, 1h, 8h, bottle, always")
    for command in (edit, add, remove):
        command.add_argument("--digest", metavar="D", help="the digest of the change that was shown")
    pipelock = commands.add_parser("pipelock", help="pipelock's hosts: show, edit")
    verbs = pipelock.add_subparsers(title="verbs", metavar="COMMAND", parser_class=Parser, required=True)
    _add(verbs, "show", "policy:pipelock_show", "what pipelock's file lists", "slug")
    _add(verbs, "edit", "policy:pipelock_edit", "edit its extra hosts in $EDITOR", "slug").add_argument(
        "--digest", metavar="D", help="the digest of the change that was shown"
    )
    _add(commands, "quarantine", "policy:quarantine", "cut a bottle off at once", "slug")
    _add(commands, "release", "policy:release", "end a quarantine", "slug")


def _looking(commands: Any) -> None:
    traffic = _add(commands, "traffic", "looking:traffic", "what passed and what was denied, for 30 days", "slug")
    traffic.add_argument("--since", metavar="TIME", help="only the last 15m, 2h, 7d, …; left out: all of it")
    traffic.add_argument("--host", metavar="HOST", help="this host only, or *.example.com")
    audit = commands.add_parser("audit", help="the ledger: show, verify")
    verbs = audit.add_subparsers(title="verbs", metavar="COMMAND", parser_class=Parser, required=True)
    _add(verbs, "show", "looking:audit_show", "its records", "slug")
    _add(verbs, "verify", "looking:audit_verify", "check its chain of hashes", "slug")
    doctor = _add(commands, "doctor", "looking:doctor", "what is missing here, and the line that fixes it")
    doctor.add_argument("--build", action="store_true", help="build the sidecars' images")
    schema = _add(commands, "schema", "looking:schema", "the JSON Schema of bottle.yaml")
    schema.add_argument("--settings", action="store_true", help="that of settings.yaml instead")
    completion = _add(
        commands, "completion", "completing:completion", "completion for bash, zsh or fish, to be sourced"
    )
    completion.add_argument("shell", choices=(*SHELLS, "candidates"), metavar="|".join(SHELLS))
    completion.add_argument("words", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    _add(commands, "demo", "looking:demo", "the whole loop, on this machine, without an account")
