"""A mark stands for one change; nothing else is decided by it."""

from bottle_tui.core.marks import Marks


def test_a_mark_comes_and_goes() -> None:
    marks = Marks().toggled("a", "sha256:1").toggled("b", "sha256:2")
    assert len(marks) == 2 and "a" in marks and "c" not in marks
    assert marks.toggled("a", "sha256:1").marked == (("b", "sha256:2"),)


def test_another_change_or_an_ask_that_left_takes_the_mark_away() -> None:
    marks = Marks().toggled("a", "sha256:1").toggled("b", "sha256:2").toggled("c", "sha256:3")
    assert marks.kept({"a": "sha256:1", "b": "sha256:other"}).marked == (("a", "sha256:1"),)


def test_all_of_a_bottle_are_marked_and_again_none_of_them() -> None:
    own = Marks().toggled("z", "sha256:9").toggled("b", "sha256:old")
    able = {"a": "sha256:1", "b": "sha256:2"}
    marks = own.with_all(able)
    assert dict(marks.marked) == {"z": "sha256:9", **able} and marks.has_unseen()
    assert marks.with_all(able).marked == (("z", "sha256:9"),) and not marks.with_all(able).has_unseen()


def test_what_was_marked_with_its_bottle_and_then_on_its_own_was_seen() -> None:
    marks = Marks().with_all({"a": "sha256:1"})
    assert not marks.toggled("a", "sha256:1").toggled("a", "sha256:1").has_unseen()


def test_the_digest_is_of_all_of_them_and_their_changes() -> None:
    one = Marks().toggled("a", "sha256:1")
    assert one.digest != Marks().toggled("a", "sha256:2").digest
    assert one.digest != one.toggled("b", "sha256:1").digest and one.digest == Marks((("a", "sha256:1"),)).digest
