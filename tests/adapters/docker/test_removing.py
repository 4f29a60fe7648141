"""What `down` says of what it could not remove."""

from datetime import UTC, datetime
from typing import Any

from bottle_tui.adapters.docker import removing
from bottle_tui.ports import Recorded


class Engine:
    """An engine with one network of the bottle, on which a container of somebody else still is."""

    def __init__(self) -> None:
        self.api = self

    def containers(self, **asked: object) -> list[dict[str, Any]]:
        return []

    def volumes(self, **asked: object) -> dict[str, list[dict[str, Any]]]:
        return {"Volumes": []}

    def networks(self, **asked: object) -> list[dict[str, Any]]:
        return [{"Id": "n1", "Name": "bottle-box-outside", "Labels": {}}]

    def inspect_network(self, id: str) -> dict[str, Any]:
        return {"Containers": {"c1": {"Name": "mirror"}}}

    def remove_network(self, id: str) -> None:
        import docker.errors
        import requests

        response = requests.Response()
        response.status_code = 403
        raise docker.errors.APIError("403", response, "network bottle-box-outside has active endpoints")


def test_what_is_left_is_named_in_the_order_in_which_the_commands_work() -> None:
    recorded = Recorded(
        "box", "docker", "i1", datetime(2026, 1, 1, tzinfo=UTC), {}, {"outside": "n1"}, {}, "", "", "", {}
    )
    left = removing.remove(Engine(), 0, "box", recorded, purge=False)  # type: ignore[arg-type]
    assert [line.split("`")[1] for line in left] == [
        "docker network disconnect -f bottle-box-outside mirror",
        "docker network rm bottle-box-outside",
    ]
    assert "active endpoints" in left[1]
