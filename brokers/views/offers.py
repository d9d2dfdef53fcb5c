"""Pages on which an offer is made: the first one, an invitation, a counter-offer. What was typed stays if refused."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from brokers.acting import both_sides_sentence, on_both_sides_of
from brokers.bargain_rows import ThreadRow, thread_rows
from brokers.bargain_rules import Windows
from brokers.forms.terms import TermsForm
from brokers.forms.vehicles import VehicleForm
from brokers.models import Offer, Thread, ThreadStatus
from brokers.offer_visibility import next_bargain
from brokers.panel_queries import load_to_bargain
from brokers.queries import represented_keys
from brokers.services.offers import counter_offer
from brokers.services.opening import invite_carrier, open_thread
from brokers.terms import BargainTerms, posted_terms
from brokers.thread_queries import thread_by_form, thread_of
from brokers.views.claims import kept_as_it_is
from brokers.views.threads import show_thread
from brokers.views.vehicles import both_sides_of, vehicle_form
from carriers.queries import leg_of
from foundation.accounts.access import actor_of, scope_required
from foundation.accounts.models import Decision
from foundation.trade import clock
from foundation.trade.errors import Conflict, Forbidden, Invalid, NotFound, TradeError
from foundation.trade.money import dollars
from foundation.trade.windows import instant_words
from loads.models import Load
from loads.queries import standing_of
from loads.visibility import Viewer, company

_STALE = frozenset({"load_changed", "moved_on"})
_KEPT = "What you typed is kept: compare it with what stands now, then send it."


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferPage:
    """What the page of an offer says around its form: what is done, to whom, and where it comes from."""

    title: str
    button: str
    back: str
    lead: str = ""
    stand_in: str = ""


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@scope_required("offers:write")
def new_offer(request: HttpRequest, load_id: str) -> HttpResponse:
    """Make the first offer for a load, with an own truck, or for a carrier that the reader's brokerage represents."""
    actor, now = actor_of(request), clock.now()
    load, is_gone = load_to_bargain(actor.organization, load_id, now)
    if is_gone:
        return kept_as_it_is(request) or sent_already(request, load_id) or gone(request, load)
    vehicle = vehicle_form(request, actor.organization, load, now, decision=Decision.OFFERS)
    page = OfferPage(
        title="Make an offer",
        button="Send the offer",
        back=reverse("brokers:bargain", args=[load_id]),
    )
    form = terms_form(request, load, posted_terms(load))
    if request.method != "POST":
        return offer_page(request, load, form, page, vehicle)
    if not (form.is_valid() and vehicle.is_valid()):
        return offer_page(request, load, form, page, vehicle, status=422)

    def send(**terms: Any) -> Offer:
        token = form.cleaned_data["form_token"]
        return open_thread(actor=actor, load_id=load_id, form_token=token, **vehicle.choice(), **terms)

    return send_offer(request, load, form, page, send, vehicle)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@scope_required("offers:write")
def invite(request: HttpRequest, load_id: str) -> HttpResponse:
    """Offer a load that the reader sells to a truck that fits, before its carrier has asked."""
    actor, now = actor_of(request), clock.now()
    load, is_gone = load_to_bargain(actor.organization, load_id, now)
    if is_gone:
        return sent_already(request, load_id) or gone(request, load)
    leg = leg_of(actor.organization, request.GET.get("leg", "")[:40], now)
    represents = leg.organization_id in represented_keys(actor.organization, now)
    hides = leg.organization.hides_name and not represents
    carrier = "a carrier that hides its name" if hides else str(leg.organization)
    ready = instant_words(leg.ready_at, leg.empty_time_zone)
    page = OfferPage(
        title="Offer this load to a truck",
        button="Send the offer",
        back=f"/loads/{load.public_id}/",
        lead=f"To {carrier}: {leg.get_equipment_display()}, empty {leg.empty_city}, {leg.empty_state}, {ready}, home "
        f"{leg.home_state} {leg.home_zip[:3]}. The carrier may accept, counter or decline.",
        stand_in="" if load.sold_by.pk == actor.organization.pk else f"You act for {load.sold_by}.",
    )
    both = both_sides_sentence(on_both_sides_of(load, leg.organization, now))
    form = terms_form(request, load, posted_terms(load))
    if request.method != "POST":
        return offer_page(request, load, form, page, both_sides=both)
    if not form.is_valid():
        return offer_page(request, load, form, page, status=422, both_sides=both)

    def send(**terms: Any) -> Offer:
        token = form.cleaned_data["form_token"]
        return invite_carrier(actor=actor, load_id=load_id, leg_id=leg.public_id, form_token=token, **terms)

    return send_offer(request, load, form, page, send, both_sides=both)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@scope_required("offers:write")
def counter(request: HttpRequest, thread_id: str) -> HttpResponse:
    """Answer the last offer with another one, or make one anew; it begins with the last one's terms."""
    actor, now = actor_of(request), clock.now()
    thread = thread_of(actor.organization, thread_id, now)
    row = thread_rows([thread], actor.organization, now)[0]
    if thread.status != ThreadStatus.OPEN or row.last is None:
        return show_thread(request, thread_id, error="This negotiation is over.", status=409)
    load, live = thread.load, row.live
    page = OfferPage(
        title="Counter" if live else "New offer",
        button="Send the counter-offer" if live else "Send the offer",
        back=reverse("brokers:thread", args=[thread_id]),
        lead=f"{row.other} offers {dollars(live.terms.rate_cents)}. Change what you want changed; the other side sees "
        "what differs." if live else f"To {row.other}. It begins with the terms of the last offer.",
        stand_in=f"You act for {row.party}." if row.is_acting else "",
    )  # fmt: skip
    windows = Windows.POSTED if thread.kind == Thread.Kind.TENDER else Windows.WITHIN
    form = terms_form(request, load, next_bargain(thread), row.last.offer.number, windows)
    if request.method != "POST":
        return offer_page(request, load, form, page, row=row)
    if not form.is_valid():
        return offer_page(request, load, form, page, status=422, row=row)

    def send(**terms: Any) -> Offer:
        return counter_offer(actor=actor, thread_id=thread_id, on_number=form.cleaned_data["on_number"] or 0, **terms)

    return send_offer(request, load, form, page, send, row=row)


def terms_form(
    request: HttpRequest,
    load: Load,
    terms: BargainTerms,
    on_number: int | None = None,
    windows: Windows = Windows.WITHIN,
) -> TermsForm:
    """Return the form as sent, or beginning with these terms; `?rate=` names another rate in whole dollars."""
    rate = request.GET.get("rate", "")
    initial = {}
    if rate.isascii() and rate.isdigit() and len(rate) < 8:
        initial = {"linehaul_cents": int(rate) * 100, "fuel_surcharge_cents": None}
    data = request.POST if request.method == "POST" else None
    return TermsForm(data, load=load, terms=terms, on_number=on_number, windows=windows, initial=initial)


def send_offer(
    request: HttpRequest,
    load: Load,
    form: TermsForm,
    page: OfferPage,
    send: Callable[..., Offer],
    vehicle: VehicleForm | None = None,
    **context: Any,
) -> HttpResponse:
    """Make the offer and lead to its thread; what is refused is said beside what was typed."""
    data = form.cleaned_data
    try:
        offer = send(
            terms=form.terms(),
            load_version=data["load_version"],
            expires_in_minutes=data["expires_in_minutes"],
            confirmed=request.POST.get("confirmed") == "yes",
        )
    except Invalid as error:
        rest = Invalid([each for each in error.problems if vehicle is None or not _is_vehicle(vehicle, each.field)])
        if vehicle is not None:
            vehicle.show(error)
        form.show(rest)
        return offer_page(request, load, form, page, vehicle, status=422, **context)
    except (Conflict, Forbidden, NotFound) as error:
        if error.code == "load_gone" and vehicle is not None:
            return gone(request, load)
        is_stale = error.code in _STALE
        form.add_error(None, f"{error.sentence} {_KEPT}" if is_stale else error.sentence)
        if is_stale:
            row: ThreadRow | None = context.get("row")
            on_number = {"on_number": row.last.offer.number} if row is not None and row.last is not None else {}
            form.look_again(load_version=load.version, **on_number)
        context["is_stale"] = is_stale
        return offer_page(request, load, form, page, vehicle, status=refusal_status(error), **context)
    messages.success(request, f"Sent: {dollars(offer.rate_cents)}. It stands until it is answered or its time is up.")
    return to_thread(offer.thread)


def _is_vehicle(vehicle: VehicleForm, field: str) -> bool:
    name = field.removesuffix("_id")
    return name in vehicle.fields or name in ("truck", "leg")


def offer_page(
    request: HttpRequest,
    load: Load,
    form: TermsForm,
    page: OfferPage,
    vehicle: VehicleForm | None = None,
    *,
    status: int = 200,
    **context: Any,
) -> HttpResponse:
    """Render the page on which an offer is written, with what was typed and what was refused."""
    actor, now = actor_of(request), clock.now()
    standing = standing_of(actor.organization, now).of(load)
    both = both_sides_of(actor.organization, load, vehicle, now, of="negotiation") if vehicle else ""
    values = {
        "load": load,
        "both_sides": both,
        "may_haul": actor.organization.hauls,
        "form": form,
        "vehicle": vehicle,
        "page": page,
        "here": request.path,
        "company": company(load, standing),
        "posted_cents": load.rate_cents if standing is not Viewer.CONSIGNOR else None,
        "now": now,
        "zone": actor.organization.time_zone,
        **context,
    }
    return render(request, "brokers/offer_form.html", values, status=status)


def sent_already(request: HttpRequest, load_id: str) -> HttpResponse | None:
    """Lead to the thread that this very form has opened: the load may be gone since."""
    thread = thread_by_form(actor_of(request).organization, load_id, request.POST.get("form_token", "")[:40])
    return None if thread is None else to_thread(thread)


def gone(request: HttpRequest, load: Load) -> HttpResponse:
    """Say that a load is gone, with the way to the next best ones."""
    context = {"load": load, "is_gone": True, "viewer": actor_of(request).organization}
    return render(request, "brokers/bargain.html", context, status=409 if request.method == "POST" else 200)


def to_thread(thread: Thread) -> HttpResponse:
    """Lead to a negotiation."""
    return HttpResponseRedirect(reverse("brokers:thread", args=[thread.public_id]))


def refusal_status(error: TradeError) -> int:
    """Return the status of the page that says a refusal."""
    if isinstance(error, Forbidden):
        return 403
    if isinstance(error, NotFound):
        return 404
    return 422 if isinstance(error, Invalid) else 409
