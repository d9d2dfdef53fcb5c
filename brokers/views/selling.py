"""The page on which a broker offers a shipper to sell its load: a tender."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from brokers.bargain_rules import Windows
from brokers.models import Offer
from brokers.panel_queries import load_to_bargain
from brokers.services.tenders import tender_load
from brokers.terms import posted_terms
from brokers.views.offers import OfferPage, gone, offer_page, send_offer, sent_already, terms_form
from foundation.accounts.access import actor_of, scope_required
from foundation.trade import clock
from foundation.trade.errors import Forbidden


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@scope_required("offers:write")
def tender(request: HttpRequest, load_id: str) -> HttpResponse:
    """Offer a shipper to sell its load: what it would pay the broker."""
    actor, now = actor_of(request), clock.now()
    if not actor.organization.brokers:
        raise Forbidden(
            "missing_capability", f"Tenders are for brokers, and {actor.organization} is not set up as one."
        )
    load, is_gone = load_to_bargain(actor.organization, load_id, now)
    if is_gone:
        return sent_already(request, load_id) or gone(request, load)
    page = OfferPage(
        title="Offer to sell this load",
        button="Send the tender",
        back=reverse("brokers:bargain", args=[load_id]),
        lead="The rate is what the shipper pays you. Once it accepts, you alone sell the load to carriers, at a rate "
        "that you set; neither learns the other's.",
    )
    form = terms_form(request, load, posted_terms(load), windows=Windows.POSTED)
    if request.method != "POST":
        return offer_page(request, load, form, page)
    if not form.is_valid():
        return offer_page(request, load, form, page, status=422)

    def send(**terms: Any) -> Offer:
        return tender_load(actor=actor, load_id=load_id, form_token=form.cleaned_data["form_token"], **terms)

    return send_offer(request, load, form, page, send)
