"""Token values: from this process's environment into the gate, on standard input, and nowhere else."""

from pathlib import Path

from bottle_tui.core import providers, slots
from bottle_tui.errors import TokenUnset
from bottle_tui.ports import World
from bottle_tui.services import gate, lookup

_LOGIN_LIMIT = 1024 * 1024


def value(world: World, token_ref: str) -> str | None:
    """The value of a host variable, or of the host login that stands in for it; None when there is none."""
    stated = world.environ.get(token_ref)
    if stated:
        return stated
    login = providers.HOST_LOGINS.get(token_ref)
    if login is None:
        return None
    folder = world.environ.get(login.variable) or str(
        Path(world.environ.get("HOME") or "~").expanduser() / login.folder
    )
    try:
        with (Path(folder) / login.file).open("rb") as file:
            return login.read(file.read(_LOGIN_LIMIT))
    except OSError:
        return None


def required(world: World, token_ref: str, where: str) -> str:
    """The value. Raises TokenUnset naming the variable and what needs it."""
    found = value(world, token_ref)
    if not found:
        raise TokenUnset(f"{token_ref} is unset or empty, and {where} needs it; export it and run the command again")
    if any(ord(character) < 33 or ord(character) > 126 for character in found):
        raise TokenUnset(f"{token_ref} holds spaces, line breaks or control characters; export the token alone")
    return found


def deliver(world: World, slug: str) -> list[str]:
    """Hand every token to the gate again, e.g. after its container restarted. One line for each slot."""
    refs = slots.parse(world.home.bottle(slug).read(slots.FILE)).refs
    values = {slot: required(world, ref, f"the bottle {slug}") for slot, ref in refs.items()}
    egress = lookup.sidecar(world, slug, "egress")
    for slot, ref in refs.items():
        gate.put_token(egress, slot, ref, values[slot])
    return [f"{slot}: {ref} delivered" for slot, ref in refs.items()]
