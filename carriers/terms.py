"""The terms of a fleet, a headhaul and a return leg, as their owner gives them; `carriers.rules` judges them."""

from dataclasses import dataclass, field
from datetime import date, datetime

from foundation.places.place import Place
from foundation.trade.hours import DutyClock
from foundation.trade.posting import Audience


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeBaseTerms:
    """A place that trucks come home to."""

    name: str
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class DriverTerms:
    """Somebody who drives; `person` is the public id of a member with the role driver, or "" without a sign-in."""

    name: str
    phone: str = ""
    hazmat_endorsed: bool = False
    person: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrailerTerms:
    """A trailer and what it holds; None is the usual capacity of its equipment.

    `attributes` is a set of `trade.equipment.Attribute` bits.
    """

    number: str
    equipment: str
    attributes: int = 0
    weight_pounds: int | None = None
    length_feet: int | None = None
    pallets: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TruckTerms:
    """A truck with what it usually pulls; None is the usual capacity of its equipment.

    Home base, driver and trailer are public ids; "" is none.
    """

    number: str
    equipment: str
    attributes: int = 0
    weight_pounds: int | None = None
    length_feet: int | None = None
    pallets: int | None = None
    home_base: str = ""
    usual_driver: str = ""
    usual_trailer: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CostTerms:
    """The carrier's own costs from a day on, in cents: a mile loaded, a mile empty, an on-duty hour, an hour late."""

    valid_from: date
    loaded_cents_per_mile: int
    empty_cents_per_mile: int
    hour_cents: int
    delay_hour_cents: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class LegTerms:
    """An empty trip home: which truck, where and when it empties, where and by when it must be home, and its limits.

    `truck`, `trailer`, `driver` and `home_base` are public ids. For `trailer`, `driver` and `home_base` None means
    the truck's usual one and "" none. `home` is given where the truck goes somewhere else than to a base. Equipment
    and capacity of None follow the trailer, or the truck where there is no trailer; they are given where the truck
    has something else or less free. A limit of None is no limit. Instants are aware.
    """

    truck: str
    empty: Place
    ready_at: datetime
    home_by: datetime
    home: Place | None = None
    home_base: str | None = None
    trailer: str | None = None
    driver: str | None = None
    equipment: str | None = None
    attributes: int | None = None
    weight_pounds: int | None = None
    length_feet: int | None = None
    pallets: int | None = None
    max_pickup_deadhead_miles: int | None = None
    max_home_deadhead_miles: int | None = None
    max_out_of_route_miles: int | None = None
    clock: DutyClock = field(default_factory=DutyClock)
    audience: str = Audience.MARKET
    partners_first_until: datetime | None = None
    reference: str = ""
    notes: str = ""
    private_notes: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TripTerms:
    """A headhaul: from where and when it departs. The leg that comes with it says where and when the truck empties."""

    origin: Place
    departs_at: datetime
    reference: str = ""
