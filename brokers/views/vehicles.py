"""What the pages of claims and offers share: the choice of a truck, and whether the engine says that it can do it."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST

from brokers.acted_legs import carriers_acted_for, legs_acted_for
from brokers.acting import both_sides_sentence, on_both_sides_of
from brokers.bargain_rows import stop_words
from brokers.forms.terms import TermsForm
from brokers.forms.vehicles import LEG, TRUCK, VehicleForm
from brokers.panel_queries import legs_to_choose, load_to_bargain, own_gains
from brokers.services.grounds import foreseen
from brokers.terms import StopTime, posted_terms
from brokers.touring import vehicle_of
from foundation.accounts.access import actor_of, scope_required
from foundation.accounts.models import Decision, Organization
from foundation.trade import clock
from foundation.trade.errors import Conflict, Invalid, NotFound
from foundation.trade.windows import local
from loads.models import Load

_GONE = "This load is gone: it has left the market."


def vehicle_form(
    request: HttpRequest, viewer: Organization, load: Load, now: datetime, *, decision: Decision
) -> VehicleForm:
    """Return the choice of a truck: as sent, or beginning with the leg or truck that the address names.

    Trucks of other carriers are in it where they let the viewer take this decision for them.
    """
    chosen = request.GET.get("vehicle", "")[:60]
    if not chosen:
        leg, truck = request.GET.get("leg", "")[:40], request.GET.get("truck", "")[:40]
        chosen = LEG + leg if leg else (TRUCK + truck if truck else "")
    return VehicleForm(
        request.POST if request.method == "POST" else None,
        organization=viewer,
        load=load,
        legs=legs_to_choose(viewer, now),
        gains=own_gains(viewer, load),
        acted=legs_acted_for(viewer, load, carriers_acted_for(viewer, load, decision, now), now),
        chosen=chosen,
    )


def both_sides_of(viewer: Organization, load: Load, form: VehicleForm, now: datetime, *, of: str) -> str:
    """Return what is to be read before a truck is committed where somebody stands on both sides; "" otherwise."""
    carrier = form.acting_for or viewer
    return both_sides_sentence(on_both_sides_of(load, carrier, now), of=of)


@require_POST
@scope_required("offers:write")
def check(request: HttpRequest, load_id: str) -> HttpResponse:
    """Say whether the chosen truck can take the load, by the engine's own rules, before anything is pressed."""
    actor, now = actor_of(request), clock.now()
    load, is_gone = load_to_bargain(actor.organization, load_id, now)
    if is_gone:
        return render(request, "brokers/_check.html", {"problem": _GONE})
    decision = Decision.OFFERS if "expires_in_minutes" in request.POST else Decision.CLAIMS
    form = vehicle_form(request, actor.organization, load, now, decision=decision)
    if not form.is_valid():
        return render(request, "brokers/_check.html", {"problem": _first(form)})
    if form.acting_for is not None:  # when a truck can be where follows from its driver's hours
        return render(request, "brokers/_check.html", {"acting_for": form.acting_for})
    times = _times(request, load)
    return render(request, "brokers/_check.html", _planned(actor.organization, load, form, times, now))


def _times(request: HttpRequest, load: Load) -> tuple[StopTime, ...]:
    """Return the times at the stops as an offer would have them, or as posted where the page names none."""
    posted = posted_terms(load, rate_cents=1)
    if "stop_0_opens_at" not in request.POST:
        return posted.stop_times
    offered = TermsForm(request.POST, load=load, terms=posted)
    offered.is_valid()
    times = offered.stop_times()
    is_right = all(time.opens_at < time.closes_at for time in times)
    return times if times and is_right else posted.stop_times


def _first(form: VehicleForm) -> str:
    return next((str(sentence) for sentences in form.errors.values() for sentence in sentences), "")


def _planned(
    viewer: Organization, load: Load, form: VehicleForm, times: tuple[StopTime, ...], now: datetime
) -> dict[str, Any]:
    try:
        vehicle = vehicle_of(viewer, **form.choice())
        ground, plan = foreseen(load=load, stop_times=times, vehicle=vehicle, carrier=viewer, now=now)
    except (Conflict, Invalid, NotFound) as refusal:
        return {"problem": refusal.sentence}
    stops = list(load.stops.all())
    rows = [
        {
            "begins_at": each.begins_at,
            "zone": stops[each.stop_sequence].time_zone,
            "words": stop_words(stops[each.stop_sequence]),
        }
        for each in plan.stops_of(load)
    ]
    leg, last = vehicle.leg, plan.stops[-1]
    end_words = f"Home in {leg.home_city}, {leg.home_state}" if leg else "Empty; its way home goes on the market"
    if ground.home is not None:
        by = local(ground.home.home_by, ground.home.home_time_zone)
        end_words = f"Empty; its return leg begins then and there: home by {by:%a %b %-d, %H:%M %Z}"
    return {
        "plan": plan,
        "truck": vehicle.truck,
        "stops": rows,
        "joins": len(ground.bookings) if ground.home is not None else 0,
        "end_zone": leg.home_time_zone if leg else last.load.stops.all()[last.stop_sequence].time_zone,
        "end_words": end_words,
    }
