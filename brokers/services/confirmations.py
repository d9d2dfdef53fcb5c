"""Rate confirmations: written with the booking, made into a document, signed by each side."""

from collections.abc import Sequence
from datetime import datetime

from brokers.booking_visibility import BROKER, SHIPPER, version_for
from brokers.models import Agreement, Booking, RateConfirmation, Tour
from brokers.papers.content import content_of, digest_of, number_of
from brokers.papers.sale import accepted_tender, sale_terms, sold_version
from brokers.paying import account_on_paper
from brokers.terms import terms_of
from foundation.accounts.actor import named_to
from foundation.accounts.models import Organization
from foundation.events.services import HasLabel, record_audit
from foundation.trade.kept import insert
from loads.models import Load


def issue_confirmation(
    *,
    booking: Booking,
    actor: HasLabel | str,
    now: datetime,
    agreements: Sequence[Agreement] = (Agreement.CARRIAGE, Agreement.SALE),
    is_first: bool = False,
) -> RateConfirmation:
    """Write what both sides of a booking agreed, in the transaction of the booking or amendment; return the carriage's.

    Where a broker sells, the sale gets a paper of its own. A paper in force is superseded by its next revision;
    `agreements` names those to write anew. The documents are made afterwards, by a task that hears of the booking.
    `is_first` says that the booking was made a moment ago: its load and tour are in hand, and it has no paper yet.
    """
    load = booking.load
    if not is_first:
        load = Load.objects.select_related("organization").prefetch_related("stops").get(pk=booking.load_id)
        booking.tour = Tour.objects.select_related("truck", "trailer").get(pk=booking.tour_id)
    brokered = booking.seller_id != booking.shipper_id
    written = {
        agreement: _write(booking, agreement, load, actor, now, is_first=is_first)
        for agreement in agreements
        if brokered or agreement == Agreement.CARRIAGE
    }
    found = written.get(Agreement.CARRIAGE)
    return found or booking.confirmations.get(agreement=Agreement.CARRIAGE, superseded_at__isnull=True)


def _write(
    booking: Booking, agreement: Agreement, load: Load, actor: HasLabel | str, now: datetime, *, is_first: bool
) -> RateConfirmation:
    last = None if is_first else booking.confirmations.filter(agreement=agreement).order_by("-revision").first()
    if last is not None and last.superseded_at is None:
        RateConfirmation.objects.filter(pk=last.pk).update(superseded_at=now)
    sale = agreement == Agreement.SALE
    offer = accepted_tender(booking) if sale else booking.offer
    revision = last.revision + 1 if last else 1
    payer, payee = (booking.shipper, booking.seller) if sale else (booking.seller, booking.carrier)
    row = RateConfirmation(
        booking=booking,
        agreement=agreement,
        revision=revision,
        number=number_of(booking, agreement, revision),
        payer=payer,
        payee=payee,
        load_version=sold_version(booking, load, offer) if sale else booking.load_version,
        booking_version=version_for(booking, SHIPPER if sale else BROKER),
        offer_number=offer.number if offer else None,
        made_at=now,
    )
    terms = sale_terms(booking) if sale else terms_of(booking)
    account = None if sale else account_on_paper(booking, now)  # a shipper whose load was sold pays the broker
    row.content = content_of(row, load=load, terms=terms, offer=offer, pays_to=account)
    insert(row)
    for side in (payer, payee):
        _audit(row, side, actor)
    return row


def _audit(row: RateConfirmation, side: Organization, actor: HasLabel | str) -> None:
    record_audit(
        organization_id=side.public_id,
        actor=named_to(side, actor),
        action="confirmation.issued",
        subject=row.public_id,
        changes={"number": [None, row.number], "content_sha256": [None, digest_of(row.content)]},
    )
