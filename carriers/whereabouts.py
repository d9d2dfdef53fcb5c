"""Where a truck's booked tours leave it, as far as its return legs say it: a leg begins where its truck can be.

Each booking of a truck that goes out opens a leg where its tour ends, and writes there when that tour is. So what is
posted beside it is judged here, without knowing of bookings; tours home are judged when a load is booked.
"""

from datetime import timedelta

from carriers.models import ReturnLeg, Truck
from carriers.road import way
from carriers.rules import quarter, said
from carriers.store import place_of
from carriers.terms import LegTerms
from foundation.trade.rules import Problems

_FARTHEST_AWAY = timedelta(days=14)  # so long no way between two places takes at legal hours


def check_whereabouts(truck: Truck, terms: LegTerms, problems: Problems, *, team: bool) -> None:
    """Note a leg that begins while its truck is on a booked tour, or elsewhere than that leaves it, too soon to be
    there at legal hours.
    """
    ready_at = terms.ready_at
    begun = ReturnLeg.objects.filter(
        truck=truck, tour_starts_at__lte=ready_at, tour_ends_at__gt=ready_at - _FARTHEST_AWAY
    )
    last = begun.order_by("-tour_ends_at").first()
    if last is None or last.tour_ends_at is None:
        return
    ends = place_of(last, "empty")
    at, ends_at = f"{ends.city}, {ends.state}", said(last.tour_ends_at, ends)
    there_at = last.tour_ends_at
    if (ends.lat, ends.lon) != (terms.empty.lat, terms.empty.lon):
        there_at += way(ends, terms.empty).expected(team=team)
    if ready_at >= there_at:
        return
    here = f"{terms.empty.city}, {terms.empty.state}"
    if ready_at < last.tour_ends_at:
        sentence = f"Truck {truck} is on a booked tour at that time, which ends in {at} on {ends_at}."
    else:
        sentence = f"Truck {truck} is empty in {at} on {ends_at} by its booked tour, too far away to be here by then."
    earliest = said(quarter(there_at), terms.empty)
    remedy = f"It can be in {here} at legal hours from about {earliest}: give that time or later, or another truck."
    problems.add("ready_at", "booked_tour", f"{sentence} {remedy}")
