"""Paths: canonical spellings, prefixes at segment boundaries."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar_addon.paths import admits, covers, problem

SEGMENT = st.text("abcdef0123-._~!$&'()*+,=:@", min_size=1, max_size=6).filter(lambda text: text not in (".", ".."))
PATHS = st.lists(SEGMENT, max_size=4).map(lambda parts: "/" + "/".join(parts))
PREFIXES = st.tuples(PATHS, st.booleans()).map(lambda pair: pair[0] + "/" if pair[1] and pair[0] != "/" else pair[0])


@pytest.mark.parametrize("path", ["/", "/v1/x", "/a.b/~c/-_", "/%20", "/%C3%BC", "/a:b@c", "/%c3%bc", "/...", "/a/"])
def test_canonical_paths(path):
    assert problem(path) is None


@pytest.mark.parametrize(
    "path",
    [
        "", "x", "*", "//", "/a//b", "/a/../b", "/a/.", "/..", "/a;b", "/a#b", "/a\\b", "/a b", "/\x01", "/\x7f",
        "/ü", "/%2e", "/%2E%2e/x", "/%2f", "/%5c", "/%41", "/%25", "/%252e", "/%00", "/%0d%0a", "/%7f", "/%", "/%4",
        "/%zz", "/%c0%ae", "/%ff", "/%c3", "/%3b", "/%23", "/%3f", "/a/%2e%2e%2fb", "/\udcff", "/a\n",
    ],
)  # fmt: skip
def test_spellings_that_an_upstream_may_read_otherwise(path):
    assert problem(path)


@given(PATHS)
def test_plain_segments_are_canonical(path):
    assert problem(path) is None


@pytest.mark.parametrize(
    ("prefix", "path", "expected"),
    [
        ("/repos/acme", "/repos/acme", True),
        ("/repos/acme", "/repos/acme/x", True),
        ("/repos/acme", "/repos/acme-evil", False),
        ("/repos/acme/", "/repos/acme/x", True),
        ("/repos/acme/", "/repos/acme", False),
        ("/", "/anything", True),
        ("/a", "/A", False),
    ],
)
def test_prefixes_match_at_segment_boundaries(prefix, path, expected):
    assert admits(prefix, path) is expected


@given(PREFIXES, PREFIXES, PATHS)
def test_what_a_covered_prefix_admits_the_covering_one_admits_too(wide, narrow, path):
    if covers(wide, narrow) and admits(narrow, path):
        assert admits(wide, path)


@given(PREFIXES, PATHS)
def test_a_prefix_that_does_not_cover_another_misses_something_of_it(wide, narrow):
    if not covers(wide, narrow):
        assert not admits(wide, narrow) or not admits(wide, narrow + "/x") or narrow == "/"


@given(PREFIXES)
def test_a_prefix_covers_itself(prefix):
    assert covers(prefix, prefix)


@given(PREFIXES, PATHS)
def test_admission_never_reaches_a_neighbour(prefix, path):
    if admits(prefix, path):
        assert path.startswith(prefix)
        assert path[len(prefix) :][:1] in ("", "/") or prefix.endswith("/")
