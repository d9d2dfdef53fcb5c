"""One load: its page, and the buttons on it."""

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from foundation.accounts.access import actor_of, is_fragment, scope_required
from foundation.trade import clock
from foundation.trade.errors import Conflict, Forbidden, Invalid, NotFound, Stale
from foundation.trade.posting import Status
from loads.models import Load
from loads.queries import history_of, kept_load, load_of, once_seen, own_load, standing_of
from loads.services import confirm_load, confirm_loads, open_load, withdraw_load
from loads.visibility import Viewer, view


@require_safe
@scope_required("loads:read")
def detail(request: HttpRequest, load_id: str) -> HttpResponse:
    """Show a load as far as the organization may see it."""
    actor = actor_of(request)
    now = clock.now()
    try:
        load = load_of(actor.organization, load_id, now)
    except NotFound:
        asks_again = is_fragment(request)
        if asks_again and once_seen(actor.organization, now).filter(public_id=load_id).exists():
            return HttpResponse(status=204)  # an open page stays; its part about booking says that the load is gone
        raise
    viewer = standing_of(actor.organization, now).of(load)
    owns = viewer in (Viewer.OWNER, Viewer.CONSIGNOR)
    sells = viewer is Viewer.SELLER
    context = {
        "load": view(load, viewer),
        "edition": load.edition if owns else None,
        "first": load.first_stop,
        "last": load.last_stop,
        "viewer": viewer.value,
        "owns": owns,
        "sells": sells,
        "sold": viewer is Viewer.CONSIGNOR,
        "may_write": (owns or sells) and actor.may("loads:write"),
        "now": now,
        "asks": (owns or sells) and load.asks_for_confirmation(now),
        "ranked_last": load.status == Status.OPEN and load.is_ranked_last(now),
        "history": history_of(actor.organization, load) if owns or sells else [],
        "zone": actor.organization.time_zone,
    }
    return render(request, "loads/detail.html", context)


@require_POST
@scope_required("loads:write")
def confirm(request: HttpRequest, load_id: str) -> HttpResponse:
    """Confirm that the load still stands; a list gets its row anew."""
    load = confirm_load(actor=actor_of(request), load_id=load_id)
    if getattr(request, "htmx", False) and load.organization_id == actor_of(request).organization.pk:
        row = own_load(actor_of(request).organization, load.public_id)
        return render(request, "loads/_own_row.html", {"load": row, "now": clock.now(), "may_write": True})
    messages.success(request, "Confirmed: the load still stands.")
    return _back_to(load)


@require_POST
@scope_required("loads:write")
def confirm_shown(request: HttpRequest) -> HttpResponse:
    """Confirm the loads that a list showed."""
    count = confirm_loads(actor=actor_of(request), load_ids=request.POST.getlist("load")[:200])
    messages.success(request, "Confirmed 1 load." if count == 1 else f"Confirmed {count} loads.")
    return HttpResponseRedirect(reverse("loads:list"))


@require_POST
@scope_required("loads:write")
def withdraw(request: HttpRequest, load_id: str) -> HttpResponse:
    """Take the load off the market."""
    return _turn(request, load_id, withdraw_load, "Withdrawn: the load is off the market. You can post it again.")


@require_POST
@scope_required("loads:write")
def post_again(request: HttpRequest, load_id: str) -> HttpResponse:
    """Put a draft, withdrawn or expired load on the market; what no longer holds is mended in its form."""
    try:
        return _turn(request, load_id, open_load, "Posted: the load is on the market.")
    except Invalid as error:
        messages.error(request, f"{error.sentence} Change it here, then save and post.")
        return HttpResponseRedirect(reverse("loads:edit", args=[load_id]))


def _turn(request: HttpRequest, load_id: str, verb: Callable[..., Load], said: str) -> HttpResponse:
    """Do one verb on the version that the page showed and go back to the load; a refusal is said there."""
    given = request.POST.get("version", "")
    version = int(given) if given.isascii() and given.isdigit() and len(given) < 10 else None
    load = kept_load(actor_of(request).organization, load_id)
    try:
        load = verb(actor=actor_of(request), load_id=load_id, version=version)
    except (Stale, Conflict, Forbidden) as error:
        messages.error(request, error.sentence)
    else:
        messages.success(request, said)
    return _back_to(load)


def _back_to(load: Load) -> HttpResponse:
    return HttpResponseRedirect(reverse("loads:detail", args=[load.public_id]))
