"""Pages and fragments of matches: those of a load, those of a leg, and one of them opened."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from carriers.queries import leg_of, own_legs
from foundation.accounts.access import actor_of, is_fragment, scope_required
from foundation.accounts.queries import preferred_by
from foundation.trade import clock
from foundation.trade.errors import NotFound
from foundation.trade.posting import Status
from loads.queries import load_of
from matching.empty_runs import shown_empty_run
from matching.facing import is_consignor, is_side_of
from matching.maps import way_of
from matching.queries import SHOWN, match_of, matches_of_leg, matches_of_load, run_of
from matching.visibility import figures, is_carrier, refusals_in_words

MOST_LEFT_OUT = 8
"""Of how many of its own legs a carrier is offered the question why they do not take a load."""


def _template(request: HttpRequest, name: str) -> str:
    """Return the fragment for htmx, the whole page for everybody else."""
    fragment = is_fragment(request)
    return f"matching/_{name}.html" if fragment else f"matching/{name}.html"


def _left_the_market(request: HttpRequest) -> HttpResponse:
    """Tell an open page, which follows the news, that there is nothing to match any more; others get a 404."""
    if not is_fragment(request):
        raise NotFound
    return render(request, "matching/_left_the_market.html")


@require_GET
@scope_required("matches:read")
def leg_matches(request: HttpRequest, leg_id: str) -> HttpResponse:
    """Show a leg's best matches: for its carrier by its own gain, for others by market gain."""
    viewer, now = actor_of(request).organization, clock.now()
    try:
        leg = leg_of(viewer, leg_id, now)
    except NotFound:
        return _left_the_market(request)
    rows = matches_of_leg(viewer, leg, now)[:SHOWN]
    own = leg.organization_id == viewer.pk
    context = {
        "matches": [(row, figures(row, viewer)) for row in rows],
        "leg": leg,
        "viewer": viewer,
        "is_carrier": own,
        "preferred": preferred_by(viewer, now),
        "empty_run": shown_empty_run(leg, viewer),
    }
    if own:
        run = run_of(leg=leg)
        context |= {"run": run, "refusals": refusals_in_words(run)}
    return render(request, _template(request, "leg_matches"), context)


@require_GET
@scope_required("matches:read")
def load_matches(request: HttpRequest, load_id: str) -> HttpResponse:
    """Show a load's best matches by market gain."""
    viewer, now = actor_of(request).organization, clock.now()
    try:
        load = load_of(viewer, load_id, now)
    except NotFound:
        return _left_the_market(request)
    rows = matches_of_load(viewer, load, now)[:SHOWN]
    context: dict[str, Any] = {
        "matches": [(row, figures(row, viewer)) for row in rows],
        "load": load,
        "viewer": viewer,
        "is_carrier": bool(rows) and all(is_carrier(row, viewer) for row in rows),
        "preferred": preferred_by(viewer, now),
    }
    if is_consignor(viewer, load):
        context["sold_by"] = load.seller
    elif is_side_of(viewer.pk, load):
        run = run_of(load=load)
        context |= {"run": run, "refusals": refusals_in_words(run, of_others=True)}
    elif viewer.hauls:
        listed = [row.leg_id for row, _ in context["matches"]]
        context["left_out"] = own_legs(viewer).filter(status=Status.OPEN).exclude(pk__in=listed)[:MOST_LEFT_OUT]
    return render(request, _template(request, "load_matches"), context)


@require_GET
@scope_required("matches:read")
def match_page(request: HttpRequest, match_id: str) -> HttpResponse:
    """Show one match: its map, the driver's day against the windows, the sum line by line."""
    viewer, now = actor_of(request).organization, clock.now()
    match = match_of(viewer, match_id, now)
    context = {
        "match": match,
        "figures": figures(match, viewer),
        "viewer": viewer,
        "is_carrier": is_carrier(match, viewer),
        "tiles": settings.MAP_TILES_URL,
    }
    return render(request, _template(request, "match"), context)


@require_GET
@scope_required("matches:read")
def match_way(request: HttpRequest, match_id: str) -> JsonResponse:
    """Return the match's way for the map."""
    viewer = actor_of(request).organization
    return JsonResponse(way_of(match_of(viewer, match_id, clock.now()), viewer))
