"""The settings file: strict, and harmless when it is broken."""

import jsonschema
import pytest

from bottle_tui.core import settings
from bottle_tui.core.settings import Notify, Settings
from bottle_tui.errors import InvalidFile

WHOLE = b"""\
theme: light
keys: {approve: ctrl+a, quit: "f10,Q"}
notify: {command: [notify-send, bottle-tui], bell: false}
read_only: true
"""


def test_a_whole_file_is_read() -> None:
    assert settings.parse(WHOLE) == Settings(
        theme="light",
        keys={"approve": "ctrl+a", "quit": "f10,Q"},
        notify=Notify(("notify-send", "bottle-tui"), bell=False),
        read_only=True,
    )


@pytest.mark.parametrize("data", [b"", b"# nothing yet\n", b"{}\n"])
def test_an_empty_file_is_all_defaults(data: bytes) -> None:
    assert settings.parse(data) == Settings() == settings.DEFAULTS


@pytest.mark.parametrize(
    ("data", "place", "words"),
    [
        (b"theme: pink\n", "1 (theme)", "dark, light, ansi"),
        (b"\ncolour: dark\n", "2 (colour)", "unknown key"),
        (b"read_only: yes\n", "1 (read_only)", "true or false"),
        (b"keys:\n  approve: a\n  reject: a\n", "3 (keys.reject)", "key of approve"),
        (b"keys: {approve: 'a,,b'}\n", "1 (keys.approve)", "between two commas"),
        (b"keys: {approve: ''}\n", "1 (keys.approve)", "a key"),
        (b"keys: {approve: 'a b'}\n", "1 (keys.approve)", "is not a key"),
        (b"keys: {Approve: x}\n", "1 (keys.Approve)", "action's id"),
        (b"notify: {command: notify-send}\n", "1 (notify.command)", "a list"),
        (b"notify: {command: []}\n", "1 (notify.command)", "leave it out"),
        (b"notify: {sound: true}\n", "1 (notify.sound)", "unknown key"),
        (b"theme: dark\ntheme: light\n", "2", "theme"),
        (b"- theme\n", "1", "mapping"),
    ],
)
def test_a_broken_file_names_the_line_the_key_and_what_would_be_right(data: bytes, place: str, words: str) -> None:
    with pytest.raises(InvalidFile) as refused:
        settings.parse(data, "s.yaml")
    assert refused.value.file == "s.yaml"
    assert refused.value.place == place
    assert words in refused.value.message


@pytest.mark.parametrize(
    ("data", "kept"),
    [
        (b"theme: pink\n", False),
        (b"theme: pink\nread_only: true\n", True),
        (b"theme: pink\nread_only: false\n", False),
        (b"read_only: yes\n", True),
        (b"read_only: true\ntheme: [\n", True),
        (b"theme: [\n", False),
        (b"[]\n", False),
    ],
)
def test_a_broken_file_never_turns_read_only_off(data: bytes, kept: bool) -> None:
    assert settings.of_broken(data) == Settings(read_only=kept)


def test_the_schema_takes_what_the_parser_takes() -> None:
    schema = settings.json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate({"theme": "dark", "keys": {"quit": "Q"}, "notify": {"bell": True}, "read_only": False}, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"theme": "pink"}, schema)
