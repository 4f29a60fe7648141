"""A mark stands for one change; nothing else is decided by it."""

from bottle_tui.core.marks import Marks


def test_a_mark_comes_and_goes() -> None:
    marks = Marks().toggled("a", "sha256:1").toggled("b", "sha256:2")
    assert len(marks) == 2 and "a" in marks and "c" not in marks
    assert marks.toggled("a", "sha256:1").marked == (("b", "sha256:2"),)


def test_another_change_or_an_ask_that_left_takes_the_mark_away() -> None:
    marks = Marks().toggled("a", "sha256:1").toggled("b", "sha256:2").toggled("c", "sha256:3")
    assert marks.kept({"a": "sha256:1", "b": "sha256:other"}).marked == (("a", "sha256:1"),)


def test_the_digest_is_of_all_of_them_and_their_changes() -> None:
    one = Marks().toggled("a", "sha256:1")
    assert one.digest != Marks().toggled("a", "sha256:2").digest
    assert one.digest != one.toggled("b", "sha256:1").digest and one.digest == Marks((("a", "sha256:1"),)).digest
