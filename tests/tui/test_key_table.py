"""The README's keys are the app's keys."""

from pathlib import Path

from bottle_tui.tui.key_table import placed, table

README = Path(__file__).parents[2] / "README.md"


def test_the_readme_names_the_keys_that_there_are() -> None:
    text = README.read_text(encoding="utf-8")
    assert text == placed(text), "run: python -m bottle_tui.tui.key_table README.md"


def test_every_deciding_key_is_in_the_table() -> None:
    for key in "aruoX":
        assert f"| `{key}` |" in table()
