"""The pages on which a return leg, or a headhaul with its return leg, is written and changed."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.html import format_html
from django.views.decorators.http import require_http_methods, require_safe

from carriers import services
from carriers.forms.legs import LegForm, TripForm, leg_values, new_defaults, truck_defaults
from carriers.models import ReturnLeg, Truck
from carriers.queries import home_base_of, own_leg, trucks_of
from foundation.accounts.access import actor_of, scope_required
from foundation.accounts.forms import show_problems
from foundation.places.place import Place, PlaceNotFound
from foundation.places.queries import find_place
from foundation.trade import clock
from foundation.trade.errors import Conflict, Forbidden, Invalid, NotFound, Stale
from foundation.trade.posting import Status
from foundation.trade.time_fields import WallTimeField, typed_instant
from foundation.trade.windows import local


@require_http_methods(["GET", "HEAD", "POST"])
@scope_required("legs:write")
def new_leg(request: HttpRequest) -> HttpResponse:
    """Write a return leg: choose the truck, and the rest stands there already."""
    return _new(request, LegForm)


@require_http_methods(["GET", "HEAD", "POST"])
@scope_required("legs:write")
def new_trip(request: HttpRequest) -> HttpResponse:
    """Write a headhaul, which opens the return leg at its planned empty time and place."""
    return _new(request, TripForm)


def _new(request: HttpRequest, form_class: type[LegForm]) -> HttpResponse:
    actor = actor_of(request)
    organization = actor.organization
    trucks = list(trucks_of(organization))
    if not organization.hauls or not trucks:
        return render(request, "carriers/no_truck.html", {"hauls": organization.hauls})
    if request.method != "POST":
        return _fresh(request, form_class, trucks)
    form = form_class(request.POST, organization=organization)
    draft = request.POST.get("save") == "draft"
    if not form.is_valid():
        return _again(request, form, 422)
    token = form.cleaned_data["form_token"]
    try:
        if isinstance(form, TripForm):
            trip = services.post_trip(
                actor=actor, terms=form.trip_terms(), leg=form.terms(), draft=draft, form_token=token
            )
            leg = trip.leg
        else:
            leg = services.post_leg(actor=actor, terms=form.terms(), draft=draft, form_token=token)
    except (Invalid, Conflict, Forbidden) as refusal:
        return _refused(request, form, refusal)
    if leg.status == Status.OPEN:
        messages.success(request, "Posted: loads on its way home are being looked for.")
    else:
        messages.success(request, "Saved as a draft: only your organization sees it.")
    return HttpResponseRedirect(reverse("carriers:leg", args=[leg.public_id]))


def _fresh(request: HttpRequest, form_class: type[LegForm], trucks: list[Truck]) -> HttpResponse:
    """Show the empty form; when another truck is chosen, what was typed stays and the truck's own defaults come."""
    organization = actor_of(request).organization
    chosen = next((truck for truck in trucks if truck.public_id == request.GET.get("truck")), None)
    if chosen is None and len(trucks) == 1:
        chosen = trucks[0]
    values = new_defaults(organization, chosen, clock.now())
    if chosen is not None and "form_token" in request.GET:
        typed = {name: value for name, value in request.GET.items() if name in form_class.base_fields}
        values = {**values, **typed, **truck_defaults(chosen)}
    form = form_class(initial=values, organization=organization)
    if chosen is None:
        field = form.fields["truck"]
        field.choices = [("", "Choose a truck"), *field.choices]  # type: ignore[attr-defined]
    return render(request, "carriers/leg_form.html", _context(form))


@require_http_methods(["GET", "HEAD", "POST"])
@scope_required("legs:write")
def edit(request: HttpRequest, leg_id: str) -> HttpResponse:
    """Change a return leg; when somebody else saved meanwhile, both versions are shown and what was typed stays."""
    actor = actor_of(request)
    leg = own_leg(actor.organization, leg_id)
    if leg.status == Status.COVERED:
        raise Conflict(
            "not_editable", "This return leg is booked: a booking rests on its terms, so they cannot change."
        )
    if request.method != "POST":
        form = LegForm(initial=leg_values(leg, actor.organization), organization=actor.organization, leg=leg)
        return render(request, "carriers/leg_form.html", _context(form, leg))
    form = LegForm(request.POST, organization=actor.organization, leg=leg)
    if not form.is_valid():
        return _again(request, form, 422, leg)
    opens = request.POST.get("save") == "open"
    try:
        row = services.edit_leg(
            actor=actor, leg_id=leg_id, version=form.cleaned_data["version"] or 0, terms=form.terms()
        )
        if opens:
            row = services.open_leg(actor=actor, leg_id=leg_id, version=row.version)
    except Stale as refusal:
        return _stale(request, form, own_leg(actor.organization, leg_id), refusal)
    except (Invalid, Conflict, Forbidden) as refusal:
        return _refused(request, form, refusal, leg)
    messages.success(request, "Saved and posted." if opens else "Saved.")
    return HttpResponseRedirect(reverse("carriers:leg", args=[row.public_id]))


@require_safe
@scope_required("legs:write")
def zone(request: HttpRequest) -> HttpResponse:
    """Answer which zone a place's wall time is in: the hint beside a time while one types it or the place."""
    words = request.GET.get("empty") or request.GET.get("origin") or request.GET.get("home") or ""
    base = request.GET.get("home_base") or ""
    try:
        if base:
            time_zone = home_base_of(actor_of(request).organization, base).time_zone
        else:
            time_zone = find_place(words).time_zone
    except (PlaceNotFound, NotFound):
        return HttpResponse(_ZONE_UNKNOWN)
    typed = next((request.GET[name] for name in ("departs_at", "ready_at", "home_by") if name in request.GET), "")
    return HttpResponse(format_html("{} time there", _zone_at(time_zone, typed)))


_ZONE_UNKNOWN = "Local time there"


def _context(form: LegForm, leg: ReturnLeg | None = None, **more: Any) -> dict[str, Any]:
    details = (
        "trailer",
        "driver",
        "weight_pounds",
        "length_feet",
        "pallets",
        "drive_minutes_left",
        "shift_minutes_left",
        "break_minutes_left",
        "cycle_minutes_left",
        "audience",
        "partners_first_until",
        "reference",
        "notes",
        "private_notes",
    )
    return {
        "form": form,
        "leg": leg,
        "is_trip": isinstance(form, TripForm),
        "details_open": any(name in form.errors for name in details),
        "may_reopen": leg is not None and leg.status in (Status.DRAFT, Status.WITHDRAWN, Status.EXPIRED),
        "zone_office": _zone_at(form.organization.time_zone, form["partners_first_until"].value()),
        "zone_origin": _zone_of(form, "origin", "departs_at"),
        "zone_empty": _zone_of(form, "empty", "ready_at"),
        "zone_home": _home_zone(form),
        **more,
    }


def _zone_at(time_zone: str, typed: Any) -> str:
    """Return what a zone is called at a wall time that was typed, for its summer has a name of its own; else now."""
    try:
        wall = typed if isinstance(typed, datetime) else WallTimeField(required=False).clean(typed)
        instant = typed_instant(wall.replace(tzinfo=None), time_zone) if wall else clock.now()
    except (ValidationError, ValueError):
        instant = clock.now()
    return f"{local(instant, time_zone):%Z}"


def _zone_of(form: LegForm, name: str, time: str) -> str:
    """Return the zone of the place that a field holds, as far as it is one, at the time that another holds."""
    value = form[name].value() if name in form.fields else None
    try:
        place = value if isinstance(value, Place) else find_place(str(value or ""))
    except PlaceNotFound:
        return _ZONE_UNKNOWN
    return f"{_zone_at(place.time_zone, form[time].value())} time there"


def _home_zone(form: LegForm) -> str:
    base = form.bases.get(str(form["home_base"].value() or ""))
    if base is None:
        return _zone_of(form, "home", "home_by")
    return f"{_zone_at(base.time_zone, form['home_by'].value())} time there"


def _again(request: HttpRequest, form: LegForm, status: int, leg: ReturnLeg | None = None, **more: Any) -> HttpResponse:
    return render(request, "carriers/leg_form.html", _context(form, leg, **more), status=status)


def _refused(
    request: HttpRequest, form: LegForm, refusal: Invalid | Conflict | Forbidden, leg: ReturnLeg | None = None
) -> HttpResponse:
    """Show a service's refusal beside its fields, with what was typed."""
    if isinstance(refusal, Invalid):
        show_problems(form, refusal)
        return _again(request, form, 422, leg)
    field = "truck" if refusal.code == "truck_has_one_leg_at_a_time" else None
    form.add_error(field, refusal.sentence)
    return _again(request, form, 403 if isinstance(refusal, Forbidden) else 409, leg)


def _stale(request: HttpRequest, form: LegForm, leg: ReturnLeg, refusal: Stale) -> HttpResponse:
    """Show what stands now beside what was typed; saving again is then a choice."""
    stored = LegForm(initial=leg_values(leg, form.organization), organization=form.organization, leg=leg)
    differences = []
    for name, field in form.fields.items():
        stands, typed = _shown(stored, name), _shown(form, name)
        if name not in ("version", "form_token") and stands != typed:
            differences.append((field.label, stands, typed))
    form.data = {**form.data.dict(), "version": str(leg.version)}  # type: ignore[attr-defined]
    form.add_error(None, f"{refusal.sentence.split(':')[0]}. Nothing was saved yet: compare, then save again.")
    return _again(request, form, 412, leg, differences=differences)


def _shown(form: LegForm, name: str) -> str:
    """Return a field's value as one reads it."""
    value = form[name].value()
    choices = dict(getattr(form.fields[name], "choices", []))
    if choices:
        return str(choices.get(value or "", value))
    text = form.fields[name].widget.format_value(value)
    if text is None:
        return ""
    return str(text).replace("T", " ") if name.endswith(("_at", "_by", "_until")) else str(text)
