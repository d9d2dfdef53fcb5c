"""Pages and fragments of combinations: those of a leg, and one of them opened."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from carriers.queries import leg_of
from foundation.accounts.access import actor_of, is_fragment, scope_required
from foundation.trade import clock
from matching.combined import combination_of, combination_run_of, combinations_of_leg
from matching.combined_visibility import figures, viewer_of
from matching.models import CombinationKind
from matching.visibility import Viewer

_HEADINGS = (
    (CombinationKind.CHAIN, "Two or three loads on the way home"),
    (CombinationKind.PARTIALS, "Fill the truck with partial loads"),
)


def _template(request: HttpRequest, name: str) -> str:
    """Return the fragment for htmx, the whole page for everybody else."""
    fragment = is_fragment(request)
    return f"matching/_{name}.html" if fragment else f"matching/{name}.html"


@require_GET
@scope_required("matches:read")
def leg_combinations(request: HttpRequest, leg_id: str) -> HttpResponse:
    """Show the tours of several loads that a leg could drive: to its carrier, and to brokers that see every side."""
    viewer, now = actor_of(request).organization, clock.now()
    leg = leg_of(viewer, leg_id, now)
    own = leg.organization_id == viewer.pk
    shown = [(row, figures(row, viewer)) for row in combinations_of_leg(viewer, leg, now)]
    context = {
        "groups": [(words, [each for each in shown if each[0].kind == kind]) for kind, words in _HEADINGS],
        "leg": leg,
        "is_carrier": own,
        "run": combination_run_of(leg) if own else None,
    }
    return render(request, _template(request, "leg_combinations"), context)


@require_GET
@scope_required("matches:read")
def combination_page(request: HttpRequest, combination_id: str) -> HttpResponse:
    """Show one combination: each stop in order, and the sum line by line."""
    viewer, now = actor_of(request).organization, clock.now()
    combination = combination_of(viewer, combination_id, now)
    context = {
        "combination": combination,
        "figures": figures(combination, viewer),
        "viewer": viewer,
        "is_carrier": viewer_of(combination, viewer) is Viewer.CARRIER,
        "heading": dict(_HEADINGS)[CombinationKind(combination.kind)],
    }
    return render(request, _template(request, "combination"), context)
