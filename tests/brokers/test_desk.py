"""The desk: what it lists, how it narrows, and what its elements are called."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from matching.models import Match
from tests.builders import make_relationship, now

pytestmark = pytest.mark.django_db


def listed(response) -> list[str]:
    assert response.status_code == 200, response.content
    return [match.public_id for match in response.context["matches"]]


@pytest.fixture
def client(sign_in, broker):
    return sign_in(broker)


def test_the_desk_lists_the_best_market_gain_first(client, desk):
    assert desk.south.market_gain_cents > desk.west.market_gain_cents > 0
    assert listed(client.get("/desk/")) == [desk.south.public_id, desk.west.public_id]


def test_elements_that_stand_for_a_match_carry_its_id(client, desk):
    page = client.get("/desk/").content.decode()
    for match in (desk.south, desk.west):
        assert f'id="{match.public_id}"' in page
        assert f'data-match="{match.public_id}"' in page
        assert f'href="/matches/{match.public_id}/"' in page
    opened = client.get(f"/matches/{desk.south.public_id}/", headers={"HX-Request": "true"}).content.decode()
    assert f'data-open-match="{desk.south.public_id}"' in opened


@pytest.mark.parametrize(
    ("query", "south", "west"),
    [
        ("equipment=V", True, False),
        ("equipment=F", False, True),
        ("origin=midwest", True, False),
        ("origin=WA", False, True),
        ("destination=TX", True, False),
        ("destination=west", False, True),
        ("origin=IL&destination=OR", False, False),
        ("minimum_gain=1000", True, False),
        ("minimum_gain=0", True, True),
        ("represented=1", False, False),
    ],
)
def test_the_address_narrows_the_desk(client, desk, query, south, west):
    wanted = [match.public_id for match, shown in ((desk.south, south), (desk.west, west)) if shown]
    assert listed(client.get(f"/desk/?{query}")) == wanted
    assert listed(client.get(f"/desk/rows/?{query}")) == wanted


def test_a_pickup_day_is_a_day_where_the_viewer_is(client, desk, broker):
    broker.time_zone = "America/Chicago"
    broker.save()
    opens, closes = desk.south.load.pickup_opens_at, desk.south.load.pickup_closes_at
    here = {instant.astimezone(ZoneInfo("America/Chicago")).date() for instant in (opens, closes)}
    for day in {(opens + timedelta(days=days)).date() for days in (-1, 0, 1)}:
        assert (desk.south.public_id in listed(client.get(f"/desk/?pickup_day={day}"))) == (day in here)
    far = (opens + timedelta(days=20)).date()
    assert listed(client.get(f"/desk/?pickup_day={far}")) == []


@pytest.mark.parametrize(
    "query", ["equipment=XX", "origin=Mars", "minimum_gain=lots", "minimum_gain=-1", "pickup_day=soon"]
)
def test_a_filter_that_does_not_read_says_so_beside_its_field(client, desk, query):
    page = client.get(f"/desk/?{query}")
    assert listed(page) == []
    assert "invalid-feedback" in page.content.decode()


@pytest.mark.parametrize("side", ["shipper", "carrier"])
def test_represented_only_keeps_the_matches_of_which_the_broker_represents_a_side(client, desk, broker, request, side):
    make_relationship(request.getfixturevalue(side), broker, "represents")
    assert listed(client.get("/desk/?represented=1")) == [desk.south.public_id]
    assert len(listed(client.get("/desk/"))) == 2


def test_a_representation_that_has_ended_filters_nothing_in(client, desk, broker, shipper):
    make_relationship(shipper, broker, "represents", valid_until=now() - timedelta(hours=1))
    assert listed(client.get("/desk/?represented=1")) == []


@pytest.mark.parametrize("side", ["shipper", "carrier"])
def test_the_desk_is_for_brokers_and_says_so(desk, sign_in, request, side):
    for address in ("/desk/", "/desk/rows/"):
        page = sign_in(request.getfixturevalue(side)).get(address)
        assert page.status_code == 403
        assert "The desk is for brokers" in page.content.decode()


def test_the_desk_is_for_people_who_are_signed_in(client, desk):
    client.logout()
    assert client.get("/desk/").status_code == 302


def test_a_long_desk_shows_more_on_demand(client, desk):
    page = client.get("/desk/?show=1")
    assert len(listed(page)) == 1
    assert page.context["has_more"]
    assert "show=51" in page.content.decode()
    assert len(listed(client.get("/desk/?show=nonsense"))) == 2


def test_a_name_with_a_script_is_written_as_text(client, desk, shipper):
    shipper.name = "<script>alert(1)</script>"
    shipper.save()
    page = client.get(f"/matches/{desk.south.public_id}/").content.decode()
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_the_desk_asks_the_database_as_often_for_many_matches_as_for_few(client, desk, django_assert_max_num_queries):
    with django_assert_max_num_queries(14):
        client.get("/desk/")
    assert Match.objects.count() == 2
