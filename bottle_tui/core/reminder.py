"""The line that an operator pastes to an agent which does not listen. Pure; nothing an agent wrote is in it."""

from sidecar_addon.proposals import is_id


def line(id: str) -> str:
    """What to do, in one sentence; the id only where it is one of ours."""
    what = f"id {id}" if is_id(id) else "the id of your ask"
    return f"The operator has approved: call proposal-status with {what}, then retry the request once."
