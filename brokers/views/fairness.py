"""Fair bargaining in pages: the benchmark of a load or thread, each side's own figure, splitting the difference."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from brokers.acting import organizations_of
from brokers.fairness import fairness_of_load, fairness_of_thread
from brokers.models import Thread, ThreadStatus
from brokers.services.splitting import ask_split
from brokers.splits import has_asked, side_of, split_of, why_not_to_split
from brokers.thread_queries import thread_of
from foundation.accounts.access import actor_of, is_fragment, scope_required
from foundation.trade import clock
from foundation.trade.errors import Conflict
from loads.models import LoadSize
from loads.queries import load_of


@require_safe
@scope_required("matches:read")
def load_benchmark(request: HttpRequest, load_id: str) -> HttpResponse:
    """Show what a load is worth on the market; `?leg=` adds, for its carrier alone, from when that truck takes it."""
    viewer, now = actor_of(request).organization, clock.now()
    load = load_of(viewer, load_id, now)
    leg_id = request.GET.get("leg", "").strip()[:40]
    fairness = fairness_of_load(viewer, load, now, leg_id=leg_id)
    return _render(request, {"fairness": fairness, "back": f"/loads/{load.public_id}/"})


@require_safe
@scope_required("offers:read")
def thread_benchmark(request: HttpRequest, thread_id: str) -> HttpResponse:
    """Show both sides of a thread the same benchmark, each its own figure, and the way to split the difference."""
    viewer, now = actor_of(request).organization, clock.now()
    return _of_thread(request, thread_of(viewer, thread_id, now))


@require_POST
@scope_required("offers:write")
def split(request: HttpRequest, thread_id: str) -> HttpResponse:
    """Ask to split the difference; the other side learns of it only by asking too."""
    try:
        thread = ask_split(actor=actor_of(request), thread_id=thread_id)
    except Conflict as refusal:
        thread = thread_of(actor_of(request).organization, thread_id)
        return _of_thread(request, thread, refusal=refusal.sentence, status=409)
    if is_fragment(request):
        return _of_thread(request, thread)
    return redirect("brokers:thread_benchmark", thread.public_id)


def _of_thread(request: HttpRequest, thread: Thread, *, refusal: str = "", status: int = 200) -> HttpResponse:
    actor, now = actor_of(request), clock.now()
    side = side_of(actor.organization, thread, now)
    context: dict[str, Any] = {
        "fairness": fairness_of_thread(actor.organization, thread, now),
        "thread": thread,
        "is_open": thread.status == ThreadStatus.OPEN,
        "split": split_of(thread),
        "has_asked": side is not None and has_asked(thread, side),
        "may_ask": side is not None and actor.may("offers:write") and not why_not_to_split(thread),
        "on_both_sides": side is None and len(organizations_of(actor.organization, thread, now)) == 2,
        "why_not": why_not_to_split(thread),
        "refusal": refusal,
        "back": f"/threads/{thread.public_id}/",
    }
    return _render(request, context, status=status)


def _render(request: HttpRequest, context: dict[str, Any], *, status: int = 200) -> HttpResponse:
    load = context["fairness"].load
    context |= {
        "load": load,
        "estimate": context["fairness"].estimate,
        "is_partial": load.size == LoadSize.PARTIAL,
        "may_see_lanes": actor_of(request).organization.is_verified,
    }
    fragment = is_fragment(request)
    # htmx shows no answer of 4xx but 422, and this one has a sentence to show
    shown = 200 if fragment and status == 409 else status
    return render(request, "brokers/_fairness.html" if fragment else "brokers/fairness.html", context, status=shown)
