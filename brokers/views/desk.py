"""The desk: pages and fragments of ranked matches, and what people decide about them."""

from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_POST

from brokers.filters import DeskFilter
from brokers.panel_queries import open_counts
from brokers.queries import decision_on, desk
from brokers.services import dismiss_match, restore_match, snooze_match
from foundation.accounts.access import actor_of, is_fragment, scope_required
from foundation.trade import clock
from foundation.trade.errors import Forbidden, TradeError
from matching.models import Match
from matching.queries import first_of, match_of

PAGE = 50
MOST_ROWS = 500
SNOOZES = ((60, "1 hour"), (240, "4 hours"), (1440, "1 day"))


def _whole(text: str, default: int, most: int) -> int:
    return min(int(text), most) if text.isdecimal() and len(text) < 7 and int(text) > 0 else default


def _context(request: HttpRequest, now: datetime) -> dict[str, Any]:
    """Return the rows that the address asks for, with its filters."""
    actor = actor_of(request)
    if not actor.organization.brokers:
        raise Forbidden(
            "missing_capability",
            f"The desk is for brokers, and {actor.organization} is not set up as one. An owner can change that.",
        )
    put_aside = request.GET.get("aside") == "1"
    filters = DeskFilter(
        request.GET, queryset=desk(actor.organization, now, put_aside=put_aside), viewer=actor.organization, now=now
    )
    shown = _whole(request.GET.get("show", ""), PAGE, MOST_ROWS)
    rows: list[Match] = first_of(filters.qs, shown + 1) if filters.is_valid() else []
    query = request.GET.copy()
    for name in ("show", "match"):
        query.pop(name, None)
    return {
        "matches": rows[:shown],
        "bargaining": open_counts(actor.organization, [row.load_id for row in rows], now),
        "has_more": len(rows) > shown and shown < MOST_ROWS,
        "next_count": min(shown + PAGE, MOST_ROWS),
        "filter": filters,
        "put_aside": put_aside,
        "query": query.urlencode(),
        "is_filtered": any(value for name, value in query.items() if name != "aside"),
        "now": now,
        "viewer": actor.organization,
    }


@require_GET
@scope_required("matches:read")
def desk_page(request: HttpRequest) -> HttpResponse:
    """Show the desk; `?match=` opens one of its matches beside the list."""
    context = _context(request, clock.now())
    return render(request, "brokers/desk.html", context | {"open_match": request.GET.get("match", "")[:40]})


@require_GET
@scope_required("matches:read")
def desk_rows(request: HttpRequest) -> HttpResponse:
    """Return the rows alone, for a page that follows the news."""
    return render(request, "brokers/_rows.html", _context(request, clock.now()))


@require_GET
@scope_required("matches:read")
def decision(request: HttpRequest, match_id: str) -> HttpResponse:
    """Return what may be decided about a match, or what was; of a match that is out of sight it knows nothing."""
    viewer, now = actor_of(request).organization, clock.now()
    if decision_on(viewer, match_id, now) is None:
        match_of(viewer, match_id, now)
    return _decision(request, match_id)


def _decision(request: HttpRequest, match_id: str, error: str = "") -> HttpResponse:
    actor = actor_of(request)
    found = decision_on(actor.organization, match_id, clock.now())
    return render(
        request,
        "brokers/_decision.html",
        {
            "match_id": match_id,
            "decision": found,
            "snoozes": SNOOZES,
            "error": error,
            "reason": request.POST.get("reason", ""),
            "may_decide": actor.may("matches:write"),
            "back": request.POST.get("back") or request.GET.get("back", ""),
        },
        status=422 if error else 200,
    )


@require_POST
@scope_required("matches:write")
def decide(request: HttpRequest, match_id: str) -> HttpResponse:
    """Dismiss, snooze or restore a match."""
    actor = actor_of(request)
    verb, reason = request.POST.get("verb", ""), request.POST.get("reason", "")
    minutes = _whole(request.POST.get("minutes", ""), 60, 7 * 1440 - 1)
    try:
        if verb == "dismiss":
            dismiss_match(actor=actor, match_id=match_id, reason=reason)
        elif verb == "snooze":
            until = clock.now() + timedelta(minutes=minutes)
            snooze_match(actor=actor, match_id=match_id, until=until, reason=reason)
        else:
            restore_match(actor=actor, match_id=match_id)
    except TradeError as error:
        if is_fragment(request):
            return _decision(request, match_id, error.sentence)
        messages.error(request, error.sentence)
        return _back(request)
    if is_fragment(request):
        return _decision(request, match_id)
    return _back(request)


def _back(request: HttpRequest) -> HttpResponse:
    target = request.POST.get("back", "")
    if not url_has_allowed_host_and_scheme(target, allowed_hosts={request.get_host()}):
        target = "/desk/"
    return HttpResponseRedirect(target)
