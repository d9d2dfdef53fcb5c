"""Fill a database with a market of any size, straight into the tables; road miles of the oracle."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from backhaul.demo.market import EQUIPMENT, MarketGenerator
from backhaul.demo.postings import Writer
from carriers.choices import choose
from carriers.models import ReturnLeg, Truck
from carriers.road import Way
from carriers.store import columns as leg_columns
from carriers.terms import LegTerms
from foundation.accounts.models import Organization
from foundation.places.areas import centroid
from foundation.places.place import Place
from foundation.places.services import travel_oracle
from foundation.trade.posting import Status
from foundation.trade.rules import Problems
from loads.models import Load, Stop
from loads.road import Stretch
from loads.store import columns, stop_columns

LEGS, LOADS = 300, 2_000
SEED = 7
CARRIERS, SHIPPERS = 40, 40
BATCH = 5_000


def _roads(ends: Sequence[tuple[Place, Place]]) -> list[tuple[float, float]]:
    """Return miles and minutes between many pairs of places at once."""
    points = np.array([[*_point(a), *_point(b)] for a, b in ends], dtype=np.float64).reshape(-1, 4)
    found = travel_oracle().pairs(points[:, 0], points[:, 1], points[:, 2], points[:, 3])
    return list(zip(found.miles.tolist(), found.minutes.tolist(), strict=True))


def _point(place: Place) -> tuple[float, float]:
    point = centroid(place)
    return point.lat, point.lon


def fill(leg_count: int, load_count: int) -> None:
    """Write so many open legs and loads of 40 carriers and 40 shippers, with three brokers looking on."""
    start = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
    on_market: dict[str, Any] = {
        "status": Status.OPEN,
        "created_at": start,
        "updated_at": start,
        "opened_at": start - timedelta(days=1),
        "confirmed_at": start,
    }
    named: dict[str, Any] = {"verified_at": start - timedelta(days=30), "contact_email": "office@example.com"}
    shippers = [Organization.objects.create(name=f"Shipper {n}", ships=True, **named) for n in range(SHIPPERS)]
    carriers = [Organization.objects.create(name=f"Carrier {n}", hauls=True, **named) for n in range(CARRIERS)]
    for number in range(3):
        Organization.objects.create(name=f"Broker {number}", brokers=True, **named)
    generator = MarketGenerator(SEED)
    writer = Writer(generator, SEED)
    _fill_loads(writer, load_count, start, shippers, on_market)
    _fill_legs(generator, writer, leg_count, start, carriers, on_market)


def _fill_loads(
    writer: Writer, count: int, start: datetime, shippers: list[Organization], on_market: dict[str, Any]
) -> None:
    terms = list(writer.loads(count, start))
    roads = _roads([(load.stops[0].place, load.stops[-1].place) for load in terms])
    for first in range(0, count, BATCH):
        loads, stops = [], []
        for number in range(first, min(first + BATCH, count)):
            miles, minutes = roads[number]
            way = [Stretch(miles, minutes, minutes)]
            load = Load(organization=shippers[number % SHIPPERS], **on_market, **columns(terms[number], way))
            loads.append(load)
            stops += [Stop(load=load, **stop_columns(at, stop)) for at, stop in enumerate(terms[number].stops)]
        Load.objects.bulk_create(loads)
        Stop.objects.bulk_create(stops)


def _fill_legs(
    generator: MarketGenerator,
    writer: Writer,
    count: int,
    start: datetime,
    carriers: list[Organization],
    on_market: dict[str, Any],
) -> None:
    rows = generator.legs(count)
    trucks = [
        Truck(
            organization=carriers[number % CARRIERS],
            number=str(number),
            equipment=EQUIPMENT[rows.equipment[number]],
            weight_pounds=int(rows.weight_pounds[number]),
            length_feet=53,
            pallets=26,
        )
        for number in range(count)
    ]
    Truck.objects.bulk_create(trucks, batch_size=BATCH)
    homes = list(writer.homes(rows))
    terms = []
    for number, home in enumerate(homes):
        one = writer.leg(rows, number, trucks[number].public_id, start)
        terms.append(type(one)(**{name: getattr(one, name) for name in one.__slots__} | {"home": home}))
    open_legs([carriers[number % CARRIERS] for number in range(count)], terms, on_market)


def open_legs(
    owners: Sequence[Organization], terms: Sequence[LegTerms], on_market: dict[str, Any] | None = None
) -> list[ReturnLeg]:
    """Write open legs on these terms, each of its owner, as they would be after they were posted."""
    if on_market is None:
        now = datetime.now(UTC)
        instants = ("created_at", "updated_at", "opened_at", "confirmed_at")
        on_market = dict.fromkeys(instants, now) | {"status": Status.OPEN}
    legs, roads = [], _roads([(one.empty, one.home) for one in terms])
    for owner, one, (miles, minutes) in zip(owners, terms, roads, strict=True):
        chosen = choose(owner, one, Problems())
        assert chosen is not None
        way = Way(miles, minutes, minutes)
        legs.append(ReturnLeg(organization=owner, **on_market, **leg_columns(one, chosen, way)))
    return ReturnLeg.objects.bulk_create(legs, batch_size=BATCH)
