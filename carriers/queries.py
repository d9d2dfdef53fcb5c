"""Reads of fleets, trips and return legs; the organization that asks comes first, and sees what is in its sight."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any, TypeVar

from django.db.models import Count, Model, Q, QuerySet

from carriers.costs import OWN, Costs, default_costs_on
from carriers.models import CostSetting, Driver, HomeBase, ReturnLeg, Trailer, Truck
from carriers.visibility import Standing
from foundation.accounts.audience import posting_visible_to
from foundation.accounts.models import Membership, Organization, Person, Role
from foundation.accounts.queries import represented_by
from foundation.places.nearby import nearby
from foundation.trade import clock
from foundation.trade.errors import NotFound
from foundation.trade.kept import Kept
from foundation.trade.life_cycle import fresh_first, on_the_market
from foundation.trade.posting import CONFIRMATION_ASKED_AFTER, Audience, Status

Row = TypeVar("Row", bound=Model)


def _one(rows: QuerySet[Row], public_id: str, sentence: str) -> Row:
    return _here(rows.filter(public_id=public_id).first(), sentence)


def _here(row: Row | None, sentence: str) -> Row:
    if row is None:
        raise NotFound(sentence)
    return row


# --- The fleet --------------------------------------------------------------------------------------------------------


def trucks_of(organization: Organization, *, archived: bool = False) -> QuerySet[Truck]:
    """Return the organization's trucks in service (or the archived ones), by number."""
    rows = Truck.objects.filter(organization=organization, archived_at__isnull=not archived)
    return rows.select_related("home_base", "usual_driver", "usual_trailer").order_by("number", "id")


def trailers_of(organization: Organization, *, archived: bool = False) -> QuerySet[Trailer]:
    """Return the organization's trailers in service (or the archived ones), by number."""
    return Trailer.objects.filter(organization=organization, archived_at__isnull=not archived).order_by("number", "id")


def drivers_of(organization: Organization, *, archived: bool = False) -> QuerySet[Driver]:
    """Return the organization's drivers (or the archived ones), by name."""
    rows = Driver.objects.filter(organization=organization, archived_at__isnull=not archived)
    return rows.select_related("person").order_by("name", "id")


def home_bases_of(organization: Organization, *, archived: bool = False) -> QuerySet[HomeBase]:
    """Return the organization's home bases (or the archived ones), by name."""
    return HomeBase.objects.filter(organization=organization, archived_at__isnull=not archived).order_by("name", "id")


_TRUCK: Kept[Truck] = Kept(
    lambda **which: Truck.objects.filter(**which).select_related("home_base", "usual_driver", "usual_trailer")
)


def truck_of(organization: Organization, public_id: str) -> Truck:
    """Return one of the organization's trucks, archived or not. Raises NotFound."""
    return _here(
        _TRUCK.first(organization=organization.pk, public_id=public_id), "There is no such truck in your fleet."
    )


def trailer_of(organization: Organization, public_id: str) -> Trailer:
    """Return one of the organization's trailers, archived or not. Raises NotFound."""
    return _one(Trailer.objects.filter(organization=organization), public_id, "There is no such trailer in your fleet.")


def driver_of(organization: Organization, public_id: str) -> Driver:
    """Return one of the organization's drivers, archived or not. Raises NotFound."""
    rows = Driver.objects.filter(organization=organization).select_related("person")
    return _one(rows, public_id, "There is no such driver in your fleet.")


def home_base_of(organization: Organization, public_id: str) -> HomeBase:
    """Return one of the organization's home bases, archived or not. Raises NotFound."""
    return _one(HomeBase.objects.filter(organization=organization), public_id, "There is no such home base of yours.")


def truck_by_external_id(organization: Organization, external_id: str) -> Truck | None:
    """Return the organization's truck with its own system's number, if there is one."""
    rows = Truck.objects.filter(organization=organization).select_related("home_base", "usual_driver", "usual_trailer")
    return rows.filter(external_id=external_id).first() if external_id else None


def people_who_drive(organization: Organization) -> QuerySet[Person]:
    """Return the members with the role driver: those whom a driver of the fleet may sign in as."""
    members = Membership.objects.filter(organization=organization, role=Role.DRIVER)
    return Person.objects.filter(pk__in=members.values("person")).order_by("full_name", "email")


# --- Costs: for the organization itself only --------------------------------------------------------------------------


def cost_settings_of(organization: Organization) -> QuerySet[CostSetting]:
    """Return the organization's own cost settings, newest first."""
    return CostSetting.objects.filter(organization=organization).order_by("-valid_from")


def costs_on(organization: Organization, day: date) -> Costs:
    """Return what miles and hours cost the organization on a day: its own figures, or the dated defaults."""
    own = cost_settings_of(organization).filter(valid_from__lte=day).first()
    if own is None:
        return default_costs_on(day)
    return Costs(
        valid_from=own.valid_from,
        loaded_cents_per_mile=own.loaded_cents_per_mile,
        empty_cents_per_mile=own.empty_cents_per_mile,
        hour_cents=own.hour_cents,
        delay_hour_cents=own.delay_hour_cents,
        source=OWN,
        is_default=False,
    )


_COSTS: Kept[CostSetting] = Kept(lambda **which: CostSetting.objects.filter(**which).order_by("-valid_from"))


def own_costs_of(organization_ids: Iterable[int]) -> dict[int, list[CostSetting]]:
    """Return several carriers' own cost settings by key, newest first: for matching, which shows each only its own
    figures.
    """
    found: dict[int, list[CostSetting]] = {}
    keys = set(organization_ids)
    if len(keys) == 1:
        settings = _COSTS.all(organization=min(keys))
    else:
        settings = list(CostSetting.objects.filter(organization__in=keys).order_by("-valid_from"))
    for setting in settings:
        found.setdefault(setting.organization_id, []).append(setting)
    return found


# --- Return legs ------------------------------------------------------------------------------------------------------


def _legs() -> QuerySet[ReturnLeg]:
    return ReturnLeg.objects.select_related("organization", "truck", "trailer", "driver", "trip", "home_base")


_LEG: Kept[ReturnLeg] = Kept(lambda **which: _legs().filter(**which))


def own_legs(organization: Organization) -> QuerySet[ReturnLeg]:
    """Return the organization's own legs in every status, newest first."""
    return _legs().filter(organization=organization).order_by("-id")


def last_leg_of(truck: Truck) -> ReturnLeg | None:
    """Return the leg that was posted last for a truck: its limits are what the next one starts from."""
    return ReturnLeg.objects.filter(truck=truck, organization=truck.organization).order_by("-id").first()


def visible_legs(organization: Organization, now: datetime | None = None) -> QuerySet[ReturnLeg]:
    """Return the open legs that the organization may see, its own among them, freshly confirmed first."""
    moment = now or clock.now()
    rows = _legs().filter(on_the_market(moment), posting_visible_to(organization, moment))
    return rows.order_by(*fresh_first())


def market_legs(organization: Organization, now: datetime | None = None) -> QuerySet[ReturnLeg]:
    """Return the open legs of others that the organization may see; nothing before it is verified."""
    return visible_legs(organization, now).exclude(organization=organization)


def near_empty(rows: QuerySet[ReturnLeg], *, lat: float, lon: float, radius_miles: float) -> QuerySet[ReturnLeg]:
    """Keep the legs that empty within so many miles of a point, measured to the centre of the city, which all see."""
    return nearby(
        rows, lat_column="empty_area_lat", lon_column="empty_area_lon", lat=lat, lon=lon, radius_miles=radius_miles
    )


def own_leg(organization: Organization, public_id: str) -> ReturnLeg:
    """Return one of the organization's own legs. Raises NotFound."""
    return _here(_LEG.first(organization=organization.pk, public_id=public_id), "There is no such return leg here.")


def locked_leg(*, pk: int | None = None, public_id: str = "") -> ReturnLeg:
    """Return a leg with its units, its row held until the transaction ends: for a service that has checked who asks.

    Raises NotFound.
    """
    rows = _legs().select_for_update(of=("self",))
    leg = rows.filter(pk=pk).first() if pk is not None else rows.filter(public_id=public_id).first()
    if leg is None:
        raise NotFound("There is no such return leg here.")
    return leg


def leg_of(organization: Organization, public_id: str, now: datetime | None = None) -> ReturnLeg:
    """Return a leg that is the organization's own, or open and in its sight. Raises NotFound."""
    moment = now or clock.now()
    seen = Q(organization=organization) | (on_the_market(moment) & posting_visible_to(organization, moment))
    return _one(_legs().filter(seen), public_id, "There is no such return leg here.")


def leg_by_external_id(organization: Organization, external_id: str) -> ReturnLeg | None:
    """Return the organization's leg with its own system's number, if there is one."""
    return own_legs(organization).filter(external_id=external_id).first() if external_id else None


def leg_by_form(organization: Organization, form_token: str) -> ReturnLeg | None:
    """Return the leg that a form has made already, if it was sent before."""
    return own_legs(organization).filter(form_token=form_token).first() if form_token else None


def waiting_for_confirmation(organization: Organization, now: datetime) -> QuerySet[ReturnLeg]:
    """Return the organization's open legs that it has not confirmed for 12 h, the oldest word first."""
    rows = _legs().filter(organization=organization, status=Status.OPEN)
    return rows.filter(confirmed_at__lte=now - CONFIRMATION_ASKED_AFTER).order_by("confirmed_at", "id")


def standing_of(organization: Organization, now: datetime | None = None) -> Standing:
    """Return how the organization stands to legs: which are its own, which of those it represents."""
    return Standing(organization, represented_by(organization, now).values_list("pk", flat=True))


def open_legs() -> QuerySet[ReturnLeg]:
    """Return all open legs, whoever asks: for matching, which judges each pair itself; never for a page."""
    return ReturnLeg.objects.filter(status=Status.OPEN)


def status_counts(organization: Organization) -> dict[str, int]:
    """Return how many legs the organization has in each status."""
    rows = ReturnLeg.objects.filter(organization=organization).values("status").annotate(count=Count("pk"))
    counts = {row["status"]: row["count"] for row in rows.order_by()}
    return {status: counts.get(status, 0) for status in Status.values}


def lane_counts(organization: Organization, limit: int = 20) -> list[dict[str, Any]]:
    """Return the busiest lanes between states with their count of trucks heading that way; all that the unverified
    see.

    Postings for partners only are left out, and lanes with fewer than three trucks, so that no count points at a
    carrier.
    """
    rows = (
        ReturnLeg.objects.filter(
            on_the_market(clock.now()),
            audience=Audience.MARKET,
            organization__market=organization.market,
            organization__verified_at__isnull=False,
        )
        .values("empty_state", "home_state")
        .annotate(legs=Count("pk"))
        .filter(legs__gte=3)
        .order_by("-legs", "empty_state", "home_state")[:limit]
    )
    return [{"from_state": row["empty_state"], "to_state": row["home_state"], "legs": row["legs"]} for row in rows]
