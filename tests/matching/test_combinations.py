"""Combinations of loads for a leg: what is kept, when it is made anew, and who sees it."""

import json
from datetime import timedelta

import pytest
from django.test import Client

from carriers.models import CostSetting, ReturnLeg
from foundation.trade import clock
from foundation.trade.errors import NotFound
from foundation.trade.money import dollars
from foundation.trade.posting import Status
from loads.models import Load, LoadSize, StopKind
from matching.combined import combination_of, combinations_of_leg
from matching.combined_visibility import COMBINATION_FIELDS
from matching.models import Combination, CombinationRun, CombinedLoad, MatchRun
from matching.services import combinations, combine_due
from matching.visibility import Viewer
from tests.builders import (
    load_terms,
    make_leg,
    make_load,
    make_organization,
    make_person,
    make_relationship,
    now,
    stop_terms,
)
from tests.matching.conftest import ROADS
from tests.matching.market import run
from tests.matching.pairs import SECRETS, set_costs
from tests.rest.clients import ApiClient

pytestmark = pytest.mark.django_db

CHICAGO, ST_LOUIS, MEMPHIS, DALLAS = "60601", "63101", "38103", "75201"


@pytest.fixture(autouse=True)
def straight_roads_for_tours(monkeypatch):
    monkeypatch.setattr(combinations, "travel_oracle", lambda: ROADS)


@pytest.fixture
def printer(db):
    return make_organization("Gateway Print")


def between(start, end, *, after_hours=0.0, owner=None, **fields):
    """Post a load between two places, its pickup open for two days from tomorrow and so many hours, as its delivery."""
    opens_at = now() + timedelta(days=1, hours=after_hours)
    stops = (
        stop_terms(start, opens_at, hours=48),
        stop_terms(end, opens_at, hours=96, kind=StopKind.DELIVERY),
    )
    return make_load(owner, terms=load_terms(stops=stops, **fields))


def make_chain(shipper, printer, carrier, **leg_fields):
    """Post Chicago to St. Louis ($900), St. Louis to Dallas ($1,900) and a truck from Chicago home to Dallas."""
    first = between(CHICAGO, ST_LOUIS, owner=shipper, rate_cents=90_000)
    second = between(ST_LOUIS, DALLAS, owner=printer, rate_cents=190_000, after_hours=10)
    leg = make_leg(carrier, hours=120, **leg_fields)
    run(leg)
    combine_due()
    return leg, first, second


def make_partials(shipper, printer, carrier):
    """Post two halves of a truck from Chicago to Dallas, and a truck that goes there."""
    half = {"size": LoadSize.PARTIAL, "weight_pounds": 15_000, "length_feet": 24, "pallets": 12, "rate_cents": 140_000}
    loads = [between(CHICAGO, DALLAS, owner=owner, **half) for owner in (shipper, printer)]
    leg = make_leg(carrier, hours=120)
    run(leg)
    combine_due()
    return leg, loads


def loads_of(combination):
    return [part.load for part in combination.combined.all()]


def seen_by(viewer, leg):
    return list(combinations_of_leg(viewer, leg, clock.now()))


def test_a_chain_of_two_loads_of_different_shippers_is_found_and_adds_up(shipper, printer, carrier, broker):
    leg, first, second = make_chain(shipper, printer, carrier)
    (chain,) = seen_by(carrier, leg)
    assert (chain.kind, loads_of(chain)) == ("chain", [first, second])
    assert [part.load_version for part in chain.combined.all()] == [first.version, second.version]
    for account, gain in ((chain.parts["market"], chain.market_gain_cents), (chain.own_parts, chain.own_gain_cents)):
        assert sum(line["cents"] for line in account["lines"]) == gain
    assert seen_by(broker, leg) == [chain]
    # It gains more than either load alone.
    assert all(match.own_gain_cents < chain.own_gain_cents for match in leg.matches.all())


def test_two_partial_loads_fill_the_truck_together(shipper, printer, carrier):
    leg, loads = make_partials(shipper, printer, carrier)
    (together,) = [row for row in seen_by(carrier, leg) if row.kind == "partials"]
    assert set(loads_of(together)) == set(loads)
    stops = together.parts["stops"]
    assert [stop["kind"] for stop in stops] == ["pickup", "pickup", "delivery", "delivery"]
    assert [stop["loads_on_board"] for stop in stops] == [1, 2, 1, 0]
    assert max(stop["weight_pounds_on_board"] for stop in stops) == 30_000


def test_a_rebuild_gives_the_same_ids(shipper, printer, carrier):
    make_chain(shipper, printer, carrier)
    before = list(Combination.objects.values_list("public_id", "own_gain_cents", "parts"))
    Combination.objects.all().delete()
    CombinationRun.objects.all().delete()
    assert combine_due() == 1
    assert list(Combination.objects.values_list("public_id", "own_gain_cents", "parts")) == before


def test_a_chain_whose_load_changes_is_not_shown_and_is_made_anew(shipper, printer, carrier):
    leg, _, second = make_chain(shipper, printer, carrier)
    Load.objects.filter(pk=second.pk).update(version=2, rate_cents=200_000)
    assert seen_by(carrier, leg) == []
    assert combine_due() == 0  # it was made a moment ago
    CombinationRun.objects.update(ran_at=now() - timedelta(minutes=2))
    MatchRun.objects.update(ran_at=now() - timedelta(minutes=3))
    leg.matches.update(scored_at=now() - timedelta(minutes=3))
    assert combine_due() == 1
    (chain,) = seen_by(carrier, leg)
    assert chain.rate_cents == 290_000


def test_a_chain_goes_with_any_of_its_loads(shipper, printer, carrier, broker):
    leg, first, _ = make_chain(shipper, printer, carrier)
    (chain,) = seen_by(carrier, leg)
    Load.objects.filter(pk=first.pk).update(status=Status.WITHDRAWN)
    for viewer in (carrier, broker):
        assert seen_by(viewer, leg) == []
        with pytest.raises(NotFound):
            combination_of(viewer, chain.public_id, clock.now())


def test_combinations_of_a_leg_that_left_the_market_are_forgotten(shipper, printer, carrier):
    leg, *_ = make_chain(shipper, printer, carrier)
    ReturnLeg.objects.filter(pk=leg.pk).update(status=Status.WITHDRAWN)
    assert seen_by(carrier, leg) == []
    combine_due()
    assert not Combination.objects.exists()
    assert not CombinationRun.objects.exists()
    assert not CombinedLoad.objects.exists()


def test_a_leg_waits_for_its_matches_and_is_not_made_twice(shipper, printer, carrier):
    leg = make_leg(carrier, hours=120)
    assert combine_due() == 0
    run(leg)
    assert combine_due() == 1
    assert combine_due() == 0


def test_a_leg_edited_while_it_was_looked_at_stores_nothing(shipper, printer, carrier, monkeypatch):
    between(CHICAGO, ST_LOUIS, owner=shipper, rate_cents=90_000)
    between(ST_LOUIS, DALLAS, owner=printer, rate_cents=190_000, after_hours=10)
    leg = make_leg(carrier, hours=120)
    run(leg)
    look = combinations._look

    def edited(leg, *others):
        ReturnLeg.objects.filter(pk=leg.pk).update(version=leg.version + 1)
        return look(leg, *others)

    monkeypatch.setattr(combinations, "_look", edited)
    combine_due()
    assert not Combination.objects.exists()


def test_shippers_and_strangers_see_nothing_of_it(shipper, printer, carrier, broker):
    leg, *_ = make_chain(shipper, printer, carrier)
    (chain,) = seen_by(carrier, leg)
    unverified = make_organization("New Brokers", brokers=True, verified=False)
    sandbox = make_organization("Sandbox Brokers", brokers=True, market="sandbox")
    rival = make_organization("Other Trucks", hauls=True)
    for viewer in (shipper, printer, unverified, sandbox, rival):
        assert seen_by(viewer, leg) == [], viewer
        with pytest.raises(NotFound):
            combination_of(viewer, chain.public_id, clock.now())


@pytest.mark.parametrize("side", ["shipper", "printer", "carrier"])
def test_a_broker_that_one_side_blocks_sees_nothing_of_it(shipper, printer, carrier, broker, side):
    make_relationship({"shipper": shipper, "printer": printer, "carrier": carrier}[side], broker, "blocked")
    leg, *_ = make_chain(shipper, printer, carrier)
    assert seen_by(broker, leg) == []
    assert len(seen_by(carrier, leg)) == 1


def test_a_carrier_sees_no_chain_with_a_load_that_it_may_not_see(shipper, printer, carrier, broker):
    make_relationship(printer, carrier, "blocked")
    leg, *_ = make_chain(shipper, printer, carrier)
    assert seen_by(carrier, leg) == []
    assert len(seen_by(broker, leg)) == 1


def test_what_pays_at_the_carriers_own_costs_only_is_for_the_carrier_alone(shipper, printer, carrier, broker):
    set_costs(carrier, loaded=60, empty=55)
    first = between(CHICAGO, ST_LOUIS, owner=shipper, rate_cents=20_000)
    second = between(ST_LOUIS, DALLAS, owner=printer, rate_cents=20_000, after_hours=10)
    leg = make_leg(carrier, hours=120)
    run(leg)
    combine_due()
    rows = Combination.objects.filter(leg=leg)
    assert all(row.market_gain_cents > 0 for row in rows.filter(is_for_market=True))
    for row in seen_by(broker, leg):
        assert row.is_for_market
    assert {first.pk, second.pk} >= {part.load_id for row in rows for part in row.combined.all()}


def test_the_carriers_own_costs_change_nothing_that_others_see(shipper, printer, carrier, broker):
    leg, *_ = make_chain(shipper, printer, carrier)

    def told():
        api = ApiClient(broker)
        page = sign_in_as(broker).get(f"/matching/legs/{leg.public_id}/combinations/", headers={"HX-Request": "true"})
        return api.get(f"/api/v1/legs/{leg.public_id}/combinations").json(), page.content.decode()

    rest, page = before = told()
    set_costs(carrier, loaded=123, empty=117)
    CombinationRun.objects.all().delete()
    combine_due()
    assert CostSetting.objects.count() == 1
    assert told() == before
    (chain,) = rest["items"]
    assert not any(secret in json.dumps(chain) for secret in SECRETS)
    assert "Your gain" not in page


def sign_in_as(organization):
    client = Client()
    client.force_login(make_person(organization, "dispatcher"))
    return client


def test_a_chain_is_shown_over_rest_to_the_carrier_with_its_own_sum(shipper, printer, carrier):
    leg, first, second = make_chain(shipper, printer, carrier)
    (seen,) = ApiClient(carrier).get(f"/api/v1/legs/{leg.public_id}/combinations").json()["items"]
    assert COMBINATION_FIELDS[Viewer.CARRIER] | {"etag"} == seen.keys()
    assert [load["id"] for load in seen["loads"]] == [first.public_id, second.public_id]
    assert [stop["load"] for stop in seen["stops"]] == [0, 0, 1, 1]
    for name, total in (("sum", "market_gain"), ("own_sum", "own_gain")):
        cents = sum(round(float(line["amount"]["amount"]) * 100) for line in seen[name])
        assert cents == round(float(seen[total]["amount"]) * 100)
    empty = seen["pickup_deadhead_miles"] + seen["between_deadhead_miles"] + seen["home_deadhead_miles"]
    assert seen["empty_miles"] == pytest.approx(empty, abs=0.05)
    one = ApiClient(carrier).get(f"/api/v1/combinations/{seen['id']}").json()
    assert one == seen


def test_shippers_get_no_combinations_over_rest_or_on_pages(shipper, printer, carrier):
    leg, *_ = make_chain(shipper, printer, carrier)
    (chain,) = seen_by(carrier, leg)
    api = ApiClient(shipper)
    assert api.get(f"/api/v1/legs/{leg.public_id}/combinations").json() == {"items": [], "next": None}
    assert api.get(f"/api/v1/combinations/{chain.public_id}").status_code == 404
    client = sign_in_as(shipper)
    assert client.get(f"/matching/combinations/{chain.public_id}/").status_code == 404
    assert chain.public_id not in client.get(f"/matching/legs/{leg.public_id}/combinations/").content.decode()


def test_the_page_shows_each_stop_and_the_sum_and_the_leg_page_fetches_it(shipper, printer, carrier):
    leg, *_ = make_chain(shipper, printer, carrier)
    make_partials(shipper, printer, carrier)
    (chain,) = seen_by(carrier, leg)
    client = sign_in_as(carrier)
    assert f"/matching/legs/{leg.public_id}/combinations/" in client.get(f"/legs/{leg.public_id}/").content.decode()
    fragment = client.get(f"/matching/legs/{leg.public_id}/combinations/", headers={"HX-Request": "true"})
    page = client.get(f"/matching/combinations/{chain.public_id}/")
    for response in (fragment, page):
        assert response.status_code == 200
        text = response.content.decode()
        for words in ("Chicago, IL", "Saint Louis, MO", "Dallas, TX", "Rate of load 1", "Rate of load 2", "Your gain"):
            assert words in text or words.replace("Saint", "St.") in text or words.replace("Saint", "St") in text, words
        assert dollars(chain.own_gain_cents) in text
    assert "Two or three loads on the way home" in fragment.content.decode()


def test_a_leg_page_costs_the_same_queries_however_many_tours_there_are(
    shipper, printer, carrier, django_assert_max_num_queries
):
    leg, *_ = make_chain(shipper, printer, carrier)
    client = sign_in_as(carrier)
    with django_assert_max_num_queries(20):
        assert client.get(f"/matching/legs/{leg.public_id}/combinations/").status_code == 200
