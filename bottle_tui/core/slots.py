"""`slots.json`: which token slot of the gate holds which host variable. Numbers are never reused. Pure."""

import json
from dataclasses import dataclass, field, replace

from bottle_tui.errors import InvalidFile
from sidecar_addon import strict_yaml
from sidecar_addon.table import SLOT

FILE = "slots.json"
PREFIX = "EGRESS_TOKEN_"
_LIMIT = 1024 * 1024


@dataclass(frozen=True)
class Slots:
    """Of one incarnation. `refs`: slot → name of the host variable; the value is never here."""

    refs: dict[str, str] = field(default_factory=dict)
    next: int = 0

    def of(self, token_ref: str) -> str | None:
        """The slot that holds `token_ref`, None when it has none yet."""
        return next((slot for slot, ref in self.refs.items() if ref == token_ref), None)

    def taken(self, token_ref: str) -> tuple["Slots", str]:
        """The slots with one for `token_ref`, and its name: its own, else a fresh number."""
        slot = self.of(token_ref)
        if slot is not None:
            return self, slot
        slot = f"{PREFIX}{self.next}"
        return replace(self, refs={**self.refs, slot: token_ref}, next=self.next + 1), slot


def parse(data: bytes | None) -> Slots:
    """Read `slots.json`; None is an empty one. Raises InvalidFile."""
    if data is None:
        return Slots()
    try:
        value = strict_yaml.load_json(data, limit=_LIMIT)
        refs = {str(slot): str(ref) for slot, ref in value["slots"].items()}
        following = int(value["next"])
    except (strict_yaml.StrictYamlError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise InvalidFile(f"is damaged ({error}); `down` and `up` write it anew", file=FILE) from None
    numbers = [int(slot.removeprefix(PREFIX)) for slot in refs if SLOT.match(slot)]
    if len(numbers) != len(refs):
        raise InvalidFile("holds a name that is no slot; `down` and `up` write it anew", file=FILE)
    return Slots(refs, max([following, *(number + 1 for number in numbers)]))


def render(slots: Slots) -> bytes:
    """The file's bytes."""
    return (json.dumps({"next": slots.next, "slots": slots.refs}, indent=1) + "\n").encode()
