"""What a booking does to return legs: covered, reduced, restored, open again, opened after an outbound load."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import transaction
from django.test import Client

from carriers.models import ReturnLeg
from carriers.queries import locked_leg
from carriers.services import (
    cover_leg,
    edit_leg,
    open_leg,
    open_leg_after,
    post_leg,
    reopen_leg,
    set_on_board,
    withdraw_leg,
)
from carriers.services.booked import note_tour
from carriers.store import terms_of
from carriers.visibility import Viewer, view
from foundation.events.models import Event, FeedEntry
from foundation.places.queries import find_place
from foundation.trade.equipment import Attribute
from foundation.trade.errors import Conflict, Invalid
from tests.builders import leg_terms, make_actor, make_driver, make_leg, make_organization, make_truck, now
from tests.rest.clients import ApiClient

pytestmark = pytest.mark.django_db


@pytest.fixture
def carrier():
    """Return a carrier."""
    return make_organization("Plains Trucking", hauls=True)


@pytest.fixture
def dispatcher(carrier):
    """Return its dispatcher."""
    return make_actor(carrier, "dispatcher")


def facts():
    return list(Event.objects.order_by("id").values_list("name", flat=True))


def reduced(leg, dispatcher, weight_pounds=12_000, length_feet=14, pallets=6):
    with transaction.atomic():
        row = locked_leg(pk=leg.pk)
        set_on_board(
            leg=row,
            weight_pounds=weight_pounds,
            length_feet=length_feet,
            pallets=pallets,
            actor=dispatcher,
            now=now(),
        )
    return row


def test_a_covered_leg_is_taken_and_comes_back_when_its_booking_falls_through(carrier, dispatcher):
    leg = make_leg(carrier)
    with transaction.atomic():
        row = locked_leg(pk=leg.pk)
        cover_leg(leg=row, actor=dispatcher, now=now())
    assert (row.status, row.version) == ("covered", 2)
    with pytest.raises(Conflict) as refusal, transaction.atomic():
        cover_leg(leg=locked_leg(pk=leg.pk), actor=dispatcher, now=now())
    assert "This return leg is taken" in refusal.value.sentence
    moment = now()
    with transaction.atomic():
        reopen_leg(leg=row, actor=dispatcher, now=moment)
    assert (row.status, row.confirmed_at) == ("open", moment)
    assert facts() == ["leg.covered", "leg.opened"]


def test_a_reduced_leg_stays_open_with_what_is_left_and_gets_it_back(carrier, dispatcher):
    leg = make_leg(carrier)  # 45,000 lb, 53 ft, 26 pallets
    before = (leg.weight_pounds, leg.length_feet, leg.pallets)
    row = reduced(leg, dispatcher)
    assert (row.status, row.version) == ("open", 2)
    assert (row.weight_pounds, row.length_feet, row.pallets) == (before[0] - 12_000, before[1] - 14, before[2] - 6)
    assert (row.taken_weight_pounds, row.taken_length_feet, row.taken_pallets) == (12_000, 14, 6)
    with transaction.atomic():
        set_on_board(leg=row, weight_pounds=0, length_feet=0, pallets=0, actor=dispatcher, now=now())
    assert (row.weight_pounds, row.length_feet, row.pallets) == before
    assert not row.is_shared
    assert facts() == ["leg.reduced", "leg.reduced"]
    with transaction.atomic():
        set_on_board(leg=row, weight_pounds=0, length_feet=0, pallets=0, actor=dispatcher, now=now())
    assert facts() == ["leg.reduced", "leg.reduced"], "nothing has changed, so nobody is told"


@pytest.mark.parametrize(
    "more", [{"weight_pounds": 45_001}, {"length_feet": 54}, {"pallets": 27}], ids=["weight", "length", "pallets"]
)
def test_a_leg_never_carries_more_than_it_holds(carrier, dispatcher, more):
    leg = make_leg(carrier)
    reduced(leg, dispatcher)
    with pytest.raises(Conflict) as refusal:
        reduced(leg, dispatcher, **more)
    assert refusal.value.code == "does_not_fit"
    assert ReturnLeg.objects.get(pk=leg.pk).taken_length_feet == 14


def test_a_withdrawn_leg_gets_back_what_a_cancelled_booking_had_taken(carrier, dispatcher):
    leg = make_leg(carrier)
    reduced(leg, dispatcher)
    ReturnLeg.objects.filter(pk=leg.pk).update(status="withdrawn")
    with transaction.atomic():
        row = locked_leg(pk=leg.pk)
        set_on_board(leg=row, weight_pounds=0, length_feet=0, pallets=0, actor=dispatcher, now=now())
    assert (row.status, row.is_shared) == ("withdrawn", False)


def test_an_edit_leaves_room_for_what_is_on_board(carrier, dispatcher):
    leg = post_leg(actor=dispatcher, terms=leg_terms(make_truck(carrier)))
    reduced(leg, dispatcher)
    terms = terms_of(ReturnLeg.objects.get(pk=leg.pk))
    assert (terms.weight_pounds, terms.length_feet, terms.pallets) == (45_000, 53, 26)  # what the truck holds in all
    row = edit_leg(actor=dispatcher, leg_id=leg.public_id, version=2, terms=replace(terms, weight_pounds=20_000))
    assert (row.weight_pounds, row.taken_weight_pounds) == (8_000, 12_000)
    with pytest.raises(Invalid) as refusal:
        edit_leg(actor=dispatcher, leg_id=leg.public_id, version=3, terms=replace(terms, weight_pounds=11_000))
    assert refusal.value.sentence == "12,000 lb of booked loads are on board already. Give at least 12,000 lb."


def test_an_edit_leaves_alone_what_the_bookings_on_board_rest_on(carrier, dispatcher):
    leg = post_leg(actor=dispatcher, terms=leg_terms(make_truck(carrier, attributes=int(Attribute.TEAM))))
    reduced(leg, dispatcher)
    terms = terms_of(ReturnLeg.objects.get(pk=leg.pk))
    wrong = {
        "attributes": {"attributes": int(Attribute.LIFTGATE)},
        "truck": {"truck": make_truck(carrier).public_id},
        "driver": {"driver": make_driver(carrier).public_id},
        "ready_at": {"ready_at": terms.ready_at + timedelta(hours=1)},
        "home_by": {"home_by": terms.home_by - timedelta(hours=1)},
        "empty": {"empty": find_place("53202")},
        "home": {"home": find_place("73102"), "home_base": ""},
    }
    for field, change in wrong.items():
        with pytest.raises(Invalid) as refusal:
            edit_leg(actor=dispatcher, leg_id=leg.public_id, version=2, terms=replace(terms, **change))
        assert [problem.field for problem in refusal.value.problems] == [field]
    later = replace(terms, home_by=terms.home_by + timedelta(hours=5), notes="two pallets of air left")
    assert edit_leg(actor=dispatcher, leg_id=leg.public_id, version=2, terms=later).version == 3


def test_an_outbound_booking_opens_the_leg_home_of_the_trucks_carrier(carrier):
    broker = make_actor(make_organization("Lakeside Brokers", brokers=True))  # acts for the carrier
    truck, driver = make_truck(carrier), make_driver(carrier)
    ready = now() + timedelta(days=2)
    with transaction.atomic():
        leg = open_leg_after(
            actor=broker,
            truck=truck,
            driver=driver,
            trailer=None,
            home_base=truck.home_base,
            delivery=find_place("60601"),
            starts_at=ready - timedelta(days=1),
            ready_at=ready,
            home_by=ready + timedelta(days=3),
            now=now(),
        )
    assert (leg.organization, leg.status, leg.truck, leg.driver) == (carrier, "open", truck, driver)
    assert (leg.empty_city, leg.ready_at, leg.home_city) == ("Chicago", ready, "Dallas")
    assert facts() == ["leg.opened"]


def test_an_outbound_booking_whose_truck_cannot_be_home_or_is_on_another_leg_is_refused(carrier, dispatcher):
    truck = make_truck(carrier)
    ready = now() + timedelta(days=2)
    given = {
        "actor": dispatcher,
        "truck": truck,
        "driver": None,
        "trailer": None,
        "home_base": truck.home_base,
        "delivery": find_place("60601"),
        "starts_at": ready - timedelta(days=1),
        "ready_at": ready,
        "now": now(),
    }
    with pytest.raises(Invalid) as refusal, transaction.atomic():
        open_leg_after(**given, home_by=ready + timedelta(hours=5))
    assert refusal.value.problems[0].field == "home_by"
    make_leg(carrier, truck=truck, ready_at=ready + timedelta(days=1))
    with transaction.atomic():  # which goes on after the refusal
        with pytest.raises(Conflict) as taken:
            open_leg_after(**given, home_by=ready + timedelta(days=3))
        assert taken.value.code == "truck_has_one_leg_at_a_time"
        assert ReturnLeg.objects.count() == 1


HOUR = timedelta(hours=1)


def opened(carrier, dispatcher, truck):
    """Open the leg home of a truck that is on a tour out for 30 hours, and empty in Houston in two days."""
    ready = now() + timedelta(days=2)
    with transaction.atomic():
        return open_leg_after(
            actor=dispatcher,
            truck=truck,
            driver=None,
            trailer=None,
            home_base=truck.home_base,
            delivery=find_place("77002"),
            starts_at=ready - 30 * HOUR,
            ready_at=ready,
            home_by=ready + timedelta(days=3),
            now=now(),
        )


def test_a_leg_that_a_booking_opened_begins_where_and_not_before_its_tour_ends(carrier, dispatcher):
    leg = opened(carrier, dispatcher, make_truck(carrier))
    terms = terms_of(leg)
    for field, change in {
        "truck": {"truck": make_truck(carrier).public_id},
        "empty": {"empty": find_place("60601"), "home_by": terms.home_by + 60 * HOUR},
        "ready_at": {"ready_at": terms.ready_at - timedelta(minutes=1)},
    }.items():
        with pytest.raises(Invalid) as refusal:
            edit_leg(actor=dispatcher, leg_id=leg.public_id, version=leg.version, terms=replace(terms, **change))
        (problem,) = refusal.value.problems
        assert (problem.field, problem.code) == (field, "booked_tour")
        assert "booked tour" in problem.sentence
    later = replace(terms, ready_at=terms.ready_at + HOUR, driver=make_driver(carrier).public_id)
    assert edit_leg(actor=dispatcher, leg_id=leg.public_id, version=leg.version, terms=later).version == 2


def test_over_rest_such_a_leg_is_refused_at_its_field(carrier, dispatcher):
    leg = opened(carrier, dispatcher, make_truck(carrier))
    api, address = ApiClient(carrier), f"/api/v1/legs/{leg.public_id}"
    seen = api.get(address)
    body = {"truck": leg.truck.public_id, "empty": {"zip": "60601"}, "home_by": (leg.home_by + 60 * HOUR).isoformat()}
    answer = api.put(address, body | {"ready_at": leg.ready_at.isoformat()}, etag=seen["ETag"])
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/empty")
    assert "tour_ends_at" not in seen.json()
    withdraw_leg(actor=dispatcher, leg_id=leg.public_id)
    answer = api.post("/api/v1/legs", body | {"ready_at": (leg.ready_at + HOUR).isoformat()})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/ready_at")
    assert "give that time or later" in answer.json()["errors"][0]["detail"]


def test_a_leg_is_not_posted_into_a_booked_tour_nor_too_far_from_where_that_ends(carrier, dispatcher):
    truck = make_truck(carrier)
    leg = withdraw_leg(actor=dispatcher, leg_id=opened(carrier, dispatcher, truck).public_id)
    empties = leg.ready_at
    for ready_at, said in (
        (empties - HOUR, "is on a booked tour at that time, which ends in Houston, TX on"),
        (empties + HOUR, "is empty in Houston, TX on .* too far away to be here by then. It can be in Chicago, IL"),
    ):
        terms = leg_terms(truck, ready_at=ready_at, hours=120)
        with pytest.raises(Invalid, match=said) as refusal:
            post_leg(actor=dispatcher, terms=terms)
        assert [problem.field for problem in refusal.value.problems] == ["ready_at"]
        post_leg(actor=dispatcher, terms=terms, draft=True)
        post_leg(actor=dispatcher, terms=replace(terms, truck=make_truck(carrier).public_id))
    # 1,129 mi at 50 mph: 22.6 h of driving and two rests of 10 h
    post_leg(actor=dispatcher, terms=leg_terms(truck, ready_at=empties + 45 * HOUR, hours=120))


def test_a_leg_that_was_taken_off_the_market_comes_back_where_its_truck_is(carrier, dispatcher):
    truck = make_truck(carrier)
    leg = withdraw_leg(actor=dispatcher, leg_id=opened(carrier, dispatcher, truck).public_id)
    assert open_leg(actor=dispatcher, leg_id=leg.public_id).status == "open"
    withdraw_leg(actor=dispatcher, leg_id=leg.public_id)
    draft = post_leg(actor=dispatcher, terms=leg_terms(truck, ready_at=leg.ready_at + HOUR, hours=120), draft=True)
    with pytest.raises(Invalid, match="empty in Houston, TX"):
        open_leg(actor=dispatcher, leg_id=draft.public_id)
    with transaction.atomic():
        note_tour(leg=ReturnLeg.objects.get(pk=leg.pk), starts_at=None, ends_at=None)  # its booking fell through
    assert open_leg(actor=dispatcher, leg_id=draft.public_id).status == "open"


def test_the_carrier_reads_what_is_on_board_and_others_what_is_free(carrier, dispatcher):
    leg = reduced(make_leg(carrier), dispatcher)
    own, market = view(leg, Viewer.OWNER), view(leg, Viewer.MARKET)
    assert (own["weight_pounds"], own["length_feet"], own["pallets"]) == (45_000, 53, 26)
    assert own["on_board"] == {"weight_pounds": 12_000, "length_feet": 14, "pallets": 6}
    assert (market["weight_pounds"], market["length_feet"], market["pallets"]) == (33_000, 39, 20)
    assert "on_board" not in market
    told = {entry.organization_id: entry.payload for entry in FeedEntry.objects.filter(event__name="leg.reduced")}
    assert told[carrier.public_id]["on_board"]["length_feet"] == 14


def test_a_leg_read_and_written_back_through_the_api_is_unchanged(carrier, dispatcher):
    leg = post_leg(actor=dispatcher, terms=leg_terms(make_truck(carrier)))
    reduced(leg, dispatcher)
    api, address = ApiClient(carrier), f"/api/v1/legs/{leg.public_id}"
    seen = api.get(address)
    names = ("empty", "ready_at", "home_by", "weight_pounds", "length_feet", "pallets", "equipment")
    limits = ("max_pickup_deadhead_miles", "max_home_deadhead_miles", "max_out_of_route_miles")
    body = {name: seen.json()[name] for name in (*names, *limits)} | {"truck": seen.json()["truck"]["id"]}
    body["empty"] = {"zip": body["empty"]["zip"]}
    answer = api.put(address, body, etag=seen["ETag"])
    assert answer.status_code == 200, answer.json()
    assert answer.json()["on_board"] == seen.json()["on_board"]
    assert ReturnLeg.objects.get(pk=leg.pk).weight_pounds == 33_000
    refused = api.put(address, body | {"length_feet": 13}, etag=answer["ETag"])
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == "/length_feet"
    assert refused.json()["errors"][0]["detail"] == "14 ft of booked loads are on board already. Give at least 14 ft."


def test_the_page_of_a_leg_shows_what_is_on_board_and_that_it_is_booked(carrier, dispatcher):
    client = Client()
    client.force_login(dispatcher.person)
    leg = reduced(make_leg(carrier), dispatcher)
    page = client.get(f"/legs/{leg.public_id}/").content.decode()
    assert "Still free" in page
    assert "12,000 lb, 14 ft, 6 pallets of booked loads" in page
    assert "39 ft still free" in client.get("/legs/").content.decode()
    form = client.get(f"/legs/{leg.public_id}/edit/").context["form"]
    assert (form["weight_pounds"].value(), form["length_feet"].value()) == (45_000, 53)
    with transaction.atomic():
        cover_leg(leg=locked_leg(pk=leg.pk), actor=dispatcher, now=now())
    page = client.get(f"/legs/{leg.public_id}/").content.decode()
    assert "This leg has its load home" in page
    assert "Booked: it has its load home" in page  # in its history
