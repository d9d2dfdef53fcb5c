"""Rows to arrays: the one place where postings become the engine's columns."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np

from carriers.models import CostSetting, ReturnLeg
from carriers.queries import own_costs_of
from loads.models import Load, LoadSize, StopKind
from matching.engine.columns import LOAD_CODES, TRUCK_CODES, Floats
from matching.engine.problem import DELIVERY, OPEN_TO_OFFERS, PICKUP, Legs, Loads
from matching.engine.travel import TravelOracle

Stretch = tuple[float, float, bool]
"""Miles, driving minutes, and whether they are estimates."""
Ways = Mapping[int, Sequence[Stretch]]

_UNKNOWN: Stretch = (np.nan, np.nan, False)
_TRUCK_INDEX = {code: index for index, code in enumerate(TRUCK_CODES)}
_LOAD_INDEX = {code: index for index, code in enumerate(LOAD_CODES)}


def earliest_minute(instant: datetime) -> int:
    """Return the first whole minute since 1970-01-01T00:00Z that is not before an instant: for what begins."""
    return int(-(-instant.timestamp() // 60))


def latest_minute(instant: datetime) -> int:
    """Return the last whole minute since 1970-01-01T00:00Z that is not after an instant: for what ends."""
    return int(instant.timestamp() // 60)


def stretches_of(row: ReturnLeg | Load, travel: TravelOracle) -> list[Stretch]:
    """Ask the road for the way between a load's stops, or straight home for a leg."""
    points = (
        [(stop.lat, stop.lon) for stop in row.stops.all()]
        if isinstance(row, Load)
        else [(row.empty_lat, row.empty_lon), (row.home_lat, row.home_lon)]
    )
    lats, lons = (np.array(values) for values in zip(*points, strict=True))
    found = travel.pairs(lats[:-1], lons[:-1], lats[1:], lons[1:])
    if not (np.isfinite(found.miles).all() and np.isfinite(found.minutes).all()):
        return []
    return list(zip(found.miles.tolist(), found.minutes.tolist(), found.estimated.tolist(), strict=True))


def _or_nan(values: Iterable[float | None]) -> Floats:
    return np.array([np.nan if value is None else float(value) for value in values], dtype=np.float64)


def _own_costs(leg: ReturnLeg, settings: dict[int, list[CostSetting]]) -> CostSetting | None:
    """Return the carrier's costs in force on the day the leg is ready: no score depends on when it was made."""
    day = leg.ready_at.date()
    return next((row for row in settings.get(leg.organization_id, []) if row.valid_from <= day), None)


def legs_as_columns(legs: Sequence[ReturnLeg], ways: Ways | None = None) -> Legs:
    """Return legs as the engine's columns, in order; each with its carrier's own costs, or NaN for the policy's.

    `ways` are known stretches by key; what is not known the engine asks the road for.
    """
    settings = own_costs_of(leg.organization_id for leg in legs)
    costs = [_own_costs(leg, settings) for leg in legs]

    homes = [(ways or {}).get(leg.pk, [_UNKNOWN])[0] for leg in legs]

    def own(name: str) -> Floats:
        return _or_nan(None if cost is None else getattr(cost, name) for cost in costs)

    return Legs(
        key=np.array([leg.pk for leg in legs], dtype=np.int64),
        empty_lat=np.array([leg.empty_lat for leg in legs], dtype=np.float64),
        empty_lon=np.array([leg.empty_lon for leg in legs], dtype=np.float64),
        home_lat=np.array([leg.home_lat for leg in legs], dtype=np.float64),
        home_lon=np.array([leg.home_lon for leg in legs], dtype=np.float64),
        ready_at=np.array([earliest_minute(leg.ready_at) for leg in legs], dtype=np.int64),
        home_by=np.array([latest_minute(leg.home_by) for leg in legs], dtype=np.int64),
        equipment=np.array([_TRUCK_INDEX[leg.equipment] for leg in legs], dtype=np.int64),
        attributes=np.array([leg.attributes for leg in legs], dtype=np.int64),
        weight_pounds=np.array([leg.most_weight_pounds for leg in legs], dtype=np.int64),
        length_feet=np.array([leg.most_length_feet for leg in legs], dtype=np.int64),
        pallets=np.array([leg.most_pallets for leg in legs], dtype=np.int64),
        max_pickup_deadhead_miles=_or_nan(leg.max_pickup_deadhead_miles for leg in legs),
        max_home_deadhead_miles=_or_nan(leg.max_home_deadhead_miles for leg in legs),
        max_out_of_route_miles=_or_nan(leg.max_out_of_route_miles for leg in legs),
        drive_left=_or_nan(leg.drive_minutes_left for leg in legs),
        shift_left=_or_nan(leg.shift_minutes_left for leg in legs),
        break_left=_or_nan(leg.break_minutes_left for leg in legs),
        cycle_left=_or_nan(leg.cycle_minutes_left for leg in legs),
        loaded_cents_per_mile=own("loaded_cents_per_mile"),
        empty_cents_per_mile=own("empty_cents_per_mile"),
        hour_cents=own("hour_cents"),
        delay_hour_cents=own("delay_hour_cents"),
        home_miles=np.array([home[0] for home in homes], dtype=np.float64),
        home_minutes=np.array([home[1] for home in homes], dtype=np.float64),
        home_estimated=np.array([home[2] for home in homes], dtype=np.bool_),
    )


def loads_as_columns(loads: Sequence[Load], ways: Ways | None = None) -> Loads:
    """Return loads as the engine's columns, in order; their stops must be prefetched, or each load costs a query.

    `ways` are known stretches by key; what is not known the engine asks the road for.
    """
    stops: list[Any] = []
    between: list[Stretch] = []
    offsets = [0]
    for load in loads:
        own = list(load.stops.all())
        known = (ways or {}).get(load.pk, [])
        stops.extend(own)
        between.extend([_UNKNOWN, *known] if len(known) == len(own) - 1 else [_UNKNOWN] * len(own))
        offsets.append(len(stops))
    return Loads(
        key=np.array([load.pk for load in loads], dtype=np.int64),
        equipment=np.array([_LOAD_INDEX[load.equipment] for load in loads], dtype=np.int64),
        attributes=np.array([load.attributes for load in loads], dtype=np.int64),
        weight_pounds=np.array([load.weight_pounds for load in loads], dtype=np.int64),
        length_feet=np.array([load.length_feet for load in loads], dtype=np.int64),
        pallets=np.array([load.pallets for load in loads], dtype=np.int64),
        rate_cents=np.array(
            [OPEN_TO_OFFERS if load.rate_cents is None else load.rate_cents for load in loads], dtype=np.int64
        ),
        is_partial=np.array([load.size == LoadSize.PARTIAL for load in loads], dtype=np.bool_),
        temperature_min_f=_or_nan(load.temperature_min_f for load in loads),
        temperature_max_f=_or_nan(load.temperature_max_f for load in loads),
        stop_offsets=np.array(offsets, dtype=np.int64),
        stop_kind=np.array([PICKUP if stop.kind == StopKind.PICKUP else DELIVERY for stop in stops], dtype=np.int64),
        stop_lat=np.array([stop.lat for stop in stops], dtype=np.float64),
        stop_lon=np.array([stop.lon for stop in stops], dtype=np.float64),
        stop_opens_at=np.array([earliest_minute(stop.opens_at) for stop in stops], dtype=np.int64),
        # a window within one minute is an appointment to the minute
        stop_closes_at=np.array(
            [max(latest_minute(stop.closes_at), earliest_minute(stop.opens_at)) for stop in stops], dtype=np.int64
        ),
        stop_service_minutes=np.array([stop.service_minutes for stop in stops], dtype=np.int64),
        stop_miles=np.array([stretch[0] for stretch in between], dtype=np.float64),
        stop_minutes=np.array([stretch[1] for stretch in between], dtype=np.float64),
        stop_estimated=np.array([stretch[2] for stretch in between], dtype=np.bool_),
    )
