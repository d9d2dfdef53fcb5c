"""A day in a filter is a day where the viewer is, not in Greenwich."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.builders import load_terms, make_load, now, stop_terms

CHICAGO = ZoneInfo("America/Chicago")


@pytest.fixture
def evening(shipper) -> datetime:
    """Post a load whose pickup is open from 20 to 23 h in Chicago; return when it opens."""
    day = (now() + timedelta(days=5)).astimezone(CHICAGO).date()
    opens = datetime(day.year, day.month, day.day, 20, tzinfo=CHICAGO)
    stops = (stop_terms("60601", opens, hours=3), stop_terms("75201", opens + timedelta(days=3), kind="delivery"))
    make_load(shipper, terms=load_terms(stops=stops))
    return opens


def found(client, day: object) -> int:
    return len(client.get(f"/loads/market/?day={day}").context["loads"])


def test_a_pickup_in_the_evening_is_found_on_its_own_day(evening, stranger, sign_in):
    client = sign_in(stranger)
    day = evening.date()
    assert [found(client, day + timedelta(days=shift)) for shift in (-1, 0, 1)] == [0, 1, 0]


def test_an_office_elsewhere_means_its_own_day(evening, stranger, sign_in):
    stranger.time_zone = "America/New_York"  # 21 to 24 h there: still the same day, up to midnight and not beyond
    stranger.save()
    client = sign_in(stranger)
    assert [found(client, evening.date() + timedelta(days=shift)) for shift in (-1, 0, 1)] == [0, 1, 0]


@pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01"])
def test_a_day_that_nobody_means_is_told_beside_its_field(stranger, sign_in, day):
    for page in (f"/loads/market/?day={day}", f"/legs/market/?ready_on={day}"):
        response = sign_in(stranger).get(page)
        assert response.status_code == 200
        assert "Check the year." in response.text


@pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01"])
def test_the_desk_tells_it_too(broker, sign_in, day):
    response = sign_in(broker).get(f"/desk/?pickup_day={day}")
    assert response.status_code == 200
    assert "Check the year." in response.text
