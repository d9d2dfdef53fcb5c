"""The terms of a load as its owner gives them; `loads.rules` judges them."""

from dataclasses import dataclass, field
from datetime import datetime

from foundation.places.place import Place, PlaceNotFound, Precision
from foundation.places.queries import find_place
from foundation.trade.accessorials import AccessorialTerms
from foundation.trade.posting import Audience
from foundation.trade.rules import Problems
from loads.models import Load, LoadSize, Stop


@dataclass(frozen=True, slots=True, kw_only=True)
class StopTerms:
    """One pickup or delivery: where, within which window (aware instants), and what only a booked party learns."""

    kind: str
    place: Place
    opens_at: datetime
    closes_at: datetime
    by_appointment: bool = False
    service_minutes: int = 120
    facility: str = ""
    address: str = ""
    instructions: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadTerms:
    """All that an owner says of a load. `attributes` is a set of `trade.equipment.Attribute` bits.

    `rate_cents` of None means open to offers; `length_feet` of None is the whole trailer of the equipment.
    """

    equipment: str
    weight_pounds: int
    commodity: str
    stops: tuple[StopTerms, ...]
    size: str = LoadSize.FULL
    attributes: int = 0
    length_feet: int | None = None
    pallets: int = 0
    hazmat_class: str = ""
    temperature_min_f: int | None = None
    temperature_max_f: int | None = None
    rate_cents: int | None = None
    reserve_cents: int | None = None
    accessorials: AccessorialTerms = field(default_factory=AccessorialTerms)
    audience: str = Audience.MARKET
    partners_first_until: datetime | None = None
    reference: str = ""
    notes: str = ""
    private_notes: str = ""
    instructions: str = ""


def read_place(text: str, name: str, problems: Problems) -> Place | None:
    """Return the place that a ZIP code, "City, ST" or "lat,lon" names, or note at the field what would do instead."""
    try:
        return find_place(text)
    except PlaceNotFound as error:
        problems.add(name, error.code, error.sentence)
        return None


def stop_place(stop: Stop) -> Place:
    """Return the place of a stored stop, at its exact point where that is known."""
    exact = stop.exact_lat is not None and stop.exact_lon is not None
    lat = stop.exact_lat if stop.exact_lat is not None else stop.lat
    lon = stop.exact_lon if stop.exact_lon is not None else stop.lon
    precision: Precision = "zip" if not exact else "address" if stop.address else "coordinates"
    return Place(stop.zip, stop.city, stop.state, lat, lon, stop.time_zone, precision)


def terms_of(load: Load) -> LoadTerms:
    """Return the stored terms of a load: to edit, to copy, to judge anew."""
    return LoadTerms(
        equipment=load.equipment,
        size=load.size,
        attributes=load.attributes,
        weight_pounds=load.weight_pounds,
        length_feet=load.length_feet,
        pallets=load.pallets,
        commodity=load.commodity,
        hazmat_class=load.hazmat_class,
        temperature_min_f=load.temperature_min_f,
        temperature_max_f=load.temperature_max_f,
        rate_cents=load.rate_cents,
        reserve_cents=load.reserve_cents,
        accessorials=AccessorialTerms(
            free_minutes=load.free_minutes,
            detention_cents_per_hour=load.detention_cents_per_hour,
            tonu_cents=load.tonu_cents,
        ),
        audience=load.audience,
        partners_first_until=load.partners_first_until,
        reference=load.reference,
        notes=load.notes,
        private_notes=load.private_notes,
        instructions=load.instructions,
        stops=tuple(
            StopTerms(
                kind=stop.kind,
                place=stop_place(stop),
                opens_at=stop.opens_at,
                closes_at=stop.closes_at,
                by_appointment=stop.by_appointment,
                service_minutes=stop.service_minutes,
                facility=stop.facility,
                address=stop.address,
                instructions=stop.instructions,
            )
            for stop in load.stops.all()
        ),
    )
