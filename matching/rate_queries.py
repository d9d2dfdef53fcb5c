"""Reads of market rates: the estimate of the policy in force, and what a lane itself paid where it may be shown.

What one organization paid or was paid is its own. So a lane figure needs five bookings of three carriers and three
shippers with nobody in more than half of them, its bookings enter and leave five at a time, and it is rounded: whoever
keeps yesterday's figure learns of no single booking from today's.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from statistics import median
from typing import Any

import numpy as np
from django.db.models import Q, QuerySet

from foundation.accounts.models import Organization
from foundation.places.place import Place
from foundation.trade.equipment import LOAD_EQUIPMENT_CHOICES
from loads.models import Load, LoadSize
from matching.engine.problem import TRUCK_FEET, TRUCK_PALLETS, TRUCK_POUNDS
from matching.engine.rates import RateTable, Sample
from matching.models import RateObservation
from matching.policies import current_policy
from matching.rate_bands import basis_in_words, to_five_dollars

LANE_WINDOW_DAYS = 90
FEWEST_BOOKINGS = 5
FEWEST_CARRIERS = 3
FEWEST_SHIPPERS = 3
MOST_BOOKINGS = 2_000
"""The newest so many bookings of a lane count: more would say the same."""


@dataclass(frozen=True, slots=True)
class Ends:
    """Where a lane begins and ends, as far as strangers may know: 3-digit ZIP area and state."""

    from_zip3: str
    from_state: str
    to_zip3: str
    to_state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneFigure:
    """What full truckloads between two areas paid: the median a mile, rounded to 1 %, and what that makes, to $5.

    `scope` is "zip3" or "state"; the wider one counts hauls of like length only.
    """

    scope: str
    origin: str
    destination: str
    cents_per_mile: float
    rate_cents: int
    bookings: int
    oldest: date
    newest: date
    window_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What a load is worth on the market: the policy's figure with its band, rounded to $5.

    `sample` is None for the default table, which is not observed; `lane` is None where too little was booked there.
    """

    equipment: str
    loaded_miles: float
    share: float
    rate_cents: int
    low_cents: int
    high_cents: int
    version: str
    sample: Sample | None
    lane: LaneFigure | None

    @property
    def share_percent(self) -> int:
        """What part of a truck it is for, in whole percent."""
        return round(self.share * 100)

    @property
    def is_observed(self) -> bool:
        """Whether bookings stand behind it."""
        return self.sample is not None

    @property
    def newest(self) -> date | None:
        """The day of the newest booking behind it."""
        return date.fromisoformat(self.sample.newest) if self.sample else None

    @property
    def fitted(self) -> date | None:
        """The day on which it was fitted."""
        return date.fromisoformat(self.sample.fitted_on) if self.sample else None

    @property
    def words(self) -> str:
        """What it rests on: "default, not observed", or how many bookings of how many days."""
        return basis_in_words(*(self.sample.bookings, self.sample.window_days) if self.sample else (None, None))


def estimate_of(
    viewer: Organization, *, equipment: str, loaded_miles: float, ends: Ends | None, now: datetime, share: float = 1.0
) -> Estimate:
    """Return the market estimate for so many loaded miles; with a lane figure where one may be shown to the viewer.

    `share` is what part of a truck the load takes; a lane figure is always that of full truckloads.
    """
    rates = current_policy().rates
    cents = rates.estimate_cents([equipment], np.array([loaded_miles]), np.array([share]))
    low, high = rates.band_cents([equipment], cents)
    return Estimate(
        equipment=equipment,
        loaded_miles=loaded_miles,
        share=share,
        rate_cents=to_five_dollars(int(cents[0])),
        low_cents=to_five_dollars(int(low[0])),
        high_cents=to_five_dollars(int(high[0])),
        version=rates.version,
        sample=rates.sample,
        lane=lane_figure(viewer, equipment=equipment, loaded_miles=loaded_miles, ends=ends, today=now.date())
        if ends is not None
        else None,
    )


def estimate_of_load(viewer: Organization, load: Load, now: datetime) -> Estimate:
    """Return the market estimate for a load that the viewer may see; of a partial for its share of the truck."""
    parts = (load.length_feet / TRUCK_FEET, load.weight_pounds / TRUCK_POUNDS, load.pallets / TRUCK_PALLETS)
    share = min(max(parts), 1.0) if load.size == LoadSize.PARTIAL else 1.0
    return estimate_of(
        viewer, equipment=load.equipment, loaded_miles=load.loaded_miles, ends=ends_of_load(load), now=now, share=share
    )


def ends_of_load(load: Load) -> Ends:
    """Return the lane of a load whose stops are loaded."""
    first, last = load.first_stop, load.last_stop
    return Ends(first.zip[:3], first.state, last.zip[:3], last.state)


def ends_of_places(origin: Place, destination: Place) -> Ends:
    """Return the lane between two places."""
    return Ends(origin.zip3 or "", origin.state, destination.zip3 or "", destination.state)


def lane_figure(
    viewer: Organization, *, equipment: str, loaded_miles: float, ends: Ends, today: date
) -> LaneFigure | None:
    """Return what the lane paid, of its ZIP areas or else of its states; None where too little stands behind either.

    Only for verified organizations, and only of their own market.
    """
    if not viewer.is_verified:
        return None
    rates = current_policy().rates
    codes = [code for code, _ in LOAD_EQUIPMENT_CHOICES if rates.row(code) == rates.row(equipment)]
    rows = RateObservation.objects.filter(market=viewer.market, equipment__in=codes)
    narrow = Q(from_zip3=ends.from_zip3, to_zip3=ends.to_zip3)
    shortest, longest = _like_length(rates, loaded_miles)
    wide = Q(from_state=ends.from_state, to_state=ends.to_state, loaded_miles__gte=shortest, loaded_miles__lt=longest)
    for scope, which, origin, destination in (
        ("zip3", narrow, ends.from_zip3, ends.to_zip3),
        ("state", wide, ends.from_state, ends.to_state),
    ):
        counted = _counted(rows.filter(which), today - timedelta(days=LANE_WINDOW_DAYS - 1), today)
        if origin and destination and may_be_shown(counted):
            a_mile = to_one_percent(median(row["rate_cents"] / row["loaded_miles"] for row in counted))
            return LaneFigure(
                scope=scope,
                origin=origin,
                destination=destination,
                cents_per_mile=a_mile,
                rate_cents=to_five_dollars(round(a_mile * loaded_miles)),
                bookings=len(counted),
                oldest=min(row["booked_on"] for row in counted),
                newest=max(row["booked_on"] for row in counted),
                window_days=LANE_WINDOW_DAYS,
            )
    return None


def may_be_shown(rows: list[dict[str, Any]]) -> bool:
    """Say whether so many stand behind a figure that none of them is read off it: 5 bookings, 3 carriers, 3 shippers.

    And nobody, as carrier, shipper or seller, has a part in more than half of them.
    """
    parts = Counter(
        organization for row in rows for organization in {row["carrier_id"], row["shipper_id"], row["seller_id"]}
    )
    return (
        len(rows) >= FEWEST_BOOKINGS
        and len({row["carrier_id"] for row in rows}) >= FEWEST_CARRIERS
        and len({row["shipper_id"] for row in rows}) >= FEWEST_SHIPPERS
        and max(parts.values()) * 2 <= len(rows)
    )


def to_one_percent(cents: float) -> float:
    """Return cents rounded to steps of 1, 2 or 5 times a power of ten, the largest of at most 1 %."""
    if cents <= 0:
        return 0.0
    power = 10.0 ** np.floor(np.log10(cents / 100))
    step = max(times * power for times in (1, 2, 5) if times * power <= cents / 100 * (1 + 1e-9))
    return float(round(round(cents / step) * step, 6))


def _like_length(rates: RateTable, loaded_miles: float) -> tuple[float, float]:
    """Return the ends of the distance band that a haul lies in."""
    middles = [(here + there) / 2 for here, there in zip(rates.miles[:-1], rates.miles[1:], strict=True)]
    shortest = max((middle for middle in middles if middle <= loaded_miles), default=0.0)
    longest = min((middle for middle in middles if middle > loaded_miles), default=1e9)
    return shortest, longest


def _counted(lane: QuerySet[RateObservation], first: date, last: date) -> list[dict[str, Any]]:
    """Return the lane's bookings that count: whole fives, numbered as they came, all of them in the window.

    One that fell through leaves its place empty, so that the others keep their numbers.
    """
    columns = ("rate_cents", "loaded_miles", "booked_on", "carrier_id", "shipper_id", "seller_id", "cancelled_at")
    total = lane.count()
    newest = list(lane.order_by("-id").values(*columns)[: MOST_BOOKINGS + total % FEWEST_BOOKINGS])
    fives: dict[int, list[dict[str, Any]]] = {}
    for at, row in enumerate(newest):
        fives.setdefault((total - 1 - at) // FEWEST_BOOKINGS, []).append(row)
    return [
        row
        for five in fives.values()
        if len(five) == FEWEST_BOOKINGS and all(first <= row["booked_on"] <= last for row in five)
        for row in five
        if row["cancelled_at"] is None
    ]
