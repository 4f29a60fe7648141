"""up, stop and down in the ledger: what was accepted, how it ended, and one chain whatever happens."""

from pathlib import Path

import pytest

from bottle_tui.errors import BottleError, LaunchFailed, NeedsAcceptance
from bottle_tui.services import audit, history, lookup, start, stop
from tests.services.test_bottle_life import MANIFEST, Place, place

__all__ = ["place"]


def kinds(place: Place) -> list[tuple[str, str | None]]:
    return [(each["kind"], each.get("of")) for each in audit.records(place.world, "box")]


def accepted(place: Place) -> str:
    return place.home.joinpath("accepted.json").read_text().split('"digest": "')[1].split('"')[0]


def test_the_first_up_records_what_it_accepts_before_and_how_it_ended_after(place: Place) -> None:
    place.up()
    intent, result = audit.records(place.world, "box")
    assert (intent["kind"], intent["of"], intent["actor"]) == ("intent", "up", "op")
    assert intent["accepted"] == accepted(place)
    assert intent["acceptance"] == "by this up, the first"
    assert intent["manifest"] == str(place.manifest)
    assert "route docs.example.com" in intent["after"]["policy"]
    assert intent["before"] == {}
    assert (result["kind"], result["of"], result["in_force"]) == ("result", "up", True)
    assert "2 records, unbroken" in audit.verify(place.world, "box")


def test_no_secret_is_in_the_record_of_an_up(place: Place) -> None:
    place.up()
    assert place.environ["EXAMPLE_TOKEN"] not in place.home.joinpath("audit.jsonl").read_text()


def test_an_up_that_fails_says_so_in_the_ledger(place: Place) -> None:
    place.runtime.fails = "the image is not there"
    with pytest.raises(LaunchFailed):
        place.up()
    result = audit.records(place.world, "box")[-1]
    assert (result["kind"], result["of"], result["in_force"]) == ("result", "up", False)
    assert "the image is not there" in result["why"]


def test_an_up_that_nobody_accepted_is_no_deed(place: Place) -> None:
    place.up()
    place.write(MANIFEST.replace("docs.example.com", "other.example.com"))
    before = kinds(place)
    with pytest.raises(NeedsAcceptance):
        place.up()
    assert kinds(place) == before


def test_an_up_that_finds_everything_as_it_is_is_no_deed(place: Place) -> None:
    place.up()
    before = kinds(place)
    place.up()
    assert kinds(place) == before


def test_a_manifest_taken_over_live_is_recorded_with_what_changed(place: Place) -> None:
    place.up()
    place.write(MANIFEST.replace("docs.example.com", "other.example.com"))
    place.accepted_up()
    assert kinds(place)[2:] == [("intent", "up"), ("intent", "routes"), ("result", "routes"), ("result", "up")]
    intent = audit.records(place.world, "box")[2]
    assert intent["acceptance"] == "by a typed yes"
    assert "docs.example.com" in intent["before"]["policy"]
    assert "other.example.com" in intent["after"]["policy"]
    verbs = [(deed.verb, deed.ok) for deed in history.listed(place.world, "box")]
    assert verbs == [("started", True), ("routes", True), ("started", True)]


def test_a_manifest_that_cannot_be_taken_over_live_is_recorded_as_not_done(place: Place) -> None:
    place.up()
    place.write(MANIFEST.replace("my-agent:latest", "other-agent:latest"))
    with pytest.raises(BottleError):
        place.accepted_up()
    result = audit.records(place.world, "box")[-1]
    assert (result["of"], result["in_force"]) == ("up", False)
    assert "down" in result["why"]


def test_an_up_whose_intent_cannot_be_written_makes_nothing(place: Place) -> None:
    place.home.mkdir(parents=True, mode=0o700)
    place.home.joinpath("audit.jsonl").write_text("nonsense\n")
    with pytest.raises(BottleError):
        place.up()
    assert place.runtime.launched == []
    assert lookup.find(place.world, "box") is None


def test_stop_and_down_are_recorded_once_and_the_next_up_goes_on_with_the_chain(place: Place) -> None:
    place.up()
    for _ in range(2):
        stop.stop(place.world, "box")
    for _ in range(2):
        assert stop.down(place.world, "box") == []
    place.up()
    assert kinds(place)[2:4] == [("stopped", None), ("removed", None)]
    assert kinds(place)[4:] == [("intent", "up"), ("result", "up")]
    assert "6 records, unbroken" in audit.verify(place.world, "box")
    told = [(deed.verb, deed.what, deed.ok) for deed in history.listed(place.world, "box")]
    assert [verb for verb, _, _ in told] == ["started", "removed", "stopped", "started"]
    assert all(ok for _, _, ok in told)
    assert told[1][1] == "the bottle"


def test_a_stopped_bottle_that_starts_again_is_recorded_as_accepted_before(place: Place) -> None:
    place.up()
    stop.stop(place.world, "box")
    place.up()
    intent = [each for each in audit.records(place.world, "box") if each["kind"] == "intent"][-1]
    assert intent["acceptance"] == "before"
    assert intent["accepted"] == accepted(place)
    assert "before" not in intent


def test_what_a_down_could_not_remove_is_in_its_record(place: Place) -> None:
    place.up()
    place.runtime.leftovers = ["network x: docker network rm x"]
    stop.down(place.world, "box")
    record = audit.records(place.world, "box")[-1]
    assert (record["kind"], record["in_force"]) == ("removed", False)
    assert "network x" in record["why"]


def test_a_ledger_that_cannot_be_written_holds_up_neither_stop_nor_down(place: Place) -> None:
    place.up()
    place.home.joinpath("audit.jsonl").write_text("nonsense\n")
    lines = stop.stop(place.world, "box")
    assert place.state() == "stopped"
    assert "ledger" in lines[-1]
    (left,) = stop.down(place.world, "box")
    assert "ledger" in left
    assert lookup.find(place.world, "box") is None
    assert not place.home.joinpath("queue").exists()


def test_a_purge_leaves_no_ledger_behind(place: Place) -> None:
    place.up()
    assert stop.down(place.world, "box", purge=True) == []
    assert not place.home.joinpath("audit.jsonl").exists()


def test_the_same_manifest_in_another_folder_joins_the_bottle_only_once_that_was_accepted(
    place: Place, tmp_path: Path
) -> None:
    place.up()
    other = tmp_path / "elsewhere" / "bottle.yaml"
    other.parent.mkdir()
    other.write_text(MANIFEST)
    before, first = kinds(place), place.manifest
    place.manifest = other
    for end in (lambda: None, lambda: stop.stop(place.world, "box")):
        end()
        with pytest.raises(NeedsAcceptance, match="another `name:`") as caught:
            place.up()
        assert str(first) in caught.value.message
    assert kinds(place)[: len(before)] == before
    place.up(accept=start.blueprint.draw(place.world, other).plan.digest)
    assert place.state() == "running"
    place.up()
    assert place.said[-1] == "box runs already", "asked once"


def test_a_manifest_reached_by_another_way_is_the_same(place: Place, tmp_path: Path) -> None:
    place.up()
    (tmp_path / "link").symlink_to(place.manifest.parent)
    place.manifest = tmp_path / "link" / "bottle.yaml"
    place.up()
    assert place.said[-1] == "box runs already"


def test_what_up_takes_is_what_was_accepted(place: Place) -> None:
    place.up(accept=start.blueprint.draw(place.world, place.manifest).plan.digest)
    assert audit.records(place.world, "box")[0]["acceptance"] == "by --accept"
