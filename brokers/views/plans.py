"""Pages of network plans: ask for one, watch it being worked out, read it, propose a line of it."""

import csv
from collections.abc import Iterator
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from brokers.filters import LineFilter
from brokers.plan_rows import LineRow, account_of, comparison, proof_of, rows_of
from brokers.services import propose_line
from foundation.accounts.access import actor_of, is_fragment, scope_required
from foundation.accounts.actor import Actor
from foundation.trade import clock
from foundation.trade.errors import Conflict, Forbidden, Invalid
from foundation.trade.money import decimal_text
from foundation.trade.windows import local
from matching.models import NetworkPlan, PlanLine, PlanStatus
from matching.plans import (
    last_plan_of,
    line_of,
    lines_of,
    plan_of,
    plans_of,
    standing_of_plan,
    unfinished_plan_of,
    with_sides,
)
from matching.rate_bands import band_fields
from matching.services.planning import LONGEST_CHAIN, ask_plan, cancel_plan

LINES_ON_A_PAGE = 50
PAST_PLANS = 20
CHAINS = ((1, "one load each"), (2, "up to two loads in a row"), (3, "up to three loads in a row"))


def _broker(request: HttpRequest) -> Actor:
    actor = actor_of(request)
    if not actor.organization.brokers:
        raise Forbidden(
            "missing_capability",
            f"Plans are for brokers, and {actor.organization} is not set up as one. An owner can change that.",
        )
    return actor


@require_http_methods(["GET", "HEAD", "POST"])
@scope_required("matches:read")
def plans_page(request: HttpRequest) -> HttpResponse:
    """Show the plans so far and ask for a new one."""
    actor = _broker(request)
    if request.method == "POST":
        return _ask(request, actor)
    context = {
        "plans": list(plans_of(actor.organization)[:PAST_PLANS]),
        "running": unfinished_plan_of(actor.organization),
        "last": last_plan_of(actor.organization),
        "chains": CHAINS,
        "may_ask": actor.may("matches:write") and actor.organization.is_verified,
        "zone": actor.organization.time_zone,
    }
    return render(request, "brokers/plans.html", context)


def _ask(request: HttpRequest, actor: Actor) -> HttpResponse:
    text = request.POST.get("longest", "1")
    longest = int(text) if text.isascii() and text.isdigit() and len(text) < 3 else LONGEST_CHAIN + 1
    try:
        plan, _ = ask_plan(actor=actor, longest=longest)
    except (Conflict, Invalid) as error:
        messages.error(request, error.sentence)
        running = unfinished_plan_of(actor.organization)
        return _to_plan(running.public_id) if running else HttpResponseRedirect(reverse("brokers:plans"))
    return _to_plan(plan.public_id)


@never_cache
@require_safe
@scope_required("matches:read")
def plan_page(request: HttpRequest, plan_id: str) -> HttpResponse:
    """Show one plan: its progress while it is worked out, then what it is worth, with its proof and its lines."""
    actor = _broker(request)
    plan = plan_of(actor.organization, plan_id)
    context: dict[str, Any] = {"plan": plan, "zone": actor.organization.time_zone, "words": dict(CHAINS)[plan.longest]}
    context["may_write"] = actor.may("matches:write")
    if plan.status == PlanStatus.DONE:
        context |= _done(request, actor, plan)
    return render(request, "brokers/plan.html", context)


def _done(request: HttpRequest, actor: Actor, plan: NetworkPlan) -> dict[str, Any]:
    viewer, now = actor.organization, clock.now()
    filters = LineFilter(request.GET, queryset=lines_of(viewer, plan, now), viewer=viewer, now=now)
    rows = filters.qs if filters.is_valid() else lines_of(viewer, plan, now).none()
    page = Paginator(with_sides(rows), LINES_ON_A_PAGE).get_page(request.GET.get("page"))
    query = request.GET.copy()
    query.pop("page", None)
    return {
        "comparison": comparison(plan),
        "proof": proof_of(plan),
        "standing": standing_of_plan(viewer, plan, now),
        "filter": filters,
        "is_filtered": any(query.values()),
        "page": page,
        "rows": rows_of(viewer, list(page), now),
        "query": query.urlencode(),
        "may_propose": actor.may("offers:write"),
    }


@never_cache
@require_safe
@scope_required("matches:read")
def progress(request: HttpRequest, plan_id: str) -> HttpResponse:
    """Return how far a plan is; when it is finished, the open page is told to load itself anew."""
    actor = _broker(request)
    plan = plan_of(actor.organization, plan_id)
    if not plan.is_unfinished:
        response = HttpResponse(status=200)
        response["HX-Refresh"] = "true"
        return response
    return render(request, "brokers/_plan_progress.html", {"plan": plan, "may_write": actor.may("matches:write")})


@require_POST
@scope_required("matches:write")
def cancel(request: HttpRequest, plan_id: str) -> HttpResponse:
    """Stop a plan that is being worked out."""
    try:
        cancel_plan(actor=_broker(request), plan_id=plan_id)
    except Conflict as error:
        messages.error(request, error.sentence)
    return _to_plan(plan_id)


@require_safe
@scope_required("matches:read")
def line_page(request: HttpRequest, plan_id: str, line_id: str) -> HttpResponse:
    """Show one line: its sum line by line, the truck's way, and the way to propose it."""
    return _line(request, plan_id, line_id)


def _line(request: HttpRequest, plan_id: str, line_id: str, error: str = "") -> HttpResponse:
    actor = _broker(request)
    viewer, now = actor.organization, clock.now()
    plan = plan_of(viewer, plan_id)
    row = rows_of(viewer, [line_of(viewer, plan, line_id, now)], now)[0]
    context = {
        "plan": plan,
        "row": row,
        "account": account_of(row),
        "error": error,
        "viewer": viewer,
        "may_propose": actor.may("offers:write"),
        "zone": viewer.time_zone,
    }
    fragment = is_fragment(request)
    template = "brokers/_plan_line.html" if fragment else "brokers/plan_line.html"
    return render(request, template, context, status=422 if error else 200)


@require_POST
@scope_required("offers:write")
def propose(request: HttpRequest, plan_id: str, line_id: str) -> HttpResponse:
    """Put a line before the parties."""
    try:
        proposal = propose_line(actor=_broker(request), plan_id=plan_id, line_id=line_id)
    except Conflict as error:
        if is_fragment(request):
            return _line(request, plan_id, line_id, error.sentence)
        messages.error(request, error.sentence)
        return HttpResponseRedirect(reverse("brokers:plan_line", args=[plan_id, line_id]))
    if is_fragment(request):
        return _line(request, plan_id, line_id)
    messages.success(request, "Proposed. The parties see it now; their answers appear here.")
    return HttpResponseRedirect(reverse("brokers:proposal", args=[proposal.public_id]))


CSV_COLUMNS = (
    "rank", "stands", "why_dropped", "truck", "truck_empty", "truck_home", "loads", "lanes", "market_gain", "rate",
    "rate_is_estimated", "rate_low", "rate_high", "rate_basis", "deadhead_miles", "loaded_miles", "empty_miles_saved",
    "co2_saved_kg", "home_at",
)  # fmt: skip


class _Echo:
    """Hands back what is written to it."""

    def write(self, text: str) -> str:
        """Return the text."""
        return text


@require_safe
@scope_required("matches:read")
def lines_csv(request: HttpRequest, plan_id: str) -> HttpResponseBase:
    """Answer with the plan's lines as a table for a spreadsheet."""
    viewer, now = _broker(request).organization, clock.now()
    plan = plan_of(viewer, plan_id)
    if plan.status != PlanStatus.DONE:
        raise Conflict("plan_not_done", "This plan has no lines: it was not worked out to its end.")
    lines = list(with_sides(lines_of(viewer, plan, now)))
    response = StreamingHttpResponse(_csv(rows_of(viewer, lines, now), viewer.time_zone), content_type="text/csv")
    response["Content-Disposition"] = f'attachment; filename="{plan.public_id}.csv"'
    return response


def _csv(rows: list[LineRow], zone: str) -> Iterator[str]:
    writer = csv.writer(_Echo())
    yield writer.writerow(CSV_COLUMNS)
    for row in rows:
        line, leg = row.line, row.leg
        loads = [load for load in row.loads if load is not None]
        lanes = [load.lane for load in loads]
        yield writer.writerow(
            (
                line.rank + 1,
                "yes" if row.stands else "no",
                row.dropped,
                leg.public_id if leg else "",
                f"{leg.empty_city}, {leg.empty_state}" if leg else "",
                f"{leg.home_state} {leg.home_zip[:3]}" if leg else "",
                " ".join(load.public_id for load in loads),
                "; ".join(lanes),
                decimal_text(line.market_gain_cents),
                decimal_text(line.rate_cents),
                "yes" if line.rate_is_estimated else "no",
                *_band(line),
                f"{line.deadhead_miles:.1f}",
                f"{line.loaded_miles:.1f}",
                f"{line.empty_miles_saved:.1f}",
                f"{line.co2_saved_kg:.1f}",
                local(line.finish_at, zone).isoformat(),
            )
        )


def _band(line: PlanLine) -> tuple[str, str, str]:
    """Return the ends of an estimate's band, empty for posted rates, and what the rate rests on."""
    fields = band_fields(line.rate_band, is_estimated=line.rate_is_estimated)
    low, high = ("" if fields[name] is None else decimal_text(fields[name]) for name in ("rate_low", "rate_high"))
    return low, high, fields["rate_basis"]


def _to_plan(plan_id: str) -> HttpResponse:
    return HttpResponseRedirect(reverse("brokers:plan", args=[plan_id]))
