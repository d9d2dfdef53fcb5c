"""The pages of return legs: the own list, the market's, one leg, and what can be done to it by a click."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_POST, require_safe

from carriers import services
from carriers.filters import MarketLegFilter
from carriers.models import ReturnLeg
from carriers.queries import (
    lane_counts,
    leg_of,
    market_legs,
    own_legs,
    standing_of,
    status_counts,
    trucks_of,
    waiting_for_confirmation,
)
from carriers.rules import hours_text
from carriers.visibility import Viewer, view
from foundation.accounts.access import actor_of, scope_required
from foundation.accounts.models import Organization
from foundation.accounts.queries import members_of, others_in_audit
from foundation.events.queries import history_of
from foundation.trade import clock
from foundation.trade.errors import Conflict
from foundation.trade.posting import Status

PAGE = 50
TABS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("open", "On the market", (Status.OPEN,)),
    ("covered", "Booked", (Status.COVERED,)),
    ("draft", "Drafts", (Status.DRAFT,)),
    ("past", "Past", (Status.WITHDRAWN, Status.EXPIRED)),
)


@require_safe
@scope_required("legs:read")
def legs(request: HttpRequest) -> HttpResponse:
    """List the organization's own return legs; one that hauls nothing is sent to the market's."""
    actor = actor_of(request)
    organization = actor.organization
    if not organization.hauls:
        return HttpResponseRedirect(reverse("carriers:market"))
    now = clock.now()
    counts = status_counts(organization)
    chosen = next((tab for tab in TABS if tab[0] == request.GET.get("show")), TABS[0])
    rows = own_legs(organization).filter(status__in=chosen[2])
    waiting = list(waiting_for_confirmation(organization, now))
    if request.GET.get("confirm"):
        rows = waiting_for_confirmation(organization, now)
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    return render(
        request,
        "carriers/legs.html",
        {
            "page": page,
            "now": now,
            "tabs": [(key, label, sum(counts[status] for status in statuses)) for key, label, statuses in TABS],
            "shown": chosen[0],
            "only_waiting": bool(request.GET.get("confirm")),
            "waiting": waiting,
            "may_write": actor.may("legs:write"),
            "has_trucks": trucks_of(organization).exists(),
            "query": urlencode({"show": chosen[0], **({"confirm": "1"} if request.GET.get("confirm") else {})}),
        },
    )


@require_safe
@scope_required("legs:read")
def market(request: HttpRequest) -> HttpResponse:
    """List the trucks going home that the organization may see; before verification only how many head where."""
    organization = actor_of(request).organization
    if not organization.is_verified:
        return render(request, "carriers/market.html", {"lanes": lane_counts(organization), "unverified": True})
    now = clock.now()
    zone = organization.time_zone
    chosen = MarketLegFilter(request.GET, queryset=market_legs(organization, now), time_zone=zone)
    rows = chosen.qs if chosen.form.is_valid() else market_legs(organization, now).none()
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    standing = standing_of(organization, now)
    query = request.GET.copy()
    query.pop("page", None)
    return render(
        request,
        "carriers/market.html",
        {
            "filter": chosen,
            "page": page,
            "seen": [(view(leg, standing.of(leg)), standing.of(leg)) for leg in page],
            "query": query.urlencode(),
            "is_filtered": any(query.values()),
            "now": now,
        },
    )


@require_safe
@scope_required("legs:read")
def leg(request: HttpRequest, leg_id: str) -> HttpResponse:
    """Show one leg: all to its carrier, what the market may see to others."""
    actor = actor_of(request)
    now = clock.now()
    row = leg_of(actor.organization, leg_id, now)
    viewer = standing_of(actor.organization, now).of(row)
    context: dict[str, Any] = {"seen": view(row, viewer), "viewer": viewer, "now": now}
    if viewer is not Viewer.OWNER:
        return render(request, "carriers/market_leg.html", context)
    may_write = actor.may("legs:write")
    context |= {
        "leg": row,
        "history": _history(actor.organization, leg_id),
        "clock": [
            (label, hours_text(minutes))
            for label, minutes in (
                ("driving", row.drive_minutes_left),
                ("shift", row.shift_minutes_left),
                ("to the break", row.break_minutes_left),
                ("cycle", row.cycle_minutes_left),
            )
            if minutes is not None
        ],
        "asks": row.asks_for_confirmation(now),
        "may_edit": may_write and row.status != Status.COVERED,
        "may_open": may_write and row.status in (Status.DRAFT, Status.WITHDRAWN, Status.EXPIRED),
        "may_withdraw": may_write and row.status in (Status.OPEN, Status.DRAFT),
        "may_confirm": may_write and row.status == Status.OPEN,
    }
    return render(request, "carriers/leg.html", context)


@require_POST
@scope_required("legs:write")
def confirm(request: HttpRequest, leg_id: str) -> HttpResponse:
    """Say that a leg still stands."""
    return _done(request, leg_id, services.confirm_leg(actor=actor_of(request), leg_id=leg_id), "Confirmed: it stands.")


@require_POST
@scope_required("legs:write")
def confirm_all(request: HttpRequest) -> HttpResponse:
    """Say that every leg that waits for it still stands; what left the market meanwhile is passed over."""
    actor = actor_of(request)
    confirmed = 0
    for row in waiting_for_confirmation(actor.organization, clock.now()):
        try:
            services.confirm_leg(actor=actor, leg_id=row.public_id)
            confirmed += 1
        except Conflict:
            continue
    messages.success(request, f"Confirmed {confirmed} return leg{'' if confirmed == 1 else 's'}.")
    return HttpResponseRedirect(reverse("carriers:legs"))


@require_POST
@scope_required("legs:write")
def withdraw(request: HttpRequest, leg_id: str) -> HttpResponse:
    """Take a leg off the market."""
    row = services.withdraw_leg(actor=actor_of(request), leg_id=leg_id, version=_version(request))
    return _done(request, leg_id, row, "Withdrawn: nobody sees it any more.")


@require_POST
@scope_required("legs:write")
def open_again(request: HttpRequest, leg_id: str) -> HttpResponse:
    """Put a leg on the market with the terms that it has."""
    row = services.open_leg(actor=actor_of(request), leg_id=leg_id, version=_version(request))
    return _done(request, leg_id, row, "Posted: loads on its way home are being looked for.")


def _version(request: HttpRequest) -> int | None:
    text = request.POST.get("version", "")
    return int(text) if text.isdecimal() and len(text) < 10 else None


def _done(request: HttpRequest, leg_id: str, row: ReturnLeg, sentence: str) -> HttpResponse:
    """Say what was done and go back to where the button was: the list or the leg."""
    messages.success(request, f"{row.truck.number}, {row.empty_city}, {row.empty_state}: {sentence}")
    if request.POST.get("from") == "list":
        return HttpResponseRedirect(reverse("carriers:legs"))
    return HttpResponseRedirect(reverse("carriers:leg", args=[leg_id]))


_SAID = {
    "leg.drafted": "Saved as a draft",
    "leg.opened": "Posted",
    "leg.edited": "Changed",
    "leg.confirmed": "Confirmed",
    "leg.covered": "Booked: it has its load home",
    "leg.reduced": "What is on board has changed",
    "leg.withdrawn": "Withdrawn",
    "leg.expired": "Left the market by itself",
}


def _history(organization: Organization, leg_id: str) -> list[dict[str, Any]]:
    """Return the leg's last deeds: what, when, by whom, and which fields changed."""
    entries = list(history_of(organization.public_id, leg_id)[:20])
    names = {member.person.public_id: str(member.person) for member in members_of(organization)}
    # who booked something onto it, or acted for its carrier, is known to the carrier by then: by name and no person
    names |= others_in_audit(organization, {entry.actor for entry in entries})
    return [
        {
            "said": _SAID.get(entry.action, entry.action),
            "when": entry.created_at,
            "who": names.get(entry.actor, "API key" if entry.actor.startswith("key_") else ""),
            "fields": [name.replace("_", " ") for name in entry.changes],
        }
        for entry in entries
    ]
