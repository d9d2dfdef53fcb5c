"""Rows to arrays: the one place where postings become the engine's columns."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import numpy as np

from carriers.models import CostSetting, ReturnLeg
from carriers.queries import own_costs_of
from loads.models import Load, LoadSize, StopKind
from matching.engine.columns import LOAD_CODES, TRUCK_CODES
from matching.engine.problem import DELIVERY, OPEN_TO_OFFERS, PICKUP, Legs, Loads

_TRUCK_INDEX = {code: index for index, code in enumerate(TRUCK_CODES)}
_LOAD_INDEX = {code: index for index, code in enumerate(LOAD_CODES)}


def earliest_minute(instant: datetime) -> int:
    """Return the first whole minute since 1970-01-01T00:00Z that is not before an instant: for what begins."""
    return int(-(-instant.timestamp() // 60))


def latest_minute(instant: datetime) -> int:
    """Return the last whole minute since 1970-01-01T00:00Z that is not after an instant: for what ends."""
    return int(instant.timestamp() // 60)


def _or_nan(values: Iterable[float | None]) -> list[float]:
    return [np.nan if value is None else float(value) for value in values]


def _own_costs(leg: ReturnLeg, settings: dict[int, list[CostSetting]]) -> CostSetting | None:
    """Return the carrier's own costs in force on the day the leg is ready, so that no score depends on when it was made."""
    day = leg.ready_at.date()
    return next((row for row in settings.get(leg.organization_id, []) if row.valid_from <= day), None)


def legs_as_columns(legs: Sequence[ReturnLeg]) -> Legs:
    """Return return legs as the engine's columns, in order; each with its carrier's own costs, or NaN for the policy's."""
    settings = own_costs_of(leg.organization_id for leg in legs)
    costs = [_own_costs(leg, settings) for leg in legs]

    def own(name: str) -> list[float]:
        return [np.nan if cost is None else float(getattr(cost, name)) for cost in costs]

    return Legs(
        key=[leg.pk for leg in legs],
        empty_lat=[leg.empty_lat for leg in legs],
        empty_lon=[leg.empty_lon for leg in legs],
        home_lat=[leg.home_lat for leg in legs],
        home_lon=[leg.home_lon for leg in legs],
        ready_at=[earliest_minute(leg.ready_at) for leg in legs],
        home_by=[latest_minute(leg.home_by) for leg in legs],
        equipment=[_TRUCK_INDEX[leg.equipment] for leg in legs],
        attributes=[leg.attributes for leg in legs],
        weight_pounds=[leg.weight_pounds for leg in legs],
        length_feet=[leg.length_feet for leg in legs],
        pallets=[leg.pallets for leg in legs],
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
    )


def loads_as_columns(loads: Sequence[Load]) -> Loads:
    """Return loads as the engine's columns, in order; their stops must be prefetched, or each load costs a query."""
    stops: list[Any] = []
    offsets = [0]
    for load in loads:
        stops.extend(load.stops.all())
        offsets.append(len(stops))
    return Loads(
        key=[load.pk for load in loads],
        equipment=[_LOAD_INDEX[load.equipment] for load in loads],
        attributes=[load.attributes for load in loads],
        weight_pounds=[load.weight_pounds for load in loads],
        length_feet=[load.length_feet for load in loads],
        pallets=[load.pallets for load in loads],
        rate_cents=[OPEN_TO_OFFERS if load.rate_cents is None else load.rate_cents for load in loads],
        is_partial=[load.size == LoadSize.PARTIAL for load in loads],
        stop_offsets=offsets,
        stop_kind=[PICKUP if stop.kind == StopKind.PICKUP else DELIVERY for stop in stops],
        stop_lat=[stop.lat for stop in stops],
        stop_lon=[stop.lon for stop in stops],
        stop_opens_at=[earliest_minute(stop.opens_at) for stop in stops],
        stop_closes_at=[latest_minute(stop.closes_at) for stop in stops],
        stop_service_minutes=[stop.service_minutes for stop in stops],
    )
