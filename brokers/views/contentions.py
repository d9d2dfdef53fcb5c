"""Answering, on the page of a booking, what the other side says of its cancellation."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from brokers.contentions.queries import contention_of
from brokers.services.contending import answer_contention
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
            version=int(version) if version.isdecimal() and len(version) < 9 else None,
            agrees=said == "agree",
            answer=words,
        )
    except (Conflict, Forbidden, Invalid) as error:
        status = 422 if isinstance(error, Invalid) else 403 if isinstance(error, Forbidden) else 409
        return show_booking(request, booking_id, error=error.sentence, words=words, status=status)
    told = "You agreed. What is owed says so now, and" if said == "agree" else "You disputed it. Both sentences stand;"
    messages.success(request, f"{told} the other side has been told.")
    return HttpResponseRedirect(reverse("brokers:booking", args=[booking_id]))
