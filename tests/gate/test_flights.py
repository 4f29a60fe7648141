"""Requests under way, without a gate around them."""

import time
from types import SimpleNamespace

import pytest

from sidecar_addon.gate.events import Events
from sidecar_addon.gate.flights import Flight, Flights
from sidecar_addon.matching import Request
from sidecar_addon.table import Grant, Route

ROUTE = Route("api.test", (Grant("g"),))
REQUEST = Request("GET", "https", "api.test", 443, "/")


class Counting(Flight):
    """One that knows how often it was looked at."""

    looks = 0

    def __getattribute__(self, name):
        Counting.looks += 1
        return super().__getattribute__(name)


@pytest.fixture
def flights():
    events = Events(lambda line: None)
    made = Flights(events, time.monotonic, lambda client: None)
    yield made
    events.close()


def admit(flights, client, kind=Flight, *, flow):
    flights.admit(SimpleNamespace(id=flow), kind(flow, client, REQUEST, ROUTE, ROUTE.grants[0], 0.0))


@pytest.mark.parametrize(
    "end", [lambda all: all.cut([all.of(SimpleNamespace(id="1"))], "revoked"), lambda all: all.gone("a")]
)
def test_the_end_of_one_connection_looks_at_no_request_of_another(flights, end):
    """A thousand connections that end at once, each with a hundred requests, would keep the gate for half a minute."""
    admit(flights, "a", flow="1")
    for number in range(100):
        admit(flights, "b", Counting, flow=f"b{number}")
    Counting.looks = 0
    end(flights)
    assert Counting.looks == 0


def test_of_a_connection_every_request_is_cut_and_of_another_none(flights):
    for client, flow in (("a", "1"), ("a", "2"), ("b", "3")):
        admit(flights, client, flow=flow)
    assert flights.cut([flights.of(SimpleNamespace(id="1"))], "revoked") == 2
    assert [flight.cut for flight in flights] == ["revoked", "revoked", None]
    flights.gone("a")
    assert [flight.id for flight in flights] == ["3"]
    flights.over(SimpleNamespace(id="3"), request=True, response=True)
    flights.gone("b")
    assert list(flights) == []
