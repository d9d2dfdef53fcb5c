"""Reads of threads and offers: for the two sides, and for brokers that represent one of them.

The shipper of a load that a broker sells stands on no side of the broker's threads with carriers, and nobody is
represented in a tender: so neither shows here.
"""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import F, Prefetch, Q, QuerySet

from brokers.models import Claim, Offer, OfferStatus, Proposal, Thread, ThreadStatus
from foundation.accounts.models import Organization
from foundation.accounts.queries import represented_by
from foundation.trade import clock
from foundation.trade.errors import NotFound
from loads.models import Load


def threads_of(viewer: Organization, now: datetime | None = None) -> QuerySet[Thread]:
    """Return the threads in which the viewer is a side or represents one, last moved first, with all that is shown."""
    moment = now or clock.now()
    givers = represented_by(viewer, moment).order_by().values("pk")
    mine = Q(seller=viewer) | Q(taker=viewer)
    sold_for = Q(load__organization=viewer) & ~Q(seller=F("load__organization"))
    theirs = Q(kind=Thread.Kind.CARRIAGE) & (Q(seller__in=givers) | Q(taker__in=givers)) & ~sold_for
    return whole(Thread.objects.filter(mine | theirs)).order_by("-moved_at", "-pk")


def open_threads_of(viewer: Organization, now: datetime | None = None) -> QuerySet[Thread]:
    """Return the viewer's threads that are not over."""
    return threads_of(viewer, now).filter(status=ThreadStatus.OPEN)


def thread_of(viewer: Organization, public_id: str, now: datetime | None = None) -> Thread:
    """Return a thread of the viewer's; raises `NotFound`."""
    thread = threads_of(viewer, now).filter(public_id=public_id).first()
    if thread is None:
        raise NotFound("There is no such negotiation here.")
    return thread


def offer_of(viewer: Organization, public_id: str, now: datetime | None = None) -> Offer:
    """Return an offer of a thread of the viewer's, its thread loaded; raises `NotFound`."""
    thread = threads_of(viewer, now).filter(offers__public_id=public_id).first()
    if thread is None:
        raise NotFound("There is no such offer here.")
    return next(offer for offer in thread.offers.all() if offer.public_id == public_id)


def threads_about(viewer: Organization, load: Load, now: datetime | None = None) -> QuerySet[Thread]:
    """Return the viewer's threads about a load."""
    return threads_of(viewer, now).filter(load=load)


def load_in_thread(viewer: Organization, public_id: str, now: datetime | None = None) -> Load | None:
    """Return a load that the viewer has a thread about, whatever became of it."""
    thread = threads_of(viewer, now).filter(load__public_id=public_id).first()
    return thread.load if thread else None


def thread_by_form(viewer: Organization, load_id: str, form_token: str) -> Thread | None:
    """Return the viewer's thread about a load that a form opened."""
    rows = threads_of(viewer).filter(load__public_id=load_id, form_token=form_token)
    return rows.first() if form_token else None


def threads_from(viewer: Organization, proposals: Sequence[Proposal], now: datetime) -> dict[int, list[str]]:
    """Return the ids of the viewer's threads about the loads of proposals with their legs, by the proposal's key."""
    legs = {row.leg_id for row in proposals}
    rows = threads_of(viewer, now).filter(leg__in=legs).order_by("pk").values_list("leg_id", "load_id", "public_id")
    found: dict[tuple[int | None, int], list[str]] = {}
    for leg, load, public_id in rows:
        found.setdefault((leg, load), []).append(public_id)
    return {
        row.pk: [name for each in row.loads.all() for name in found.get((row.leg_id, each.load_id), [])]
        for row in proposals
    }


def offers_in(thread: Thread) -> list[Offer]:
    """Return a thread's offers by number, each knowing its thread."""
    offers = list(thread.offers.all())
    for offer in offers:
        offer.thread = thread
    return offers


def live_offer(thread: Thread) -> Offer | None:
    """Return the offer that stands, or None; whether its time is over is the caller's question."""
    return next((offer for offer in offers_in(thread) if offer.status == OfferStatus.LIVE), None)


def held_offer(thread: Thread) -> Offer | None:
    """Return the offer that is accepted and waits for the check of the carrier, or None."""
    return next((offer for offer in offers_in(thread) if offer.status == OfferStatus.HELD), None)


def waiting_for(viewer: Organization, now: datetime) -> QuerySet[Thread]:
    """Return the viewer's own threads whose live offer the other side made, those that end first in front."""
    live = Q(offers__status=OfferStatus.LIVE, offers__expires_at__gt=now) & ~Q(offers__made_for=viewer)
    rows = open_threads_of(viewer, now).filter(Q(seller=viewer) | Q(taker=viewer)).filter(live)
    return rows.order_by("offers__expires_at", "pk")


def whole(rows: QuerySet[Thread]) -> QuerySet[Thread]:
    """Return threads with sides, load, truck and offers: all that a payload reads."""
    offers = Offer.objects.select_related(
        "made_for", "made_by_organization", "made_by", "closed_by_organization", "booking"
    ).prefetch_related(Prefetch("holds", queryset=Claim.objects.order_by("pk")))
    return rows.select_related(
        "load__organization", "load__seller", "seller", "taker", "truck", "leg", "driver", "trailer", "home_base"
    ).prefetch_related("load__stops", Prefetch("offers", queryset=offers.order_by("number")))
