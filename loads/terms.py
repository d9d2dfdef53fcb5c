"""The terms of a load as its owner gives them; `loads.rules` judges them."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from typing import Any, Self

from foundation.places.place import Place, Precision
from foundation.trade.accessorials import AccessorialTerms
from foundation.trade.posting import Audience
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

    `rate_cents` of None means open to offers; `book_now` opens a load with a rate to claims; `length_feet` of None is
    the whole trailer of the equipment.
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
    book_now: bool = False
    reserve_cents: int | None = None
    accessorials: AccessorialTerms = field(default_factory=AccessorialTerms)
    payment_days: int = 30
    audience: str = Audience.MARKET
    partners_first_until: datetime | None = None
    reference: str = ""
    notes: str = ""
    private_notes: str = ""
    instructions: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SaleTerms:
    """What the one seller of a load says to carriers: the rate (None: open to offers), whether it may be claimed at it,
    accessorial terms and days to pay.
    """

    rate_cents: int | None = None
    book_now: bool = False
    accessorials: AccessorialTerms = field(default_factory=AccessorialTerms)
    payment_days: int = 30

    def columns(self) -> dict[str, Any]:
        """Return the load's columns."""
        return {
            "rate_cents": self.rate_cents,
            "book_now": self.book_now,
            "payment_days": self.payment_days,
            **asdict(self.accessorials),
        }

    @classmethod
    def of_columns(cls, columns: Mapping[str, Any]) -> Self:
        """Return the terms that such columns hold; one that is missing has its default."""
        return cls(
            rate_cents=columns.get("rate_cents"),
            book_now=columns.get("book_now", False),
            payment_days=columns.get("payment_days", 30),
            accessorials=AccessorialTerms(
                **{each.name: columns[each.name] for each in fields(AccessorialTerms) if each.name in columns}
            ),
        )

    @classmethod
    def of(cls, terms: "LoadTerms | Load") -> Self:
        """Return those among the terms of a load; of a stored one, what carriers read."""
        if isinstance(terms, LoadTerms):
            return cls(
                rate_cents=terms.rate_cents,
                book_now=terms.book_now,
                accessorials=terms.accessorials,
                payment_days=terms.payment_days,
            )
        return cls.of_columns({name: getattr(terms, name) for name in SALE_COLUMNS})


SALE_COLUMNS = tuple(SaleTerms().columns())


def stop_place(stop: Stop) -> Place:
    """Return the place of a stored stop, at its exact point where that is known."""
    exact = stop.exact_lat is not None and stop.exact_lon is not None
    lat = stop.exact_lat if stop.exact_lat is not None else stop.lat
    lon = stop.exact_lon if stop.exact_lon is not None else stop.lon
    precision: Precision = "zip" if not exact else "address" if stop.address else "coordinates"
    return Place(stop.zip, stop.city, stop.state, lat, lon, stop.time_zone, precision)


def terms_of(load: Load) -> LoadTerms:
    """Return the stored terms of a load as its owner gave them: to edit, to copy, to judge anew.

    Of a load that a broker sells, the terms towards carriers are those that the owner had before the sale.
    """
    sale = SaleTerms.of(load) if load.seller_id is None else SaleTerms.of_columns(load.before_sale)
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
        rate_cents=sale.rate_cents,
        book_now=sale.book_now,
        reserve_cents=load.reserve_cents,
        accessorials=sale.accessorials,
        payment_days=sale.payment_days,
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
