"""What two of the cast have struck: a thread with an offer to answer, and a claimed load with its booking and tour.

The rival shipper sells, the rival carrier hauls: to everybody else of the cast these are another's business.
"""

from dataclasses import dataclass, replace
from datetime import timedelta

from brokers.models import (
    Agreement,
    Amendment,
    Booking,
    CancelReason,
    Claim,
    Contention,
    Offer,
    RateConfirmation,
    Thread,
    Tour,
    TransactionRecord,
)
from brokers.models.records import KEPT_FOR
from brokers.services.amendments import propose_amendment
from brokers.services.claims import claim_load
from brokers.services.contending import ANSWER_WITHIN
from brokers.services.documents import make_documents
from brokers.services.threads import open_thread
from brokers.terms import posted_terms, terms_of
from foundation.accounts.models import Organization, Person
from foundation.events.reactions import Settle
from loads.models import Load
from tests.builders import make_actor, make_leg, make_load, now


@dataclass
class Bargains:
    """A live negotiation and a booking."""

    thread: Thread
    offer: Offer
    claim: Claim
    booking: Booking
    tour: Tour
    confirmation: RateConfirmation
    amendment: Amendment
    contention: Contention
    record: TransactionRecord
    open_load: Load


def strike(shipper: Organization, carrier: Organization, hauler: Person) -> Bargains:
    """Let the carrier make an offer for one load of the shipper and claim another, with a truck each."""
    first = now() + timedelta(days=1)
    bargained, claimed = (make_load(shipper, opens_at=first, commodity="Quilts") for _ in range(2))
    Load.objects.filter(pk=claimed.pk).update(book_now=True)
    going, coming = (make_leg(carrier, ready_at=first, hours=120) for _ in range(2))
    actor = make_actor(carrier, person=hauler)
    offer = open_thread(
        actor=actor,
        load_id=bargained.public_id,
        truck_id=going.truck.public_id,
        leg_id=going.public_id,
        terms=posted_terms(bargained, rate_cents=2_500_00),
        load_version=bargained.version,
        expires_in_minutes=600,
    )
    claim = claim_load(actor=actor, load_id=claimed.public_id, truck_id=coming.truck.public_id, leg_id=coming.public_id)
    booking = Booking.objects.select_related("tour").get(load=claimed)
    make_documents(subjects=[booking.public_id], settle=Settle("brokers.make_documents", 0))
    amendment = propose_amendment(
        actor=make_actor(shipper),
        booking_id=booking.public_id,
        subject=Amendment.Subject.CARRIAGE,
        terms=replace(terms_of(booking), tonu_cents=175_00),
    )
    return Bargains(
        thread=offer.thread,
        offer=offer,
        claim=claim,
        booking=booking,
        tour=booking.tour,
        confirmation=RateConfirmation.objects.get(booking=booking),
        amendment=amendment,
        contention=_contention(booking),
        record=_record(booking, shipper),
        open_load=bargained,
    )


def _contention(booking: Booking) -> Contention:
    """Let the carrier say that the load was not ready, as it would when it cancels."""
    moment = now()
    return Contention.objects.create(
        booking=booking,
        agreement=Agreement.CARRIAGE,
        claimant=booking.carrier,
        asked=booking.seller,
        reason=CancelReason.LOAD_NOT_READY,
        tonu_cents=175_00,
        made_at=moment,
        answer_by=moment + ANSWER_WITHIN,
    )


def _record(booking: Booking, broker: Organization) -> TransactionRecord:
    """Let an organization keep a record of the booking, as a broker that had sold the load would."""
    moment = now()
    return TransactionRecord.objects.create(
        booking=booking,
        broker=broker,
        basis=TransactionRecord.Basis.SALE,
        consignor_name="Quilts and More",
        carrier_name="Rival",
        compensation_cents=345_67,
        written_at=moment,
        updated_at=moment,
        keep_until=moment + KEPT_FOR,
    )
