"""Pages of bookings: all of them, one with its parties, stops and terms, and its cancellation."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from brokers.booking_queries import bookings_of
from brokers.booking_readers import booking_read_by
from brokers.booking_rows import BookingRow, booking_row, stop_rows
from brokers.booking_visibility import BROKER, CARRIER, cancel_note_for, cancel_reason_for
from brokers.contentions.rows import contention_rows
from brokers.fallout import reasons_for, sentence_of, why_few_reasons
from brokers.forms.bookings import CancelForm
from brokers.models import Booking, BookingStatus, CancelReason
from brokers.paying import pays_to
from brokers.services.cancelling import cancel_booking, cancelling_side
from brokers.terms import terms_of
from foundation.accounts.access import actor_of, is_fragment, scope_required
from foundation.accounts.actor import Actor
from foundation.accounts.models import Organization
from foundation.trade import clock
from foundation.trade.errors import Conflict, Forbidden, Invalid
from foundation.trade.money import dollars

BOOKINGS_ON_A_PAGE = 40


@never_cache
@require_safe
@scope_required("bookings:read")
def bookings_page(request: HttpRequest) -> HttpResponse:
    """List the bookings of which the organization is a party, newest first."""
    viewer = actor_of(request).organization
    page = Paginator(bookings_of(viewer), BOOKINGS_ON_A_PAGE).get_page(request.GET.get("page"))
    context = {"page": page, "rows": [booking_row(each, viewer) for each in page], "viewer": viewer}
    return render(request, "brokers/bookings.html", context)


@never_cache
@require_safe
@scope_required("bookings:read")
def booking_page(request: HttpRequest, booking_id: str) -> HttpResponse:
    """Show one booking as its party reads it, or a broker that acts for one."""
    return show_booking(request, booking_id)


def show_booking(
    request: HttpRequest, booking_id: str, *, error: str = "", words: str = "", status: int = 200
) -> HttpResponse:
    """Answer with a booking as its reader reads it; `error` and `words` are of a refused answer to a contention."""
    actor, now = actor_of(request), clock.now()
    booking, side = booking_read_by(actor.organization, booking_id, now)
    context = _about(booking, actor.organization, side, now) | {
        "may_write": actor.may("bookings:write"),
        "why_not_cancel": _why_not_cancel(actor, booking, now),
        "contentions": contention_rows(booking, side, actor, now) if booking.status == BookingStatus.CANCELLED else [],
        "contention_error": error,
        "words": words,
    }
    fragment = is_fragment(request)
    template = "brokers/_booking.html" if fragment else "brokers/booking.html"
    return render(request, template, context, status=status)


def _about(booking: Booking, viewer: Organization, side: Organization, now: datetime) -> dict[str, Any]:
    row = booking_row(booking, viewer, side)
    planned = booking.tour_stops.all() if row.role == CARRIER and row.is_own else ()
    return {
        "booking": booking,
        "row": row,
        "load": booking.load,
        "viewer": viewer,
        "terms": booking,
        "stops": stop_rows(booking.load, terms_of(booking), planned),
        "parties": row.parties,
        "zone": viewer.time_zone,
        "cancelled_by": _name(booking.cancelled_for, viewer),
        "pays_to": pays_to(booking, now) if row.is_own and row.reads_terms else None,
        "cancel_note": cancel_note_for(booking, row.role),
        "cancel_reason": cancel_reason_for(booking, row.role),
        "owed_words": _owed_words(booking, row, viewer),
    }


def _name(organization: Organization | None, viewer: Organization) -> str:
    if organization is None:
        return ""
    return "you" if organization.pk == viewer.pk else organization.name


def _owed_words(booking: Booking, row: BookingRow, viewer: Organization) -> str:
    """Return what a cancellation left to pay, to the two sides of the carriage."""
    if not row.reads_terms or booking.status != BookingStatus.CANCELLED:
        return ""
    cents = booking.owed_tonu_cents + booking.owed_deadhead_cents
    if booking.owed_by is None or not cents:
        return "Nothing is owed for it."
    who = "You owe" if booking.owed_by_id == viewer.pk else f"{booking.owed_by} owes"
    parts = [f"{dollars(booking.owed_tonu_cents)} for the truck ordered, not used"] if booking.owed_tonu_cents else []
    if booking.owed_deadhead_cents:
        miles = f"{booking.owed_deadhead_miles:,.0f}"
        parts.append(f"{dollars(booking.owed_deadhead_cents)} for {miles} miles driven empty")
    return f"{who} {' and '.join(parts)}."


def _why_not_cancel(actor: Actor, booking: Booking, now: datetime) -> str:
    """Return why the reader is not the one to cancel a booking that stands; "" where it is."""
    try:
        cancelling_side(actor, booking, now)
    except Forbidden as refusal:
        return refusal.sentence
    return ""


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@scope_required("bookings:write")
def cancel(request: HttpRequest, booking_id: str) -> HttpResponse:
    """Cancel a booking, with what it would cost shown before."""
    actor, now = actor_of(request), clock.now()
    booking, _ = booking_read_by(actor.organization, booking_id, now)
    if booking.status != BookingStatus.BOOKED:
        messages.info(request, "This booking has been cancelled already.")
        return _to_booking(booking)
    if why_not := _why_not_cancel(actor, booking, now):
        return show_booking(request, booking_id, error=why_not, status=403)
    side = cancelling_side(actor, booking, now)
    sent = request.POST if request.method == "POST" else None
    sold = side.pk == booking.seller_id != booking.shipper_id
    form = CancelForm(sent, reasons=reasons_for(booking, side, now), version=booking.version, sold=sold)
    if request.method != "POST":
        return _cancel_page(request, booking, side, form, now)
    if not form.is_valid():
        return _cancel_page(request, booking, side, form, now, status=422)
    data = form.cleaned_data
    try:
        cancel_booking(
            actor=actor, booking_id=booking_id, version=data["version"], reason=data["reason"], note=data["note"]
        )
    except Invalid as error:
        for problem in error.problems:
            form.add_error(problem.field if problem.field in form.fields else None, problem.sentence)
        return _cancel_page(request, booking, side, form, now, status=422)
    except (Conflict, Forbidden) as error:
        # what was read is out of date: the page shows the booking as it is now, and asks again
        fresh, _ = booking_read_by(actor.organization, booking_id, now)
        form = CancelForm(_with_version(request, fresh), reasons=reasons_for(fresh, side, now), version=fresh.version)
        form.add_error(None, error.sentence)
        status = 403 if isinstance(error, Forbidden) else 409
        return _cancel_page(request, fresh, side, form, now, status=status)
    messages.success(request, "Cancelled. The other side has been told, and load and truck are on the market again.")
    return _to_booking(booking)


def _with_version(request: HttpRequest, booking: Booking) -> QueryDict:
    sent = request.POST.copy()
    sent["version"] = str(booking.version)
    return sent


def _cancel_page(
    request: HttpRequest, booking: Booking, side: Organization, form: CancelForm, now: datetime, *, status: int = 200
) -> HttpResponse:
    row = booking_row(booking, actor_of(request).organization, side)
    words = dict(CancelReason.choices)
    costs: dict[str, list[str]] = {}
    for reason in sorted(reasons_for(booking, side, now), key=list(CancelReason).index):
        costs.setdefault(sentence_of(booking, side, now, reason), []).append(words[reason])
    context = {
        "booking": booking,
        "load": booking.load,
        "row": row,
        "form": form,
        "costs": list(costs.items()),
        "consequence": _consequence(row),
        "few_reasons": why_few_reasons(booking, side, now),
    }
    return render(request, "brokers/cancel_booking.html", context, status=status)


def _consequence(row: BookingRow) -> str:
    if row.acting_for is not None:
        return (
            f"You cancel for {row.acting_for}. The load goes back to the market, and the carrier's truck is free again."
        )
    if row.role == CARRIER:
        return "The load goes back to the market, and so does your truck's return leg. Both are matched again at once."
    if row.role == BROKER:
        return "The load goes back to the market for you to sell. The carrier's truck is free again."
    return "The load goes back to the market and is matched again at once. The carrier's truck is free again."


def _to_booking(booking: Booking) -> HttpResponse:
    return HttpResponseRedirect(reverse("brokers:booking", args=[booking.public_id]))
