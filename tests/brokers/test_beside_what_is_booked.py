"""A partly filled leg: why not, the matches and the booking give one verdict, and no plan forgets what is on board."""

import random
from datetime import timedelta
from itertools import groupby
from typing import Any

import pytest

from brokers.services.booking import plan_for
from brokers.services.claiming import claim_terms
from brokers.touring import Vehicle
from carriers.models import ReturnLeg
from carriers.store import terms_of
from foundation.accounts.models import Organization
from foundation.trade import clock
from foundation.trade.errors import Conflict
from foundation.trade.posting import Status
from loads.models import Load
from matching.market import market_of
from matching.models import CombinedLoad, Match
from matching.queries import SHOWN
from matching.services import preview
from matching.services.combinations import combine_leg
from matching.services.plan_making import work_out
from matching.services.planning import ask_plan
from matching.why_not import ask
from tests.brokers.booked import claim, going_home, open_load
from tests.brokers.test_partial_loads import CHICAGO, DALLAS, ST_LOUIS, TULSA, matched, part
from tests.builders import make_actor, make_organization, now, stop_terms
from tests.matching.market import run
from tests.rest.clients import ApiClient

SPRINGFIELD, MEMPHIS, LITTLE_ROCK = "62701", "38103", "72201"
PLACES = (CHICAGO, SPRINGFIELD, ST_LOUIS, MEMPHIS, LITTLE_ROCK, TULSA, DALLAS)
NO_LIMITS = dict.fromkeys(
    ("max_pickup_deadhead_miles", "max_home_deadhead_miles", "max_out_of_route_miles"), None
)  # they choose what is proposed, and do not bind who books


def drawn(draw: random.Random, feet: tuple[int, ...]) -> Load:
    """Post a load between two of the places, southward, that pays for any way round."""
    first, last = sorted(draw.sample(range(len(PLACES)), 2))
    opens_at = now() + timedelta(days=1, hours=draw.randrange(0, 72))
    closes = draw.choice((6, 24, 60))
    stops = (
        stop_terms(PLACES[first], opens_at, hours=closes),
        stop_terms(PLACES[last], opens_at + timedelta(hours=draw.choice((12, 30))), kind="delivery", hours=closes),
    )
    length = draw.choice(feet)
    fields: dict[str, Any] = {"size": "partial", "length_feet": length, "weight_pounds": 600 * length}
    if draw.random() < 0.15:
        fields = {"weight_pounds": 20_000}
    return open_load(make_organization(), stops=stops, rate_cents=9_000_00, **fields)


def would_book(leg: ReturnLeg, load: Load) -> str:
    """Return why booking a load on a leg would be refused; empty where it would not."""
    vehicle = Vehicle(truck=leg.truck, leg=leg)
    times = claim_terms(load).stop_times
    try:
        plan_for(load=load, stop_times=times, vehicle=vehicle, carrier=leg.organization, now=clock.now())
    except Conflict as refusal:
        return refusal.sentence
    return ""


def seen(viewer: Organization, leg: ReturnLeg, load: Load) -> dict[str, Any]:
    return ask(viewer, leg.public_id, load.public_id, clock.now()).seen


@pytest.mark.parametrize("seed", range(4))
def test_why_not_says_that_a_load_fits_exactly_where_matching_lists_it_and_a_claim_would_book_it(
    seed: int, carrier: Organization
) -> None:
    draw = random.Random(seed)
    leg = going_home(carrier, hours=draw.choice((96, 168)), **NO_LIMITS)
    ReturnLeg.objects.filter(pk=leg.pk).update(drive_minutes_left=draw.choice((None, 240)))
    booked = 0
    while booked < 1 + seed % 3:
        load = drawn(draw, (10, 20, 30))
        leg = ReturnLeg.objects.select_related("truck", "organization").get(pk=leg.pk)
        if load.size == "partial" and not would_book(leg, load):
            claim(carrier, load, leg)
            booked += 1
    leg = ReturnLeg.objects.select_related("truck", "organization").get(pk=leg.pk)
    assert leg.status == Status.OPEN
    for _ in range(14):
        drawn(draw, (5, 15, 30, 50))
    loads = list(Load.objects.filter(status=Status.OPEN))  # and those that were drawn before and not booked
    run(leg)
    listed = matched(leg)
    refused_beside = 0
    for load in loads:
        answer, refusal = seen(carrier, leg, load), would_book(leg, load)
        assert answer["feasible"] == (load in listed) == (not refusal), (load, answer["sentence"], refusal)
        if answer["rule"] == "on_board":
            refused_beside += 1
            why = answer["sentence"].partition(": ")[2]
            assert why, "its carrier reads what the booking would say"
            assert why in refusal
    assert refused_beside or seed, "some are refused by what is on board alone"
    ranks = sorted(seen(carrier, leg, load)["rank"] for load in listed)
    assert ranks == list(range(1, len(ranks) + 1)), "only what fits is counted"
    Match.objects.all().delete()
    run(*loads)
    assert matched(leg) == listed, "and from the loads' side it is the same"
    found = preview(organization=carrier, leg_terms=terms_of(leg), stored=leg)
    assert {row.load for row in found.loads} <= listed
    assert found.count == found.feasible == len(listed) < SHOWN


@pytest.fixture
def half_full(carrier: Organization) -> ReturnLeg:
    """Return a truck that is full from Chicago to St. Louis, delivers there on the second day, and then is empty."""
    leg = going_home(carrier, hours=240)
    claim(carrier, part(53, end=ST_LOUIS, last=2), leg)
    return ReturnLeg.objects.select_related("truck", "organization").get(pk=leg.pk)


def test_a_load_that_fits_by_itself_only_is_refused_and_only_its_carrier_reads_what_is_on_board(
    half_full: ReturnLeg, carrier: Organization, sign_in: Any
) -> None:
    beside = part(50, first=1, last=4, rate_cents=3_000_00)
    own = seen(carrier, half_full, beside)
    assert (own["feasible"], own["rule"], own["rank"], own["own_gain"], own["worth_from"]) == (
        False,
        "on_board",
        None,
        None,
        None,
    )
    assert "fits by itself, but not beside the loads that are booked on this truck already: " in own["sentence"]
    assert "2 loads on board together come to 51,500 lb, the truck takes 45,000" in own["sentence"]
    assert (own["remedy"], own["changes"]) == ("", [])
    broker = make_organization("Lakeside Brokers", brokers=True, ships=False)
    for viewer in (beside.organization, broker):
        read = seen(viewer, half_full, beside)
        assert (read["feasible"], read["rule"]) == (False, "on_board")
        assert read["sentence"] == "fits by itself, but not beside the loads that are booked on this truck already"
        assert "own_gain" not in read
    client = ApiClient(carrier)
    rest = client.get(f"/api/v1/legs/{half_full.public_id}/why-not?load={beside.public_id}").json()
    assert (rest["rule"], rest["feasible"], rest["own_gain"]) == ("on_board", False, None)
    page = sign_in(carrier).get(f"/matching/legs/{half_full.public_id}/why-not/", {"load": beside.public_id})
    assert "not beside the loads that are booked on this truck already" in page.content.decode()


def test_what_would_do_by_itself_is_not_promised_where_it_would_not_do_beside_what_is_on_board(
    half_full: ReturnLeg, carrier: Organization
) -> None:
    heavy = part(50, first=1, last=2, weight_pounds=45_200, rate_cents=3_000_00)  # it rides where there is no room
    read = seen(carrier, half_full, heavy)
    assert (read["rule"], read["changes"]) == ("weight", [])
    assert read["remedy"] == "even with that it would not fit beside the loads that are booked on this truck already"
    beyond = part(50, start=ST_LOUIS, first=3, last=5, weight_pounds=45_200, rate_cents=3_000_00)
    assert seen(carrier, half_full, beyond)["remedy"] == "feasible if the truck could take 200 lb more"


def test_a_network_plan_leaves_partly_filled_legs_out_and_says_so(half_full: ReturnLeg, carrier: Organization) -> None:
    part(50, first=1, last=4, rate_cents=3_000_00)
    broker = make_organization("Lakeside Brokers", brokers=True, ships=False)
    plan, _ = ask_plan(actor=make_actor(broker), longest=2)
    worked = work_out(plan, lambda *_: None)
    assert (worked.columns["legs_count"], worked.lines) == (0, [])
    assert worked.columns["how_chosen"].endswith(
        " 1 truck with partial loads on board is left out, and not counted: what fits beside those loads stands among "
        "the matches."
    )
    going_home(carrier, hours=240)
    assert len(market_of(broker, clock.now(), "any").legs) == 1


def test_combinations_of_a_partly_filled_leg_fit_beside_what_is_on_board(carrier: Organization) -> None:
    def pair(**fields: Any) -> set[Load]:
        return {part(15, rate_cents=2_000_00, **fields) for _ in range(2)}

    def combined(leg: ReturnLeg) -> list[set[Load]]:
        run(leg)
        combine_leg(leg=ReturnLeg.objects.select_related("organization").get(pk=leg.pk))
        rows = CombinedLoad.objects.filter(combination__leg=leg).select_related("load").order_by("combination")
        return [{each.load for each in loads} for _, loads in groupby(rows, key=lambda row: row.combination_id)]

    before, after = pair(first=1, last=3.5), pair(start=ST_LOUIS, first=5.5, last=6.5)
    leg = going_home(carrier, hours=150)
    assert {frozenset(each) for each in combined(leg)} >= {frozenset(before), frozenset(after)}
    claim(carrier, part(20, end=ST_LOUIS, first=4, last=5), leg)  # from Dallas it is too late to fetch it in Chicago
    leg = ReturnLeg.objects.get(pk=leg.pk)
    assert leg.length_feet > 30, "there is room for two more all the way"
    found = combined(leg)
    assert after in found
    assert not any(each & before for each in found)
