"""Answers to an offer that stands: accept, decline, withdraw. An unusual rate is asked about before it is accepted."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST

from brokers.bargain_rows import thread_rows
from brokers.bargain_rules import usual_cents
from brokers.forms.terms import NEEDS_CONFIRMATION
from brokers.models import Booking, Claim, Offer
from brokers.services.acceptance import accept_offer
from brokers.services.offers import decline_offer, withdraw_offer
from brokers.thread_queries import thread_of
from brokers.views.offers import refusal_status, to_thread
from brokers.views.threads import show_thread
from foundation.accounts.access import actor_of, scope_required
from foundation.trade import clock
from foundation.trade.errors import Conflict, Forbidden, Invalid, NotFound
from matching.rate_queries import estimate_of_load


@require_POST
@scope_required("offers:write")
def accept(request: HttpRequest, thread_id: str) -> HttpResponse:
    """Accept the offer that was looked at, by its number and the load's version; an unusual rate is asked about."""
    actor = actor_of(request)
    thread_of(actor.organization, thread_id)
    try:
        agreed = accept_offer(
            actor=actor,
            offer_id=request.POST.get("offer", "")[:40],
            number=_whole(request.POST.get("number", "")),
            load_version=_whole(request.POST.get("load_version", "")),
            confirmed=request.POST.get("confirmed") == "yes",
        )
    except Invalid as error:
        if any(problem.code == NEEDS_CONFIRMATION for problem in error.problems):
            return _confirm(request, thread_id, error.sentence)
        return show_thread(request, thread_id, error=error.sentence, status=422)
    except (Conflict, Forbidden, NotFound) as error:
        return show_thread(request, thread_id, error=error.sentence, status=refusal_status(error))
    if isinstance(agreed, Booking):
        messages.success(request, "Agreed and booked. The rate confirmation is on its way to both sides.")
        if actor.organization.pk in (agreed.seller_id, agreed.carrier_id):
            return HttpResponseRedirect(reverse("brokers:booking", args=[agreed.public_id]))
        return HttpResponseRedirect(reverse("brokers:thread", args=[thread_id]))
    if isinstance(agreed, Claim):
        messages.success(request, "Accepted. The load is reserved while the carrier is checked: nothing to do.")
        return HttpResponseRedirect(reverse("brokers:thread", args=[thread_id]))
    messages.success(request, f"Agreed: {agreed.sold_by} sells this load to carriers now.")
    return HttpResponseRedirect(reverse("brokers:thread", args=[thread_id]))


def _confirm(request: HttpRequest, thread_id: str, sentence: str) -> HttpResponse:
    """Ask whether an unusual rate is meant, before it is accepted."""
    actor, now = actor_of(request), clock.now()
    row = thread_rows([thread_of(actor.organization, thread_id, now)], actor.organization, now)[0]
    sent = {name: request.POST.get(name, "")[:40] for name in ("offer", "number", "load_version")}
    context = {"row": row, "load": row.thread.load, "sentence": sentence, "sent": sent}
    context["usual_cents"] = usual_cents(estimate_of_load(actor.organization, row.thread.load, now))
    return render(request, "brokers/confirm_rate.html", context, status=422)


@require_POST
@scope_required("offers:write")
def decline(request: HttpRequest, thread_id: str) -> HttpResponse:
    """Say no to the other side's offer."""
    return _answer(request, thread_id, decline_offer, "Declined. The other side has been told.",
                   reason=request.POST.get("reason", ""))  # fmt: skip


@require_POST
@scope_required("offers:write")
def withdraw(request: HttpRequest, thread_id: str) -> HttpResponse:
    """Take an own offer back."""
    return _answer(request, thread_id, withdraw_offer, "Withdrawn. Make a new offer whenever you like.")


def _answer(
    request: HttpRequest, thread_id: str, verb: Callable[..., Offer], said: str, **arguments: Any
) -> HttpResponse:
    actor = actor_of(request)
    thread = thread_of(actor.organization, thread_id)
    try:
        verb(actor=actor, offer_id=request.POST.get("offer", "")[:40], **arguments)
    except (Conflict, Forbidden, Invalid, NotFound) as error:
        typed, status = str(arguments.get("reason", ""))[:1000], refusal_status(error)
        return show_thread(request, thread_id, error=error.sentence, typed_reason=typed, status=status)
    messages.success(request, said)
    return to_thread(thread)


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
