"""Generated rows as the terms of loads and legs, from now on: what a dispatcher would have typed."""

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np

from backhaul.demo.market import EQUIPMENT, Legs, Loads, MarketGenerator
from carriers.models import ReturnLeg
from carriers.terms import LegTerms
from foundation.places.geometry import great_circle_miles
from foundation.places.place import Place, PlaceNotFound
from foundation.places.queries import find_place
from foundation.trade.accessorials import AccessorialTerms
from foundation.trade.equipment import EQUIPMENT as TRAILERS
from foundation.trade.equipment import Attribute
from foundation.trade.hours import DutyClock
from loads.models import LoadSize, StopKind
from loads.terms import LoadTerms, StopTerms

_COMMODITIES = {
    "V": ("Packaged foods", "Paper products", "Household goods", "Auto parts", "Beverages", "Appliances", "Plastics"),
    "R": ("Fresh produce", "Frozen poultry", "Dairy", "Frozen meals", "Pharmaceuticals", "Chilled beverages"),
    "F": ("Steel coils", "Lumber", "Machinery", "Roofing", "Pipe", "Building materials"),
}
_HALF_HOUR = timedelta(minutes=30)
_DRAWN_FOR_ONE = 4000
_OPEN_TO_CLAIMS_OF_FIVE = 2
_OTHER_EQUIPMENT_MILES = 1000


def _rounded(instant: datetime) -> datetime:
    """Return an instant on the next half hour, as people write windows."""
    base = instant.replace(minute=0, second=0, microsecond=0)
    return base + -(-(instant - base) // _HALF_HOUR) * _HALF_HOUR


class Writer:
    """Draws from a generator and writes terms; facilities become the ZIP code that they lie in."""

    def __init__(self, generator: MarketGenerator, seed: int) -> None:
        """Take the generator, and a seed for what it does not draw."""
        self._generator = generator
        self._random = random.Random(seed)  # noqa: S311 - a market, not a secret

    def _place(self, lat: float, lon: float, city: int) -> Place:
        try:
            near = find_place(f"{lat:.4f},{lon:.4f}")
            return find_place(near.zip) if near.zip else near
        except PlaceNotFound:
            name, state = self._generator.names[city]
            place = find_place(f"{name}, {state}")
            return find_place(place.zip) if place.zip else place

    def loads(self, count: int, start: datetime) -> Iterator[LoadTerms]:
        """Draw loads with windows from `start` on."""
        rows = self._generator.loads(count)
        for index in range(count):
            yield self._load(rows, index, start)

    def load_for(self, leg: ReturnLeg, start: datetime) -> LoadTerms:
        """Draw many loads and write the one that lies best on a truck's way home: a shipper near its last stop."""
        rows = self._generator.loads(_DRAWN_FOR_ONE)
        out_of_way = great_circle_miles(rows.pickup_lat, rows.pickup_lon, leg.empty_lat, leg.empty_lon)
        out_of_way = out_of_way + great_circle_miles(rows.delivery_lat, rows.delivery_lon, leg.home_lat, leg.home_lon)
        other = np.array([code != leg.equipment for code in EQUIPMENT])[rows.equipment]
        ready = (leg.ready_at - start) / timedelta(minutes=1)
        home_by = (leg.home_by - start) / timedelta(minutes=1)
        minutes_missed = np.maximum(ready - rows.pickup_closes, 0) + np.maximum(rows.delivery_opens - home_by, 0)
        return self._load(rows, int(np.argmin(out_of_way + other * _OTHER_EQUIPMENT_MILES + minutes_missed)), start)

    def _load(self, rows: Loads, index: int, start: datetime) -> LoadTerms:
        drawn = self._random
        code = EQUIPMENT[rows.equipment[index]]
        partial = drawn.random() < 0.1
        share = drawn.uniform(0.2, 0.6) if partial else 1.0
        chilled = code == "R"
        coldest = drawn.choice((-10, 33, 34, 38)) if chilled else None

        def window(opens: float, closes: float) -> tuple[datetime, datetime]:
            first = _rounded(start + timedelta(minutes=float(opens)))
            return first, max(_rounded(start + timedelta(minutes=float(closes))), first + 2 * _HALF_HOUR)

        pickup = window(rows.pickup_opens[index], rows.pickup_closes[index])
        delivery = window(rows.delivery_opens[index], rows.delivery_closes[index])
        capacity = TRAILERS[code]
        posted = int(rows.rate_cents[index] * (share + 0.15 if partial else 1)) // 500 * 500
        terms = LoadTerms(
            equipment="VR" if code == "V" and drawn.random() < 0.2 else code,
            size=LoadSize.PARTIAL if partial else LoadSize.FULL,
            attributes=int(Attribute.TEMPERATURE) if chilled else 0,
            weight_pounds=max(500, int(min(rows.weight_pounds[index], capacity.weight_pounds) * share) // 100 * 100),
            length_feet=max(8, int(capacity.length_feet * share)) if partial else None,
            pallets=max(1, int(capacity.pallets * share)) if partial else 0,
            commodity=drawn.choice(_COMMODITIES[code]),
            temperature_min_f=coldest,
            temperature_max_f=coldest + 6 if coldest is not None else None,
            rate_cents=None if drawn.random() < 0.15 else posted,
            accessorials=AccessorialTerms(
                free_minutes=120,
                detention_cents_per_hour=drawn.choice((4000, 5000, 6000, 7500)),
                tonu_cents=drawn.choice((15000, 20000, 25000)),
            ),
            reference=f"PO-{drawn.randrange(10_000, 99_999)}",
            stops=(
                StopTerms(
                    kind=StopKind.PICKUP,
                    place=self._place(rows.pickup_lat[index], rows.pickup_lon[index], rows.pickup_city[index]),
                    opens_at=pickup[0],
                    closes_at=pickup[1],
                    service_minutes=60,
                ),
                StopTerms(
                    kind=StopKind.DELIVERY,
                    place=self._place(rows.delivery_lat[index], rows.delivery_lon[index], rows.delivery_city[index]),
                    opens_at=delivery[0],
                    closes_at=delivery[1],
                    by_appointment=drawn.random() < 0.3,
                    service_minutes=60,
                ),
            ),
        )
        # nothing more is drawn: benchmarks compare markets of one seed
        return replace(terms, book_now=terms.rate_cents is not None and index % 5 < _OPEN_TO_CLAIMS_OF_FIVE)

    def homes(self, rows: Legs) -> Iterator[Place]:
        """Return where each leg's truck lives."""
        for index in range(len(rows.home_city)):
            yield self._place(rows.home_lat[index], rows.home_lon[index], rows.home_city[index])

    def empty_place(self, rows: Legs, index: int) -> Place:
        """Return where a leg's truck empties."""
        return self._place(rows.empty_lat[index], rows.empty_lon[index], rows.empty_city[index])

    def leg(self, rows: Legs, index: int, truck_id: str, start: datetime) -> LegTerms:
        """Return the terms of a generated leg for a truck that lives where the leg ends."""
        drawn = self._random
        ready = _rounded(start + timedelta(minutes=float(rows.ready[index])))
        clock = DutyClock()
        if drawn.random() < 0.5:
            drive = drawn.randrange(240, 661, 30)
            clock = DutyClock(
                drive_minutes=drive,
                shift_minutes=min(840, drive + drawn.randrange(60, 241, 30)),
                break_minutes=min(480, drive),
                cycle_minutes=drawn.randrange(1800, 4201, 60),
            )
        return LegTerms(
            truck=truck_id,
            empty=self.empty_place(rows, index),
            ready_at=ready,
            home_by=_rounded(start + timedelta(minutes=float(rows.home_by[index]))),
            max_pickup_deadhead_miles=int(rows.pickup_radius_miles[index]),
            max_home_deadhead_miles=int(rows.home_radius_miles[index]),
            max_out_of_route_miles=drawn.choice((None, 50, 100, 150)),
            clock=clock,
        )
