"""Answering, on the page of a booking, what the other side says of its cancellation, and withdrawing what one said."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from brokers.contentions.queries import contention_of
from brokers.services.contending import answer_contention, withdraw_contention
from brokers.views.bookings import show_booking
from foundation.accounts.access import actor_of, scope_required
from foundation.trade import clock
from foundation.trade.errors import Conflict, Forbidden, Invalid


@never_cache
@require_POST
@scope_required("bookings:write")
def answer(request: HttpRequest, contention_id: str) -> HttpResponse:
    """Agree or dispute; what is refused is said on the page of the booking as it is now, with what was typed."""
    actor, said = actor_of(request), request.POST.get("answer", "")
    words, version = request.POST.get("words", ""), request.POST.get("version", "")
    booking_id = contention_of(actor.organization, contention_id, clock.now()).booking.public_id
    if said not in ("agree", "dispute"):
        return show_booking(request, booking_id, error="Agree or dispute it.", words=words, status=422)
    try:
        answer_contention(
            actor=actor,
            contention_id=contention_id,
            version=_version(version),
            agrees=said == "agree",
            answer=words,
        )
    except (Conflict, Forbidden, Invalid) as error:
        return show_booking(request, booking_id, error=error.sentence, words=words, status=_status(error))
    told = "You agreed. What is owed says so now, and" if said == "agree" else "You disputed it. Both sentences stand;"
    messages.success(request, f"{told} the other side has been told.")
    return HttpResponseRedirect(reverse("brokers:booking", args=[booking_id]))


@never_cache
@require_POST
@scope_required("bookings:write")
def withdraw(request: HttpRequest, contention_id: str) -> HttpResponse:
    """Withdraw what the own side says; what is refused is said on the page of the booking as it is now."""
    actor, words = actor_of(request), request.POST.get("words", "")
    booking_id = contention_of(actor.organization, contention_id, clock.now()).booking.public_id
    version = _version(request.POST.get("version", ""))
    if version is None:
        error = "The form came incomplete, and nothing was withdrawn. Press the button once more."
        return show_booking(request, booking_id, error=error, words=words, status=422)
    try:
        withdraw_contention(actor=actor, contention_id=contention_id, version=version, reason=words)
    except (Conflict, Forbidden, Invalid) as error:
        return show_booking(request, booking_id, error=error.sentence, words=words, status=_status(error))
    messages.success(request, "You withdrew it. The booking says so, and the other side has been told.")
    return HttpResponseRedirect(reverse("brokers:booking", args=[booking_id]))


def _version(text: str) -> int | None:
    return int(text) if text.isdecimal() and len(text) < 9 else None


def _status(error: Conflict | Forbidden | Invalid) -> int:
    return 422 if isinstance(error, Invalid) else 403 if isinstance(error, Forbidden) else 409
