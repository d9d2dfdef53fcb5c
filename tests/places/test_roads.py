"""Road miles: held to published figures, and to sense."""

import csv
import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foundation.places.gazetteer import gazetteer
from foundation.places.geometry import great_circle_miles
from foundation.places.oracle import road_network
from foundation.places.queries import find_place
from foundation.places.roads import RoadNetwork, Travel
from foundation.places.roads import network as network_module
from foundation.places.roads.barriers import crosses_barrier
from foundation.places.roads.build import RoadGraph
from foundation.places.roads.freeways import freeways, simplified

PAIRS = Path(__file__).parent / "road_pairs.csv"


def published(kind: str) -> np.ndarray:
    """Return from lat, from lon, to lat, to lon and miles of the published pairs of a kind."""
    with PAIRS.open() as file:
        rows = [row for row in csv.DictReader(line for line in file if line[0] != "#") if row["kind"] == kind]
    return np.array([[float(row[c]) for c in ("from_lat", "from_lon", "to_lat", "to_lon", "miles")] for row in rows])


def between(network: RoadNetwork, start: str, end: str) -> tuple[float, float, bool]:
    """Return miles, minutes and whether they are estimated."""
    a, b = find_place(start), find_place(end)
    travel = network.one_to_many(a.lat, a.lon, [b.lat], [b.lon])
    return float(travel.miles[0]), float(travel.minutes[0]), bool(travel.estimated[0])


@pytest.mark.parametrize(("kind", "mean", "worst"), [("interstate", 0.015, 0.035), ("off_freeway", 0.07, 0.16)])
def test_miles_come_near_published_ones(network: RoadNetwork, kind: str, mean: float, worst: float) -> None:
    *points, miles = published(kind).T
    errors = np.abs(network.pairs(*points).miles / miles - 1)
    assert len(errors) >= 13
    assert errors.mean() <= mean
    assert errors.max() <= worst


def test_freeway_trips_are_computed_and_most_others_estimated(network: RoadNetwork) -> None:
    interstate, other = published("interstate"), published("off_freeway")
    assert network.pairs(*interstate.T[:4]).estimated.mean() < 0.1
    assert network.pairs(*other.T[:4]).estimated.mean() > 0.6


def test_minutes_fit_the_speeds(network: RoadNetwork) -> None:
    travel = network.pairs(*published("interstate").T[:4])
    speeds = travel.miles / travel.minutes * 60
    assert (speeds > 55).all()
    assert (speeds <= 62.01).all()


def test_a_trip_is_the_same_in_both_directions_to_the_last_digit(network: RoadNetwork) -> None:
    points = sample(60)
    a, b = points[:30].T, points[30:].T
    there, back = network.pairs(*a, *b), network.pairs(*b, *a)
    assert (there.miles == back.miles).all()
    assert (there.minutes == back.minutes).all()


def test_pairs_one_to_many_and_many_to_one_agree(network: RoadNetwork) -> None:
    points = sample(40)
    lat, lon = points[0]
    row = network.one_to_many(lat, lon, *points.T)
    column = network.many_to_one(*points.T, lat, lon)
    paired = network.pairs(np.full(40, lat), np.full(40, lon), *points.T)
    fresh = RoadNetwork(network.graph, network.version)
    limited = fresh.pairs(np.full(40, lat), np.full(40, lon), *points.T)
    for other in (column, paired, limited):
        assert (row.miles == other.miles).all()
        assert (row.minutes == other.minutes).all()
        assert (row.estimated == other.estimated).all()
    for index in (0, 7, 39):
        alone = network.one_to_many(lat, lon, points[index, :1], points[index, 1:])
        assert alone.miles[0] == row.miles[index]


def test_no_road_is_shorter_than_the_great_circle_and_few_are_twice_as_long(network: RoadNetwork) -> None:
    points = sample(400)
    a, b = points[:200].T, points[200:].T
    straight = great_circle_miles(*a, *b)
    ratio = network.pairs(*a, *b).miles / straight
    assert (ratio > 0.98).all()
    assert np.quantile(ratio, 0.95) < 1.5


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 40_000), min_size=3, max_size=3))
def test_no_stop_on_the_way_makes_a_trip_quicker(indices: list[int]) -> None:
    """Entering and leaving the network at a stop costs what it costs; it never saves more than rounding."""
    network = road_network()
    a, b, c = (list(gazetteer())[index] for index in indices)
    direct = network.one_to_many(a.lat, a.lon, [c.lat], [c.lon]).minutes[0]
    first = network.one_to_many(a.lat, a.lon, [b.lat], [b.lon]).minutes[0]
    second = network.one_to_many(b.lat, b.lon, [c.lat], [c.lon]).minutes[0]
    assert direct <= (first + second) * 1.02 + 45


def test_short_trips_go_straight_over_the_surface(network: RoadNetwork) -> None:
    miles, minutes, estimated = between(network, "60601", "60607")
    assert 1 < miles < 4
    assert miles / minutes * 60 == pytest.approx(50, abs=0.1)
    assert not estimated


def test_a_trip_to_where_one_stands_is_nothing(network: RoadNetwork) -> None:
    assert between(network, "60601", "60601") == (0.0, 0.0, False)


@pytest.mark.parametrize(
    ("start", "end", "at_least"),
    [
        ("Milwaukee, WI", "Muskegon, MI", 240),
        ("New Haven, CT", "Islip, NY", 90),
        ("Fresno, CA", "Bishop, CA", 200),
        ("Page, AZ", "Moab, UT", 230),
        ("Seattle, WA", "Bremerton, WA", 50),
    ],
)
def test_waters_and_ranges_are_driven_round(network: RoadNetwork, start: str, end: str, at_least: float) -> None:
    miles, _, estimated = between(network, start, end)
    assert miles > at_least
    assert estimated


def test_crossings_are_found_and_bridges_are_free() -> None:
    """Across Lake Michigan; over the Mackinac bridge; within Illinois."""
    crossed = crosses_barrier([43.0, 45.7, 41.9], [-87.9, -84.7, -87.6], [43.2, 45.9, 40.1], [-86.2, -84.7, -88.2])
    assert crossed.tolist() == [True, False, False]


def test_everywhere_is_reached(network: RoadNetwork) -> None:
    entries = list(gazetteer())
    travel = network.one_to_many(39.1, -94.6, [e.lat for e in entries], [e.lon for e in entries])
    assert np.isfinite(travel.miles).all()
    assert travel.miles.max() < 2600


def test_empty_arrays_are_answered_with_empty_arrays(network: RoadNetwork) -> None:
    assert len(network.one_to_many(41.9, -87.6, [], []).miles) == 0
    assert len(network.pairs([], [], [], []).miles) == 0


def test_arrays_that_do_not_fit_are_refused(network: RoadNetwork) -> None:
    with pytest.raises(ValueError, match="do not make points"):
        network.one_to_many(41.9, -87.6, [41.0, 42.0], [-87.0])
    with pytest.raises(ValueError, match="do not make pairs"):
        network.pairs([41.0], [-87.0], [41.0, 42.0], [-87.0, -88.0])


def test_the_path_leads_from_start_to_end_and_is_as_long_as_the_miles(network: RoadNetwork) -> None:
    path = network.path(41.8781, -87.6298, 40.7128, -74.006)
    assert path[0] == (41.8781, -87.6298)
    assert path[-1] == (40.7128, -74.006)
    lats, lons = np.array(path).T
    steps = great_circle_miles(lats[:-1], lons[:-1], lats[1:], lons[1:])
    miles = network.one_to_many(41.8781, -87.6298, [40.7128], [-74.006]).miles[0]
    assert 0.9 * miles < steps.sum() < 1.01 * miles
    assert steps.max() < 30
    assert network.path(41.88, -87.63, 41.88, -87.63) == [(41.88, -87.63), (41.88, -87.63)]


def test_a_repeated_origin_is_not_searched_again(network: RoadNetwork, monkeypatch: pytest.MonkeyPatch) -> None:
    network.one_to_many(35.0, -97.0, [34.0], [-93.0])
    monkeypatch.setattr(RoadNetwork, "_search", None)
    assert network.one_to_many(35.0, -97.0, [36.0], [-96.0]).miles[0] > 80


def test_an_origin_asked_about_farther_places_is_searched_once_more_and_then_wholly(
    network: RoadNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    near = network.one_to_many(35.1, -97.1, [36.0, 34.0], [-96.0, -93.0])
    far = network.one_to_many(35.1, -97.1, [36.0, 40.7], [-96.0, -74.0])
    assert far.miles[0] == near.miles[0]
    assert far.miles[1] > 1_200
    monkeypatch.setattr(RoadNetwork, "_search", None)
    assert network.one_to_many(35.1, -97.1, [34.0, 47.6], [-93.0, -122.3]).miles[0] == near.miles[1]


def test_the_cache_is_built_once_by_threads_that_start_at_once(
    tmp_path: Path, network: RoadNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    builds: list[int] = []

    def counted() -> RoadGraph:
        builds.append(1)
        return network.graph

    monkeypatch.setattr(network_module, "build_graph", counted)
    threads = [threading.Thread(target=RoadNetwork.load, args=(tmp_path,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(builds) == 1
    assert [file.suffix for file in sorted(tmp_path.iterdir())] == [".npz", ".lock"]


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04 half a file"])
def test_a_damaged_cache_is_built_anew(tmp_path: Path, network: RoadNetwork, damage: bytes) -> None:
    (tmp_path / f"{network.version}.npz").write_bytes(damage)
    again = RoadNetwork.load(tmp_path)
    assert again.graph.weights.tolist() == network.graph.weights.tolist()
    assert RoadNetwork.load(tmp_path).graph.weights.tolist() == network.graph.weights.tolist()


def test_the_figures_do_not_depend_on_the_machines_order_of_things(network: RoadNetwork) -> None:
    """Weights are whole thousandths, so sums are exact in any order."""
    assert (network.graph.weights == np.rint(network.graph.weights)).all()
    assert (network.graph.weights > 0).all()


def test_freeways_are_drawn_small() -> None:
    feature = freeways()
    lines = feature["geometry"]["coordinates"]  # type: ignore[index]
    assert 2_000 < len(lines) < 4_000
    assert all(-125 < lon < -66 and 24 < lat < 50 for line in lines for lon, lat in line)


def test_simplifying_keeps_ends_and_corners() -> None:
    line = np.array([[0.0, 0.0], [0.0, 1.0], [0.001, 2.0], [2.0, 2.0], [4.0, 2.0]])
    assert simplified(line, 0.01).tolist() == [[0.0, 0.0], [0.001, 2.0], [4.0, 2.0]]


def sample(count: int) -> np.ndarray:
    """Return points of so many ZIP codes, spread over the country by a fixed seed."""
    entries = [entry for entry in gazetteer() if entry.active]
    chosen = np.random.default_rng(7).choice(len(entries), count, replace=False)
    return np.array([(entries[index].lat, entries[index].lon) for index in chosen])


def test_travel_is_what_the_engine_takes() -> None:
    assert Travel.__dataclass_fields__.keys() == {"miles", "minutes", "estimated"}
