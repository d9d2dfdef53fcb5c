"""What a load offers its reader: book it, negotiate, sell it, compare offers; and claims, from "book now" to booked."""

from contextlib import suppress
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from brokers.acted_legs import carriers_acted_for
from brokers.acting import acts_for
from brokers.bargain_rows import ranked, thread_rows, waiting_first
from brokers.booking_queries import claim_of, claim_sent_by, claims_of, is_claim_of, is_reserved, live_booking_of_load
from brokers.booking_readers import side_read_by
from brokers.booking_rows import stop_rows
from brokers.forms.claims import ClaimForm
from brokers.forms.vehicles import LEG, VehicleForm
from brokers.models import Claim, ClaimStatus, Thread
from brokers.next_best import next_best
from brokers.panel_queries import load_to_bargain, own_gains
from brokers.services.claims import claim_load
from brokers.terms import posted_terms
from brokers.thread_queries import threads_about
from brokers.views.vehicles import both_sides_of, vehicle_form
from carriers.queries import leg_of
from foundation.accounts.access import actor_of, is_fragment, scope_required
from foundation.accounts.actor import Actor
from foundation.accounts.models import Decision
from foundation.trade import clock
from foundation.trade.errors import Conflict, Forbidden, Invalid, NotFound
from foundation.trade.money import dollars
from foundation.trade.posting import Status
from loads.models import Load
from loads.queries import standing_of
from loads.visibility import Viewer, company

CLAIMS_ON_A_PAGE = 30
MOST_CLOSED_THREADS = 5
_OURS = frozenset({Viewer.OWNER, Viewer.SELLER, Viewer.CONSIGNOR})


@never_cache
@require_safe
@scope_required("loads:read")
def bargain(request: HttpRequest, load_id: str) -> HttpResponse:
    """Show what the reader may do about a load, and what is going on about it, as a page or as a part of the load's."""
    actor, now = actor_of(request), clock.now()
    load, is_gone = load_to_bargain(actor.organization, load_id, now)
    context = _panel(actor, load, is_gone, now) | _with(request, actor, now)
    if (theirs := context["their_leg"]) is not None:  # the page was reached from one truck: it speaks of its carrier
        for name in ("claims_for", "offers_for"):
            context[name] = [each for each in context[name] if each.pk == theirs.organization_id] or context[name]
    fragment = is_fragment(request)
    return render(request, "brokers/_bargain.html" if fragment else "brokers/bargain.html", context)


def _with(request: HttpRequest, actor: Actor, now: datetime) -> dict[str, Any]:
    """Return the truck or return leg that the reader comes from, and whose it is."""
    leg_id, viewer = request.GET.get("leg", "")[:40], actor.organization
    found = None
    if leg_id:
        with suppress(NotFound):
            found = leg_of(viewer, leg_id, now)
    return {
        "leg": leg_id if found else "",
        "truck": request.GET.get("truck", "")[:40],
        "their_leg": found if found and found.organization_id != viewer.pk else None,
    }


def _for_carriers(actor: Actor, load: Load, is_open: bool, now: datetime) -> dict[str, Any]:
    """Return for which carriers the reader may book the load as it is posted, and for which it may offer."""
    viewer = actor.organization
    if not is_open:
        return {"claims_for": [], "offers_for": []}
    may_claim = load.book_now and load.rate_cents is not None and actor.may("bookings:write")
    return {
        "claims_for": carriers_acted_for(viewer, load, Decision.CLAIMS, now) if may_claim else [],
        "offers_for": carriers_acted_for(viewer, load, Decision.OFFERS, now) if actor.may("offers:write") else [],
    }


def _panel(actor: Actor, load: Load, is_gone: bool, now: datetime) -> dict[str, Any]:
    viewer = actor.organization
    standing = standing_of(viewer, now).of(load)
    rows = thread_rows(threads_about(viewer, load, now), viewer, now)
    carriage = [row for row in rows if row.thread.kind == Thread.Kind.CARRIAGE]
    tenders = [row for row in rows if row.thread.kind == Thread.Kind.TENDER]
    is_open = load.status == Status.OPEN and not is_gone and (load.expires_at is None or load.expires_at > now)
    sells = load.sold_by.pk == viewer.pk
    acts = standing is Viewer.REPRESENTATIVE and acts_for(actor, load.sold_by, Decision.OFFERS, now)
    may_deal = viewer.is_verified and is_open
    mine = [row for row in carriage if row.thread.seller_id != viewer.pk and not (sells or acts)]
    hauls_it = may_deal and viewer.hauls and standing not in _OURS
    return {
        "load": load,
        "viewer": viewer,
        "standing": standing.value,
        "is_gone": is_gone or (not is_open and standing not in _OURS),
        "is_open": is_open,
        "sells": sells,
        "acts": acts,
        "is_reserved": is_open and is_reserved(load),
        "booking": live_booking_of_load(viewer, load) if load.status == Status.COVERED else None,
        "company": company(load, standing),
        "offers": ranked(row for row in carriage if row.is_open) if sells or acts else [],
        "ended": [row for row in carriage if not row.is_open][:MOST_CLOSED_THREADS] if sells or acts else [],
        "mine": waiting_first(mine),
        "tenders": waiting_first(tenders),
        "hauls_it": hauls_it,
        "may_claim": hauls_it and load.book_now and load.rate_cents is not None and actor.may("bookings:write"),
        "may_haul_own": may_deal
        and viewer.hauls
        and standing is Viewer.OWNER
        and load.rate_cents is not None
        and actor.may("bookings:write"),
        "may_offer": hauls_it and actor.may("offers:write"),
        "may_tender": may_deal and viewer.brokers and load.seller_id is None and load.organization_id != viewer.pk
        and actor.may("offers:write") and not any(row.is_open for row in tenders),
        "may_price": is_open and standing is Viewer.SELLER and actor.may("loads:write"),
        "zone": viewer.time_zone,
        "now": now,
        **_for_carriers(actor, load, is_open, now),
    }  # fmt: skip


@never_cache
@require_safe
@scope_required("loads:read")
def standing(request: HttpRequest, load_id: str) -> HttpResponse:
    """Say whether a load is gone, reserved or changed since `?version=`, to a page on which it is being booked."""
    viewer, now = actor_of(request).organization, clock.now()
    load, is_gone = load_to_bargain(viewer, load_id, now)
    context: dict[str, Any] = {"href": reverse("brokers:bargain", args=[load_id]), "words": "See the next best loads"}
    if is_gone or load.status != Status.OPEN:
        found = next_best(viewer, load, now, leg_id=_leg_in_form(request))
        context |= {"sentence": "This load is gone.", "is_gone": True, "viewer": viewer, **found}
    elif str(load.version) != request.GET.get("version", ""):
        context |= {"sentence": "The load has just changed.", "words": "Look at it again"}
    elif is_reserved(load):
        context |= {"sentence": "Another claim on this load is being checked.", "words": "Look at the load"}
    return render(request, "brokers/_standing.html", context)


def _leg_in_form(request: HttpRequest) -> str:
    """Return the return leg that the form beside it has chosen, "" where it chose a truck or none."""
    chosen = request.GET.get("vehicle", "")[:60]
    return chosen.removeprefix(LEG) if chosen.startswith(LEG) else ""


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@scope_required("bookings:write")
def claim(request: HttpRequest, load_id: str) -> HttpResponse:
    """Book a load at its posted rate: choose the truck, read what it means, press once."""
    actor, now = actor_of(request), clock.now()
    made = claim_sent_by(actor.organization, request.POST.get("form_token", "")[:40])
    if made is not None and is_claim_of(made, [load_id]):
        return claimed(request, made)  # a double click
    load, is_gone = load_to_bargain(actor.organization, load_id, now)
    if is_gone:
        return kept_as_it_is(request) or gone(request, load)
    if request.method != "POST":
        return claim_form_page(request, actor, load, now, ClaimForm(load=load))
    form = ClaimForm(request.POST, load=load)
    vehicle = vehicle_form(request, actor.organization, load, now, decision=Decision.CLAIMS)
    if not (form.is_valid() and vehicle.is_valid()):
        if form.errors:
            vehicle.add_error(None, "This page is out of date. Look at the load again, then book it.")
        return claim_form_page(request, actor, load, now, ClaimForm(load=load), vehicle, status=422)
    try:
        made = claim_load(actor=actor, load_id=load_id, **vehicle.choice(), **form.cleaned_data)
    except Invalid as error:
        for sentence in vehicle.show(error):
            vehicle.add_error(None, sentence)
        return claim_form_page(request, actor, load, now, form, vehicle, status=422)
    except (Conflict, Forbidden, NotFound) as error:
        load, is_gone = load_to_bargain(actor.organization, load_id, clock.now())
        if is_gone or error.code == "load_gone":
            return gone(request, load)
        vehicle.add_error(None, error.sentence)
        # what was read is out of date: pressed again, it books what stands now
        return claim_form_page(request, actor, load, now, ClaimForm(load=load), vehicle, status=status_of(error))
    return claimed(request, made)


def status_of(error: Conflict | Forbidden | NotFound) -> int:
    """Return the HTTP status of a refused claim."""
    return 409 if isinstance(error, Conflict) else 403 if isinstance(error, Forbidden) else 404


def claimed(request: HttpRequest, made: Claim) -> HttpResponse:
    """Answer a claim: with its booking, or with its own page while it is on hold or where it has several."""
    viewer = actor_of(request).organization
    rows, whose = list(made.loads.all()), "yours" if made.carrier_id == viewer.pk else f"{made.carrier}’s"
    if made.status == ClaimStatus.BOOKED and len(rows) > 1:
        messages.success(request, f"Booked: all of them are {whose}. The rate confirmations are on their way.")
    elif made.status == ClaimStatus.BOOKED:
        messages.success(request, f"Booked: the load is {whose}. The rate confirmation is on its way.")
        booking = rows[0].booking
        if booking is not None and side_read_by(viewer, booking, clock.now()) is not None:
            return HttpResponseRedirect(reverse("brokers:booking", args=[booking.public_id]))
    return HttpResponseRedirect(reverse("brokers:claim", args=[made.public_id]))


def kept_as_it_is(request: HttpRequest) -> HttpResponse | None:
    """Return the answer to a form that asks for a part of itself: it stays, its page says that the load is gone."""
    return HttpResponse(status=204) if is_fragment(request) else None


def gone(request: HttpRequest, load: Load) -> HttpResponse:
    """Say that a load is gone, with the next best ones."""
    context = {"load": load, "is_gone": True, "viewer": actor_of(request).organization}
    return render(request, "brokers/bargain.html", context, status=409 if request.method == "POST" else 200)


def claim_form_page(
    request: HttpRequest,
    actor: Actor,
    load: Load,
    now: datetime,
    form: ClaimForm,
    vehicle: Any = None,
    *,
    status: int = 200,
) -> HttpResponse:
    """Show the form of a claim, as new or with what was wrong."""
    found = vehicle or vehicle_form(request, actor.organization, load, now, decision=Decision.CLAIMS)
    standing = standing_of(actor.organization, now).of(load)
    terms = posted_terms(load)
    context = {
        "load": load,
        "form": form,
        "vehicle": found,
        "here": reverse("brokers:claim_load", args=[load.public_id]),
        "terms": terms,
        "stops": stop_rows(load, terms),
        "open_to_claims": load.rate_cents is not None and (load.book_now or standing is Viewer.OWNER),
        "company": company(load, standing),
        "gain_cents": own_gains(actor.organization, load).get(found.leg.pk) if found.leg else None,
        "question": _question(load, found),
        "both_sides": both_sides_of(actor.organization, load, found, now, of="booking"),
        "may_haul": actor.organization.hauls,
    }
    return render(request, "brokers/claim_load.html", context, status=status)


def _question(load: Load, vehicle: VehicleForm) -> str:
    """Return what is asked before the press."""
    whom = f" for {vehicle.acting_for}" if vehicle.acting_for else ""
    return f"Book this load{whom} at {dollars(load.rate_cents or 0)}? It cannot be undone without a cancellation."


@never_cache
@require_safe
@scope_required("bookings:read")
def claims_page(request: HttpRequest) -> HttpResponse:
    """List the claims that the organization made, newest first."""
    actor = actor_of(request)
    page = Paginator(claims_of(actor.organization), CLAIMS_ON_A_PAGE).get_page(request.GET.get("page"))
    viewer = actor.organization
    context = {"page": page, "rows": list(page), "viewer": viewer, "zone": viewer.time_zone, "now": clock.now()}
    return render(request, "brokers/claims.html", context)


def _title(claim: Claim) -> str:
    """Return what a claim is of: a load's lane, a round trip, or several loads on one way home."""
    loads = [row.load for row in claim.loads.all()]
    if len(loads) == 1:
        return f"Claim: {loads[0].lane}"
    if claim.leg_id is None:
        return f"Round trip: {loads[0].lane}, and home with {'a load' if len(loads) == 2 else 'two loads'}"
    return f"{len(loads)} loads on one way home"


@never_cache
@require_safe
@scope_required("bookings:read")
def claim_page(request: HttpRequest, claim_id: str) -> HttpResponse:
    """Show one claim: on hold with the time that is left, booked, or released with its reason."""
    actor, now = actor_of(request), clock.now()
    viewer = actor.organization
    made = claim_of(viewer, claim_id)
    bookings = [row.booking for row in made.loads.all() if row.booking is not None]
    shown = [check for check in made.checks if check["result"] != "block" or made.status == ClaimStatus.RELEASED]
    context = {
        "claim": made,
        "title": _title(made),
        "together_cents": sum(row.rate_cents for row in made.loads.all()),
        "viewer": viewer,
        "acting_for": made.carrier if made.carrier_id != viewer.pk else None,
        "readable": {each.pk for each in bookings if side_read_by(viewer, each, now) is not None},
        "checks": [check for check in shown if check["result"] in ("hold", "block")],
        "zone": viewer.time_zone,
        "now": now,
    }
    fragment = is_fragment(request)
    return render(request, "brokers/_claim.html" if fragment else "brokers/claim.html", context)
