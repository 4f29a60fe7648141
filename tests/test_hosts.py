"""Host names: one normal form, wildcards, look-up."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar_addon import hosts
from sidecar_addon.hosts import HostError, best_match, covers, is_ip_literal, normalise, normalise_pattern

LABELS = st.text(string.ascii_lowercase + string.digits, min_size=1, max_size=10)
NAMES = st.lists(LABELS, min_size=1, max_size=5).map(".".join).map(lambda name: name + ".test")
PATTERNS = st.one_of(NAMES, NAMES.map(lambda name: "*." + name))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Example.COM", "example.com"),
        ("example.com.", "example.com"),
        (" example.com ", "example.com"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("BÜCHER.example.", "xn--bcher-kva.example"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("a-b.c1", "a-b.c1"),
        ("localhost", "localhost"),
    ],
)
def test_one_normal_form(text, expected):
    assert normalise(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "", ".", "a..b", "-a.b", "a-.b", "a_b.c", "_egress.local", "a b.c", "a.b:443", "http://a.b", "a.b/c", "*.a.b",
        "user@a.b", "a.b\n", "a" * 64 + ".b", ".".join(["a" * 60] * 5), "a.b..", "example.123", "1.2.3.4", "::1",
        "[::1]", "127.1", "0x7f.1", "2130706433", "0x7f000001", "1.2.3.4.", "xn--a.test", "xn--.test",
        "xn--bcher-kvb!.test", "ex\u00ad\u200dample\u2603\u202e.test", "\uff0e", "a\n.b", "a.b\n.",
    ],
)  # fmt: skip
def test_what_is_no_host_name(text):
    with pytest.raises(HostError):
        hosts.normalise(text if text != "a.b\n" else "a.b\nc")


@pytest.mark.parametrize("text", ["1.2.3.4", "127.1", "0x7f.1", "2130706433", "::1", "[::1]", "0", "0x0.0x0"])
def test_addresses_in_every_spelling(text):
    assert is_ip_literal(text)


@pytest.mark.parametrize("text", ["a.b", "1.2.3.4.5", "face.book", "0xzz", "1a.2"])
def test_names_are_no_addresses(text):
    assert not is_ip_literal(text)


@given(NAMES)
def test_normalising_twice_changes_nothing(name):
    assert normalise(normalise(name.upper() + ".")) == normalise(name) == name


@given(st.text(max_size=40))
def test_foreign_text_is_a_normal_name_or_refused(text):
    try:
        name = normalise(text)
    except HostError:
        return
    assert name == normalise(name)
    assert name.isascii()
    assert not is_ip_literal(name)


def test_a_pattern_may_start_with_a_wildcard_once():
    assert normalise_pattern("*.Example.com") == "*.example.com"
    assert normalise_pattern("Example.com") == "example.com"
    for text in ("*", "*.", "*.*.a.b", "a.*.b", "**.a.b", "*a.b", "*.1.2.3.4"):
        with pytest.raises(HostError):
            normalise_pattern(text)


@pytest.mark.parametrize(
    ("pattern", "host", "expected"),
    [
        ("*.example.com", "example.com", True),
        ("*.example.com", "a.example.com", True),
        ("*.example.com", "a.b.example.com", True),
        ("*.example.com", "barexample.com", False),
        ("*.example.com", "example.com.evil.test", False),
        ("*.example.com", "*.a.example.com", True),
        ("*.example.com", "*.example.com", True),
        ("*.a.example.com", "*.example.com", False),
        ("example.com", "a.example.com", False),
        ("example.com", "*.example.com", False),
        ("example.com", "example.com", True),
    ],
)
def test_what_a_pattern_covers(pattern, host, expected):
    assert covers(pattern, host) is expected


@given(PATTERNS, PATTERNS, NAMES)
def test_covering_is_transitive(wide, narrow, host):
    if covers(wide, narrow) and covers(narrow, host):
        assert covers(wide, host)


@given(st.lists(PATTERNS, unique=True, max_size=8), NAMES)
def test_the_best_match_is_exact_else_the_longest_suffix_whatever_the_order(patterns, host):
    exact = {pattern: pattern for pattern in patterns if not hosts.is_wildcard(pattern)}
    wildcard = {pattern[2:]: pattern for pattern in patterns if hosts.is_wildcard(pattern)}
    found = best_match(host, exact, wildcard)
    fitting = [pattern for pattern in patterns if covers(pattern, host)]
    if host in fitting:
        assert found == host
    else:
        assert found == max(fitting, key=len, default=None)


def test_the_cost_of_a_look_up_does_not_grow_with_the_number_of_routes():
    class Counting(dict):
        looks = 0

        def get(self, key, default=None):
            Counting.looks += 1
            return super().get(key, default)

    many = Counting({f"h{number}.test": number for number in range(10_000)})
    assert best_match("a.b.other.test", many, Counting(many)) is None
    assert Counting.looks <= 5


def test_mixed_alphabets_are_noticed():
    assert hosts.mixed_scripts("xn--pple-43d.com")  # a Cyrillic а before Latin pple
    assert not hosts.mixed_scripts("apple.com")
    assert not hosts.mixed_scripts("xn--e1afmkfd.xn--p1ai")
    assert hosts.to_unicode("xn--bcher-kva.example") == "bücher.example"
    assert hosts.to_unicode("xn--zzzzzzzzzz99999.example") == "xn--zzzzzzzzzz99999.example"
