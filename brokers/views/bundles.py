"""Round trips: the backhauls of an outbound load beside its claim and on its answer; the next best once it is gone."""

import re
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from brokers.booking_queries import booking_of, claim_of, claim_sent_by, is_claim_of
from brokers.bundling import Backhauls, backhauls_after, backhauls_on
from brokers.forms.claims import ClaimForm
from brokers.forms.vehicles import VehicleForm
from brokers.models import Claim, ClaimStatus
from brokers.next_best import next_best as next_best_of
from brokers.panel_queries import legs_to_choose, load_to_bargain, own_gains
from brokers.services.bundles import claim_bundle
from brokers.services.claiming import Wanted
from brokers.touring import vehicle_in, vehicle_of
from brokers.views.claims import claim_form_page, claimed, gone, kept_as_it_is, status_of
from brokers.views.vehicles import vehicle_form
from foundation.accounts.access import actor_of, is_fragment, scope_required
from foundation.accounts.models import Decision, Organization
from foundation.trade import clock
from foundation.trade.errors import Conflict, Forbidden, Invalid, NotFound

_BACK = re.compile(r"(load_[0-9a-z]{26}):([0-9]{1,9}):([0-9]{1,9})")
_OUT_OF_DATE = "This page is out of date. Look at the loads again, then book them."


@never_cache
@require_safe
@scope_required("bookings:write")
def load_backhauls(request: HttpRequest, load_id: str) -> HttpResponse:
    """Show what waits for the way home of a load that is being claimed, for the truck in the form; nothing is stored.

    Without a truck in the address it leads to the form.
    """
    viewer, now = actor_of(request).organization, clock.now()
    load, is_gone = load_to_bargain(viewer, load_id, now)
    if is_gone and (kept := kept_as_it_is(request)):
        return kept
    if "vehicle" not in request.GET or is_gone:
        return HttpResponseRedirect(reverse("brokers:claim_load", args=[load_id]))
    form = VehicleForm(
        request.GET, organization=viewer, load=load, legs=legs_to_choose(viewer, now), gains=own_gains(viewer, load)
    )
    if not form.is_valid() or not form.is_outbound or not load.rate_cents:
        return _backhauls(request, {})
    try:
        vehicle = vehicle_of(viewer, **form.choice())
        found = backhauls_after(carrier=viewer, load=load, vehicle=vehicle, now=now)
    except (Conflict, Invalid, NotFound):
        return _backhauls(request, {})  # the form's own check says why
    return _backhauls(request, {"found": found, "in_form": True, "viewer": viewer})


@never_cache
@require_POST
@scope_required("bookings:write")
def round_trip(request: HttpRequest, load_id: str) -> HttpResponse:
    """Book an outbound load with the backhauls that were chosen beside its form: all of them or none."""
    actor, now = actor_of(request), clock.now()
    made = claim_sent_by(actor.organization, request.POST.get("form_token", "")[:40])
    back = _chosen(request.POST.get("back", "")[:300])
    if made is not None and is_claim_of(made, [load_id, *(each.load_id for each in back)]):
        return claimed(request, made)  # a double click
    load, is_gone = load_to_bargain(actor.organization, load_id, now)
    if is_gone:
        return gone(request, load)
    form = ClaimForm(request.POST, load=load)
    vehicle = vehicle_form(request, actor.organization, load, now, decision=Decision.CLAIMS)
    if not (form.is_valid() and vehicle.is_valid() and back):
        if form.errors or not back:
            vehicle.add_error(None, _OUT_OF_DATE)
        return claim_form_page(request, actor, load, now, ClaimForm(load=load), vehicle, status=422)
    out = Wanted(
        load_id=load_id, load_version=form.cleaned_data["load_version"], rate_cents=form.cleaned_data["rate_cents"]
    )
    try:
        made = claim_bundle(
            actor=actor,
            loads=[out, *back],
            form_token=form.cleaned_data["form_token"],
            **vehicle.choice(),
        )
    except Invalid as error:
        for sentence in vehicle.show(error):
            vehicle.add_error(None, sentence)
        return claim_form_page(request, actor, load, now, form, vehicle, status=422)
    except (Conflict, Forbidden, NotFound) as error:
        load, is_gone = load_to_bargain(actor.organization, load_id, clock.now())
        if is_gone:
            return gone(request, load)
        vehicle.add_error(None, error.sentence)
        return claim_form_page(request, actor, load, now, ClaimForm(load=load), vehicle, status=status_of(error))
    return claimed(request, made)


@never_cache
@require_safe
@scope_required("bookings:read")
def booking_backhauls(request: HttpRequest, booking_id: str) -> HttpResponse:
    """Show its carrier the backhauls for the leg that an outbound booking opened."""
    viewer = actor_of(request).organization
    booking = booking_of(viewer, booking_id)
    if booking.carrier_id != viewer.pk:
        raise NotFound("There is no such booking here.")
    return _backhauls(request, {"found": backhauls_on(carrier=viewer, booking=booking), "viewer": viewer})


@never_cache
@require_safe
@scope_required("bookings:read")
def claim_backhauls(request: HttpRequest, claim_id: str) -> HttpResponse:
    """Show its carrier the backhauls of an outbound claim, on hold or booked."""
    viewer = actor_of(request).organization
    made = claim_of(viewer, claim_id)
    found = _after_claim(made, viewer, clock.now())
    return _backhauls(request, {"found": found, "viewer": viewer, "on_hold": made.status == ClaimStatus.PENDING})


@never_cache
@require_safe
@scope_required("loads:read")
def next_best(request: HttpRequest, load_id: str) -> HttpResponse:
    """Show who lost a load what its trucks could take instead, and loads like it."""
    viewer, now = actor_of(request).organization, clock.now()
    load, _ = load_to_bargain(viewer, load_id, now)
    context = next_best_of(viewer, load, now, leg_id=request.GET.get("leg", "")[:40]) | {"viewer": viewer}
    fragment = is_fragment(request)
    return render(request, "brokers/_next_best.html" if fragment else "brokers/next_best.html", context)


def _after_claim(made: Claim, viewer: Organization, now: datetime) -> Backhauls | None:
    """Return the backhauls of an outbound claim of one load, of the viewer's own; None for every other one."""
    rows = list(made.loads.all())
    if made.carrier_id != viewer.pk or made.leg_id is not None or len(rows) != 1:
        return None
    if made.status == ClaimStatus.BOOKED and rows[0].booking is not None:
        return backhauls_on(carrier=viewer, booking=booking_of(viewer, rows[0].booking.public_id))
    if made.status != ClaimStatus.PENDING:
        return None
    try:
        return backhauls_after(carrier=viewer, load=rows[0].load, vehicle=vehicle_in(made), now=now)
    except (Conflict, Invalid):
        return None


def _backhauls(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    fragment = is_fragment(request)
    return render(request, "brokers/_backhauls.html" if fragment else "brokers/backhauls.html", context)


def _chosen(written: str) -> list[Wanted]:
    """Return the backhauls that a button names as `load:version:cents`, by commas; none where it does not read."""
    parts = [_BACK.fullmatch(part) for part in written.split(",")]
    return [
        Wanted(load_id=part[1], load_version=int(part[2]), rate_cents=int(part[3]))
        for part in parts
        if part is not None and None not in parts
    ]
