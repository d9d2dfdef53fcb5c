"""Matches over REST: the list, its filters and pages, and those of one posting."""

from datetime import timedelta

import pytest

from matching.models import Match
from tests.builders import make_organization
from tests.matching.market import run
from tests.matching.pairs import make_match, make_pair, set_costs
from tests.rest.clients import ApiClient

pytestmark = pytest.mark.django_db

URL = "/api/v1/matches"


def ids(response) -> list[str]:
    assert response.status_code == 200, response.content
    return [item["id"] for item in response.json()["items"]]


def test_a_match_is_shown_with_its_sum_that_adds_up(shipper, carrier):
    match = make_match(shipper, carrier)
    api = ApiClient(carrier)
    seen = api.get(f"{URL}/{match.public_id}").json()
    for name, total in (("sum", "market_gain"), ("own_sum", "own_gain")):
        cents = sum(round(float(line["amount"]["amount"]) * 100) for line in seen[name])
        assert cents == round(float(seen[total]["amount"]) * 100)
    rate, floor, gain = (round(float(seen[name]["amount"]) * 100) for name in ("rate", "worth_from", "own_gain"))
    assert rate - floor == gain
    assert (seen["load"]["id"], seen["leg"]["id"]) == (match.load.public_id, match.leg.public_id)
    assert seen["home_at"].endswith("Z")
    assert seen["empty_miles_saved"] == pytest.approx(
        seen["avoided_miles"] - seen["pickup_deadhead_miles"] - seen["home_deadhead_miles"], abs=0.05
    )


def test_a_match_that_has_not_changed_is_not_sent_again(shipper, carrier):
    match = make_match(shipper, carrier)
    api = ApiClient(shipper)
    etag = api.get(f"{URL}/{match.public_id}")["ETag"]
    assert api.get(f"{URL}/{match.public_id}", headers={"If-None-Match": etag}).status_code == 304


def test_pages_follow_each_other_without_gap_or_repeat(shipper, carrier, broker):
    for number in range(5):
        make_match(shipper, carrier, rate_cents=(2_400 + 100 * (number // 2)) * 100, leg_truck=None)
    api = ApiClient(broker)
    whole = ids(api.get(URL))
    gains = list(Match.objects.order_by("-market_gain_cents", "public_id").values_list("public_id", flat=True))
    assert whole == gains
    found, address = [], f"{URL}?limit=3"
    while address:
        page = api.get(address.replace("http://testserver", ""))
        found += ids(page)
        address = page.json()["next"]
        address = address and "/api/" + address.partition("/api/")[2]
    assert found == whole


@pytest.mark.parametrize(
    ("query", "kept"),
    [
        ("equipment=V,R", True),
        ("equipment=F", False),
        ("origin=IL", True),
        ("origin=south", False),
        ("destination=south", True),
        ("destination=CA", False),
        ("minimum_gain=100.50", True),
        ("minimum_gain=9000", False),
        ("near=41.88,-87.63,50", True),
        ("near=32.78,-96.80,50", False),
        ("near_delivery=32.78,-96.80,50", True),
    ],
)
def test_filters_narrow_the_list(shipper, carrier, broker, query, kept):
    match = make_match(shipper, carrier)
    assert ids(ApiClient(broker).get(f"{URL}?{query}")) == ([match.public_id] if kept else [])


def test_the_list_is_narrowed_by_the_pickups_window(shipper, carrier, broker):
    match = make_match(shipper, carrier)
    api = ApiClient(broker)
    opens = match.load.pickup_opens_at.strftime("%Y-%m-%dT%H:%M:%SZ")
    later = (match.load.pickup_closes_at + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert ids(api.get(f"{URL}?pickup_from={opens}&pickup_until={later}")) == [match.public_id]
    assert ids(api.get(f"{URL}?pickup_from={later}")) == []
    assert ids(api.get(f"{URL}?pickup_until={opens}")) == []


@pytest.mark.parametrize(
    "query", ["equipment=XX", "origin=Mars", "minimum_gain=lots", "own_gain=1", "order=own_gain", "cursor=x"]
)
def test_what_does_not_read_is_refused_by_name(shipper, query):
    answer = ApiClient(shipper).get(f"{URL}?{query}")
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["parameter"] == query.partition("=")[0]


def test_a_leg_lists_by_own_gain_for_its_carrier_and_by_market_gain_for_others(shipper, carrier, broker):
    set_costs(carrier, loaded=20, empty=400)
    leg, near = make_pair(shipper, carrier)
    pair = make_pair(shipper, make_organization(hauls=True), from_place="53202", rate_cents=2_450_00)
    run(leg)
    address = f"/api/v1/legs/{leg.public_id}/matches"
    by_load = dict(Match.objects.filter(leg=leg).values_list("load__public_id", "public_id"))
    own = ids(ApiClient(carrier).get(address))
    market = ids(ApiClient(broker).get(address))
    assert set(own) == set(market) == {by_load[near.public_id], by_load[pair[1].public_id]}
    rows = list(Match.objects.filter(leg=leg))
    assert own == [row.public_id for row in sorted(rows, key=lambda row: -row.own_gain_cents)]
    assert market == [row.public_id for row in sorted(rows, key=lambda row: -row.market_gain_cents)]


def test_the_matches_of_a_posting_out_of_sight_are_not_found(shipper, carrier):
    match = make_match(shipper, carrier, audience="partners")
    stranger = ApiClient(make_organization("Stranger Brokers", brokers=True))
    assert stranger.get(f"/api/v1/loads/{match.load.public_id}/matches").status_code == 404
    assert stranger.get("/api/v1/legs/leg_none/matches").status_code == 404
    assert stranger.get(f"{URL}/{match.public_id}").status_code == 404
    assert ApiClient(shipper, scopes={"loads:read"}).get(URL).status_code == 403


def test_the_list_asks_the_database_as_often_for_many_matches_as_for_few(
    shipper, carrier, broker, django_assert_max_num_queries
):
    for _ in range(4):
        make_match(shipper, carrier, leg_truck=None)
    api = ApiClient(broker)
    api.get(URL)
    with django_assert_max_num_queries(16):
        assert len(ids(api.get(URL))) == 10
