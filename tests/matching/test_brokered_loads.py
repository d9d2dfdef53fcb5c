"""A load that a broker sells: its carrier rate makes the matches, and its owner learns neither rate nor gain."""

import json

import pytest
from django.db import transaction

from carriers.models import ReturnLeg
from foundation.accounts.models import RelationshipKind
from foundation.events.models import FeedEntry
from foundation.trade import clock
from foundation.trade.errors import NotFound
from loads.models import Load
from loads.services import price_load, sell_load
from matching.models import Match
from matching.plans import lines_of, with_sides
from matching.queries import desk_matches, loads_to_ask_about, match_of, matches_of_leg, matches_of_load
from matching.services import combinations, combine_due, previewing
from matching.visibility import MATCH_FIELDS, Viewer
from matching.why_not import ask as why_not
from tests.builders import leg_terms, make_actor, make_leg, make_organization, make_relationship, make_truck, now
from tests.matching.conftest import ROADS
from tests.matching.market import run
from tests.matching.pairs import make_pair
from tests.matching.planning import made, plain_roads
from tests.reading import stands_in
from tests.rest.clients import ApiClient

__all__ = ["plain_roads"]

pytestmark = pytest.mark.django_db

OWNERS, PAID, CARRIERS = 2_400_00, 2_611_00, 2_173_00
"""What the owner asked once, what it pays the broker, what the broker pays a carrier: each with digits of its own."""


@pytest.fixture(autouse=True)
def straight_roads_for_tours(monkeypatch):
    monkeypatch.setattr(combinations, "travel_oracle", lambda: ROADS)


def sell(load, seller, *, rate_cents=CARRIERS):
    """Let a broker sell a load and price it."""
    actor = make_actor(seller)
    with transaction.atomic():
        row = Load.objects.select_for_update().get(pk=load.pk)
        sell_load(load=row, seller=seller, shipper_rate_cents=PAID, actor=actor, now=now())
    if rate_cents is not None:
        row = price_load(actor=actor, load_id=row.public_id, version=row.version, rate_cents=rate_cents, book_now=True)
    return Load.objects.select_related("organization", "seller").get(pk=row.pk)


@pytest.fixture
def match(shipper, carrier, broker):
    """Return the match of a sold load, made after the sale."""
    leg, load = make_pair(shipper, carrier, rate_cents=OWNERS)
    sell(load, broker)
    run(load)
    return Match.objects.select_related("load__seller", "leg").get(leg=leg, load=load)


def told(organization):
    rows = FeedEntry.objects.filter(organization_id=organization.public_id, event__name="matches.changed")
    return [row.payload for row in rows]


def test_the_match_rests_on_the_brokers_rate_alone(match):
    assert (match.rate_cents, match.rate_is_estimated) == (CARRIERS, False)
    assert sum(line["cents"] for line in match.parts["market"]["lines"]) == match.market_gain_cents
    assert str(OWNERS) not in json.dumps(match.parts)
    assert str(PAID) not in json.dumps(match.parts)


def test_a_load_sold_without_a_rate_is_matched_at_the_market_estimate_and_not_at_the_owners(shipper, carrier, broker):
    leg, load = make_pair(shipper, carrier, rate_cents=OWNERS)
    sell(load, broker, rate_cents=None)
    run(load)
    match = Match.objects.get(leg=leg, load=load)
    assert match.rate_is_estimated
    assert match.rate_cents not in (OWNERS, PAID)


def test_the_seller_is_the_loads_side_and_the_owner_none(match, shipper, carrier, broker):
    moment = clock.now()
    for viewer in (broker, carrier):
        assert match_of(viewer, match.public_id, moment) == match
        assert list(matches_of_load(viewer, match.load, moment)) == [match]
        assert list(desk_matches(viewer, moment)) == [match]
        assert told(viewer)[-1]["changed"] == [match.public_id]
    with pytest.raises(NotFound):
        match_of(shipper, match.public_id, moment)
    for rows in (matches_of_load(shipper, match.load, moment), matches_of_leg(shipper, match.leg, moment)):
        assert not rows.exists()
    assert not desk_matches(shipper, moment).exists()
    assert told(shipper) == []


def test_an_owner_that_brokers_and_hauls_learns_no_more(shipper, carrier, broker):
    shipper.brokers = shipper.hauls = True
    shipper.save()
    leg, load = make_pair(shipper, carrier, rate_cents=OWNERS)
    own_leg = make_leg(shipper, hours=120)
    load = sell(load, broker)
    run(load, leg, own_leg)
    moment = clock.now()
    assert not desk_matches(shipper, moment).exists()
    assert not matches_of_leg(shipper, own_leg, moment).exists()
    assert not Match.objects.filter(leg=own_leg, is_for_carrier=True).exists()
    assert told(shipper) == []
    assert load not in loads_to_ask_about(shipper, leg, "", moment)
    for each in (leg, own_leg):
        with pytest.raises(NotFound):
            why_not(shipper, each.public_id, load.public_id, moment)
    waiting = previewing.preview(organization=shipper, leg_terms=leg_terms(make_truck(shipper), hours=120))
    assert (waiting.count, waiting.candidates) == (0, 0)
    assert not with_sides(lines_of(shipper, made(shipper), moment)).exists()


def texts_of(organization, match, sign_in):
    """Return the status and text of everything about the match that the organization may ask for."""
    client, api = sign_in(organization), ApiClient(organization)
    load, leg = match.load.public_id, match.leg.public_id
    pages = [
        "/loads/",
        "/loads/market/",
        f"/loads/{load}/",
        f"/loads/{load}/edit/",
        f"/matches/{match.public_id}/",
        f"/matches/{match.public_id}/way.json",
        f"/matching/legs/{leg}/matches/",
        f"/matching/loads/{load}/matches/",
        f"/matching/legs/{leg}/why-not/?load={load}",
        "/desk/",
        "/events/feed",
    ]
    addresses = [
        "loads",
        "loads?scope=market",
        "loads?scope=selling",
        f"loads/{load}",
        "matches",
        "matches?minimum_gain=1",
        f"matches/{match.public_id}",
        f"loads/{load}/matches",
        f"legs/{leg}/matches",
        f"legs/{leg}/why-not/{load}",
        "events",
    ]
    answers = [client.get(page) for page in pages]
    answers += [client.get(page, headers={"HX-Request": "true"}) for page in pages]
    answers += [api.get(f"/api/v1/{address}") for address in addresses]
    return [answer.content.decode() for answer in answers]


def written(cents):
    """Return the ways in which an amount may stand in a text."""
    dollars = f"{cents / 100:,.0f}"
    return [dollars, dollars.replace(",", ""), str(cents)]


def test_no_page_answer_or_event_tells_the_owner_the_brokers_rate_or_a_gain(match, shipper, carrier, broker, sign_in):
    texts = texts_of(shipper, match, sign_in)
    assert any(stands_in(form, text) for form in written(PAID) for text in texts)
    for text in texts:
        for cents in (CARRIERS, match.market_gain_cents, match.own_gain_cents, PAID - CARRIERS):
            assert not any(stands_in(form, text) for form in written(cents)), text
        assert "market_gain" not in text.replace("minimum_gain", "")
        assert match.public_id not in text or "There is no" in text or "gone" in text
    texts = texts_of(carrier, match, sign_in)
    assert any(stands_in(form, text) for form in written(CARRIERS) for text in texts)
    for text in texts:
        for cents in (PAID, OWNERS, PAID - CARRIERS):
            assert not any(stands_in(form, text) for form in written(cents)), text
        assert shipper.name not in text
    texts = texts_of(broker, match, sign_in)
    for cents in (CARRIERS, PAID, match.market_gain_cents):
        assert any(stands_in(form, text) for form in written(cents) for text in texts)
    for text in texts:
        assert not any(stands_in(form, text) for form in written(PAID - CARRIERS)), "the margin is computed for no page"


def test_the_api_shows_the_seller_the_market_figures_field_by_field(match, broker, carrier, shipper):
    seen = ApiClient(broker).get(f"/api/v1/matches/{match.public_id}").json()
    assert seen.keys() == MATCH_FIELDS[Viewer.OTHER] | {"etag"}
    assert seen["load"]["organization"]["name"] == shipper.name  # whose load it is, to the seller
    assert seen["rate"] == {"amount": "2173.00", "currency": "USD"}
    seen = ApiClient(carrier).get(f"/api/v1/matches/{match.public_id}").json()
    assert seen["load"]["organization"]["name"] == broker.name
    assert ApiClient(shipper).get(f"/api/v1/matches/{match.public_id}").status_code == 404


def test_the_owners_etag_stays_when_only_the_brokers_terms_move(match, shipper, broker):
    api, address = ApiClient(shipper), f"/api/v1/loads/{match.load.public_id}"
    before = api.get(address)
    load = match.load
    price_load(actor=make_actor(broker), load_id=load.public_id, version=load.version, rate_cents=2_050_00)
    run(Load.objects.get(pk=load.pk))
    after = api.get(address)
    assert (after.json(), after["ETag"]) == (before.json(), before["ETag"])
    assert Match.objects.get().rate_cents == 2_050_00


def test_no_filter_or_order_tells_the_owner_the_rate(match, shipper):
    api = ApiClient(shipper)
    for question in ("min_rate=1", "has_rate=true", "has_rate=false", "book_now=true", "book_now=false"):
        assert api.get(f"/api/v1/loads?{question}").json()["items"] == []
    assert len(api.get("/api/v1/loads").json()["items"]) == 1


@pytest.mark.parametrize("blocker", ["carrier", "seller"])
def test_a_block_between_seller_and_carrier_hides_the_load(shipper, carrier, broker, blocker):
    giver, taker = (carrier, broker) if blocker == "carrier" else (broker, carrier)
    make_relationship(giver, taker, RelationshipKind.BLOCKED)
    leg, load = make_pair(shipper, carrier, rate_cents=OWNERS)
    load = sell(load, broker)
    run(load, leg)
    assert not Match.objects.filter(is_for_carrier=True).exists()
    assert told(carrier) == told(broker) == []
    assert ApiClient(carrier).get(f"/api/v1/loads/{load.public_id}").status_code == 404
    assert ApiClient(carrier).get("/api/v1/loads?scope=market").json()["items"] == []
    assert not desk_matches(broker, clock.now()).exists()


def test_a_seller_that_is_verified_no_longer_takes_its_loads_off_the_market(shipper, carrier, broker):
    _, load = make_pair(shipper, carrier, rate_cents=OWNERS)
    load = sell(load, broker)
    broker.verified_at = None
    broker.save()
    run(load)
    assert not Match.objects.filter(is_for_carrier=True).exists()
    assert ApiClient(carrier).get(f"/api/v1/loads/{load.public_id}").status_code == 404
    assert ApiClient(shipper).get(f"/api/v1/loads/{load.public_id}").status_code == 200


def test_tours_and_plans_of_others_take_the_brokers_rate_and_leave_its_owner_out(shipper, carrier, broker):
    other = make_organization("Harbor Brokers", brokers=True)
    leg, load = make_pair(shipper, carrier, rate_cents=OWNERS)
    sell(load, broker)
    run(leg)
    combine_due()
    plan = made(other)
    (line,) = with_sides(lines_of(other, plan, now()))
    assert any(part["cents"] == CARRIERS for part in line.parts["market"]["lines"])
    make_relationship(carrier, broker, RelationshipKind.BLOCKED)
    assert not with_sides(lines_of(other, made(other), now())).exists()
    assert ReturnLeg.objects.get(pk=leg.pk).status == "open"
