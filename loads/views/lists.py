"""The lists: an organization's own loads, the market's, and the counts by lane."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from foundation.accounts.access import actor_of, scope_required
from foundation.accounts.models import Organization
from foundation.places.forms import PlaceField
from foundation.trade import clock
from foundation.trade.equipment import LOAD_EQUIPMENT_CHOICES, TRUCK_EQUIPMENT_CHOICES
from foundation.trade.posting import CONFIRMATION_ASKED_AFTER, Status
from foundation.trade.time_fields import check_day, day_in
from loads.models import Load
from loads.queries import came_since, lane_counts, loads_to_sell, market_loads, near, own_loads, standing_of
from loads.visibility import Viewer, view

PAGE_SIZE = 50
MOST_PAGES = 200
MOST_COUNTED = 99
SLACK = timedelta(seconds=10)  # what was being posted while the page was made is on neither side of its instant
_SINCE = "`since` must be the instant at which the page was made, as 2026-11-23T07:00:00Z. Reload the page."


class OwnFilter(forms.Form):
    """What an organization may narrow its own list by."""

    status = forms.ChoiceField(choices=[("", "Any status"), *Status.choices], required=False)
    equipment = forms.ChoiceField(choices=[("", "Any equipment"), *LOAD_EQUIPMENT_CHOICES], required=False)
    q = forms.CharField(
        label="Search",
        max_length=80,
        required=False,
        widget=forms.TextInput(attrs={"type": "search", "placeholder": "City, reference, commodity"}),
    )
    confirm = forms.BooleanField(label="To be confirmed", required=False)


class MarketFilter(forms.Form):
    """What the market may be narrowed by: only by what everybody sees of a load."""

    near = PlaceField(label="Pickup near", required=False)
    radius = forms.TypedChoiceField(
        label="Within",
        choices=[(str(miles), f"{miles} miles") for miles in (25, 50, 100, 150, 250)],
        coerce=int,
        required=False,
    )
    equipment = forms.ChoiceField(label="For my", choices=[("", "Any truck"), *TRUCK_EQUIPMENT_CHOICES], required=False)
    book_now = forms.BooleanField(label="Book now", required=False)
    day = forms.DateField(
        label="Pickup on",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        validators=[check_day],
    )


@require_safe
@scope_required("loads:read")
def own_list(request: HttpRequest) -> HttpResponse:
    """Show the organization's own loads; who does not ship is shown those that it sells, or the market's."""
    organization = actor_of(request).organization
    if not organization.ships and not own_loads(organization).exists():
        sells = organization.brokers and loads_to_sell(organization).exists()
        return HttpResponseRedirect(reverse("loads:selling" if sells else "loads:market"))
    now = clock.now()
    form = OwnFilter(request.GET)
    rows = own_loads(organization)
    wanted = form.cleaned_data if form.is_valid() else {}
    if wanted.get("status"):
        rows = rows.filter(status=wanted["status"])
    if wanted.get("equipment"):
        rows = rows.filter(equipment=wanted["equipment"])
    if wanted.get("confirm"):
        rows = rows.filter(status=Status.OPEN, confirmed_at__lte=now - CONFIRMATION_ASKED_AFTER)
    if wanted.get("q"):
        rows = _search(rows, wanted["q"])
    loads, paging = _page(request, rows)
    for load in loads:
        load.asks = load.asks_for_confirmation(now)  # type: ignore[attr-defined]
    context = {
        "form": form,
        "filtered": any(wanted.values()),
        "loads": loads,
        "now": now,
        "asked": [load for load in loads if load.asks],  # type: ignore[attr-defined]
        "may_write": actor_of(request).may("loads:write"),
        **paging,
    }
    return render(request, "loads/list.html", context)


@require_safe
@scope_required("loads:read")
def selling(request: HttpRequest) -> HttpResponse:
    """Show the loads of others that the organization sells, with both its rates."""
    actor = actor_of(request)
    now = clock.now()
    form = OwnFilter(request.GET)
    del form.fields["confirm"]
    rows = loads_to_sell(actor.organization)
    wanted = form.cleaned_data if form.is_valid() else {}
    if wanted.get("status"):
        rows = rows.filter(status=wanted["status"])
    if wanted.get("equipment"):
        rows = rows.filter(equipment=wanted["equipment"])
    if wanted.get("q"):
        rows = _search(rows, wanted["q"], own=False)
    loads, paging = _page(request, rows)
    context = {
        "form": form,
        "filtered": any(wanted.values()),
        "loads": [view(load, Viewer.SELLER) for load in loads],
        "now": now,
        "may_write": actor.may("loads:write"),
        **paging,
    }
    return render(request, "loads/selling.html", context)


class Shown(forms.Form):
    """What an open market list shows, and since when it does."""

    since = forms.DateTimeField(error_messages={"required": _SINCE, "invalid": _SINCE})
    shown = forms.CharField(required=False, max_length=PAGE_SIZE * 40)


@require_safe
@scope_required("loads:read")
def market(request: HttpRequest) -> HttpResponse:
    """Show the open loads of others that the organization may see; the unverified see counts by lane."""
    organization = actor_of(request).organization
    if not organization.is_verified:
        counts: HttpResponse = lanes(request)
        return counts
    now = clock.now()
    form, rows, filtered = _filtered_market(request, now)
    loads, paging = _page(request, rows)
    context = {
        "form": form,
        "filtered": filtered,
        "loads": _as_seen(organization, loads, now),
        "now": now,
        "since": now.isoformat(),
        "first_page": _first_page(request),
        **paging,
    }
    return render(request, "loads/market.html", context)


@require_safe
@scope_required("loads:read")
def market_now(request: HttpRequest) -> HttpResponse:
    """Show what an open market list shows as it stands now, without what is gone, and how many came meanwhile.

    With `shown` the loads of the page, by commas, and `since` the instant at which it was made.
    """
    organization = actor_of(request).organization
    asked = Shown(request.GET)
    if not asked.is_valid():
        return HttpResponse(_SINCE, status=422, content_type="text/plain; charset=utf-8")
    now = clock.now()
    shown = asked.cleaned_data["shown"].split(",")[:PAGE_SIZE]
    standing = market_loads(organization, now).filter(public_id__in=shown)
    since = asked.cleaned_data["since"] - SLACK
    fresh = came_since(_filtered_market(request, now)[1], since).exclude(public_id__in=shown).order_by()
    context = {
        "loads": _as_seen(organization, standing, now),
        "now": now,
        "fresh": fresh[: MOST_COUNTED + 1].count(),
        "most": MOST_COUNTED,
    }
    return render(request, "loads/_market_now.html", context)


def _as_seen(organization: Organization, loads: Iterable[Load], now: datetime) -> list[dict[str, Any]]:
    standing = standing_of(organization, now)
    return [view(load, standing.of(load)) | {"standing": standing.of(load)} for load in loads]


def _filtered_market(request: HttpRequest, now: datetime) -> tuple[MarketFilter, QuerySet[Load], bool]:
    """Return the market's filter as it was typed, the loads that it leaves, and whether it leaves any out."""
    organization = actor_of(request).organization
    typed = request.GET.copy()
    typed.setdefault("radius", "100")
    form = MarketFilter(typed)
    form.is_valid()
    wanted = form.cleaned_data
    rows = market_loads(organization, now)
    place = wanted.get("near")
    if place is not None:
        radius = int(wanted.get("radius") or 100)
        rows = near(rows, end="pickup", lat=place.lat, lon=place.lon, radius_miles=radius)
    if wanted.get("equipment"):
        rows = rows.filter(truck_codes__contains=[wanted["equipment"]])
    if wanted.get("day"):
        begins, ends = day_in(wanted["day"], organization.time_zone)
        rows = rows.filter(pickup_opens_at__lt=ends, pickup_closes_at__gt=begins)
    if wanted.get("book_now"):
        rows = rows.filter(book_now=True)
    filtered = bool(place or wanted.get("equipment") or wanted.get("day") or wanted.get("book_now"))
    return form, rows, filtered


@require_safe
@scope_required("loads:read")
def lanes(request: HttpRequest) -> HttpResponse:
    """Show how much freight waits on which lane: counts only, for everyone signed in."""
    organization = actor_of(request).organization
    return render(request, "loads/lanes.html", {"lanes": lane_counts(organization, limit=50)})


def _search(rows: QuerySet[Load], words: str, *, own: bool = True) -> QuerySet[Load]:
    """Keep the loads that hold every word somewhere; ZIP codes and the owner's number are found in own ones only."""
    for word in words.replace("\0", "").replace(",", " ").split()[:6]:
        at_stop = Q(stops__city__icontains=word) | Q(stops__state__iexact=word)
        of_load = Q(reference__icontains=word) | Q(commodity__icontains=word) | Q(public_id=word)
        if own:
            at_stop |= Q(stops__zip=word)
            of_load |= Q(external_id__icontains=word)
        rows = rows.filter(of_load | Q(pk__in=Load.objects.filter(at_stop).values("pk")))
    return rows


def _first_page(request: HttpRequest) -> str:
    query = request.GET.copy()
    query.pop("page", None)
    return query.urlencode()


def _page(request: HttpRequest, rows: QuerySet[Load]) -> tuple[list[Load], dict[str, Any]]:
    """Return one page of rows and the addresses of its neighbours; nothing is counted."""
    given = request.GET.get("page", "1")
    number = min(int(given), MOST_PAGES) if given.isascii() and given.isdigit() and int(given[:6]) > 0 else 1
    start = (number - 1) * PAGE_SIZE
    found = list(rows[start : start + PAGE_SIZE + 1])

    def address(page: int) -> str:
        query = request.GET.copy()
        query["page"] = str(page)
        return f"?{query.urlencode()}"

    paging = {
        "page": number,
        "previous_page": address(number - 1) if number > 1 else "",
        "next_page": address(number + 1) if len(found) > PAGE_SIZE and number < MOST_PAGES else "",
    }
    return found[:PAGE_SIZE], paging
