"""Why not this load: the question on a leg's page and its answer, as a fragment or a page of its own."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from carriers.queries import leg_of
from foundation.accounts.access import actor_of, is_fragment, scope_required
from foundation.places.place import PlaceNotFound
from foundation.trade import clock
from matching.queries import loads_to_ask_about
from matching.why_not import ask, stop_name, zone_of


@require_safe
@scope_required("matches:read")
def why_not(request: HttpRequest, leg_id: str) -> HttpResponse:
    """Ask why a leg does not take a load: choose one, by its cities or its id, and read the answer."""
    viewer, now = actor_of(request).organization, clock.now()
    leg = leg_of(viewer, leg_id, now)
    words, load_id = request.GET.get("find", "").strip()[:200], request.GET.get("load", "").strip()[:40]
    context: dict[str, Any] = {
        "leg": leg,
        "viewer": viewer,
        "words": words,
        "is_carrier": leg.organization_id == viewer.pk,
    }
    if load_id:
        answer = ask(viewer, leg_id, load_id, now)
        context |= {
            "answer": answer,
            "seen": answer.seen,
            "band": answer.rate_band,
            "times": [
                (change | {"stop_name": stop_name(answer, change)}, zone_of(answer, change))
                for change in answer.seen["changes"]
                if change["to_at"]
            ],
            "gain": answer.seen["own_gain" if answer.is_carrier else "market_gain"],
            "worth_from": answer.seen["worth_from" if answer.is_carrier else "market_worth_from"],
            "gain_if_changed": answer.seen["own_gain_if_changed" if answer.is_carrier else "market_gain_if_changed"],
        }
    elif "find" in request.GET:
        try:
            context |= {"loads": loads_to_ask_about(viewer, leg, words, now), "searched": True}
        except PlaceNotFound as unknown:
            context["unknown"] = str(unknown)
    fragment = is_fragment(request)
    return render(request, "matching/_why_not.html" if fragment else "matching/why_not.html", context)
