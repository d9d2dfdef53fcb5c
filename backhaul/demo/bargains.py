"""What the demo's people have agreed already: a load that a broker sells, open negotiations, bookings.

Made by the services that people use, and topped up at every start like the postings; whoever signs in as a carrier,
shipper or broker finds something to answer.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta

from backhaul.demo.cast import SIGNED_IN_OF_EACH, Cast
from brokers.models import Booking, BookingStatus, Offer, OfferStatus
from brokers.services.acceptance import accept_offer
from brokers.services.claims import claim_load
from brokers.services.offers import counter_offer
from brokers.services.opening import open_thread
from brokers.services.tenders import tender_load
from brokers.terms import BargainTerms, posted_terms
from carriers.models import ReturnLeg
from carriers.store import terms_of
from foundation.accounts.actor import Actor
from foundation.trade import clock
from foundation.trade.errors import TradeError
from foundation.trade.posting import Status
from loads.models import Load, LoadSize
from loads.queries import market_loads
from loads.services import price_load
from matching.services import preview

Report = Callable[[str], None]

SOLD, TALKS, BOOKINGS = 1, 3, 2
LEGS_LOOKED_AT = 8
OFFERS_STAND_MINUTES = 24 * 60
_FULL_DOLLARS = 500  # cents: rates are named in steps of five dollars


class Bargains:
    """Lets the cast sell, negotiate and book."""

    def __init__(self, cast: Cast) -> None:
        """Take the cast; those who can sign in are the ones who bargain."""
        self._brokers = cast.brokers[:SIGNED_IN_OF_EACH]
        self._carriers = cast.carriers[:SIGNED_IN_OF_EACH]
        self._shippers = {actor.organization.pk: actor for actor in cast.shippers}

    def strike(self, report: Report) -> None:
        """Bring sales, open negotiations and bookings up to what the demo shows; what is refused is left out."""
        report("negotiations and bookings")
        if Load.objects.filter(seller__isnull=False, status=Status.OPEN).count() < SOLD:
            with suppress(TradeError):
                self._sell()
        live = Offer.objects.filter(status=OfferStatus.LIVE, expires_at__gt=clock.now()).count()
        booked = Booking.objects.filter(status=BookingStatus.BOOKED).count()
        talks, bookings = max(0, TALKS - live), max(0, BOOKINGS - booked)
        for carrier, leg, loads in self._pairs():
            open_to_claims = next((load for load in loads if load.book_now), None)
            with suppress(TradeError):
                if bookings and open_to_claims is not None:
                    self._book(carrier, leg, open_to_claims)
                    bookings -= 1
                elif talks:
                    self._talk(carrier, leg, loads[0], answered=talks % 2 == 1)
                    talks -= 1
            if not talks and not bookings:
                return

    def _sell(self) -> None:
        """Let a broker tender a shipper's load; accepted, it opens the load to claims at a rate of its own."""
        broker = self._brokers[0]
        mine = [actor.organization for actor in list(self._shippers.values())[:SIGNED_IN_OF_EACH]]
        rows = market_loads(broker.organization, clock.now()).filter(
            organization__in=mine, seller=None, rate_cents__isnull=False, size=LoadSize.FULL
        )
        load = rows.filter(pickup_closes_at__gt=clock.now() + timedelta(hours=24)).order_by("pk").first()
        if load is None or load.rate_cents is None:
            return
        offer = tender_load(
            actor=broker,
            load_id=load.public_id,
            terms=_terms(load, 1.0),
            load_version=load.version,
            expires_in_minutes=OFFERS_STAND_MINUTES,
        )
        shipper = self._shippers[load.organization_id]
        accept_offer(actor=shipper, offer_id=offer.public_id, number=offer.number, load_version=offer.load_version)
        load.refresh_from_db()
        rate = _stepped((load.shipper_rate_cents or 0) * 0.9)
        price_load(actor=broker, load_id=load.public_id, version=load.version, rate_cents=rate, book_now=True)

    def _pairs(self) -> Iterator[tuple[Actor, ReturnLeg, list[Load]]]:
        """Yield legs of those who can sign in, each with the best loads for it that a shipper of the demo sells."""
        for carrier in self._carriers:
            legs = ReturnLeg.objects.filter(
                organization=carrier.organization, status=Status.OPEN, ready_at__gt=clock.now() + timedelta(hours=1)
            )
            for leg in legs.order_by("-home_miles")[:LEGS_LOOKED_AT]:
                found = preview(organization=carrier.organization, leg_terms=terms_of(leg), stored=leg)
                sold = [row.load for row in found.loads if row.load.sold_by.pk in self._shippers]
                loads = [load for load in sold if load.rate_cents is not None]
                if loads:
                    yield carrier, leg, loads

    def _book(self, carrier: Actor, leg: ReturnLeg, load: Load) -> None:
        claim_load(
            actor=carrier,
            load_id=load.public_id,
            truck_id=leg.truck.public_id,
            leg_id=leg.public_id,
            load_version=load.version,
            rate_cents=load.rate_cents,
        )

    def _talk(self, carrier: Actor, leg: ReturnLeg, load: Load, *, answered: bool) -> None:
        """Let a carrier ask for a little more; the shipper meets it half way, or has not answered yet."""
        offer = open_thread(
            actor=carrier,
            load_id=load.public_id,
            leg_id=leg.public_id,
            terms=_terms(load, 1.1),
            load_version=load.version,
            expires_in_minutes=OFFERS_STAND_MINUTES,
        )
        if answered:
            counter_offer(
                actor=self._shippers[load.organization_id],
                thread_id=offer.thread.public_id,
                terms=_terms(load, 1.05),
                on_number=offer.number,
                load_version=load.version,
                expires_in_minutes=OFFERS_STAND_MINUTES,
            )


def _terms(load: Load, share: float) -> BargainTerms:
    return posted_terms(load, rate_cents=_stepped((load.rate_cents or 0) * share))


def _stepped(cents: float) -> int:
    return round(cents / _FULL_DOLLARS) * _FULL_DOLLARS
