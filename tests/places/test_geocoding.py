"""Street addresses, with a geocoder that answers, errs or is away."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction

from foundation.places.geocoding import FOUND_KEPT, MISSED_KEPT, geocode_address
from foundation.places.models import GeocodedAddress
from foundation.places.queries import find_place
from tests.places.conftest import FakeServer

pytestmark = pytest.mark.django_db(transaction=True)
STREET = "233 S Wacker Dr"
FOUND = [{"lat": "41.8789", "lon": "-87.6359", "display_name": "Willis Tower"}]


@pytest.fixture
def nominatim(fake_server: FakeServer, settings: Any) -> FakeServer:
    settings.GEOCODER = "nominatim"
    settings.GEOCODER_DOMAIN = fake_server.url
    fake_server.answer = lambda path: (200, FOUND)
    return fake_server


def test_an_address_becomes_its_own_point_and_is_asked_once(nominatim: FakeServer) -> None:
    near = find_place("60606")
    for street in (STREET, STREET, "233  s wacker dr "):
        answer = geocode_address(street=street, near=near)
        assert (answer.place.lat, answer.place.lon, answer.place.precision) == (41.8789, -87.6359, "address")
        assert (answer.place.zip, answer.place.time_zone, answer.note) == ("60606", "America/Chicago", "")
    assert len(nominatim.asked) == 1
    assert "233+S+Wacker+Dr,+Chicago,+IL+60606" in nominatim.asked[0]


def test_photon_answers_too(fake_server: FakeServer, settings: Any) -> None:
    settings.GEOCODER, settings.GEOCODER_DOMAIN = "photon", fake_server.url
    feature = {"geometry": {"coordinates": [-87.6359, 41.8789]}, "properties": {"name": "Willis Tower"}}
    fake_server.answer = lambda path: (200, {"features": [feature]})
    assert geocode_address(street=STREET, near=find_place("60606")).place.lat == 41.8789


def test_without_a_geocoder_the_zip_codes_centre_serves(settings: Any) -> None:
    settings.GEOCODER = ""
    near = find_place("60606")
    answer = geocode_address(street=STREET, near=near)
    assert answer.place == near
    assert "centre of Chicago, IL 60606" in answer.note
    assert geocode_address(street=" ", near=near).note == ""


def test_a_failing_geocoder_falls_back_softly_and_nothing_is_remembered(nominatim: FakeServer) -> None:
    nominatim.answer = lambda path: (503, {})
    near = find_place("60606")
    answer = geocode_address(street=STREET, near=near)
    assert answer.place == near
    assert "could not be looked up now" in answer.note
    assert not GeocodedAddress.objects.exists()


def test_an_old_answer_serves_while_the_geocoder_is_away(nominatim: FakeServer) -> None:
    near = find_place("60606")
    geocode_address(street=STREET, near=near)
    row = GeocodedAddress.objects.get()
    row.answered_at -= FOUND_KEPT + timedelta(days=1)
    row.save()
    nominatim.answer = lambda path: (500, {})
    assert geocode_address(street=STREET, near=near).place.precision == "address"
    assert len(nominatim.asked) == 2


def test_an_unknown_address_is_asked_again_after_a_week(nominatim: FakeServer) -> None:
    nominatim.answer = lambda path: (200, [])
    near = find_place("60606")
    for _ in range(2):
        assert "was not found" in geocode_address(street=STREET, near=near).note
    assert len(nominatim.asked) == 1
    row = GeocodedAddress.objects.get()
    row.answered_at -= MISSED_KEPT + timedelta(hours=1)
    row.save()
    nominatim.answer = lambda path: (200, FOUND)
    assert geocode_address(street=STREET, near=near).place.precision == "address"


def test_an_answer_far_from_its_zip_code_is_not_believed(nominatim: FakeServer) -> None:
    nominatim.answer = lambda path: (200, [{"lat": "34.05", "lon": "-118.24", "display_name": "elsewhere"}])
    near = find_place("60606")
    answer = geocode_address(street=STREET, near=near)
    assert answer.place == near
    assert "far from Chicago, IL 60606" in answer.note


def test_no_address_is_looked_up_inside_a_transaction(nominatim: FakeServer) -> None:
    with transaction.atomic(), pytest.raises(RuntimeError, match="outside transactions"):
        geocode_address(street=STREET, near=find_place("60606"))
    assert nominatim.asked == []
