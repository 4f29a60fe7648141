"""One key, one step: `-` never widens, `=` admits what it says, and every step is another change."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bottle_tui.core import narrowing
from bottle_tui.core.denials import fitted, groups, reaches
from bottle_tui.core.edits import ALWAYS, AS_ASKED, BOTTLE, LASTS, Edit
from bottle_tui.core.evidence import Denial, Evidence
from bottle_tui.core.narrowing import Ask, ladder
from bottle_tui.core.prefixes import covers, narrows
from sidecar_addon import asks
from sidecar_addon.matching import Conditions, Request, decide
from sidecar_addon.table import METHODS, Grant, Route, Table

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
HOST = "api.example.com"


def seen(*denials: Denial, host: str = HOST, known: bool = True) -> Evidence:
    mine = [each for each in denials if reaches(host, each.host)]
    count = sum(each.count for each in mine if not each.background)
    return Evidence("id", "box", host, known, groups(mine), count, fit=fitted(mine))


def denied(path: str, method: str = "GET", host: str = HOST, **fields: Any) -> Denial:
    return Denial(NOW, host, method, path, "path_not_allowed", **fields)


def ask(found: Evidence | None = None, edit: Edit = AS_ASKED, tool: str = "egress-block", **args: Any) -> Ask:
    return Ask(tool, {"host": HOST, **args}, edit, found, "scanned")


def after(step: narrowing.Step, before: Ask) -> Ask:
    assert step.edit is not None, step.why
    return replace(before, edit=step.edit)


def admits(of: Ask, denial: Denial) -> bool:
    """By the gate's own matcher, with the arguments as the door would take them."""
    args = asks.normalise(of.tool, {**of.edit.apply_to(dict(of.args)), "justification": "x"})
    table = Table((Route(args["host"], (Grant("g", **asks.grant_fields(args)),)),))
    request = Request(denial.method, denial.scheme, denial.host, denial.port, denial.path or "/")
    return decide(table, request, Conditions(NOW)).allowed


segments = st.sampled_from(["repos", "acme", "widgets", "api", "v1", "a", "issues"])
whole_paths = st.builds(
    lambda parts, slash: "/" + "/".join(parts) + ("/" if slash and parts else ""),
    st.lists(segments, min_size=1, max_size=5),
    st.booleans(),
)
some_denials = st.lists(
    st.builds(denied, whole_paths, st.sampled_from(METHODS[:5]), port=st.sampled_from([443, 443, 8443])), max_size=12
)
asked_paths = st.lists(whole_paths, max_size=3, unique=True)


@given(some_denials, asked_paths)
@settings(max_examples=200, deadline=None)
def test_minus_never_widens_and_plus_never_narrows(denials: list[Denial], asked: list[str]) -> None:
    now = ask(seen(*denials), path_allowlist=asked)
    for _ in range(20):
        step = narrowing.narrower_path(now)
        if step.edit is None:
            assert step.why
            break
        narrower = after(step, now)
        assert narrows(now.paths, narrower.paths)
        now = narrower
    else:
        raise AssertionError("a ladder without an end")
    while (step := narrowing.wider_path(now)).edit is not None:
        wider = after(step, now)
        assert narrows(wider.paths, now.paths)
        now = wider
    assert now.paths == ()


@given(some_denials, asked_paths, asked_paths)
@settings(max_examples=100, deadline=None)
def test_paths_written_by_hand_step_by_the_same_rule(denials: list[Denial], asked: list[str], own: list[str]) -> None:
    now = ask(seen(*denials), Edit(path_allowlist=tuple(own)), path_allowlist=asked)
    for key, ordered in ((narrowing.narrower_path, False), (narrowing.wider_path, True)):
        step = key(now)
        if step.edit is not None:
            pair = (after(step, now).paths, now.paths)
            assert narrows(*pair) if ordered else narrows(*reversed(pair))


@given(some_denials, asked_paths)
@settings(max_examples=200, deadline=None)
def test_a_fit_admits_every_denial_that_it_is_made_of_and_no_other_method(
    denials: list[Denial], asked: list[str]
) -> None:
    before = ask(seen(*denials), path_allowlist=asked)
    step = narrowing.fit(before)
    if not denials:
        assert step.edit is None and "no such denial seen" in step.why
        return
    fitted = before if step.why == "it fits already" else after(step, before)
    assert all(admits(fitted, denial) for denial in denials)
    unseen = next(
        method for method in METHODS if method not in {each.method for each in denials} | {"HEAD", "WEBSOCKET"}
    )
    assert not admits(fitted, denied(denials[0].path or "/", unseen))
    again = narrowing.fit(fitted)
    assert again.edit is None and again.why == "it fits already"


@pytest.mark.parametrize("key", ["=", "-", "m", "w", "t", "s"])
def test_every_step_is_another_edit_and_0_takes_all_of_them_back(key: str) -> None:
    before = ask(seen(denied("/repos/acme/widgets"), denied("/repos/acme/api")), path_allowlist=["/repos/"])
    stepped = after(narrowing.STEPS[key](before), before)
    assert stepped.edit != before.edit
    assert narrowing.as_asked(stepped) == narrowing.Step(AS_ASKED)
    assert narrowing.as_asked(before).edit is None


def test_the_path_steps_through_folders_to_what_was_seen() -> None:
    now = ask(seen(denied("/repos/acme/widgets/issues"), denied("/repos/acme/api")), path_allowlist=["/repos/acme/"])
    assert list(ladder(now)) == [
        (),
        ("/repos/",),
        ("/repos/acme/",),
        ("/repos/acme/api", "/repos/acme/widgets/"),
        ("/repos/acme/api", "/repos/acme/widgets/issues"),
    ]
    assert after(narrowing.wider_path(now), now).paths == ("/repos/",)
    assert narrowing.wider_path(after(narrowing.narrower_path(now), now)).edit == AS_ASKED


def test_an_agent_cannot_make_a_key_take_long_by_how_deep_and_many_its_paths_are() -> None:
    deep = [f"/{n}" * 200 for n in range(64)]
    evil = [denied(f"/{n}/" + "%C3%A9" * 300) for n in range(20_000)]
    now = ask(seen(*(denied(f"{path}/x") for path in deep)), path_allowlist=deep)
    for step in [narrowing.wider_path] * 200 + [narrowing.narrower_path] * 202:
        now = after(step(now), now)
    assert now.paths == tuple(sorted(f"{path}/x" for path in deep))
    found = Evidence("id", "box", HOST, True, groups(evil), len(evil))
    assert narrowing.narrower_path(ask(found)).edit is None, "they have no folder in common"
    assert narrowing.wider_path(ask(found)).edit is None


def test_without_evidence_minus_says_what_it_waits_for() -> None:
    assert "still being read" in narrowing.narrower_path(ask()).why
    assert "still being read" in narrowing.fit(ask()).why
    assert "not known" in narrowing.fit(ask(seen(known=False))).why
    assert "no such denial" in narrowing.fit(ask(seen())).why
    assert "no path was seen" in narrowing.narrower_path(ask(seen())).why
    assert "no narrower" in narrowing.narrower_path(ask(seen(denied("/a")), path_allowlist=["/a"])).why
    assert "widest" in narrowing.wider_path(ask(seen())).why


def test_methods_turn_from_seen_to_reading_to_every_to_asked() -> None:
    now = ask(seen(denied("/a", "POST"), denied("/a")), methods=["PUT"])
    turns = []
    for _ in range(4):
        now = after(narrowing.next_methods(now), now)
        turns.append(now.methods)
    assert turns == [("GET", "POST"), ("GET", "HEAD"), (), ("PUT",)]
    assert now.edit == AS_ASKED
    assert after(narrowing.next_methods(ask()), ask()).methods == ("GET", "HEAD")


def test_plain_http_has_no_paths_and_methods_to_step() -> None:
    plain = ask(seen(denied("/", scheme="http", port=80)), ports=[80])
    for key in "-+m":
        assert "plain HTTP" in narrowing.STEPS[key](plain).why
    assert narrowing.fit(ask(plain.evidence)).edit == Edit(ports=(80,))


@pytest.mark.parametrize(
    ("host", "wild"),
    [
        ("api.example.com", "*.example.com"),
        ("example.com", "*.example.com"),
        ("a.b.example.co.uk", "*.b.example.co.uk"),
        ("example.co.uk", "*.example.co.uk"),
        ("acme.github.io", "*.acme.github.io"),
    ],
)
def test_a_wildcard_is_never_on_a_public_suffix(host: str, wild: str) -> None:
    assert narrowing.wildcard_of(host) == (wild, "")


@pytest.mark.parametrize("host", ["github.io", "co.uk"])
def test_a_public_suffix_says_why_it_gets_no_wildcard(host: str) -> None:
    found, why = narrowing.wildcard_of(host)
    assert not found and "public suffix" in why


def test_the_host_goes_to_a_wildcard_and_back() -> None:
    exact = ask()
    wild = after(narrowing.next_host(exact), exact)
    assert wild.host == "*.example.com"
    assert narrowing.next_host(wild).edit == AS_ASKED
    assert "no credential" in narrowing.next_host(ask(auth={"scheme": "Bearer", "token_ref": "T"})).why
    assert "public suffix" in narrowing.next_host(replace(exact, args={"host": "github.io"})).why


def test_an_asked_wildcard_goes_to_the_host_that_was_denied_most_and_back() -> None:
    found = seen(
        denied("/", host="b.example.com"),
        denied("/", host="a.example.com", count=5),
        denied("/", host="z.example.com", count=50, background=True),
        host="*.example.com",
    )
    odd = groups([denied("/", host="NOT A HOST", count=50), denied("/", host="A.example.com", count=50)])
    found = replace(found, groups=(*odd, *found.groups))
    wild = replace(ask(found), args={"host": "*.example.com"})
    exact = after(narrowing.next_host(wild), wild)
    assert exact.host == "a.example.com"
    assert narrowing.next_host(exact).edit == AS_ASKED
    assert after(narrowing.next_host(replace(wild, evidence=None)), wild).host == "example.com"


def test_scanning_is_switched_and_switched_back() -> None:
    on = ask()
    off = after(narrowing.next_scan(on), on)
    assert off.edit.scan == "passthrough"
    assert narrowing.next_scan(off).edit == AS_ASKED
    assert after(narrowing.next_scan(replace(on, scan="passthrough")), on).edit.scan == "scanned"
    assert "hop" in narrowing.next_scan(replace(on, scan="not_scanned")).why
    assert "not known" in narrowing.next_scan(replace(on, scan="")).why


def test_time_turns_through_all_of_them_and_what_outlives_the_bottle_comes_last() -> None:
    now, turns = ask(), []
    for _ in range(6):
        now = after(narrowing.next_until(now), now)
        turns.append(now.edit.lasts)
    assert turns == ["once", "15m", "1h", "8h", ALWAYS, BOTTLE]
    assert set(turns) == set(LASTS) == set(narrowing.UNTIL)
    by_hand = ask(edit=Edit(lasts="90m"))
    assert after(narrowing.next_until(by_hand), by_hand).edit.lasts == BOTTLE


def test_what_is_no_route_has_time_only() -> None:
    passing = ask(tool="pipelock-block", want="passthrough")
    assert after(narrowing.next_until(passing), passing).edit.lasts == "15m"
    allow = ask(tool="pipelock-block", want="allow")
    assert after(narrowing.next_until(allow), allow).edit.lasts == ALWAYS
    rebuild = ask(tool="capability-block")
    for key in "=-+mwst":
        assert narrowing.STEPS[key](rebuild).edit is None
    for key in "=-+mws":
        assert narrowing.STEPS[key](allow).edit is None


def test_covering_needs_every_path_covered() -> None:
    assert covers((), ("/a",)) and covers(("/",), ()) and not covers(("/a",), ())
    assert covers(("/a", "/b"), ("/a/x", "/b")) and not covers(("/a",), ("/ab",))
