"""What an agent may ask for: the arguments of each tool that files a proposal, checked and in one normal form. Pure.

Used at the door (supervise) and again on the host. Every message is for the agent: what is wrong, what would be right.
"""

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sidecar_addon import dockerfile_lines, hosts, paths
from sidecar_addon.table import METHODS

MAX_JUSTIFICATION = 4_000
MAX_PREFIXES = 64
MAX_PREFIX_LENGTH = 1_024
MAX_PORTS = 16
ALIASES = ("egress", "supervise", "pipelock", "agent", "_egress.local")
WANTS = ("allow", "passthrough")

_SCHEME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}")
_TOKEN_REF = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")


class ProposalError(ValueError):
    """A proposal, a decision or an ask is not acceptable; the message names the place and what would be right."""


def normalise(tool: str, args: Any) -> dict[str, Any]:
    """The arguments in their one normal form: defaults left out, hosts lower-case, lists without repeats."""
    check = _CHECKS.get(tool)
    if check is None:
        raise ProposalError(f"tool: {_shown(tool)} is not one of {', '.join(_CHECKS)}")
    if not isinstance(args, dict):
        raise ProposalError(f"{tool}: the arguments must be an object")
    return check({key: value for key, value in args.items() if value is not None})


def ask_key(tool: str, args: Mapping[str, Any]) -> str:
    """Equal for the same ask: same tool, same normalised arguments, whatever the justification and the order."""
    asked = {key: value for key, value in normalise(tool, dict(args)).items() if key != "justification"}
    if "path_allowlist" in asked:
        asked["path_allowlist"] = sorted(asked["path_allowlist"])
    text = json.dumps([tool, asked], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def grant_fields(args: Mapping[str, Any]) -> dict[str, Any]:
    """Of an `egress-block`'s normalised arguments: `path_allowlist`, `methods`, `ports` as `table.Grant` takes them."""
    return {
        "path_allowlist": tuple(args["path_allowlist"]) if "path_allowlist" in args else None,
        "methods": tuple(args["methods"]) if "methods" in args else None,
        "ports": tuple(args.get("ports", (443,))),
    }


def check_grantable(args: Mapping[str, Any], grantable: Mapping[str, Sequence[str]]) -> None:
    """Raises ProposalError when the ask wants a token that may not go to its host. `grantable`: token_ref → hosts."""
    if "auth" not in args:
        return
    host, wanted = args["host"], args["auth"]["token_ref"]
    fitting = sorted(ref for ref, patterns in grantable.items() if any(_covers(p, host) for p in patterns))
    if wanted in fitting:
        return
    offer = f"for this host you may name: {', '.join(fitting)}" if fitting else "no token may be handed to this host"
    raise ProposalError(
        f"auth.token_ref: {wanted} is not grantable for {host}; {offer}. "
        "Ask again without `auth` if the host can be used without a credential."
    )


def host_problem(host: str) -> str | None:
    """Why a normalised host (or `*.suffix`) may not be asked for, None when it may."""
    name = host[2:] if hosts.is_wildcard(host) else host
    if name in ALIASES:
        return f"{name} is part of this sandbox; it needs no route"
    if name == "localhost" or name.endswith(".localhost"):
        return "localhost is your own container; it needs no route"
    if name == "invalid" or name.endswith(".invalid"):
        return f"{name} can never exist: nothing under .invalid does; name the host that refused you"
    if name == "internal" or name.endswith(".internal"):
        return f"{name} is an internal name; only hosts on the internet can be asked for"
    if "." not in name:
        return f"{host} has a single label; name the full host, such as api.example.com"
    return None


def _egress(args: dict[str, Any]) -> dict[str, Any]:
    _only(args, ("host", "path_allowlist", "methods", "ports", "auth", "justification"), "egress-block")
    asked: dict[str, Any] = {"host": _host(args)}
    for key, read in (("path_allowlist", _prefixes), ("methods", _methods), ("auth", _auth)):
        if key in args:
            asked[key] = read(args[key])
    ports = _ports(args.get("ports", [443]))
    if ports != [443]:
        asked["ports"] = ports
    asked["justification"] = _justification(args)
    if "auth" in asked and hosts.is_wildcard(asked["host"]):
        raise ProposalError("auth: a wildcard host cannot carry a credential; name the exact host")
    if 80 in ports and asked.keys() & {"auth", "path_allowlist", "methods"}:
        raise ProposalError(
            "ports: port 80 (plain HTTP) goes only without auth, path_allowlist and methods; "
            "leave 80 out and use https, or ask for 80 by itself"
        )
    return asked


def _pipelock(args: dict[str, Any]) -> dict[str, Any]:
    _only(args, ("host", "want", "justification"), "pipelock-block")
    host = _host(args)
    if hosts.is_wildcard(host):
        raise ProposalError("host: name the exact host here; a wildcard is not taken by pipelock-block")
    if args.get("want") not in WANTS:
        raise ProposalError(f"want: must be one of {', '.join(WANTS)}")
    return {"host": host, "want": args["want"], "justification": _justification(args)}


def _capability(args: dict[str, Any]) -> dict[str, Any]:
    _only(args, ("dockerfile", "justification"), "capability-block")
    text = args.get("dockerfile")
    if not isinstance(text, str):
        raise ProposalError("dockerfile: must be text: the lines to append to the current Dockerfile")
    try:
        lines = dockerfile_lines.normalise(text)
    except dockerfile_lines.LineError as error:
        raise ProposalError(f"dockerfile: {error}") from None
    return {"dockerfile": lines, "justification": _justification(args)}


_CHECKS: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "egress-block": _egress,
    "pipelock-block": _pipelock,
    "capability-block": _capability,
}
TOOLS = tuple(_CHECKS)


def _host(args: dict[str, Any]) -> str:
    text = args.get("host")
    if not isinstance(text, str) or not text.strip():
        raise ProposalError("host: must be a host name such as api.example.com")
    if re.search(r"[/:@?#\s]", text.strip()):
        raise ProposalError(
            f"host: {_shown(text)} must be a bare host name without scheme, port or path; "
            "paths go into path_allowlist, ports into ports"
        )
    if text.strip().lower().removesuffix(".") in ALIASES:
        raise ProposalError(f"host: {host_problem(text.strip().lower().removesuffix('.'))}")
    try:
        host = hosts.normalise_pattern(text.strip()[:300])
    except hosts.HostError as error:
        raise ProposalError(f"host: {error}") from None
    why = host_problem(host)
    if why:
        raise ProposalError(f"host: {why}")
    return host


def _prefixes(value: Any) -> list[str]:
    prefixes = _texts(value, "path_allowlist", "every path", MAX_PREFIXES)
    for prefix in prefixes:
        where = f"path_allowlist: {_shown(prefix)}"
        if len(prefix) > MAX_PREFIX_LENGTH:
            raise ProposalError(f"{where} is longer than {MAX_PREFIX_LENGTH} characters")
        why = paths.problem(prefix)
        if why:
            raise ProposalError(f"{where} {why}; a prefix is an absolute path such as /v1/")
        if "*" in prefix or "?" in prefix:
            raise ProposalError(f"{where} is a prefix, not a pattern: write /v1/ for all below it, without * or ?")
    return prefixes


def _methods(value: Any) -> list[str]:
    listed = [method.upper() for method in _texts(value, "methods", "every method", len(METHODS) * 2)]
    for method in listed:
        if method not in METHODS:
            raise ProposalError(f"methods: {_shown(method)} is not one of {', '.join(METHODS)}")
    return [method for method in METHODS if method in listed]


def _ports(value: Any) -> list[int]:
    if not isinstance(value, list) or not value or len(value) > MAX_PORTS:
        raise ProposalError(f"ports: must be a list of 1 to {MAX_PORTS} numbers; leave it out for 443")
    for port in value:
        if isinstance(port, bool) or not isinstance(port, int) or not 1 <= port <= 65535:
            raise ProposalError(f"ports: {_shown(port)} is not a port (a number from 1 to 65535)")
    return sorted(set(value))


def _auth(value: Any) -> dict[str, str]:
    if not isinstance(value, dict):
        raise ProposalError("auth: must be an object with scheme and token_ref")
    _only(value, ("scheme", "token_ref"), "auth")
    scheme, token_ref = value.get("scheme"), value.get("token_ref")
    if not isinstance(scheme, str) or not _SCHEME.fullmatch(scheme):
        raise ProposalError("auth.scheme: must be one word such as Bearer (none sends the token alone)")
    if not isinstance(token_ref, str) or not _TOKEN_REF.fullmatch(token_ref):
        raise ProposalError("auth.token_ref: must be the name of a grantable token, never a token itself")
    return {"scheme": scheme, "token_ref": token_ref}


def _justification(args: dict[str, Any]) -> str:
    text = args.get("justification")
    if not isinstance(text, str) or not text.strip():
        raise ProposalError("justification: say in a sentence or two what you need this for; the operator reads it")
    if len(text) > MAX_JUSTIFICATION:
        raise ProposalError(f"justification: {len(text)} characters; at most {MAX_JUSTIFICATION}")
    if not is_unicode(text):
        raise ProposalError("justification: holds half of a surrogate pair, which is no text")
    return text.strip()


def is_unicode(text: str) -> bool:
    """Whether the text can be written down: JSON may smuggle in half of a surrogate pair."""
    return not any("\ud800" <= char <= "\udfff" for char in text)


def _texts(value: Any, key: str, every: str, most: int) -> list[str]:
    if not isinstance(value, list) or not value or not all(isinstance(item, str) for item in value):
        raise ProposalError(f"{key}: must be a list of texts that is not empty; leave it out for {every}")
    if len(value) > most:
        raise ProposalError(f"{key}: {len(value)} entries; at most {most}")
    return list(dict.fromkeys(value))


def _only(args: Mapping[str, Any], known: tuple[str, ...], where: str) -> None:
    for key in args:
        if key not in known:
            raise ProposalError(f"{where}: {_shown(key)} is not known here; known: {', '.join(known)}")


def _covers(pattern: str, host: str) -> bool:
    try:
        return hosts.covers(hosts.normalise_pattern(pattern), host)
    except hosts.HostError:
        return False


def _shown(value: Any) -> str:
    """A foreign value in a message: ASCII, quoted and cut."""
    text = ascii(value) if isinstance(value, str | int | float) else f"a {type(value).__name__}"
    return text if len(text) <= 80 else text[:77] + "..."
