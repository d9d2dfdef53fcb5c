"""Every write of the fleet: its units are added, edited, archived and restored, never deleted."""

from collections.abc import Callable
from typing import Any, TypeVar

from django.db import transaction
from django.db.models import Q

from carriers.models import Driver, HomeBase, ReturnLeg, Trailer, Truck
from carriers.queries import (
    driver_of,
    drivers_of,
    home_base_of,
    home_bases_of,
    people_who_drive,
    trailer_of,
    trailers_of,
    truck_by_external_id,
    truck_of,
)
from carriers.rules import check_capacity, check_driver, check_home_base, implied_attributes
from carriers.terms import DriverTerms, HomeBaseTerms, TrailerTerms, TruckTerms
from foundation.accounts.actor import Actor
from foundation.accounts.models import Organization
from foundation.events.services import publish, record_audit
from foundation.places.areas import centroid
from foundation.trade import clock
from foundation.trade.constraints import refusing
from foundation.trade.equipment import EQUIPMENT
from foundation.trade.errors import Conflict, Forbidden
from foundation.trade.life_cycle import check_version
from foundation.trade.posting import Status
from foundation.trade.rules import Problems

Unit = TypeVar("Unit", Truck, Trailer, Driver, HomeBase)

TAKEN = {
    "one_truck_per_number": Conflict(
        "number_taken", "You have a truck with this number already. Use another number, or archive that truck."
    ),
    "one_truck_per_external_id": Conflict(
        "external_id_taken", "You have a truck with this number of your own system already. Change that one."
    ),
    "one_trailer_per_number": Conflict(
        "number_taken", "You have a trailer with this number already. Use another number, or archive that trailer."
    ),
    "one_driver_per_person": Conflict(
        "person_taken", "Another driver signs in as this person already. Choose somebody else, or leave it empty."
    ),
    "one_driver_per_name_and_phone": Conflict(
        "driver_exists", "You have a driver with this name and phone number already."
    ),
    "one_home_base_per_name": Conflict("name_taken", "You have a home base with this name already. Use another name."),
}


# --- Home bases -------------------------------------------------------------------------------------------------------


def add_home_base(*, actor: Actor, terms: HomeBaseTerms) -> HomeBase:
    """Add a place that trucks come home to. Raises `Forbidden`, `Invalid`, `Conflict` for a name that is taken."""
    return _add(actor, HomeBase(organization=actor.organization), "home_base.added", _base_columns(actor, terms))


def edit_home_base(*, actor: Actor, home_base_id: str, version: int | None, terms: HomeBaseTerms) -> HomeBase:
    """Change a home base; postings keep the place they were made with. Raises as `add_home_base`, and `NotFound`,
    `Stale`.
    """
    base = home_base_of(actor.organization, home_base_id)
    return _edit(actor, base, version, "home_base.edited", _base_columns(actor, terms))


def archive_home_base(*, actor: Actor, home_base_id: str, version: int | None = None) -> HomeBase:
    """Take a home base out of use. Raises `Forbidden`, `NotFound`, `Stale`."""
    return _archive(actor, home_base_of(actor.organization, home_base_id), version, "home_base.archived")


def restore_home_base(*, actor: Actor, home_base_id: str, version: int | None = None) -> HomeBase:
    """Put an archived home base back in use. Raises `Forbidden`, `NotFound`, `Stale`, `Conflict`."""
    return _restore(actor, home_base_of(actor.organization, home_base_id), version, "home_base.restored")


def _base_columns(actor: Actor, terms: HomeBaseTerms) -> dict[str, Any]:
    _require(actor)
    problems = Problems()
    check_home_base(terms, problems)
    problems.settle()
    point = centroid(terms.place)
    return {
        "name": terms.name.strip(),
        "city": terms.place.city,
        "state": terms.place.state,
        "zip": terms.place.zip or "",
        "lat": point.lat,
        "lon": point.lon,
        "time_zone": terms.place.time_zone,
    }


# --- Drivers ----------------------------------------------------------------------------------------------------------


def add_driver(*, actor: Actor, terms: DriverTerms) -> Driver:
    """Add somebody who drives. Raises `Forbidden`, `Invalid`, `Conflict` when the person drives for you already."""
    return _add(actor, Driver(organization=actor.organization), "driver.added", _driver_columns(actor, terms))


def edit_driver(*, actor: Actor, driver_id: str, version: int | None, terms: DriverTerms) -> Driver:
    """Change a driver. Raises as `add_driver`, and `NotFound`, `Stale`."""
    driver = driver_of(actor.organization, driver_id)
    return _edit(actor, driver, version, "driver.edited", _driver_columns(actor, terms))


def archive_driver(*, actor: Actor, driver_id: str, version: int | None = None) -> Driver:
    """Take a driver out of service. Raises `Forbidden`, `NotFound`, `Stale`, `Conflict` while a posting names the
    driver.
    """
    driver = driver_of(actor.organization, driver_id)
    return _archive(actor, driver, version, "driver.archived", busy=Q(driver=driver))


def restore_driver(*, actor: Actor, driver_id: str, version: int | None = None) -> Driver:
    """Put an archived driver back in service. Raises `Forbidden`, `NotFound`, `Stale`, `Conflict`."""
    return _restore(actor, driver_of(actor.organization, driver_id), version, "driver.restored")


def _driver_columns(actor: Actor, terms: DriverTerms) -> dict[str, Any]:
    _require(actor)
    problems = Problems()
    check_driver(terms, problems)
    person = people_who_drive(actor.organization).filter(public_id=terms.person).first() if terms.person else None
    if terms.person and person is None:
        sentence = "Choose a member with the role driver. An owner invites one under People."
        problems.add("person", "not_found", sentence)
    problems.settle()
    return {
        "name": terms.name.strip(),
        "phone": terms.phone.strip(),
        "hazmat_endorsed": terms.hazmat_endorsed,
        "person": person,
    }


# --- Trailers ---------------------------------------------------------------------------------------------------------


def add_trailer(*, actor: Actor, terms: TrailerTerms) -> Trailer:
    """Add a trailer. Raises `Forbidden`, `Invalid`, `Conflict` for a number that is taken."""
    return _add(actor, Trailer(organization=actor.organization), "trailer.added", _trailer_columns(actor, terms))


def edit_trailer(*, actor: Actor, trailer_id: str, version: int | None, terms: TrailerTerms) -> Trailer:
    """Change a trailer; no posting changes with it. Raises as `add_trailer`, and `NotFound`, `Stale`."""
    trailer = trailer_of(actor.organization, trailer_id)
    return _edit(actor, trailer, version, "trailer.edited", _trailer_columns(actor, terms))


def archive_trailer(*, actor: Actor, trailer_id: str, version: int | None = None) -> Trailer:
    """Take a trailer out of service. Raises `Forbidden`, `NotFound`, `Stale`, `Conflict` while on a leg."""
    trailer = trailer_of(actor.organization, trailer_id)
    return _archive(actor, trailer, version, "trailer.archived", busy=Q(trailer=trailer))


def restore_trailer(*, actor: Actor, trailer_id: str, version: int | None = None) -> Trailer:
    """Put an archived trailer back in service. Raises `Forbidden`, `NotFound`, `Stale`, `Conflict`."""
    return _restore(actor, trailer_of(actor.organization, trailer_id), version, "trailer.restored")


def _trailer_columns(actor: Actor, terms: TrailerTerms) -> dict[str, Any]:
    _require(actor)
    problems = Problems()
    values = _capacity_columns(terms, problems, "The trailer number")
    problems.settle()
    return values


# --- Trucks -----------------------------------------------------------------------------------------------------------


def add_truck(*, actor: Actor, terms: TruckTerms, external_id: str = "") -> Truck:
    """Add a truck; what is not said follows from its equipment.

    Raises `Forbidden`, `Invalid`, `Conflict` for a number that is taken.
    """
    values = _truck_columns(actor, terms)
    problems = Problems()
    problems.text("external_id", external_id, longest=64, label="The number of your own system")
    problems.settle()
    return _add(actor, Truck(organization=actor.organization, external_id=external_id), "truck.added", values)


def edit_truck(*, actor: Actor, truck_id: str, version: int | None, terms: TruckTerms) -> Truck:
    """Change a truck; no posting changes with it. Raises as `add_truck`, and `NotFound`, `Stale`."""
    truck = truck_of(actor.organization, truck_id)
    return _edit(actor, truck, version, "truck.edited", _truck_columns(actor, terms, keep=truck))


def upsert_truck(*, actor: Actor, external_id: str, terms: TruckTerms, version: int | None = None) -> tuple[Truck, str]:
    """Add the truck with this number of the caller's own system, or bring it up to date: "created", "changed",
    "unchanged".

    Raises as `add_truck` and `edit_truck`.
    """
    truck = truck_by_external_id(actor.organization, external_id)
    if truck is None:
        return add_truck(actor=actor, terms=terms, external_id=external_id), "created"
    before = truck.version
    truck = edit_truck(actor=actor, truck_id=truck.public_id, version=version, terms=terms)
    return truck, "unchanged" if truck.version == before else "changed"


def archive_truck(*, actor: Actor, truck_id: str, version: int | None = None) -> Truck:
    """Take a truck out of service. Raises `Forbidden`, `NotFound`, `Stale`, `Conflict` while a posting of it is open or
    booked.
    """
    truck = truck_of(actor.organization, truck_id)
    return _archive(actor, truck, version, "truck.archived", busy=Q(truck=truck))


def restore_truck(*, actor: Actor, truck_id: str, version: int | None = None) -> Truck:
    """Put an archived truck back in service. Raises `Forbidden`, `NotFound`, `Stale`, `Conflict` when its number is
    taken.
    """
    return _restore(actor, truck_of(actor.organization, truck_id), version, "truck.restored")


def _truck_columns(actor: Actor, terms: TruckTerms, keep: Truck | None = None) -> dict[str, Any]:
    _require(actor)
    problems = Problems()
    values = _capacity_columns(terms, problems, "The truck number")
    owner = actor.organization
    choices: tuple[tuple[str, str, Callable[[Organization], Any], str], ...] = (
        ("home_base", terms.home_base, home_bases_of, "home base"),
        ("usual_driver", terms.usual_driver, drivers_of, "driver"),
        ("usual_trailer", terms.usual_trailer, trailers_of, "trailer"),
    )
    for name, public_id, rows, noun in choices:
        unit = rows(owner).filter(public_id=public_id).first() if public_id else None
        stored = getattr(keep, name) if keep else None
        if unit is None and stored is not None and stored.public_id == public_id:
            unit = stored  # archived since: it stays until it is changed
        if public_id and unit is None:
            problems.add(name, "not_found", f"There is no such {noun} in your fleet. Choose another, or none.")
        values[name] = unit
    problems.settle()
    return values


# --- What they share --------------------------------------------------------------------------------------------------


def _require(actor: Actor) -> None:
    actor.require("trucks:write")
    if not actor.organization.hauls:
        sentence = f"{actor.organization} is not set up to post trucks. An owner can change that under Organization."
        raise Forbidden("missing_capability", sentence)


def _capacity_columns(terms: TruckTerms | TrailerTerms, problems: Problems, label: str) -> dict[str, Any]:
    problems.text("number", terms.number, longest=40, label=label, required=True)
    check_capacity(
        problems,
        equipment=terms.equipment,
        attributes=terms.attributes,
        weight_pounds=terms.weight_pounds,
        length_feet=terms.length_feet,
        pallets=terms.pallets,
    )
    usual = EQUIPMENT.get(terms.equipment)
    if usual is None:
        return {}
    return {
        "number": terms.number.strip(),
        "equipment": terms.equipment,
        "attributes": terms.attributes | implied_attributes(terms.equipment),
        "weight_pounds": usual.weight_pounds if terms.weight_pounds is None else terms.weight_pounds,
        "length_feet": usual.length_feet if terms.length_feet is None else terms.length_feet,
        "pallets": usual.pallets if terms.pallets is None else terms.pallets,
    }


def _add(actor: Actor, unit: Unit, action: str, values: dict[str, Any]) -> Unit:
    for name, value in values.items():
        setattr(unit, name, value)
    with transaction.atomic():
        with refusing(TAKEN):
            unit.save(force_insert=True)
        _audit(actor, unit, action, {name: [None, _plain(value)] for name, value in values.items()})
    return unit


def _edit(actor: Actor, unit: Unit, version: int | None, action: str, values: dict[str, Any]) -> Unit:
    with transaction.atomic():
        row = _locked(unit)
        check_version(row, version)
        changed = {
            name: [_plain(getattr(row, name)), _plain(value)]
            for name, value in values.items()
            if getattr(row, name) != value
        }
        if not changed:
            return row
        for name, value in values.items():
            setattr(row, name, value)
        row.version += 1
        with refusing(TAKEN):
            row.save()
        _audit(actor, row, action, changed)
    return row


def _archive(actor: Actor, unit: Unit, version: int | None, action: str, *, busy: Q | None = None) -> Unit:
    _require(actor)
    with transaction.atomic():
        row = _locked(unit)
        check_version(row, version)
        if row.archived_at is not None:
            return row
        if busy is not None and ReturnLeg.objects.filter(busy, status__in=[Status.OPEN, Status.COVERED]).exists():
            sentence = f"{row} is on a return leg that is open or booked. Withdraw that one first."
            raise Conflict("on_a_leg", sentence)
        row.archived_at = clock.now()
        row.version += 1
        sentence = f"{row} is on a booked tour that has not ended. Cancel its bookings first, or wait for its end."
        with refusing({"unit_on_a_tour_stays_in_service": Conflict("on_a_tour", sentence)}):
            row.save()
        if isinstance(row, Truck):  # for who bargains with it; its own people read it in the audit
            publish(name="truck.archived", subject=row.public_id, audience={}, version=row.version)
        _audit(actor, row, action, {})
    return row


def _restore(actor: Actor, unit: Unit, version: int | None, action: str) -> Unit:
    _require(actor)
    with transaction.atomic():
        row = _locked(unit)
        check_version(row, version)
        if row.archived_at is None:
            return row
        row.archived_at = None
        row.version += 1
        with refusing(TAKEN):
            row.save()
        _audit(actor, row, action, {})
    return row


def _locked(unit: Unit) -> Unit:
    """Read a row again, holding it until the transaction ends."""
    row: Unit = type(unit)._default_manager.select_for_update(of=("self",)).get(pk=unit.pk)
    return row


def _audit(actor: Actor, unit: Truck | Trailer | Driver | HomeBase, action: str, changes: dict[str, Any]) -> None:
    record_audit(
        organization_id=actor.organization.public_id,
        actor=actor,
        action=action,
        subject=unit.public_id,
        changes=changes,
    )


def _plain(value: Any) -> Any:
    return getattr(value, "public_id", value)
