"""Reads of claims, bookings and tours; the organization that asks comes first and sees what it is a party of."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

from django.db.models import Model, Prefetch, Q, QuerySet

from brokers.models import Booking, BookingStatus, Claim, ClaimedLoad, ClaimStatus, Tour, TourStatus, TourStop
from carriers.models import ReturnLeg, Truck
from foundation.accounts.actor import Actor
from foundation.accounts.audience import Sight
from foundation.accounts.models import Organization, Role
from foundation.accounts.queries import represented_by
from foundation.trade import clock
from foundation.trade.errors import NotFound
from foundation.trade.kept import Kept
from foundation.trade.posting import Status
from loads.models import Load
from loads.queries import with_stops

Row = TypeVar("Row", bound=Model)

_NO_LOAD = "There is no such load here."


def _published(public_id: Any) -> QuerySet[Load]:
    rows = Load.objects.exclude(status=Status.DRAFT).select_related("organization", "seller")
    return rows.filter(public_id=public_id)


_PUBLISHED = Kept(_published)
_HOLDS: Kept[ClaimedLoad] = Kept(
    lambda load, now: ClaimedLoad.objects.filter(load=load, is_held=True, claim__held_until__gt=now)
)
_TOUR_HOME: Kept[Tour] = Kept(
    lambda leg: Tour.objects.filter(leg=leg, status=TourStatus.PLANNED).select_related("organization")
)
_TOURS_ABOUT: Kept[Tour] = Kept(
    lambda leg, truck, since, until: Tour.objects.filter(
        Q(leg=leg) | Q(truck=truck, ends_at__gt=since, starts_at__lt=until), status=TourStatus.PLANNED
    ).select_related("organization", "leg")
)
_FARTHEST_AWAY = timedelta(days=14)
"""So long no way between two places takes, at legal hours: what a truck does so long before or after cannot matter."""


def bookings_of(viewer: Organization) -> QuerySet[Booking]:
    """Return the bookings of which the viewer is carrier, seller or shipper, newest first."""
    mine = Q(carrier=viewer) | Q(seller=viewer) | Q(shipper=viewer)
    return _whole_bookings(Booking.objects.filter(mine)).order_by("-pk")


def booking_of(viewer: Organization, public_id: str) -> Booking:
    """Return a booking of which the viewer is a party; raises `NotFound`."""
    return _one(bookings_of(viewer), public_id, "There is no such booking here.")


def booking_for(viewer: Organization, public_id: str, now: datetime) -> Booking:
    """Return a booking of which the viewer is a party, or represents carrier or seller; raises `NotFound`."""
    givers = represented_by(viewer, now).order_by().values("pk")
    mine = Q(carrier=viewer) | Q(seller=viewer) | Q(shipper=viewer)
    rows = _whole_bookings(Booking.objects.filter(mine | Q(carrier__in=givers) | Q(seller__in=givers)))
    return _one(rows, public_id, "There is no such booking here.")


def live_booking_of_load(viewer: Organization, load: Load) -> Booking | None:
    """Return the booking that a load is covered by, if the viewer is a party of it."""
    return bookings_of(viewer).filter(load=load, status="booked").first()


def own_booking_of_load(carrier: Organization, load_id: str) -> Booking | None:
    """Return the booking by which a carrier hauls a load now; None where it does not."""
    return bookings_of(carrier).filter(load__public_id=load_id, carrier=carrier, status=BookingStatus.BOOKED).first()


def claims_of(viewer: Organization) -> QuerySet[Claim]:
    """Return the claims that the viewer made, or that were made for it, newest first.

    Acceptances on hold are none: both sides read them in their negotiation.
    """
    rows = Claim.objects.filter(Q(carrier=viewer) | Q(made_by_organization=viewer), offer__isnull=True)
    return _whole_claims(rows).order_by("-pk")


def claim_of(viewer: Organization, public_id: str) -> Claim:
    """Return a claim that the viewer made, or that was made for it; raises `NotFound`."""
    return _one(claims_of(viewer), public_id, "There is no such claim here.")


def claim_by_form(carrier: Organization, form_token: str) -> Claim | None:
    """Return the claim that a form has made already, if it was sent before."""
    return _whole_claims(Claim.objects.filter(carrier=carrier, form_token=form_token)).first() if form_token else None


def claim_sent_by(viewer: Organization, form_token: str) -> Claim | None:
    """Return the claim that a form of the viewer's has made already, for itself or for a carrier for which it acts."""
    return claims_of(viewer).filter(form_token=form_token).first() if form_token else None


def is_claim_of(claim: Claim, load_ids: Sequence[str]) -> bool:
    """Say whether a claim is one of these loads, in this order."""
    return [row.load.public_id for row in claim.loads.all()] == list(load_ids)


def sees_load(viewer: Organization, load: Load, now: datetime) -> bool:
    """Say whether a load in hand is, or was a moment ago, in the viewer's sight: its owner's and, where a broker sells
    it, that broker's, who must be verified too.
    """
    sight = Sight(viewers=[viewer], owners=[load.organization, load.sold_by], now=now)
    return sight.sees(
        viewer.pk, load.organization_id, load.audience, load.partners_first_until, seller_id=load.seller_id
    )


def claims_to_settle(now: datetime) -> QuerySet[Claim]:
    """Return the claims on hold whose time is over."""
    return Claim.objects.filter(status=ClaimStatus.PENDING, held_until__lte=now).order_by("pk")


def live_bookings(tour: Tour) -> list[Booking]:
    """Return the bookings that stand on a tour in hand, with their loads and stops, oldest first."""
    rows = tour.bookings.filter(status=BookingStatus.BOOKED).select_related("load__organization")
    return list(rows.prefetch_related("load__stops").order_by("pk"))


def load_in_sight(viewer: Organization, public_id: str, now: datetime) -> Load:
    """Return a load that stands, or stood a moment ago, in the viewer's sight; raises `NotFound` otherwise.

    Of what has left the market meanwhile the caller says that it is gone, and nothing else. Drafts are out of sight.
    """
    load = _PUBLISHED.first(public_id=public_id)
    if load is None or not sees_load(viewer, load, now):
        raise NotFound(_NO_LOAD)
    return with_stops(load)


def holds_on(load: Load, now: datetime) -> list[ClaimedLoad]:
    """Return what reserves a load: a claim on hold whose time is not over, also where no sweep has come by since."""
    return _HOLDS.all(load=load.pk, now=now)


def is_reserved(load: Load) -> bool:
    """Say whether a claim on hold has reserved a load; whose it is, is nobody's business."""
    return bool(holds_on(load, clock.now()))


def tour_home_on(leg: ReturnLeg) -> Tour | None:
    """Return the tour that is planned on a return leg in hand."""
    return _TOUR_HOME.first(leg=leg.pk)


def tours_about(leg: ReturnLeg, truck: Truck) -> list[Tour]:
    """Return the tour that is planned on a return leg in hand, and a truck's tours before and after its time."""
    since, until = leg.ready_at - _FARTHEST_AWAY, leg.home_by + _FARTHEST_AWAY
    return _TOURS_ABOUT.all(leg=leg.pk, truck=truck.pk, since=since, until=until)


def tours_of(viewer: Organization) -> QuerySet[Tour]:
    """Return the viewer's own tours, those that begin last in front."""
    return _whole_tours(Tour.objects.filter(organization=viewer)).order_by("-starts_at", "-pk")


def tours_for(actor: Actor) -> QuerySet[Tour]:
    """Return the tours that an actor may see: the organization's, or, for a driver, those that he drives himself."""
    rows = tours_of(actor.organization)
    if actor.role == Role.DRIVER:
        return rows.filter(driver__person=actor.person, driver__person__isnull=False)
    return rows


def tour_for(actor: Actor, public_id: str) -> Tour:
    """Return a tour that an actor may see; raises `NotFound`."""
    return _one(tours_for(actor), public_id, "There is no such tour here.")


def _whole_bookings(rows: QuerySet[Booking]) -> QuerySet[Booking]:
    """Return bookings with all that is shown; the organizations come apart, since so many joins take long to plan."""
    whole = rows.select_related("load", "tour__truck", "tour__driver", "tour__trailer", "leg", "opened_leg")
    organizations = ("shipper", "seller", "carrier", "cancelled_for", "owed_by", "load__organization", "load__seller")
    return whole.prefetch_related(*organizations, "carrier__payment_accounts", "booked_by", "load__stops", "tour_stops")


def _whole_claims(rows: QuerySet[Claim]) -> QuerySet[Claim]:
    loads = ClaimedLoad.objects.select_related("load__organization", "load__seller", "booking").order_by("position")
    whole = rows.select_related("carrier", "truck", "leg", "made_by", "made_by_organization")
    return whole.prefetch_related(Prefetch("loads", loads), "loads__load__stops")


def _whole_tours(rows: QuerySet[Tour]) -> QuerySet[Tour]:
    stops = TourStop.objects.select_related("booking__load").order_by("sequence")
    whole = rows.select_related("organization", "truck", "driver__person", "trailer", "leg")
    return whole.prefetch_related(Prefetch("stops", stops), "stops__booking__load__stops")


def _one(rows: QuerySet[Row], public_id: str, sentence: str) -> Row:
    row = rows.filter(public_id=public_id).first()
    if row is None:
        raise NotFound(sentence)
    return row
