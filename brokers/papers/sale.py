"""The terms of a broker's sale to the shipper, as they stand: the accepted tender, amended."""

from dataclasses import replace

from brokers.models import Amendment, AmendmentStatus, Booking, Offer, OfferStatus, Thread, ThreadStatus
from brokers.terms import BargainTerms, terms_of
from loads.models import Load


def accepted_tender(booking: Booking) -> Offer | None:
    """Return the offer of the tender by which the booking's seller came to sell the load; a later sale of the same load
    to the same broker is another one.
    """
    rows = Offer.objects.filter(
        thread__load=booking.load_id,
        thread__kind=Thread.Kind.TENDER,
        thread__taker=booking.seller_id,
        thread__status=ThreadStatus.AGREED,
        status=OfferStatus.ACCEPTED,
        closed_at__lte=booking.booked_at,
    )
    return rows.order_by("-closed_at", "-pk").first()


def sold_version(booking: Booking, load: Load, tender: Offer | None) -> int:
    """Return the version of the load that shipper and broker agreed on, in the shipper's count: the one that the tender
    named, until all three amended the freight.
    """
    if tender is not None:
        amended = Amendment.objects.filter(
            booking__load=booking.load_id,
            subject=Amendment.Subject.FREIGHT,
            status=AmendmentStatus.ACCEPTED,
            closed_at__gte=tender.closed_at,
        )
        if not amended.exists():
            return tender.load_version  # while nobody sold it, both counted alike
    return booking.load_version - load.seller_edits


def sale_terms(booking: Booking) -> BargainTerms:
    """Return what shipper and broker agreed, as amended; the rate is the booking's shipper rate.

    Windows at the stops are the load's own, which only an amendment of the freight changes. Expects a brokered booking.
    """
    rate_cents = booking.shipper_rate_cents or 0
    amended = booking.amendments.filter(subject=Amendment.Subject.SALE, status=AmendmentStatus.ACCEPTED)
    source = amended.order_by("-number").first() or accepted_tender(booking)
    if source is None:
        return BargainTerms(linehaul_cents=rate_cents)
    terms = replace(terms_of(source), stop_times=())
    return (
        terms if terms.rate_cents == rate_cents else replace(terms, linehaul_cents=rate_cents, fuel_surcharge_cents=0)
    )
