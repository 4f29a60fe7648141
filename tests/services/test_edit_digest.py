"""Another edit is another change: what is approved is bound to exactly what was shown."""

from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from bottle_tui.core.changes import State
from bottle_tui.core.edits import LASTS, Edit
from bottle_tui.core.risk import Seen
from bottle_tui.services.proposed import Ground, Subject, propose
from sidecar_addon import asks

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
ARGS = {"host": "api.example.com", "path_allowlist": ["/v1/"], "justification": "x"}
GROUND = Ground(State(), "scanned", NOW, Seen())

edits = st.builds(
    Edit,
    host=st.sampled_from([None, "*.example.com", "www.example.com"]),
    path_allowlist=st.sampled_from([None, (), ("/v1/a",), ("/v1/",), ("/v1/a", "/v2")]),
    methods=st.sampled_from([None, (), ("GET",), ("GET", "HEAD")]),
    ports=st.sampled_from([None, (443,), (8443,)]),
    scan=st.sampled_from([None, "scanned", "passthrough"]),
    lasts=st.sampled_from(LASTS),
)


def granted(edit: Edit) -> tuple[object, ...]:
    args = asks.normalise("egress-block", edit.apply_to(dict(ARGS)))
    return repr(sorted(args.items())), edit.scan or "scanned", edit.lasts


def digest(edit: Edit) -> str:
    return propose(Subject("egress-block", dict(ARGS), "new", None, edit), GROUND).change.digest


@given(edits, edits)
@settings(max_examples=300, deadline=None)
def test_the_digest_changes_with_the_edit_and_only_with_it(one: Edit, other: Edit) -> None:
    assert (digest(one) == digest(other)) == (granted(one) == granted(other))
