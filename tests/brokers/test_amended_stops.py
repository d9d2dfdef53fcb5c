"""Facility, street address and instructions at the stops of a covered load change as every side accepts."""

from typing import Any

import pytest

from brokers.models import Amendment, Booking, RateConfirmation
from brokers.papers.amendment_visibility import changes_payload
from brokers.services.amendments import accept_amendment, withdraw_amendment
from foundation.trade.errors import Conflict, Invalid
from loads.models import Load
from tests.brokers.test_amendments import booking, propose, sold
from tests.brokers.test_bargain_pages import sent
from tests.builders import make_actor, make_organization
from tests.rest.clients import ApiClient

pytestmark = pytest.mark.usefixtures("db", "straight_roads", "empty_cache")
__all__ = ["booking", "sold"]
DOCK = {"stops.1.address": "77 Quay Road", "stops.1.facility": "North Dock", "stops.1.instructions": "Ring at gate B."}


def _load(booking: Booking) -> Load:
    return Load.objects.prefetch_related("stops").get(pk=booking.load_id)


def _paper(booking: Booking, agreement: str = "carriage") -> RateConfirmation:
    return RateConfirmation.objects.get(booking=booking, agreement=agreement, superseded_at__isnull=True)


def test_a_stops_details_change_with_the_last_yes_and_stand_on_a_new_paper(booking: Booking) -> None:
    stop = booking.load.stops.get(sequence=1)
    stop.exact_lat, stop.exact_lon, stop.address = stop.lat + 0.01, stop.lon + 0.01, "1 Old Road"
    stop.save()
    tour = list(booking.tour.stops.values_list("arrives_at", "ends_at"))
    row = propose(make_actor(booking.shipper), booking, load_changes=DOCK)
    assert {each["field"]: (each["before"], each["after"]) for each in changes_payload(row)} == {
        "stops.1.address": ("1 Old Road", "77 Quay Road"),
        "stops.1.facility": (stop.facility, "North Dock"),
        "stops.1.instructions": (stop.instructions, "Ring at gate B."),
    }
    assert _load(booking).last_stop.address == "1 Old Road", "not before both say yes"
    accept_amendment(actor=make_actor(booking.carrier), amendment_id=row.public_id)
    load = _load(booking)
    pickup, delivery = load.stops.all()
    assert (delivery.address, delivery.facility, delivery.instructions) == tuple(DOCK.values())
    assert (delivery.zip, delivery.lat, delivery.opens_at) == (stop.zip, stop.lat, stop.opens_at)
    assert (delivery.exact_lat, delivery.exact_lon) == (None, None), "the old point is not where the new address is"
    assert pickup.facility == booking.load.stops.all()[0].facility
    assert load.version == booking.load.version + 1
    paper = _paper(booking)
    assert paper.revision == 2
    assert paper.content["stops"][1]["address"] == "77 Quay Road"
    assert list(booking.tour.stops.values_list("arrives_at", "ends_at")) == tour, "the truck drives as it was planned"


def test_instructions_alone_leave_the_exact_point(booking: Booking) -> None:
    stop = booking.load.stops.get(sequence=1)
    stop.exact_lat, stop.exact_lon, stop.address = stop.lat + 0.01, stop.lon + 0.01, "1 Old Road"
    stop.save()
    row = propose(make_actor(booking.carrier), booking, load_changes={"stops.1.instructions": "Door 7."})
    accept_amendment(actor=make_actor(booking.shipper), amendment_id=row.public_id)
    assert _load(booking).last_stop.exact_lat == pytest.approx(stop.exact_lat)


def test_under_a_broker_all_three_say_yes_and_both_papers_say_the_new_dock(sold: Booking) -> None:
    row = propose(make_actor(sold.shipper), sold, subject="freight", load_changes=DOCK)
    accept_amendment(actor=make_actor(sold.seller), amendment_id=row.public_id)
    assert _load(sold).last_stop.facility != "North Dock"
    accept_amendment(actor=make_actor(sold.carrier), amendment_id=row.public_id)
    assert _load(sold).last_stop.facility == "North Dock"
    for agreement in ("carriage", "sale"):
        assert _paper(sold, agreement).content["stops"][1]["facility"] == "North Dock"
    with pytest.raises(Invalid, match="concern shipper, broker and carrier"):
        propose(make_actor(sold.seller), sold, load_changes={"stops.0.facility": "Elsewhere"})


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"stops.9.address": "77 Quay Road"}, "does not change this field"),
        ({"stops.0.city": "Gary"}, "cancel the booking and agree anew"),
        ({"hazmat_class": "3"}, "For other equipment, hazmat or places"),
        ({"stops.0.address": "x" * 201}, "address"),
        ({"notes": "é" * 2000, "instructions": "é" * 2000, "stops.0.instructions": "漢" * 500}, "more text than"),
    ],
)
def test_what_is_no_detail_of_a_stop_or_too_long_is_refused(
    booking: Booking, changes: dict[str, str], words: str
) -> None:
    if "notes" in changes:
        Load.objects.filter(pk=booking.load_id).update(notes="ü" * 2000)
    with pytest.raises(Invalid, match=words):
        propose(make_actor(booking.shipper), booking, load_changes=changes)


def test_what_changed_since_is_not_written_over(booking: Booking) -> None:
    row = propose(make_actor(booking.shipper), booking, load_changes={"stops.0.facility": "South Dock"})
    booking.load.stops.filter(sequence=0).update(facility="West Dock")
    with pytest.raises(Conflict, match="has changed since"):
        accept_amendment(actor=make_actor(booking.carrier), amendment_id=row.public_id)
    withdraw_amendment(actor=make_actor(booking.shipper), amendment_id=row.public_id)


def test_by_rest_a_stop_is_named_once_by_its_place_in_the_load(booking: Booking) -> None:
    path = f"/api/v1/bookings/{booking.public_id}/amendments"
    ship = ApiClient(booking.shipper)

    def post(*stops: dict[str, Any], key: str) -> Any:
        body = {"subject": "carriage", "version": booking.version, "load": {"stops": list(stops)}}
        return ship.post(path, body, headers={"Idempotency-Key": key})

    twice = post({"sequence": 1, "facility": "A"}, {"sequence": 1, "facility": "B"}, key="one")
    assert twice.status_code == 422
    assert "This stop is named twice" in twice.content.decode()
    assert post({"sequence": 1, "city": "Gary"}, key="two").status_code in (400, 422)
    made = post({"sequence": 1, "address": "77 Quay Road", "facility": "North Dock"}, key="three")
    assert made.status_code == 201, made.content
    assert {each["field"] for each in made.json()["changes"]} == {"stops.1.address", "stops.1.facility"}


def test_on_the_page_the_fields_stand_at_their_stop_and_the_change_is_shown_before_and_after(
    booking: Booking, sign_in: Any
) -> None:
    client = sign_in(booking.shipper)
    path = f"/bookings/{booking.public_id}/amend/carriage/"
    page = client.get(path).content.decode()
    for name in ("load_stop_0_facility", "load_stop_1_address", "load_stop_1_instructions"):
        assert f'name="{name}"' in page
    assert "Equipment, hazmat and the towns stay" in page
    form = sent(page.replace('<form method="post" novalidate>', '<form method="post" class="bargain-form" novalidate>'))
    changes = {"load_stop_1_address": "77 Quay Road", "load_stop_1_instructions": "A\r\nB"}
    answer = client.post(path, form | changes)
    assert answer.status_code == 302, answer.content.decode()
    row = Amendment.objects.get()
    assert set(row.load_changes) == {"stops.1.address", "stops.1.instructions"}
    assert row.load_changes["stops.1.instructions"][1] == "A\nB"
    shown = sign_in(booking.carrier).get(answer["Location"]).content.decode()
    assert "Delivery in Dallas: street address" in shown
    assert "77 Quay Road" in shown


def test_a_stranger_reads_none_of_it(booking: Booking) -> None:
    row = propose(make_actor(booking.shipper), booking, load_changes=DOCK)
    assert ApiClient(make_organization("Rival")).get(f"/api/v1/amendments/{row.public_id}").status_code == 404
