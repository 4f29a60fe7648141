"""YAML and JSON without surprises."""

import json
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar_addon.strict_yaml import StrictYamlError, load, load_json, load_yaml

LIMIT = 100_000
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=15,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: no", {"a": "no"}),
        ("a: off", {"a": "off"}),
        ("a: 012", {"a": "012"}),
        ("a: 0x1f", {"a": "0x1f"}),
        ("a: 1_000", {"a": "1_000"}),
        ("a: 1:30", {"a": "1:30"}),
        ("a: 2026-01-01", {"a": "2026-01-01"}),
        ("a: true\nb: False", {"a": True, "b": False}),
        ("a: 12\nb: -3\nc: 1.5", {"a": 12, "b": -3, "c": 1.5}),
        ("a: ~\nb: null\nc:", {"a": None, "b": None, "c": None}),
        ("a: 'no'\nb: \"1\"", {"a": "no", "b": "1"}),
        ("a: [x, y]", {"a": ["x", "y"]}),
        ("on: 1\nyes: 2", {"on": 1, "yes": 2}),
        ("a: =\nb: <<", {"a": "=", "b": "<<"}),
        ("", None),
    ],
)
def test_scalars_mean_what_they_look_like(text, expected):
    assert load(text, limit=LIMIT) == expected


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: 1\nb: 2\na: 3", "line 3: the key 'a' is there twice"),
        ("x:\n  a: 1\n  a: 2", "line 3"),
        ("a: &x 1\nb: *x", "anchors and aliases"),
        ("a: *x", "alias"),
        ("<<: {a: 1}\n1: 2", "keys must be text"),
        ("1: 2", "keys must be text"),
        ("true: 2", "keys must be text"),
        ("? [a]\n: 1", "keys must be text"),
        ("a: !!python/object:os.system x", "tag"),
        ("a: !foo x", "tag"),
        ("a: !!set {x, y}", "tag"),
        ("a: [", "line"),
        ("a: 1\n---\nb: 2", "line"),
        ('{"a": "\\ud800"}', "surrogate"),
        ("a: \x00", ""),
        ("{" + '"a": {' * 5000, ""),
        ("[" * 5000, ""),
        ("a: " + "[" * 5000, ""),
    ],
)
def test_surprises_are_refused(text, says):
    with pytest.raises(StrictYamlError) as error:
        load(text, limit=LIMIT)
    assert says in str(error.value)


@pytest.mark.parametrize("text", ['{"a": 1, "a": 2}', '{"a": NaN}', "[Infinity]", '{"a": 1} x', "{", ""])
def test_json_is_as_strict(text):
    with pytest.raises(StrictYamlError):
        load_json(text, limit=LIMIT)


def test_limits_and_encodings():
    with pytest.raises(StrictYamlError, match="over the limit of 3"):
        load("abcd", limit=3)
    with pytest.raises(StrictYamlError, match="line 2: not UTF-8"):
        load(b"a: 1\nb: \xff", limit=LIMIT)
    assert load("a: ü".encode(), limit=LIMIT) == {"a": "ü"}


def test_lines_lead_to_the_place():
    document = load_yaml("a: 1\nb:\n  - x\n  - c: 2\n", limit=LIMIT)
    assert document.line(("b", 1, "c")) == 4
    assert document.line(("b", 1, "c", "deeper", 7)) == 4
    assert document.line(("b",)) == 2


def test_an_alias_sign_in_text_is_no_alias():
    assert load("a: x & y\nb: '*.example.com'\nc: R&D", limit=LIMIT) == {"a": "x & y", "b": "*.example.com", "c": "R&D"}


@given(VALUES)
def test_json_reads_the_same_as_json_and_as_yaml(value):
    text = json.dumps(value)
    assert load_json(text, limit=LIMIT) == value
    assert load(json.dumps({"v": value}), limit=LIMIT) == {"v": value}
    if not any(ord(char) > 0xFFFF for char in json.dumps(value, ensure_ascii=False)):  # YAML has no such escapes
        assert load_yaml(json.dumps({"v": value}), limit=LIMIT).value == {"v": value}


@given(st.binary(max_size=200))
def test_foreign_bytes_are_read_or_refused(data):
    try:
        load(data, limit=LIMIT)
    except StrictYamlError:
        return


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "? ", "[{"])
def test_brackets_without_end_are_refused_and_do_not_overflow_the_parser(opening: str) -> None:
    code = f"""
from sidecar_addon.strict_yaml import StrictYamlError, load_yaml
try:
    load_yaml({opening!r} * 100_000, limit=10**7)
except StrictYamlError as error:
    print(error)
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout.strip()) == (0, "line 1: nested too deeply")
