"""The form of a load: new, copied, edited; its stops and what the road between them takes, as fragments."""

import secrets
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from foundation.accounts.access import actor_of, scope_required
from foundation.accounts.models import Capability, Organization
from foundation.trade import clock
from foundation.trade.equipment import Attribute
from foundation.trade.errors import Conflict, Forbidden, Invalid, Stale
from foundation.trade.life_cycle import check_editable
from foundation.trade.posting import Status
from foundation.trade.windows import local
from loads.forms import LoadForm, StopForm, first_stops, freight_initial, stops_initial
from loads.labels import describe
from loads.models import Load, StopKind
from loads.queries import own_load
from loads.road import StopTimes, earliest_arrivals, stretches
from loads.rules import MOST_STOPS
from loads.services import edit_load, post_load
from loads.store import changes, columns
from loads.terms import SALE_COLUMNS, LoadTerms, SaleTerms, terms_of

_TIMES = ("opens_on", "opens", "closes", "closes_on")


@require_http_methods(["GET", "HEAD", "POST"])
@scope_required("loads:write")
def new(request: HttpRequest) -> HttpResponse:
    """Post a load or save a draft; `?copy=` begins with the terms of one of the own loads."""
    actor = actor_of(request)
    if not actor.organization.ships:
        actor.require_posting(Capability.SHIPS)
    if request.method != "POST":
        return _show(request, _begin(request, actor.organization), None)
    form = LoadForm(time_zone=actor.organization.time_zone, data=_stops_changed(request.POST))
    if _is_about_stops(request.POST):
        return _show(request, form, None)
    if not form.is_valid():
        return _show(request, form, None, status=422)
    draft = request.POST.get("do") == "draft"
    try:
        load = post_load(
            actor=actor,
            terms=form.terms(),
            external_id=form.freight.cleaned_data["external_id"],
            draft=draft,
            form_token=form.freight.cleaned_data["form_token"],
        )
    except Invalid as error:
        form.show(error)
        return _show(request, form, None, status=422)
    except Forbidden as error:
        form.freight.add_error(None, error.sentence)
        return _show(request, form, None, status=403)
    said = "Saved as a draft." if load.status == Status.DRAFT else "Posted: trucks are being matched."
    messages.success(request, said)
    return HttpResponseRedirect(reverse("loads:detail", args=[load.public_id]))


@require_http_methods(["GET", "HEAD", "POST"])
@scope_required("loads:write")
def edit(request: HttpRequest, load_id: str) -> HttpResponse:
    """Change a load; when it was changed elsewhere meanwhile, both versions are shown and what was typed stays."""
    actor = actor_of(request)
    load = own_load(actor.organization, load_id)
    zone = actor.organization.time_zone
    if request.method != "POST":
        check_editable(load, "load")
        terms = terms_of(load)
        freight = freight_initial(terms, zone) | {"version": load.edition, "external_id": load.external_id}
        form = LoadForm(time_zone=zone, freight=freight, stops=stops_initial(terms), kept=_kept(load))
        return _show(request, form, load)
    form = LoadForm(time_zone=zone, data=_stops_changed(request.POST), kept=_kept(load), stored=terms_of(load))
    if _is_about_stops(request.POST):
        return _show(request, form, load)
    if not form.is_valid():
        return _show(request, form, load, status=422)
    terms = form.terms()
    try:
        version = form.freight.cleaned_data["version"]
        opens = request.POST.get("do") == "post" and load.status != Status.OPEN
        load = edit_load(actor=actor, load_id=load_id, version=version or 0, terms=terms, post=opens)
    except Stale:
        return _show_both(request, form, own_load(actor.organization, load_id), terms)
    except Invalid as error:
        form.show(error)
        return _show(request, form, own_load(actor.organization, load_id), status=422, version_of_row=True)
    except (Conflict, Forbidden) as error:
        form.freight.add_error(None, error.sentence)
        status = 403 if isinstance(error, Forbidden) else 409
        return _show(request, form, own_load(actor.organization, load_id), status=status, version_of_row=True)
    messages.success(request, "Saved and posted: trucks are being matched." if opens else "Saved.")
    return HttpResponseRedirect(reverse("loads:detail", args=[load.public_id]))


def _kept(load: Load) -> SaleTerms | None:
    """Return the owner's own terms towards carriers where a broker sells the load, and so has its own."""
    return SaleTerms.of(terms_of(load)) if load.seller_id is not None else None


@require_POST
@scope_required("loads:write")
def stops(request: HttpRequest) -> HttpResponse:
    """Answer the stops of a form with one more, one less or in another order; what was typed stays."""
    form = LoadForm(time_zone=actor_of(request).organization.time_zone, data=_stops_changed(request.POST))
    return render(request, "loads/_stops.html", _stops_context(form, quiet=True))


@require_POST
@scope_required("loads:write")
def road(request: HttpRequest) -> HttpResponse:
    """Say what the road between the typed stops takes and when the last can be reached at the earliest."""
    form = LoadForm(time_zone=actor_of(request).organization.time_zone, data=request.POST)
    form.is_valid()
    now = clock.now()
    found = [stop.cleaned_data for stop in form.stops if stop.cleaned_data.get("place")]
    context: dict[str, Any] = {"stops": [_zone_of(stop, now) for stop in form.stops], "miles": None}
    if len(found) >= 2 and len(found) == len(form.stops):
        ways = stretches([stop["place"] for stop in found])
        minutes = round(sum(way.minutes for way in ways))
        context |= {"miles": sum(way.miles for way in ways), "hours": f"{minutes // 60} h {minutes % 60:02} min"}
        if all("opens_at" in stop and "closes_at" in stop for stop in found):
            times = [StopTimes(stop["opens_at"], stop["closes_at"], stop.get("service_minutes") or 0) for stop in found]
            team = Attribute.TEAM in form.freight.cleaned_data.get("attributes", [])
            reach = earliest_arrivals(times, ways, not_before=now, team=team)[-1]
            context |= {"arrives_at": reach.expected, "late": reach.bound >= times[-1].closes_at}
            context["early"] = reach.expected <= times[-1].opens_at
            context["tight"] = reach.expected >= times[-1].closes_at
            context["last_zone"] = found[-1]["place"].time_zone
    return render(request, "loads/_road.html", context)


def _zone_of(stop: StopForm, now: datetime) -> dict[str, str]:
    """Return the stop's key and the short name of its zone at its time, "" while the place is unknown."""
    place, opens_at = stop.cleaned_data.get("place"), stop.cleaned_data.get("opens_at")
    return {"key": stop.key, "zone": f"{local(opens_at or now, place.time_zone):%Z}" if place else ""}


def _begin(request: HttpRequest, organization: Organization) -> LoadForm:
    """Return the form that a new load begins with: usual values, or another load's terms some days later."""
    zone = organization.time_zone
    today = local(clock.now(), zone).date()
    copied = request.GET.get("copy", "")
    if not copied:
        return LoadForm(time_zone=zone, freight={"form_token": _token()}, stops=first_stops(today))
    terms = terms_of(own_load(organization, copied))
    first = terms.stops[0]
    days = max((today - local(first.opens_at, first.place.time_zone).date()).days + 1, 0)
    freight = freight_initial(terms, zone) | {"form_token": _token(), "reference": "", "partners_first_until": None}
    return LoadForm(time_zone=zone, freight=freight, stops=stops_initial(terms, days_later=days))


def _token() -> str:
    return secrets.token_urlsafe(18)


def _is_about_stops(data: QueryDict) -> bool:
    """Say whether a button of the stops was pressed, in a browser that runs no scripts."""
    return data.get("do", "").startswith(("add-", "remove-", "up-"))


def _stops_changed(data: QueryDict) -> QueryDict:
    """Return what was typed with the stops changed as the pressed button asks."""
    verb, _, which = data.get("do", "").partition("-")
    keys = list(dict.fromkeys(data.getlist("stop")))
    changed = data.copy()
    if verb == "add" and which in StopKind.values and len(keys) < MOST_STOPS:
        key = str(max((int(key) for key in keys if key.isascii() and key.isdigit()), default=-1) + 1)
        deliveries = [at for at, other in enumerate(keys) if data.get(f"s{other}-kind") == StopKind.DELIVERY]
        # A further pickup goes before the first delivery; a further delivery goes last.
        place = deliveries[0] if which == StopKind.PICKUP and deliveries else len(keys)
        beside = keys[max(place - 1, 0)] if keys else ""
        keys.insert(place, key)
        changed[f"s{key}-kind"] = which
        changed[f"s{key}-service_minutes"] = "120"
        for name in _TIMES:
            changed[f"s{key}-{name}"] = data.get(f"s{beside}-{name}", "")
    elif verb == "remove" and which in keys and len(keys) > 2:
        keys.remove(which)
    elif verb == "up" and which in keys[1:]:
        at = keys.index(which)
        keys[at - 1], keys[at] = keys[at], keys[at - 1]
    changed.setlist("stop", keys)
    return changed


def _stops_context(form: LoadForm, *, quiet: bool = False) -> dict[str, Any]:
    """Return what the stops' template needs; `quiet` hides the errors of what is being typed."""
    if quiet:
        form.forgive()
    return {"form": form, "may_add": len(form.stops) < MOST_STOPS, "may_remove": len(form.stops) > 2}


def _show(
    request: HttpRequest,
    form: LoadForm,
    load: Load | None,
    *,
    status: int = 200,
    version_of_row: bool = False,
    **context: Any,
) -> HttpResponse:
    """Render the form's page. `version_of_row` takes over the stored version, once both were compared."""
    if version_of_row and load is not None and form.freight.is_bound:
        form.overwrite("version", str(load.edition))
    actor = actor_of(request)
    about_stops = request.method == "POST" and _is_about_stops(request.POST)
    values = {
        "load": load,
        "status": load.status if load else "",
        "seller": load.seller if load else None,
        "may_post": actor.organization.is_verified and actor.email_confirmed,
        "checked": request.method == "POST" and not about_stops,
        **_stops_context(form, quiet=about_stops),
        **context,
    }
    return render(request, "loads/form.html", values, status=status)


def _show_both(request: HttpRequest, form: LoadForm, load: Load, typed: LoadTerms) -> HttpResponse:
    """Show what is stored now beside what was typed; saving again replaces the newer version knowingly."""
    zone = actor_of(request).organization.time_zone
    roads = stretches([stop.place for stop in typed.stops])
    values = columns(typed, roads)
    if load.seller_id is not None:
        values = {name: value for name, value in values.items() if name not in SALE_COLUMNS}
    differences = describe(changes(load, typed, values), zone)
    return _show(request, form, load, status=412, version_of_row=True, stale=True, differences=differences)
