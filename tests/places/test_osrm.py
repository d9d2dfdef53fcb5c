"""A routing server in place of the built-in network."""

from typing import Any

import numpy as np
import pytest

from foundation.places.osrm import CHUNK, PAUSE_SECONDS, OsrmTravel
from foundation.places.roads import RoadNetwork
from tests.places.conftest import FakeServer


def table(path: str) -> tuple[int, Any]:
    """Answer every trip with 10 miles and 12 minutes times the destination's place in the list."""
    count = path.split("?")[0].count(";")
    meters = [16093.44 * (index + 1) for index in range(count)]
    seconds = [720.0 * (index + 1) for index in range(count)]
    if "sources=0&" in path:
        return 200, {"code": "Ok", "distances": [meters], "durations": [seconds]}
    return 200, {"code": "Ok", "distances": [[m] for m in meters], "durations": [[s] for s in seconds]}


@pytest.fixture
def osrm(fake_server: FakeServer, network: RoadNetwork) -> OsrmTravel:
    fake_server.answer = table
    return OsrmTravel(fake_server.url, fallback=lambda: network, timeout_seconds=30)


def test_a_table_becomes_miles_and_minutes(osrm: OsrmTravel, fake_server: FakeServer) -> None:
    travel = osrm.one_to_many(41.9, -87.6, [40.0, 39.0], [-86.0, -85.0])
    assert travel.miles.tolist() == pytest.approx([10, 20])
    assert travel.minutes.tolist() == pytest.approx([12, 24])
    assert not travel.estimated.any()
    assert fake_server.asked == [
        "/table/v1/driving/-87.600000,41.900000;-86.000000,40.000000;-85.000000,39.000000"
        "?sources=0&destinations=1;2&annotations=duration,distance"
    ]


def test_many_to_one_asks_the_other_way_round(osrm: OsrmTravel, fake_server: FakeServer) -> None:
    assert osrm.many_to_one([40.0, 39.0], [-86.0, -85.0], 41.9, -87.6).miles.tolist() == pytest.approx([10, 20])
    assert "sources=1;2&destinations=0" in fake_server.asked[0]


def test_long_tables_are_asked_in_parts(osrm: OsrmTravel, fake_server: FakeServer) -> None:
    travel = osrm.one_to_many(41.9, -87.6, np.linspace(33, 40, CHUNK + 5), np.full(CHUNK + 5, -86.0))
    assert len(fake_server.asked) == 2
    assert np.isfinite(travel.miles).all()


def test_pairs_are_grouped_by_origin(osrm: OsrmTravel, fake_server: FakeServer) -> None:
    osrm.pairs([41.9, 30.0, 41.9], [-87.6, -90.0, -87.6], [40.0, 40.0, 39.0], [-86.0, -86.0, -85.0])
    assert len(fake_server.asked) == 2


def test_a_trip_without_a_road_comes_from_the_network(osrm: OsrmTravel, fake_server: FakeServer) -> None:
    fake_server.answer = lambda path: (
        200,
        {"code": "Ok", "distances": [[16093.44, None]], "durations": [[720.0, None]]},
    )
    travel = osrm.one_to_many(41.9, -87.6, [40.0, 40.7], [-86.0, -74.0])
    assert travel.miles[0] == pytest.approx(10)
    assert 750 < travel.miles[1] < 830
    assert travel.estimated.tolist() == [False, True]


@pytest.mark.parametrize(
    "answer",
    [
        (500, {}),
        (200, b"<html>not json"),
        (200, {"code": "NoTable"}),
        (200, {"code": "Ok", "distances": [[1.0]], "durations": [[1.0]]}),
        (200, {"code": "Ok", "durations": [[1.0, 2.0]]}),
        (200, [1, 2]),
        (302, {}),
    ],
)
def test_a_failing_server_is_replaced_by_the_network_and_says_so(
    osrm: OsrmTravel, fake_server: FakeServer, network: RoadNetwork, answer: tuple[int, Any]
) -> None:
    fake_server.answer = lambda path: answer
    travel = osrm.one_to_many(41.9, -87.6, [40.7, 39.1], [-74.0, -94.6])
    assert travel.miles.tolist() == network.one_to_many(41.9, -87.6, [40.7, 39.1], [-74.0, -94.6]).miles.tolist()
    assert travel.estimated.all()


def test_a_server_that_is_down_is_left_alone_for_a_while(fake_server: FakeServer, network: RoadNetwork) -> None:
    now = [1000.0]
    osrm = OsrmTravel(fake_server.url, fallback=lambda: network, clock=lambda: now[0])
    fake_server.answer = lambda path: (503, {})
    for _ in range(3):
        assert osrm.one_to_many(41.9, -87.6, [40.7], [-74.0]).estimated.all()
    assert len(fake_server.asked) == 1
    fake_server.answer = table
    now[0] += PAUSE_SECONDS + 1
    assert not osrm.one_to_many(41.9, -87.6, [40.7], [-74.0]).estimated.any()


def test_the_path_comes_from_the_server_or_else_from_the_network(osrm: OsrmTravel, fake_server: FakeServer) -> None:
    line = [[-87.6, 41.9], [-80.0, 41.0], [-74.0, 40.7]]
    fake_server.answer = lambda path: (200, {"code": "Ok", "routes": [{"geometry": {"coordinates": line}}]})
    assert osrm.path(41.9, -87.6, 40.7, -74.0) == [(41.9, -87.6), (41.0, -80.0), (40.7, -74.0)]
    fake_server.answer = lambda path: (200, {"code": "Ok", "routes": []})
    assert len(osrm.path(41.9, -87.6, 40.7, -74.0)) > 20


def test_each_server_has_a_version_of_its_own(network: RoadNetwork) -> None:
    one, two = (OsrmTravel(url, fallback=lambda: network) for url in ("http://a.example", "http://b.example/"))
    assert one.version != two.version
    assert one.version == OsrmTravel("http://a.example/", fallback=lambda: network).version


@pytest.mark.django_db
def test_no_transaction_waits_for_the_server(osrm: OsrmTravel, fake_server: FakeServer, network: RoadNetwork) -> None:
    travel = osrm.one_to_many(41.9, -87.6, [40.0], [-86.0])  # pytest-django runs a test in a transaction
    assert fake_server.asked == []
    assert travel.miles.tolist() == network.one_to_many(41.9, -87.6, [40.0], [-86.0]).miles.tolist()
    assert travel.estimated.all()
