"""Reads of fleets, trips and return legs; the organization that asks comes first, and what is not in its sight is not found."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeVar

from django.db.models import Count, Model, Q, QuerySet

from carriers.costs import OWN, Costs, default_costs_on
from carriers.models import CostSetting, Driver, HomeBase, ReturnLeg, Trailer, Trip, Truck
from foundation.accounts.audience import posting_visible_to
from foundation.accounts.models import Membership, Organization, Person, Role
from foundation.trade.errors import NotFound
from foundation.trade.posting import OFF_THE_MARKET_AFTER, Audience, Status

Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True, slots=True)
class LaneCount:
    """How many trucks head from one state to another."""

    from_state: str
    to_state: str
    count: int


def _one(rows: QuerySet[Row], public_id: str, sentence: str) -> Row:
    row = rows.filter(public_id=public_id).first()
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


def truck_of(organization: Organization, public_id: str) -> Truck:
    """Return one of the organization's trucks, archived or not. Raises NotFound."""
    rows = Truck.objects.filter(organization=organization).select_related("home_base", "usual_driver", "usual_trailer")
    return _one(rows, public_id, "There is no such truck in your fleet.")


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


# --- Return legs ------------------------------------------------------------------------------------------------------


def _legs() -> QuerySet[ReturnLeg]:
    return ReturnLeg.objects.select_related("organization", "truck", "trailer", "driver", "trip", "home_base")


def own_legs(organization: Organization) -> QuerySet[ReturnLeg]:
    """Return the organization's own legs in every status, newest first."""
    return _legs().filter(organization=organization).order_by("-id")


def last_leg_of(truck: Truck) -> ReturnLeg | None:
    """Return the leg that was posted last for a truck: its limits are what the next one starts from."""
    return ReturnLeg.objects.filter(truck=truck, organization=truck.organization).order_by("-id").first()


def on_the_market(now: datetime) -> Q:
    """Return the condition under which a leg is still good, also where the sweep has not come by yet."""
    return Q(status=Status.OPEN, expires_at__gt=now, confirmed_at__gt=now - OFF_THE_MARKET_AFTER)


def visible_legs(organization: Organization, now: datetime) -> QuerySet[ReturnLeg]:
    """Return the open legs that the organization may see, its own among them, soonest ready first."""
    return _legs().filter(on_the_market(now), posting_visible_to(organization, now)).order_by("ready_at", "id")


def own_leg(organization: Organization, public_id: str) -> ReturnLeg:
    """Return one of the organization's own legs. Raises NotFound."""
    return _one(_legs().filter(organization=organization), public_id, "There is no such return leg of yours.")


def leg_of(organization: Organization, public_id: str, now: datetime) -> ReturnLeg:
    """Return a leg that is the organization's own, or open and in its sight. Raises NotFound."""
    seen = Q(organization=organization) | (on_the_market(now) & posting_visible_to(organization, now))
    return _one(_legs().filter(seen), public_id, "There is no such return leg.")


def open_legs() -> QuerySet[ReturnLeg]:
    """Return all open legs, whosever they are: for matching, which decides itself who hears of a pair. Never for a page."""
    return _legs().filter(status=Status.OPEN)


def trips_of(organization: Organization) -> QuerySet[Trip]:
    """Return the organization's headhauls, newest departure first. They are private to it."""
    return Trip.objects.filter(organization=organization).select_related("truck", "leg").order_by("-departs_at", "-id")


def lane_counts(organization: Organization, now: datetime, *, limit: int = 50) -> list[LaneCount]:
    """Return how many trucks head from state to state on the organization's market, most first; the unverified see these too.

    Only postings for the whole market count, so that no partner's posting shows in a figure.
    """
    for_all = Q(audience=Audience.MARKET) | Q(audience=Audience.PARTNERS_FIRST, partners_first_until__lte=now)
    rows = (
        ReturnLeg.objects.filter(on_the_market(now), for_all)
        .filter(organization__market=organization.market, organization__verified_at__isnull=False)
        .values("empty_state", "home_state")
        .annotate(count=Count("id"))
        .order_by("-count", "empty_state", "home_state")[:limit]
    )
    return [LaneCount(row["empty_state"], row["home_state"], row["count"]) for row in rows]
