"""The map of a match: how finely each viewer may know its points."""

import pytest

from foundation.accounts.models import Organization
from foundation.places.queries import find_place
from loads.models import Load
from matching import maps
from matching.maps import way_of
from matching.models import Match
from tests.builders import make_leg, make_load, make_truck

pytestmark = pytest.mark.django_db

PICKUP, DELIVERY, EMPTY, HOME = "60614", "75204", "60622", "75214"


class _StraightPaths:
    """Roads that lead straight there."""

    def path(self, lat_a: float, lon_a: float, lat_b: float, lon_b: float) -> list[tuple[float, float]]:
        return [(lat_a, lon_a), (lat_b, lon_b)]


@pytest.fixture
def match(shipper: Organization, carrier: Organization, monkeypatch: pytest.MonkeyPatch) -> Match:
    monkeypatch.setattr(maps, "travel_oracle", _StraightPaths)
    leg = make_leg(carrier, truck=make_truck(carrier, home=HOME), empty=EMPTY)
    load = make_load(shipper, from_place=PICKUP, to_place=DELIVERY)
    load = Load.objects.prefetch_related("stops").get(pk=load.pk)
    return Match(leg=leg, load=load, pickup_deadhead_miles=3.0, loaded_miles=967.0, home_deadhead_miles=4.0)


def points_of(match: Match, viewer: Organization) -> set[tuple[float, float]]:
    way = way_of(match, viewer)
    return {(stop["lat"], stop["lon"]) for stop in way["stops"]} | {
        (lat, lon) for line in way["lines"] for lat, lon in line["points"]
    }


def centre(code: str) -> tuple[float, float]:
    place = find_place(code)
    return round(place.lat, 4), round(place.lon, 4)


def test_no_point_on_a_strangers_map_names_a_zip_code(match: Match, broker: Organization) -> None:
    assert points_of(match, broker).isdisjoint({centre(code) for code in (PICKUP, DELIVERY, EMPTY, HOME)})


def test_each_side_sees_its_own_places_and_the_others_by_city(
    match: Match, shipper: Organization, carrier: Organization
) -> None:
    assert points_of(match, shipper) >= {centre(PICKUP), centre(DELIVERY)}
    assert points_of(match, shipper).isdisjoint({centre(EMPTY), centre(HOME)})
    assert points_of(match, carrier) >= {centre(EMPTY), centre(HOME)}
    assert points_of(match, carrier).isdisjoint({centre(PICKUP), centre(DELIVERY)})


def test_the_lines_of_a_map_join_its_stops(match: Match, broker: Organization) -> None:
    way = way_of(match, broker)
    ends = [(line["points"][0], line["points"][-1]) for line in way["lines"] if line["kind"] != "home"]
    assert [first for first, _ in ends[1:]] == [last for _, last in ends[:-1]]
    assert [line["kind"] for line in way["lines"]] == ["home", "empty", "loaded", "empty"]
