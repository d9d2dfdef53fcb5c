"""Fragments of trust: what a seller reads of its carrier, and what a carrier reads of itself."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from brokers.acting import Side, sides_of
from brokers.booking_queries import booking_of
from brokers.models import Booking, Claim, Thread
from brokers.thread_queries import thread_of
from brokers.trust import Judgement, RuleResult, flags_for_seller, judge_claim, why_not_sold
from foundation.accounts.access import actor_of, is_fragment, scope_required
from foundation.accounts.models import Organization
from foundation.accounts.queries import record_of
from foundation.trade import clock
from foundation.trade.errors import NotFound
from foundation.trade.money import dollars

_OF_THE_LOAD = "seller"  # the rule that speaks of who sells the load, and not of the carrier


@never_cache
@require_safe
@scope_required("matches:read")
def own(request: HttpRequest) -> HttpResponse:
    """Show a carrier what the rules of trust say of it now, and what would mend it."""
    organization = Organization.objects.get(pk=actor_of(request).organization.pk)
    results: tuple[RuleResult, ...] = ()
    if organization.hauls:
        results = judge_claim(carrier=organization, loads=[], now=clock.now()).results
    found = [each for each in results if each.result != "pass"]
    return _render(request, "brokers/_own_trust.html", {"organization": organization, "found": found})


@never_cache
@require_safe
@scope_required("bookings:read")
def thread_carrier(request: HttpRequest, thread_id: str) -> HttpResponse:
    """Show the seller of a negotiation what was checked about its carrier."""
    actor, now = actor_of(request), clock.now()
    thread = thread_of(actor.organization, thread_id)
    if thread.kind != Thread.Kind.CARRIAGE or Side.SELLER not in sides_of(actor, thread, now):
        raise NotFound
    judgement = judge_claim(carrier=thread.taker, loads=[thread.load], truck=thread.truck, now=now)
    context = _about(thread.taker, judgement)
    if any(each.rule == _OF_THE_LOAD for each in judgement.blocks):
        context["why_not_sold"] = why_not_sold(thread.load, actor.organization, now)
    return _render(request, "brokers/_carrier_checks.html", context)


@never_cache
@require_safe
@scope_required("bookings:read")
def booking_carrier(request: HttpRequest, booking_id: str) -> HttpResponse:
    """Show the seller of a booking what is known of its carrier, and what was flagged when it claimed."""
    actor, now = actor_of(request), clock.now()
    booking = booking_of(actor.organization, booking_id)
    if booking.seller_id != actor.organization.pk:
        raise NotFound
    judgement = judge_claim(carrier=booking.carrier, loads=[booking.load], truck=booking.tour.truck, now=now)
    context = _about(booking.carrier, judgement)
    context["flags"] = list(dict.fromkeys([*_flagged_then(booking), *context["flags"]]))
    return _render(request, "brokers/_carrier_checks.html", context)


def _render(request: HttpRequest, part: str, context: dict[str, Any]) -> HttpResponse:
    """Render a part into the page that asked for it, or on a page of its own where there is no JavaScript."""
    if is_fragment(request):
        return render(request, part, context)
    return render(request, "brokers/trust.html", context | {"part": part})


def _flagged_then(booking: Booking) -> list[str]:
    claim = Claim.objects.filter(loads__booking=booking).first()
    return flags_for_seller(claim.checks) if claim is not None else []


def _about(carrier: Organization, judgement: Judgement) -> dict[str, Any]:
    """Gather what a seller may read: the public record, the flags, and that something stands in the way, not what."""
    record = record_of(carrier)
    found = record if record is not None and record.outcome == "found" else None
    return {
        "carrier": carrier,
        "record": found,
        "insurance": dollars(found.bipd_on_file_cents) if found and found.bipd_on_file_cents else "",
        "flags": flags_for_seller(judgement.stored()),
        "is_blocked": any(each.rule != _OF_THE_LOAD for each in judgement.blocks),
        "is_held": bool(judgement.holds),
    }
