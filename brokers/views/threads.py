"""Pages and fragments of negotiations: all of them, what waits for an answer, and one with its offers in order."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from brokers.acting import Side, acts_for, agents_of, both_sides_sentence, on_both_sides
from brokers.bargain_rows import ThreadRow, thread_rows, waiting_first
from brokers.booking_queries import bookings_of
from brokers.booking_rows import stop_rows
from brokers.models import Booking, OfferStatus, Thread, ThreadOutcome, ThreadStatus
from brokers.models.threads import MOST_COUNTERS
from brokers.outcomes import outcome_sentence
from brokers.services.threads import leave_thread
from brokers.thread_queries import open_threads_of, thread_of, threads_of, waiting_for
from carriers.queries import visible_legs
from foundation.accounts.access import actor_of, is_fragment, scope_required
from foundation.accounts.actor import Actor
from foundation.accounts.models import Decision, Organization
from foundation.trade import clock
from foundation.trade.errors import Conflict, Forbidden, Invalid
from foundation.trade.money import dollars

THREADS_ON_A_PAGE = 40
MOST_OPEN_SHOWN = 200
MOST_BANNERS = 2
_ENDED: dict[str, str] = {
    OfferStatus.EXPIRED: "has run out; what you send now is a new offer",
    OfferStatus.WITHDRAWN: "was withdrawn; what you send now is a new offer",
    OfferStatus.SUPERSEDED: "fell because the load changed",
}
_GONE = frozenset({ThreadOutcome.BOOKED_ELSEWHERE, ThreadOutcome.LOAD_GONE, ThreadOutcome.SOLD})


@never_cache
@require_safe
@scope_required("offers:read")
def threads_page(request: HttpRequest) -> HttpResponse:
    """List the organization's negotiations: the open ones with what waits for it first, or those that are over."""
    actor, now = actor_of(request), clock.now()
    viewer = actor.organization
    closed = request.GET.get("show") == "closed"
    open_threads = open_threads_of(viewer, now)
    context: dict[str, Any] = {"closed": closed, "open_count": open_threads.order_by().count()}
    if closed:
        page = Paginator(threads_of(viewer, now).exclude(status=ThreadStatus.OPEN), THREADS_ON_A_PAGE)
        context["page"] = page.get_page(request.GET.get("page"))
        context["rows"] = thread_rows(context["page"], viewer, now)
    else:
        context["rows"] = waiting_first(thread_rows(open_threads[:MOST_OPEN_SHOWN], viewer, now))
    context |= {"zone": viewer.time_zone, "now": now, "viewer": viewer}
    return render(request, "brokers/threads.html", context)


@never_cache
@require_safe
@scope_required("offers:read")
def waiting(request: HttpRequest) -> HttpResponse:
    """Return the offers that wait for the organization's answer, for the top of every page, and their number."""
    viewer, now = actor_of(request).organization, clock.now()
    found = waiting_for(viewer, now)
    count = found.order_by().count()
    rows = thread_rows(found[:MOST_BANNERS], viewer, now)
    context = {"rows": rows, "waiting": count, "more": max(count - len(rows), 0)}
    context |= {"zone": viewer.time_zone, "now": now}
    return render(request, "brokers/_threads_waiting.html", context)


@never_cache
@require_safe
@scope_required("offers:read")
def thread_page(request: HttpRequest, thread_id: str) -> HttpResponse:
    """Show one negotiation: what stands, what may be done about it, and every offer with what it changed."""
    return show_thread(request, thread_id)


def show_thread(
    request: HttpRequest, thread_id: str, *, error: str = "", typed_reason: str = "", status: int = 200
) -> HttpResponse:
    """Render a negotiation as it stands now, with what was refused a moment ago and the reason that was typed."""
    actor, now = actor_of(request), clock.now()
    thread = thread_of(actor.organization, thread_id, now)
    row = thread_rows([thread], actor.organization, now)[0]
    context = _about(row, now) | _rights(actor, row, now) | {"error": error, "now": now}
    context["typed_reason"] = typed_reason
    fragment = is_fragment(request)
    return render(request, "brokers/_thread.html" if fragment else "brokers/thread.html", context, status=status)


def _rights(actor: Actor, row: ThreadRow, now: datetime) -> dict[str, Any]:
    """Return what the reader may do: a side keeps what it likes for itself towards a broker that acts for it."""
    may_write, live = actor.may("offers:write"), row.live
    return {
        "may_write": may_write,
        "may_answer": may_write and acts_for(actor, row.party, Decision.ACCEPTANCE, now),
        "may_offer": may_write and acts_for(actor, row.party, Decision.OFFERS, now),
        "may_withdraw": may_write
        and live is not None
        and row.stands_for(live.offer.made_for)
        and acts_for(actor, live.offer.made_for, Decision.OFFERS, now),
    }


def _about(row: ThreadRow, now: datetime) -> dict[str, Any]:
    thread, viewer, live = row.thread, row.viewer, row.live
    leg, shown = thread.leg, live or row.held
    return {
        "row": row,
        "load": thread.load,
        "viewer": viewer,
        "zone": viewer.time_zone,
        "newest_first": list(reversed(row.offers)),
        "stops": stop_rows(thread.load, shown.terms) if shown else [],
        "both_sides": both_sides_sentence(on_both_sides(thread, agents_of(thread, now))),
        "ended": _ended(row),
        "gone": thread.outcome in _GONE,
        "booking": _booking_of(viewer, thread),
        "counters_left": MOST_COUNTERS + 1 - len(row.offers),
        "most_counters": MOST_COUNTERS,
        "most_offers": MOST_COUNTERS + 1,
        "accept_question": accept_question(row),
        "leg_in_sight": leg is not None
        and (leg.organization_id == viewer.pk or visible_legs(viewer, now).filter(pk=leg.pk).exists()),
    }


def _ended(row: ThreadRow) -> str:
    """Return what became of a negotiation that is over, with what was agreed."""
    thread, last = row.thread, row.last
    if thread.status != ThreadStatus.AGREED or last is None:
        return outcome_sentence(thread, Side(row.side or Side.TAKER))
    who = f"{row.party} and {row.other} agreed" if row.is_acting else f"You agreed with {row.other}"
    agreed = f"{who} on {dollars(last.terms.rate_cents)}"
    if thread.kind == Thread.Kind.CARRIAGE:
        return f"{agreed}: the load was booked."
    if row.side == Side.TAKER:
        return f"{agreed}: that is what it pays you. You sell this load to carriers now."
    return f"{agreed}: that is what you pay. {row.other} sells this load to carriers now."


def accept_question(row: ThreadRow) -> str:
    """Return what is asked before an acceptance: it cannot be taken back."""
    if row.live is None:
        return ""
    rate, other = dollars(row.live.terms.rate_cents), row.other
    if row.thread.kind == Thread.Kind.TENDER:
        what = (
            f"You pay {rate} and {other} sells the load" if row.side == Side.SELLER else f"You sell the load for {rate}"
        )
        return f"Accept the tender? {what} to carriers."
    return f"Accept {rate}? This books the load with {other} at once."


def _booking_of(viewer: Organization, thread: Thread) -> Booking | None:
    if thread.status != ThreadStatus.AGREED:
        return None
    return bookings_of(viewer).filter(offer__thread=thread).first()


@never_cache
@require_safe
@scope_required("offers:read")
def standing(request: HttpRequest, thread_id: str) -> HttpResponse:
    """Say whether the negotiation has moved on since offer `?number=`, to a page on which an answer is written."""
    viewer, now = actor_of(request).organization, clock.now()
    row = thread_rows([thread_of(viewer, thread_id, now)], viewer, now)[0]
    context = {"href": reverse("brokers:thread", args=[thread_id]), "words": "See where it stands"}
    number, last = request.GET.get("number", ""), row.last
    if not row.is_open:
        context["sentence"] = outcome_sentence(row.thread, Side(row.side or Side.TAKER))
    elif last is not None and str(last.offer.number) != number:
        context["sentence"] = f"{last.offer.made_for} has just named {dollars(last.terms.rate_cents)}."
    elif row.held is not None:
        context["sentence"] = "An offer has been accepted here, and waits for a check of the carrier."
    elif last is not None and row.live is None:
        context["sentence"] = f"The offer that you answer {_ENDED.get(last.status, 'does not stand any more')}."
    return render(request, "brokers/_standing.html", context)


@require_POST
@scope_required("offers:write")
def leave(request: HttpRequest, thread_id: str) -> HttpResponse:
    """End a negotiation."""
    try:
        leave_thread(actor=actor_of(request), thread_id=thread_id)
    except (Conflict, Forbidden, Invalid) as error:
        return show_thread(request, thread_id, error=error.sentence, status=409)
    messages.success(request, "Ended. The other side has been told.")
    return HttpResponseRedirect(reverse("brokers:thread", args=[thread_id]))
