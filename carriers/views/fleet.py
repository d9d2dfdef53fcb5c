"""The pages of the fleet: trucks, trailers, drivers and home bases are listed, added, changed, archived, restored."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from carriers import queries, services
from carriers.forms.fleet import DriverForm, HomeBaseForm, TrailerForm, TruckForm
from foundation.accounts.access import actor_of, scope_required
from foundation.accounts.forms import show_problems
from foundation.trade.errors import Conflict, Invalid, Stale


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of fleet unit: its words, its form, its reads and its writes."""

    noun: str
    plural: str
    id_name: str
    icon: str
    form: type[Any]
    rows: Callable[..., Any]
    one: Callable[..., Any]
    add: Callable[..., Any]
    edit: Callable[..., Any]
    archive: Callable[..., Any]
    restore: Callable[..., Any]
    keeps: bool = False  # whether the form must offer an archived unit that is stored


KINDS: Mapping[str, Kind] = {
    "trucks": Kind(
        noun="truck",
        plural="Trucks",
        id_name="truck_id",
        icon="truck",
        form=TruckForm,
        rows=queries.trucks_of,
        one=queries.truck_of,
        add=services.add_truck,
        edit=services.edit_truck,
        archive=services.archive_truck,
        restore=services.restore_truck,
        keeps=True,
    ),
    "trailers": Kind(
        noun="trailer",
        plural="Trailers",
        id_name="trailer_id",
        icon="container",
        form=TrailerForm,
        rows=queries.trailers_of,
        one=queries.trailer_of,
        add=services.add_trailer,
        edit=services.edit_trailer,
        archive=services.archive_trailer,
        restore=services.restore_trailer,
    ),
    "drivers": Kind(
        noun="driver",
        plural="Drivers",
        id_name="driver_id",
        icon="steering-wheel",
        form=DriverForm,
        rows=queries.drivers_of,
        one=queries.driver_of,
        add=services.add_driver,
        edit=services.edit_driver,
        archive=services.archive_driver,
        restore=services.restore_driver,
        keeps=True,
    ),
    "home-bases": Kind(
        noun="home base",
        plural="Home bases",
        id_name="home_base_id",
        icon="home",
        form=HomeBaseForm,
        rows=queries.home_bases_of,
        one=queries.home_base_of,
        add=services.add_home_base,
        edit=services.edit_home_base,
        archive=services.archive_home_base,
        restore=services.restore_home_base,
    ),
}


def _kind(slug: str) -> Kind:
    try:
        return KINDS[slug]
    except KeyError:
        raise Http404 from None


@require_safe
@scope_required("trucks:read")
def units(request: HttpRequest, slug: str = "trucks") -> HttpResponse:
    """List one kind of the organization's fleet."""
    kind, actor = _kind(slug), actor_of(request)
    archived = request.GET.get("archived") == "1"
    return render(
        request,
        "carriers/fleet.html",
        {
            "kind": kind,
            "slug": slug,
            "kinds": KINDS,
            "rows": kind.rows(actor.organization, archived=archived),
            "archived": archived,
            "archived_count": kind.rows(actor.organization, archived=True).count(),
            "may_write": actor.may("trucks:write") and actor.organization.hauls,
            "partial": f"carriers/_{slug.replace('-', '_')}.html",
        },
    )


@require_http_methods(["GET", "HEAD", "POST"])
@scope_required("trucks:write")
def new_unit(request: HttpRequest, slug: str) -> HttpResponse:
    """Add a unit to the fleet."""
    kind, actor = _kind(slug), actor_of(request)
    if request.method != "POST":
        return _form(request, kind, slug, kind.form(organization=actor.organization))
    form = kind.form(request.POST, organization=actor.organization)
    if not form.is_valid():
        return _form(request, kind, slug, form, status=422)
    try:
        unit = kind.add(actor=actor, terms=form.terms())
    except Invalid as refusal:
        show_problems(form, refusal)
        return _form(request, kind, slug, form, status=422)
    except Conflict as refusal:
        form.add_error(_field(refusal), refusal.sentence)
        return _form(request, kind, slug, form, status=409)
    messages.success(request, f"Added {kind.noun} {unit}.")
    back = request.GET.get("then")
    return HttpResponseRedirect(reverse("carriers:new_leg") if back == "leg" else _list_of(slug))


@require_http_methods(["GET", "HEAD", "POST"])
@scope_required("trucks:write")
def edit_unit(request: HttpRequest, slug: str, unit_id: str) -> HttpResponse:
    """Change a unit of the fleet; postings keep the terms they were made with."""
    kind, actor = _kind(slug), actor_of(request)
    unit = kind.one(actor.organization, unit_id)
    more = {"kept": unit} if kind.keeps else {}
    if request.method != "POST":
        form = kind.form(initial=kind.form.values(unit), organization=actor.organization, **more)
        return _form(request, kind, slug, form, unit)
    form = kind.form(request.POST, organization=actor.organization, **more)
    if not form.is_valid():
        return _form(request, kind, slug, form, unit, status=422)
    try:
        version = form.cleaned_data["version"] or 0
        kind.edit(actor=actor, version=version, terms=form.terms(), **{kind.id_name: unit_id})
    except Invalid as refusal:
        show_problems(form, refusal)
        return _form(request, kind, slug, form, unit, status=422)
    except Stale as refusal:
        unit = kind.one(actor.organization, unit_id)
        form.data = form.data.copy()
        form.data["version"] = str(unit.version)
        form.add_error(None, f"{refusal.sentence.split(':')[0]}. What you typed is still here: check, then save again.")
        return _form(request, kind, slug, form, unit, status=412)
    except Conflict as refusal:
        form.add_error(_field(refusal), refusal.sentence)
        return _form(request, kind, slug, form, unit, status=409)
    messages.success(request, "Saved. Return legs that are posted keep their terms.")
    return HttpResponseRedirect(_list_of(slug))


@require_POST
@scope_required("trucks:write")
def archive_unit(request: HttpRequest, slug: str, unit_id: str) -> HttpResponse:
    """Take a unit out of service."""
    kind = _kind(slug)
    unit = kind.archive(actor=actor_of(request), **{kind.id_name: unit_id})
    messages.success(request, f"Archived {kind.noun} {unit}. You find it under Archived.")
    return HttpResponseRedirect(_list_of(slug))


@require_POST
@scope_required("trucks:write")
def restore_unit(request: HttpRequest, slug: str, unit_id: str) -> HttpResponse:
    """Put an archived unit back in service."""
    kind = _kind(slug)
    unit = kind.restore(actor=actor_of(request), **{kind.id_name: unit_id})
    messages.success(request, f"{unit} is back in service.")
    return HttpResponseRedirect(_list_of(slug))


def _list_of(slug: str) -> str:
    return reverse("carriers:trucks") if slug == "trucks" else reverse("carriers:units", args=[slug])


def _field(refusal: Conflict) -> str | None:
    return {"number_taken": "number", "name_taken": "name", "driver_exists": "name", "person_taken": "person"}.get(
        refusal.code
    )


def _form(
    request: HttpRequest, kind: Kind, slug: str, form: Any, unit: Any = None, *, status: int = 200
) -> HttpResponse:
    context = {
        "kind": kind,
        "slug": slug,
        "kinds": KINDS,
        "form": form,
        "unit": unit,
        "list_url": _list_of(slug),
    }
    return render(request, "carriers/fleet_form.html", context, status=status)
