"""The page of what a mile and an hour cost the carrier: its owners' eyes only."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from carriers import services
from carriers.costs import default_costs_on
from carriers.forms.fleet import CostForm
from carriers.queries import cost_settings_of, costs_on
from carriers.views.fleet import KINDS
from foundation.accounts.access import actor_of, scope_required
from foundation.accounts.forms import show_problems
from foundation.trade import clock
from foundation.trade.errors import Invalid
from foundation.trade.windows import local

_FIGURES = ("loaded_cents_per_mile", "empty_cents_per_mile", "hour_cents", "delay_hour_cents")


@require_http_methods(["GET", "HEAD", "POST"])
@scope_required("costs:write")
def costs(request: HttpRequest) -> HttpResponse:
    """Show and set the carrier's own costs; the dated defaults hold where none are entered."""
    actor = actor_of(request)
    today = local(clock.now(), actor.organization.time_zone).date()
    current = costs_on(actor.organization, today)
    status = 200
    if request.method == "POST":
        form = CostForm(request.POST)
        if form.is_valid():
            try:
                services.set_costs(actor=actor, terms=form.terms())
            except Invalid as refusal:
                show_problems(form, refusal)
            else:
                messages.success(request, "Saved. The gains of your open return legs are being worked out anew.")
                return HttpResponseRedirect(reverse("carriers:costs"))
        status = 422
    else:
        form = CostForm(initial={"valid_from": today, **{name: getattr(current, name) for name in _FIGURES}})
    context = {
        "form": form,
        "current": current,
        "default": default_costs_on(today),
        "settings": cost_settings_of(actor.organization),
        "kinds": KINDS,
        "slug": "costs",
        "today": today,
    }
    return render(request, "carriers/costs.html", context, status=status)


@require_POST
@scope_required("costs:write")
def remove(request: HttpRequest, setting_id: int) -> HttpResponse:
    """Take one dated setting away."""
    services.remove_costs(actor=actor_of(request), setting_id=setting_id)
    messages.success(request, "Removed. The gains of your open return legs are being worked out anew.")
    return HttpResponseRedirect(reverse("carriers:costs"))
