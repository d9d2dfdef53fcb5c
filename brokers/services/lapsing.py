"""Lapsing: what a booking, a sale or a load that leaves the market makes impossible ends, with a word to everybody."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Q, prefetch_related_objects

from brokers.models import Booking, BookingStatus, Thread, ThreadOutcome, ThreadStatus, Tour
from brokers.models.threads import STANDING
from brokers.services.grounds import plan_for
from brokers.services.table import lapse
from brokers.terms import posted_terms, terms_of
from brokers.touring import vehicle_in
from foundation.events.reactions import Settle
from foundation.trade import clock
from foundation.trade.errors import Conflict, Invalid
from foundation.trade.kept import Kept
from foundation.trade.posting import Status
from loads.models import Load, LoadSize

_NONE = 0
_RESTS_ON = (
    "load__organization", "load__seller", "taker", "truck__organization", "driver", "trailer", "home_base",
    "leg__organization", "leg__truck", "leg__driver", "leg__trailer", "leg__home_base",
)  # fmt: skip
_TOUCHED: Kept[Thread] = Kept(
    lambda load, truck, but: (
        Thread.objects.filter(Q(load=load) | Q(truck=truck), status=ThreadStatus.OPEN)
        .exclude(pk=but)
        .order_by("pk")
        .select_related("leg", "load")
    )
)


def lapse_rivals(*, booked: Mapping[Load, Tour], except_thread: Thread | None = None, now: datetime) -> int:
    """Lapse what cannot be any more once loads are booked, each on its tour: the other threads about them, and those
    that want the same return leg or the same truck in that time.

    Inside the booking's transaction, once for all that it books, after legs, tours and trucks are locked: the threads
    are of many loads, and held by id. Return how many.
    """
    but = except_thread.pk if except_thread is not None else _NONE
    gone: dict[int, str] = {}
    keys = {load.pk for load in booked}
    for load, tour in booked.items():
        rows = _TOUCHED.all(load=load.pk, truck=tour.truck_id, but=but)
        prefetch_related_objects(rows, "load__stops")
        for thread in rows:
            if thread.load_id in keys:
                gone[thread.pk] = _booked(thread, tour.organization_id)
            elif _is_taken(thread, load, tour):
                gone[thread.pk] = ThreadOutcome.TRUCK_TAKEN
    return lapse(gone, now=now)


def lapse_threads(*, subjects: Sequence[str], settle: Settle) -> int:
    """Lapse the threads about loads, return legs and trucks that are not to be had any more, or not as they were: a leg
    that became another truck's, or that was edited so that it cannot take the load; return how many.
    """
    count = 0
    for subject in subjects:
        with transaction.atomic():
            theirs = Q(load__public_id=subject) | Q(leg__public_id=subject) | Q(truck__public_id=subject)
            rows = Thread.objects.filter(theirs, status=ThreadStatus.OPEN).select_related(*_RESTS_ON)
            now = clock.now()
            gone = {thread.pk: _why_gone(thread, subject, now) for thread in rows.prefetch_related("load__stops")}
            count += lapse({key: outcome for key, outcome in gone.items() if outcome}, now=now)
            settle(subject)
    return count


def _booked(thread: Thread, carrier_id: int | None) -> str:
    """Return what became of a thread whose load a carrier has booked."""
    is_takers = thread.kind == Thread.Kind.CARRIAGE and thread.taker_id == carrier_id
    return ThreadOutcome.BOOKED_BY_TAKER if is_takers else ThreadOutcome.BOOKED_ELSEWHERE


def _is_taken(thread: Thread, booked: Load, tour: Tour) -> bool:
    """Say whether a tour leaves no room for a thread's load: its leg is used up, or no time is left before or after.

    A load fits before the tour where it can be delivered by its start, after it where it can be picked up from its end.
    A partial load may also share a tour out with the partial one that was booked: that is judged when it is.
    """
    if thread.leg_id is not None:
        return thread.leg is not None and thread.leg.status != Status.OPEN
    if tour.leg_id is None and booked.size == LoadSize.PARTIAL and thread.load.size == LoadSize.PARTIAL:
        return False
    load = thread.load
    first, last = load.first_stop, load.last_stop
    before = max(last.opens_at, first.opens_at) < tour.starts_at
    after = first.closes_at > tour.ends_at
    return not (before or after)


def _why_gone(thread: Thread, subject: str, now: datetime) -> str:
    """Return why a thread cannot go on once something became of its load, leg or truck, the `subject`; or ""."""
    load = thread.load
    if load.status == Status.COVERED:
        live = Booking.objects.filter(load=load, status=BookingStatus.BOOKED).values_list("carrier_id", flat=True)
        return _booked(thread, live.first())
    if load.status != Status.OPEN:
        return ThreadOutcome.LOAD_GONE
    if thread.seller_id != load.sold_by.pk or (thread.kind == Thread.Kind.TENDER and load.seller_id is not None):
        return ThreadOutcome.SOLD
    leg = thread.leg
    if leg is None:
        is_archived = thread.truck is not None and thread.truck.archived_at is not None
        return ThreadOutcome.TRUCK_TAKEN if is_archived else ""
    if leg.status != Status.OPEN or leg.truck_id != thread.truck_id:
        return ThreadOutcome.LEG_GONE
    return ThreadOutcome.LEG_GONE if leg.public_id == subject and not _can_be_hauled(thread, now) else ""


def _can_be_hauled(thread: Thread, now: datetime) -> bool:
    """Say whether a thread's truck could take its load, at the times that stand on the table or at the posted ones."""
    offered = [terms_of(offer).stop_times for offer in thread.offers.filter(status__in=STANDING)]
    for times in (*offered, posted_terms(thread.load, rate_cents=1).stop_times):
        try:
            plan_for(load=thread.load, stop_times=times, vehicle=vehicle_in(thread), carrier=thread.taker, now=now)
        except (Conflict, Invalid):
            continue
        return True
    return False
