"""Many pairs at once get the very figures that one search for each point gets."""

import numpy as np
import pytest

from foundation.places.gazetteer import gazetteer
from foundation.places.geometry import great_circle_miles
from foundation.places.roads import RoadNetwork
from foundation.places.roads import barriers as barriers_module
from foundation.places.roads import network as network_module
from foundation.places.roads.barriers import barrier_points, crosses_barrier
from foundation.places.roads.many import NEAR_MILES, NEAR_WEIGHT


def spread(count: int, seed: int) -> np.ndarray:
    """Return points near ZIP centres, shape (count, 2)."""
    random = np.random.default_rng(seed)
    centres = np.array([(entry.lat, entry.lon) for entry in gazetteer() if entry.active])
    return centres[random.integers(0, len(centres), count)] + random.normal(0, 0.05, (count, 2))


def both_ways(network: RoadNetwork, a: np.ndarray, b: np.ndarray) -> tuple[tuple, tuple]:
    """Return weights and straight miles by nodes, and by one search a point."""
    return network._many(a, b), network._few(a, b)


@pytest.mark.parametrize("degrees", [0.2, 1.0, 3.5], ids=["next door", "a deadhead away", "about as far as the table"])
def test_near_pairs_are_the_same_to_the_last_digit(network: RoadNetwork, degrees: float) -> None:
    random = np.random.default_rng(5)
    a = np.repeat(spread(60, 1), 10, axis=0)
    b = a + random.normal(0, degrees, a.shape)
    b[::17] = a[::17]
    (weights, straights), (expected, straight) = both_ways(network, a, b)
    assert (weights == expected).all()
    assert (straights == straight).all()


def test_far_pairs_are_the_same_to_the_last_digit(network: RoadNetwork) -> None:
    a, b = spread(150, 2), spread(150, 3)
    (weights, straights), (expected, straight) = both_ways(network, a, b)
    assert (straights > NEAR_MILES).mean() > 0.5
    assert (weights == expected).all()
    assert (straights == straight).all()


def test_far_pairs_of_few_nodes_are_searched_from_the_nodes(
    network: RoadNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Points of one town share its nodes, so that searching from each of them would take longer."""
    random = np.random.default_rng(8)
    a = np.array([34.05, -118.25]) + random.normal(0, 0.02, (120, 2))
    b = spread(120, 4)
    expected = network._few(a, b)[0]
    monkeypatch.setattr(network, "_few", None)
    assert (network._many(a, b)[0] == expected).all()


def test_pairs_across_barriers_are_the_same(network: RoadNetwork) -> None:
    random = np.random.default_rng(6)
    points = barrier_points()
    a = points[random.integers(0, len(points), 300)] + random.normal(0, 0.15, (300, 2))
    b = a + random.normal(0, 0.15, a.shape)
    (weights, _), (expected, _) = both_ways(network, a, b)
    assert crosses_barrier(*a.T, *b.T).any()
    assert (weights == expected).all()


def test_many_pairs_take_the_quick_way_and_few_the_other(network: RoadNetwork, monkeypatch: pytest.MonkeyPatch) -> None:
    a, b = spread(40, 7), spread(40, 9)
    expected = network.pairs(a[:, 0], a[:, 1], b[:, 0], b[:, 1])
    monkeypatch.setattr(network_module, "MANY_PAIRS", 1)
    found = network.pairs(a[:, 0], a[:, 1], b[:, 0], b[:, 1])
    for name in ("miles", "minutes", "estimated"):
        assert (getattr(found, name) == getattr(expected, name)).all()
    monkeypatch.setattr(network, "_few", None)
    assert len(network.pairs(a[:, 0], a[:, 1], a[:, 0] + 0.3, a[:, 1]).miles) == 40


def test_two_points_beyond_the_near_miles_are_never_near_in_time(network: RoadNetwork) -> None:
    a, b = spread(300, 10), spread(300, 11)
    weights, straights = network._few(a, b)
    assert (weights[straights > NEAR_MILES] > NEAR_WEIGHT).all()
    assert np.allclose(straights, great_circle_miles(*a.T, *b.T))


def test_barriers_are_found_the_same_way_for_many_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(12)
    points = barrier_points()
    a = points[random.integers(0, len(points), 900)] + random.normal(0, 0.2, (900, 2))
    b = a + random.normal(0, 0.4, a.shape)
    expected = crosses_barrier(*a.T, *b.T)
    monkeypatch.setattr(barriers_module, "_MANY_LINES", 1)
    assert 50 < expected.sum() < 850
    assert (crosses_barrier(*a.T, *b.T) == expected).all()


def test_a_prepared_network_answers_near_and_far_places_as_the_search_does(
    network: RoadNetwork,
) -> None:
    searched, prepared = RoadNetwork(network.graph, "searched"), RoadNetwork(network.graph, "prepared")
    prepared.prepare()
    random = np.random.default_rng(11)
    for degrees in (0.0, 0.3, 1.5, 3.4, 12.0):
        for _ in range(12):
            lat, lon = random.uniform(30.0, 46.0), random.uniform(-118.0, -75.0)
            lats = np.clip(lat + random.uniform(-degrees, degrees, 9), 26.0, 48.0)
            lons = np.clip(lon + random.uniform(-degrees, degrees, 9), -123.0, -70.0)
            there, quick = searched.one_to_many(lat, lon, lats, lons), prepared.one_to_many(lat, lon, lats, lons)
            back = prepared.many_to_one(lats, lons, lat, lon)
            for name in ("miles", "minutes", "estimated"):
                assert getattr(there, name).tolist() == getattr(quick, name).tolist() == getattr(back, name).tolist()
