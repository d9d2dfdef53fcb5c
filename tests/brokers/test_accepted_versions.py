"""A paper names the version of the load that both accepted, by whatever way the booking came about."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from brokers.models import Agreement, Booking, RateConfirmation
from brokers.services.amendments import accept_amendment, propose_amendment
from brokers.services.documents import make_documents
from brokers.services.offers import accept_offer
from brokers.services.pending import check_waiting_claims
from brokers.services.tenders import tender_load
from brokers.terms import StopTime, terms_of
from foundation.accounts.models import Organization
from foundation.events.reactions import Settle
from loads.models import Load
from loads.services import price_load
from tests.brokers.bargains import make_deal, offer_by, terms
from tests.brokers.booked import claim, going_home, local_load, open_load
from tests.brokers.test_bundles import back_load, bundle
from tests.brokers.test_confirmation_documents import text_of
from tests.brokers.test_pending_claims import answer
from tests.builders import make_actor, make_organization, make_truck
from tests.rest.clients import ApiClient

pytestmark = pytest.mark.usefixtures("db", "straight_roads", "empty_cache")

SEEN = 4  # the load was edited thrice before it was bargained over


def _edited(load: Load) -> Load:
    Load.objects.filter(pk=load.pk).update(version=SEEN)
    load.refresh_from_db()
    return load


def _papers(booking: Booking) -> dict[str, int]:
    """Return the load's version that each paper in force names, in its column and in its content."""
    rows = RateConfirmation.objects.filter(booking=booking, superseded_at__isnull=True)
    for row in rows:
        assert row.content["accepted"]["load_version"] == row.load_version
    return {row.agreement: row.load_version for row in rows}


def _claimed(shipper: Organization, carrier: Organization) -> Booking:
    claim(carrier, _edited(open_load(shipper)), going_home(carrier))
    return Booking.objects.select_related("load", "shipper", "seller", "carrier").get()


def _amended(booking: Booking, **change: Any) -> Booking:
    asks, answers = make_actor(booking.seller), make_actor(booking.carrier)
    row = propose_amendment(actor=asks, booking_id=booking.public_id, subject="carriage", **change)
    accept_amendment(actor=answers, amendment_id=row.public_id)
    booking.refresh_from_db()
    return booking


def _later(booking: Booking) -> tuple[StopTime, ...]:
    *first, last = terms_of(booking).stop_times
    return (*first, replace(last, closes_at=last.closes_at + timedelta(hours=1)))


def test_a_claim(shipper: Organization, carrier: Organization, sign_in: Any) -> None:
    booking = _claimed(shipper, carrier)
    assert (booking.load_version, _papers(booking)) == (SEEN, {Agreement.CARRIAGE: SEEN})
    make_documents(subjects=[booking.public_id], settle=Settle("brokers.make_documents", 0))
    paper = RateConfirmation.objects.get(booking=booking)
    assert f"Load version {SEEN}, as posted." in text_of(bytes(paper.document.pdf))
    assert f"load version {SEEN}, as posted" in sign_in(carrier).get(f"/rate-confirmations/{paper.public_id}/").text
    seen = ApiClient(carrier).get(f"/api/v1/rate-confirmations/{paper.public_id}").json()
    assert seen["content"]["accepted"]["load_version"] == SEEN


def test_an_acceptance() -> None:
    deal = make_deal()
    offer = offer_by(deal.carrier, deal.leg, _edited(deal.load))
    booking = accept_offer(actor=deal.shipper, offer_id=offer.public_id, number=1, load_version=SEEN)
    assert isinstance(booking, Booking)
    assert (booking.load_version, _papers(booking)) == (SEEN, {Agreement.CARRIAGE: SEEN})


def test_an_acceptance_that_was_held(settings: Any, tmp_path: Path) -> None:
    settings.FEDERAL_ANSWERS = str(tmp_path)
    deal = make_deal()
    answer(tmp_path, deal.carrier.organization, fails=True)
    offer = offer_by(deal.carrier, deal.leg, _edited(deal.load))
    accept_offer(actor=deal.shipper, offer_id=offer.public_id, number=1, load_version=SEEN)
    assert not Booking.objects.exists()
    answer(tmp_path, deal.carrier.organization)
    assert check_waiting_claims() == 1
    booking = Booking.objects.get()
    assert (booking.load_version, _papers(booking)) == (SEEN, {Agreement.CARRIAGE: SEEN})


def test_a_bundle(shipper: Organization, carrier: Organization) -> None:
    out, back = _edited(local_load(shipper)), back_load(make_organization("Gulf Shippers"))
    bundle(carrier, make_truck(carrier), out, back)
    for load, version in ((out, SEEN), (back, 1)):
        assert _papers(Booking.objects.get(load=load)) == {Agreement.CARRIAGE: version}


def test_an_amendment_of_the_rate_leaves_the_version_and_one_of_the_freight_names_the_new_one(
    shipper: Organization, carrier: Organization
) -> None:
    booking = _amended(_claimed(shipper, carrier), terms=None, load_changes={"commodity": "Board"})
    new = Load.objects.get().version
    assert new > SEEN
    assert (booking.load_version, _papers(booking)) == (new, {Agreement.CARRIAGE: new})
    booking = _amended(booking, terms=replace(terms_of(booking), linehaul_cents=2_500_00))
    assert (booking.load_version, _papers(booking)) == (new, {Agreement.CARRIAGE: new})
    booking = _amended(booking, stop_times=_later(booking))
    assert (booking.load_version, _papers(booking)) == (new + 1, {Agreement.CARRIAGE: new + 1})


def test_a_first_amendment_of_the_rate_leaves_the_version_that_was_accepted(
    shipper: Organization, carrier: Organization
) -> None:
    booking = _claimed(shipper, carrier)
    booking = _amended(booking, terms=replace(terms_of(booking), linehaul_cents=2_500_00))
    assert (booking.load_version, _papers(booking)) == (SEEN, {Agreement.CARRIAGE: SEEN})


def test_a_sale_names_the_version_on_which_the_shipper_agreed_to_it_in_its_own_count() -> None:
    deal = make_deal(rate_cents=None)
    broker = make_organization("Lakeside Brokers", brokers=True, ships=False)
    load, seller = _edited(deal.load), make_actor(broker)
    tender = tender_load(actor=seller, load_id=load.public_id, terms=terms(load, 2_900), load_version=SEEN)
    accept_offer(actor=deal.shipper, offer_id=tender.public_id, number=1, load_version=SEEN)
    for cents in (2_300_00, 2_400_00):
        load.refresh_from_db()
        price_load(actor=seller, load_id=load.public_id, version=load.version, rate_cents=cents, book_now=True)
    load.refresh_from_db()
    claim(deal.carrier.organization, load, deal.leg)
    booking = Booking.objects.select_related("load", "shipper", "seller", "carrier").get()
    assert booking.load_version == load.version == SEEN + 3
    assert _papers(booking) == {Agreement.CARRIAGE: SEEN + 3, Agreement.SALE: SEEN}
    row = propose_amendment(
        actor=deal.shipper, booking_id=booking.public_id, subject="freight", load_changes={"commodity": "Board"}
    )
    for side in (deal.carrier, seller):
        accept_amendment(actor=side, amendment_id=row.public_id)
    amended = Load.objects.get()
    assert _papers(booking) == {Agreement.CARRIAGE: amended.version, Agreement.SALE: amended.owners_version}
