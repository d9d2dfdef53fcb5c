"""The broker's pages of a load that it sells: its terms towards carriers, and the end of the sale."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from foundation.accounts.access import actor_of, scope_required
from foundation.trade.errors import Conflict, Forbidden, Invalid, Stale
from foundation.trade.life_cycle import check_editable
from loads.forms import SaleForm, sale_initial
from loads.models import Load
from loads.queries import load_to_sell
from loads.services import give_back_load, price_load
from loads.terms import SaleTerms
from loads.visibility import Viewer, view


@require_http_methods(["GET", "HEAD", "POST"])
@scope_required("loads:write")
def price(request: HttpRequest, load_id: str) -> HttpResponse:
    """Set the terms towards carriers; a stale tab gets what is stored now beside its own words."""
    actor = actor_of(request)
    load = load_to_sell(actor.organization, load_id)
    if request.method != "POST":
        check_editable(load, "load")
        return _show(request, SaleForm(initial=sale_initial(SaleTerms.of(load)) | {"version": load.version}), load)
    form = SaleForm(request.POST)
    if not form.is_valid():
        return _show(request, form, load, status=422)
    terms = form.terms()
    try:
        price_load(
            actor=actor,
            load_id=load_id,
            version=form.cleaned_data["version"] or 0,
            rate_cents=terms.rate_cents,
            book_now=terms.book_now,
            accessorials=terms.accessorials,
            payment_days=terms.payment_days,
        )
    except Invalid as error:
        for problem in error.problems:
            form.add_error(problem.field if problem.field in form.fields else None, problem.sentence)
        return _show(request, form, load, status=422)
    except (Stale, Conflict, Forbidden) as error:
        form.add_error(None, error.sentence)
        load = load_to_sell(actor.organization, load_id)
        typed = request.POST.copy()
        typed["version"] = str(load.version)  # saving again replaces the newer version knowingly
        form.data = typed
        status = 412 if isinstance(error, Stale) else 403 if isinstance(error, Forbidden) else 409
        return _show(request, form, load, status=status)
    messages.success(request, "Saved: carriers see these terms now.")
    return HttpResponseRedirect(reverse("loads:detail", args=[load.public_id]))


@require_POST
@scope_required("loads:write")
def give_back(request: HttpRequest, load_id: str) -> HttpResponse:
    """Give the load back to its owner, who sells it itself from then on."""
    load = load_to_sell(actor_of(request).organization, load_id)
    given = request.POST.get("version", "")
    version = int(given) if given.isascii() and given.isdigit() and len(given) < 10 else None
    try:
        give_back_load(actor=actor_of(request), load_id=load_id, version=version)
    except (Stale, Conflict, Forbidden) as error:
        messages.error(request, error.sentence)
        return HttpResponseRedirect(reverse("loads:detail", args=[load.public_id]))
    messages.success(request, f"Given back: {load.organization} sells the load itself again.")
    return HttpResponseRedirect(reverse("loads:selling"))


def _show(request: HttpRequest, form: SaleForm, load: Load, *, status: int = 200) -> HttpResponse:
    context = {
        "form": form,
        "load": view(load, Viewer.SELLER),
        "first": load.first_stop,
        "last": load.last_stop,
    }
    return render(request, "loads/price.html", context, status=status)
