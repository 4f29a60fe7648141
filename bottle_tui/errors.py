"""Every error a user can meet. Each says what happened and what to do.

BottleError                      exit 1, code "failed"
├── EngineUnavailable            1  no container engine answers
├── LaunchFailed                 1  a step of `up` failed; everything it made was undone
├── TokenUnset                   1  a host variable that a route needs is unset or empty
├── SidecarUnreachable           1  a sidecar is down, or its engine does not answer
│   └── OutputEnded              1  all that a sidecar has said was read
├── LedgerBroken                 1  the audit ledger cannot be written, or does not verify
├── UsageError                   2  the words of the command are off
│   ├── InvalidFile              2  a file a person wrote is wrong: names file, place, remedy
│   └── InvalidManifest          2  the same for bottle.yaml
├── NotFound                     3  no such bottle, proposal, route or grant
├── Conflict                     4
│   ├── Stale                    4  the change is not the one that was shown
│   ├── AlreadyDecided           4  somebody was quicker
│   └── NeedsAcceptance          4  a person must accept this first
├── NotApplied                   5  not in force; the previous state is confirmed
└── StateUnknown                 6  the gate's state is not known; quarantine advised
"""


class BottleError(Exception):
    """Something a user can act on. `file` and `place` say where, when it is about a file."""

    exit_code = 1
    code = "failed"

    def __init__(self, message: str, *, file: str | None = None, place: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.file = file
        self.place = place

    def __str__(self) -> str:
        where = ":".join(part for part in (self.file, self.place) if part)
        return f"{where}: {self.message}" if where else self.message


class EngineUnavailable(BottleError):
    """No container engine answers."""

    code = "no_engine"


class LaunchFailed(BottleError):
    """A step of `up` failed, and everything it had made was undone."""

    code = "launch_failed"


class TokenUnset(BottleError):
    """A host variable that a route needs is unset or empty."""

    code = "token_unset"


class SidecarUnreachable(BottleError):
    """A sidecar is down, or what runs it does not answer."""

    code = "sidecar_unreachable"


class OutputEnded(SidecarUnreachable):
    """A sidecar's output was read to its end; one that broke off before is SidecarUnreachable."""


class LedgerBroken(BottleError):
    """The audit ledger cannot be written, or does not verify."""

    code = "ledger_broken"


class UsageError(BottleError):
    """The words of the command are off."""

    exit_code = 2
    code = "usage"


class InvalidFile(UsageError):
    """A file that a person wrote is wrong."""

    code = "invalid_file"


class InvalidManifest(UsageError):
    """The manifest is wrong."""

    code = "invalid_manifest"


class NotFound(BottleError):
    """No such bottle, proposal, route or grant."""

    exit_code = 3
    code = "not_found"


class Conflict(BottleError):
    """The world is not as it was when the person decided."""

    exit_code = 4
    code = "conflict"


class Stale(Conflict):
    """The change is not the one that was shown."""

    code = "stale"


class AlreadyDecided(Conflict):
    """Somebody was quicker."""

    code = "already_decided"


class NeedsAcceptance(Conflict):
    """A person must accept this first."""

    code = "needs_acceptance"


class NotApplied(BottleError):
    """Not in force; the gate confirmed what it had before."""

    exit_code = 5
    code = "not_applied"


class StateUnknown(BottleError):
    """Nobody can say what the gate enforces; quarantine is advised."""

    exit_code = 6
    code = "state_unknown"
