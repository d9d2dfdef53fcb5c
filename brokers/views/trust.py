"""Fragments of trust: what a seller reads of its carrier, and what a carrier reads of itself."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from brokers.booking_queries import booking_of
from brokers.carrier_checks import CarrierChecks, checks_in_booking, checks_in_thread, own_standing
from brokers.thread_queries import thread_of
from foundation.accounts.access import actor_of, is_fragment, scope_required
from foundation.accounts.models import Organization
from foundation.trade import clock
from foundation.trade.money import dollars


@never_cache
@require_safe
@scope_required("matches:read")
def own(request: HttpRequest) -> HttpResponse:
    """Show a carrier what the rules of trust say of it now, and what would mend it."""
    organization = Organization.objects.get(pk=actor_of(request).organization.pk)
    found = own_standing(organization, clock.now())
    return _render(request, "brokers/_own_trust.html", {"organization": organization, "found": found})


@never_cache
@require_safe
@scope_required("bookings:read")
def thread_carrier(request: HttpRequest, thread_id: str) -> HttpResponse:
    """Show the seller of a negotiation what was checked about its carrier."""
    actor = actor_of(request)
    checks = checks_in_thread(actor, thread_of(actor.organization, thread_id), clock.now())
    return _checks(request, checks)


@never_cache
@require_safe
@scope_required("bookings:read")
def booking_carrier(request: HttpRequest, booking_id: str) -> HttpResponse:
    """Show the seller of a booking what is known of its carrier, and what was flagged when it claimed."""
    viewer = actor_of(request).organization
    checks = checks_in_booking(viewer, booking_of(viewer, booking_id), clock.now())
    return _checks(request, checks)


def _checks(request: HttpRequest, checks: CarrierChecks) -> HttpResponse:
    record = checks.record
    insurance = dollars(record.bipd_on_file_cents) if record and record.bipd_on_file_cents else ""
    return _render(request, "brokers/_carrier_checks.html", {"checks": checks, "insurance": insurance})


def _render(request: HttpRequest, part: str, context: dict[str, Any]) -> HttpResponse:
    """Render a part into the page that asked for it, or on a page of its own where there is no JavaScript."""
    if is_fragment(request):
        return render(request, part, context)
    return render(request, "brokers/trust.html", context | {"part": part})
