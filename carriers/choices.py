"""Which units of the fleet a leg's terms name, and what they make of it: equipment, capacity, home."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from carriers.models import Driver, HomeBase, Trailer, Truck
from carriers.queries import driver_of, home_base_of, trailer_of, truck_of
from carriers.rules import implied_attributes
from carriers.terms import LegTerms
from foundation.accounts.models import Organization
from foundation.places.place import Place
from foundation.trade.equipment import Attribute
from foundation.trade.errors import NotFound
from foundation.trade.rules import Problems

Unit = TypeVar("Unit", Truck, Trailer, Driver, HomeBase)


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a leg rests on: the units of the fleet, home, and what the truck offers on the way."""

    truck: Truck
    trailer: Trailer | None
    driver: Driver | None
    home_base: HomeBase | None
    home: Place
    equipment: str
    attributes: int
    weight_pounds: int
    length_feet: int
    pallets: int

    @property
    def team(self) -> bool:
        """Whether two drivers take turns, so that the truck need not stop for rests."""
        return bool(self.attributes & Attribute.TEAM)


def base_place(base: HomeBase) -> Place:
    """Return where a home base lies."""
    return Place(base.zip, base.city, base.state, base.lat, base.lon, base.time_zone, "zip")


def choose(organization: Organization, terms: LegTerms, problems: Problems) -> Chosen | None:
    """Find what the terms name in the organization's own fleet; None when something is missing, which is noted."""
    truck = _in_service(problems, "truck", terms.truck, lambda: truck_of(organization, terms.truck))
    if truck is None:
        return None
    trailer = _unless_archived(truck.usual_trailer) if terms.trailer is None else None
    if terms.trailer:
        name = terms.trailer
        trailer = _in_service(problems, "trailer", name, lambda: trailer_of(organization, name))
    driver = _unless_archived(truck.usual_driver) if terms.driver is None else None
    if terms.driver:
        name_of_driver = terms.driver
        driver = _in_service(problems, "driver", name_of_driver, lambda: driver_of(organization, name_of_driver))
    base = _unless_archived(truck.home_base) if terms.home_base is None and terms.home is None else None
    if terms.home_base and terms.home is None:
        name_of_base = terms.home_base
        base = _in_service(problems, "home_base", name_of_base, lambda: home_base_of(organization, name_of_base))
    home = terms.home or (base_place(base) if base else None)
    if home is None:
        if not problems.has("home_base"):
            sentence = "Say where the truck must be home: a ZIP code or “City, ST”, or give the truck a home base."
            problems.add("home", "required", sentence)
        return None
    carrying = trailer or truck
    return Chosen(
        truck=truck,
        trailer=trailer,
        driver=driver,
        home_base=base,
        home=home,
        equipment=carrying.equipment if terms.equipment is None else terms.equipment,
        attributes=_offered(terms, carrying, driver),
        weight_pounds=carrying.weight_pounds if terms.weight_pounds is None else terms.weight_pounds,
        length_feet=carrying.length_feet if terms.length_feet is None else terms.length_feet,
        pallets=carrying.pallets if terms.pallets is None else terms.pallets,
    )


def _offered(terms: LegTerms, carrying: Truck | Trailer, driver: Driver | None) -> int:
    """Return what the truck offers with this driver: hazmat rests on the endorsement of the one who drives."""
    equipment = carrying.equipment if terms.equipment is None else terms.equipment
    offered = carrying.attributes if terms.attributes is None else terms.attributes
    if terms.attributes is None and driver is not None:
        offered &= ~int(Attribute.HAZMAT)
        offered |= int(Attribute.HAZMAT) if driver.hazmat_endorsed else 0
    return offered | implied_attributes(equipment)


def _in_service(problems: Problems, field: str, public_id: str, find: Callable[[], Unit]) -> Unit | None:
    """Return a unit of the fleet, or note that it is not there or archived."""
    try:
        unit = find()
    except NotFound as absent:
        code, sentence = ("not_found", absent.sentence) if public_id else ("required", f"Choose a {field}.")
        problems.add(field, code, sentence)
        return None
    if unit.archived_at is not None:
        problems.add(field, "archived", f"{unit} is archived. Choose another, or put it back in service under Fleet.")
        return None
    return unit


def _unless_archived(unit: Unit | None) -> Unit | None:
    return None if unit is None or unit.archived_at is not None else unit
