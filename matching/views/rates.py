"""Market rates in pages: of a load, of a load being typed, and of any lane that somebody asks for."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST, require_safe

from foundation.accounts.access import actor_of, is_fragment, scope_required
from foundation.places.place import Place
from foundation.trade import clock
from loads.forms import LoadForm
from loads.models import LoadSize
from loads.queries import load_of
from loads.road import stretches
from matching.forms import RateForm
from matching.rate_queries import Estimate, ends_of_places, estimate_of, estimate_of_load


@require_safe
@scope_required("matches:read")
def load_rate(request: HttpRequest, load_id: str) -> HttpResponse:
    """Show what a load is worth on the market: a fragment of its page, a page by itself without scripts."""
    viewer, now = actor_of(request).organization, clock.now()
    load = load_of(viewer, load_id, now)
    context: dict[str, Any] = {
        "estimate": estimate_of_load(viewer, load, now),
        "load": load,
        "is_partial": load.size == LoadSize.PARTIAL,
        "may_see_lanes": viewer.is_verified,
    }
    fragment = is_fragment(request)
    return render(request, "matching/_rate.html" if fragment else "matching/load_rate.html", context)


@require_POST
@scope_required("matches:read")
def form_rate(request: HttpRequest) -> HttpResponse:
    """Show what the load that is being typed is worth, once its stops and its equipment are known."""
    actor = actor_of(request)
    form = LoadForm(time_zone=actor.organization.time_zone, data=request.POST)
    form.is_valid()
    places = [stop.cleaned_data["place"] for stop in form.stops if stop.cleaned_data.get("place")]
    equipment = form.freight.cleaned_data.get("equipment", "")
    estimate = None
    if equipment and len(places) >= 2 and len(places) == len(form.stops):
        estimate = _estimate(request, equipment, places)
    context = {
        "estimate": estimate,
        "is_partial": form.freight.cleaned_data.get("size") == LoadSize.PARTIAL,
        "may_see_lanes": actor.organization.is_verified,
        "in_form": True,
    }
    return render(request, "matching/_rate.html", context)


@require_safe
@scope_required("matches:read")
def rates(request: HttpRequest) -> HttpResponse:
    """Answer what a full truckload from here to there is worth: `?equipment=V&origin=60601&destination=75201`."""
    form = RateForm(request.GET if request.GET else None)
    context: dict[str, Any] = {"form": form, "may_see_lanes": actor_of(request).organization.is_verified}
    if form.is_bound and form.is_valid():
        places = [form.cleaned_data["origin"], form.cleaned_data["destination"]]
        context["estimate"] = _estimate(request, form.cleaned_data["equipment"], places)
        context["names"] = [place.name for place in places]
        if context["estimate"] is None:
            form.add_error("destination", "No road is known between these two places.")
    status = 422 if form.is_bound and form.errors else 200
    return render(request, "matching/rates.html", context, status=status)


def _estimate(request: HttpRequest, equipment: str, places: list[Place]) -> Estimate | None:
    """Return the estimate for the road between these places; None where no road is known."""
    loaded_miles = sum(way.miles for way in stretches(places))
    if not 0 <= loaded_miles < float("inf"):
        return None
    ends = ends_of_places(places[0], places[-1])
    viewer = actor_of(request).organization
    return estimate_of(viewer, equipment=equipment, loaded_miles=loaded_miles, ends=ends, now=clock.now())
