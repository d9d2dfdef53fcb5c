"""Postings as matching reads them: what storing needs to know of each, and the engine's columns, in one statement.

`matching.rows` makes the same columns of models; these are for runs, where the making of models would take longer than
the scoring.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np

from carriers.models import ReturnLeg
from foundation.trade.posting import Status
from foundation.trade.statements import rows_of, rows_of_each
from loads.models import LoadSize, StopKind
from matching.candidates import LEGS_FOR_LOAD, LOADS_FOR_GIVEN_LEG, LOADS_FOR_LEG, given_leg, stored_leg
from matching.engine.columns import LOAD_CODES, TRUCK_CODES, Bools, Floats, Ints
from matching.engine.problem import DELIVERY, OPEN_TO_OFFERS, PICKUP, Legs, Loads
from matching.engine.travel import TravelOracle

Stretch = tuple[float, float, bool]
"""Miles, driving minutes, and whether they are estimates."""

_TRUCK_INDEX = {code: index for index, code in enumerate(TRUCK_CODES)}
_LOAD_INDEX = {code: index for index, code in enumerate(LOAD_CODES)}
_UNKNOWN: Stretch = (np.nan, np.nan, False)


@dataclass(frozen=True, slots=True)
class Owner:
    """An organization, as far as the question who sees what goes."""

    pk: int
    public_id: str
    market: str
    brokers: bool
    is_verified: bool


@dataclass(frozen=True, slots=True)
class Noted:
    """What the last run of a leg or load noted: what it rests on, and the bars as `MatchRun` has them."""

    version: int
    policy_version: str
    road_version: str
    own_bar_cents: int | None
    own_bar_key: int | None
    market_bar_cents: int | None
    market_bar_key: int | None


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a pair: a return leg or a load as it was read; `noted` is None where no run stands."""

    pk: int
    public_id: str
    version: int
    status: str
    audience: str
    partners_first_until: datetime | None
    organization: Owner
    noted: Noted | None
    seller: Owner | None = field(default=None, kw_only=True)  # the broker that sells a load for its owner

    @property
    def organization_id(self) -> int:
        """The owner's key."""
        return self.organization.pk

    @property
    def seller_id(self) -> int | None:
        """The key of the broker that sells it, if one does."""
        return self.seller.pk if self.seller else None

    @property
    def sold_by(self) -> Owner:
        """Who faces the market with it: the broker that sells it, or the owner."""
        return self.seller or self.organization


@dataclass(frozen=True, slots=True)
class LegSide(Side):
    """A leg that is matched: what its candidate statement asks for beside the key."""

    equipment: str = ""
    reach: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    home_lat: float = 0.0
    home_lon: float = 0.0
    max_home_deadhead_miles: int | None = None
    taken: tuple[int, int, int] = (0, 0, 0)
    part_way: tuple[int, int, int] = (0, 0, 0)


@dataclass(frozen=True, slots=True, eq=False)
class LegRows:
    """Legs in order: their sides, and the engine's columns, with what is free on the roomiest stretch of each."""

    sides: Sequence[LegSide]
    columns: Legs

    def take(self, row: int) -> "LegRows":
        """Return one of them alone."""
        if len(self.sides) == 1:
            return self
        return LegRows([self.sides[row]], self.columns.take([row]))


@dataclass(frozen=True, slots=True, eq=False)
class LoadRows:
    """Loads in order: their sides, and the engine's columns."""

    sides: Sequence[Side]
    columns: Loads

    def take(self, row: int) -> "LoadRows":
        """Return one of them alone."""
        if len(self.sides) == 1:
            return self
        return LoadRows([self.sides[row]], self.columns.take([row]))


_SIDE = """
    {it}.id, {it}.public_id, {it}.version, {it}.status, {it}.audience, {it}.partners_first_until,
    owner.id, owner.public_id, owner.market, owner.brokers, owner.verified_at IS NOT NULL,
    run.version, run.policy_version, run.road_version,
    run.own_bar_cents, run.own_bar_key, run.market_bar_cents, run.market_bar_key
"""
_SIDE_COLUMNS = 18
_SELLER_AT, _TAKEN_AT = _SIDE_COLUMNS + 10, _SIDE_COLUMNS + 27
# What begins is taken at the first whole minute that is not before it, what ends at the last one not after it.
_FROM_MINUTE, _UNTIL_MINUTE = "ceil(extract(epoch FROM {}) / 60)::bigint", "floor(extract(epoch FROM {}) / 60)::bigint"
_NOTED = "CASE WHEN run.version = {it}.version AND run.road_version = %(road)s THEN run.stretches::text END"

_LEGS = f"""
    WITH chosen AS MATERIALIZED ({{chosen}})
    SELECT {_SIDE.format(it="leg")},
        leg.equipment, leg.reach_west, leg.reach_south, leg.reach_east, leg.reach_north,
        leg.empty_lat, leg.empty_lon, leg.home_lat, leg.home_lon,
        {_FROM_MINUTE.format("leg.ready_at")}, {_UNTIL_MINUTE.format("leg.home_by")},
        leg.attributes, leg.weight_pounds + leg.part_way_weight_pounds, leg.length_feet + leg.part_way_length_feet,
        leg.pallets + leg.part_way_pallets, leg.max_pickup_deadhead_miles, leg.max_home_deadhead_miles,
        leg.max_out_of_route_miles, leg.drive_minutes_left, leg.shift_minutes_left, leg.break_minutes_left,
        leg.cycle_minutes_left, cost.loaded_cents_per_mile, cost.empty_cents_per_mile,
        cost.hour_cents, cost.delay_hour_cents, {_NOTED.format(it="leg")},
        leg.taken_weight_pounds, leg.taken_length_feet, leg.taken_pallets,
        leg.part_way_weight_pounds, leg.part_way_length_feet, leg.part_way_pallets
    FROM chosen
    JOIN carriers_returnleg AS leg ON leg.id = chosen.id
    JOIN accounts_organization AS owner ON owner.id = leg.organization_id
    LEFT JOIN matching_matchrun AS run ON run.leg_id = leg.id
    LEFT JOIN LATERAL (
        SELECT * FROM carriers_costsetting AS setting
        WHERE setting.organization_id = leg.organization_id
            AND setting.valid_from <= (leg.ready_at AT TIME ZONE 'UTC')::date
        ORDER BY setting.valid_from DESC LIMIT 1
    ) AS cost ON true
    ORDER BY leg.id
"""  # noqa: S608 - put together from this page's constants
_LOADS = f"""
    WITH chosen AS MATERIALIZED ({{chosen}})
    SELECT {_SIDE.format(it="load")},
        load.equipment, load.attributes, load.weight_pounds, load.length_feet, load.pallets,
        load.rate_cents, load.size, load.temperature_min_f, load.temperature_max_f,
        {_NOTED.format(it="load")},
        seller.id, seller.public_id, seller.market, seller.brokers, seller.verified_at IS NOT NULL
    FROM chosen
    JOIN loads_load AS load ON load.id = chosen.id
    JOIN accounts_organization AS owner ON owner.id = load.organization_id
    LEFT JOIN accounts_organization AS seller ON seller.id = load.seller_id
    LEFT JOIN matching_matchrun AS run ON run.load_id = load.id
    ORDER BY load.id
"""  # noqa: S608 - put together from this page's constants
_STOPS = f"""
    SELECT stop.load_id, stop.kind, stop.lat, stop.lon, {_FROM_MINUTE.format("stop.opens_at")},
        {_UNTIL_MINUTE.format("stop.closes_at")}, stop.service_minutes
    FROM loads_stop AS stop WHERE stop.load_id IN ({{chosen}}) ORDER BY stop.load_id, stop.sequence
"""  # noqa: S608 - put together from this page's constants

_NAMED_LEGS = "SELECT id FROM carriers_returnleg WHERE public_id = ANY(%(names)s)"
_NAMED_LOADS = "SELECT id FROM loads_load WHERE public_id = ANY(%(names)s)"
_KEYED = "SELECT unnest(%(keys)s::bigint[]) AS id"
_OPEN_LEGS = """
    SELECT leg.id FROM carriers_returnleg AS leg JOIN accounts_organization AS carrier
    ON carrier.id = leg.organization_id AND carrier.market = %(market)s WHERE leg.status = %(open)s
"""
_OPEN_LOADS = """
    SELECT load.id FROM loads_load AS load JOIN accounts_organization AS shipper
    ON shipper.id = load.organization_id AND shipper.market = %(market)s WHERE load.status = %(open)s
"""


def named_legs(public_ids: Sequence[str], road_version: str) -> LegRows:
    """Return these legs, whatever their status."""
    return _legs(_NAMED_LEGS, {"names": list(public_ids)}, road_version)


def named_loads(public_ids: Sequence[str], road_version: str) -> LoadRows:
    """Return these loads, whatever their status."""
    return _loads(_NAMED_LOADS, {"names": list(public_ids)}, road_version, at_once=True)


def candidate_loads(leg: LegSide, road_version: str) -> LoadRows:
    """Return the open loads that could suit a leg."""
    parameters = stored_leg(
        leg.pk,
        equipment=leg.equipment,
        reach_box=leg.reach,
        home=(leg.home_lat, leg.home_lon),
        max_home_miles=leg.max_home_deadhead_miles,
    )
    return _loads(LOADS_FOR_LEG, parameters, road_version)


def candidate_loads_of_terms(leg: ReturnLeg, road_version: str) -> LoadRows:
    """Return the open loads that could suit a leg that is not stored."""
    return _loads(LOADS_FOR_GIVEN_LEG, given_leg(leg), road_version)


def chosen_loads(keys: Sequence[int], road_version: str) -> LoadRows:
    """Return these loads, in order of key."""
    return _loads(_KEYED, {"keys": list(keys)}, road_version)


def chosen_legs(keys: Sequence[int], road_version: str) -> LegRows:
    """Return these legs, in order of key."""
    return _legs(_KEYED, {"keys": list(keys)}, road_version)


def candidate_legs(load: Side, road_version: str) -> LegRows:
    """Return the open legs that a load could suit."""
    return _legs(LEGS_FOR_LOAD, {"load": load.pk}, road_version)


def market_legs(market: str, road_version: str) -> LegRows:
    """Return every open leg of a market."""
    return _legs(_OPEN_LEGS, {"market": market, "open": Status.OPEN}, road_version)


def market_loads(market: str, road_version: str) -> LoadRows:
    """Return every open load of a market."""
    return _loads(_OPEN_LOADS, {"market": market, "open": Status.OPEN}, road_version)


def _legs(chosen: str, parameters: Mapping[str, Any], road_version: str) -> LegRows:
    rows = rows_of(_LEGS.format(chosen=chosen), {**parameters, "road": road_version})
    owners: dict[int, Owner] = {}
    names = (
        "equipment", "reach_west", "reach_south", "reach_east", "reach_north",
        "empty_lat", "empty_lon", "home_lat", "home_lon", "ready_at", "home_by",
        "attributes", "weight_pounds", "length_feet", "pallets",
        "max_pickup_deadhead_miles", "max_home_deadhead_miles", "max_out_of_route_miles",
        "drive_left", "shift_left", "break_left", "cycle_left",
        "loaded_cents_per_mile", "empty_cents_per_mile", "hour_cents", "delay_hour_cents", "noted",
    )  # fmt: skip
    values = dict(zip(names, _transposed(rows, _SIDE_COLUMNS, len(names)), strict=True))
    reach = zip(*(values.pop(f"reach_{edge}") for edge in ("west", "south", "east", "north")), strict=True)
    codes, noted = values.pop("equipment"), values.pop("noted")
    limits = values["max_home_deadhead_miles"]
    taken, part_way = ([row[at : at + 3] for row in rows] for at in (_TAKEN_AT, _TAKEN_AT + 3))
    more = zip(codes, reach, values["home_lat"], values["home_lon"], limits, taken, part_way, strict=True)
    sides = [LegSide(*(*_side(row, owners), *rest)) for row, rest in zip(rows, more, strict=True)]
    homes = [(_stretches(text) or [_UNKNOWN])[0] for text in noted]
    figures: dict[str, Any] = {
        name: np.array(column, dtype=np.int64 if name in _WHOLE else np.float64) for name, column in values.items()
    }
    return LegRows(
        sides,
        Legs(
            key=np.array([side.pk for side in sides], dtype=np.int64),
            equipment=np.array([_TRUCK_INDEX[code] for code in codes], dtype=np.int64),
            home_miles=np.array([home[0] for home in homes], dtype=np.float64),
            home_minutes=np.array([home[1] for home in homes], dtype=np.float64),
            home_estimated=np.array([home[2] for home in homes], dtype=np.bool_),
            **figures,
        ),
    )


_WHOLE = frozenset({"ready_at", "home_by", "attributes", "weight_pounds", "length_feet", "pallets"})


def _loads(chosen: str, parameters: Mapping[str, Any], road_version: str, *, at_once: bool = False) -> LoadRows:
    """Read loads and their stops: `at_once` where choosing them twice costs less than asking twice."""
    question = _LOADS.format(chosen=chosen), {**parameters, "road": road_version}
    if at_once:
        rows, stops = rows_of_each([question, (_STOPS.format(chosen=chosen), parameters)])
    else:
        rows = rows_of(*question)
        stops = rows_of(_STOPS.format(chosen=_KEYED), {"keys": [row[0] for row in rows]}) if rows else []
    owners: dict[int, Owner] = {}
    sides = [Side(*_side(row, owners), seller=_owner(row, _SELLER_AT, owners)) for row in rows]
    keys = [side.pk for side in sides]
    codes, attributes, pounds, feet, pallets, rates, sizes, coldest, warmest, noted = _transposed(
        rows, _SIDE_COLUMNS, 10
    )
    loads_of_stops, kinds, lats, lons, opens, closes, service = _transposed(stops, 0, 7)
    offsets = np.searchsorted(_ints(loads_of_stops), np.array([*keys, np.iinfo(np.int64).max]))
    between: list[Stretch] = []
    for text, count in zip(noted, np.diff(offsets).tolist(), strict=True):
        known = _stretches(text)
        between.extend([_UNKNOWN, *known] if len(known) == count - 1 else [_UNKNOWN] * count)
    return LoadRows(
        sides,
        Loads(
            key=_ints(keys),
            equipment=np.array([_LOAD_INDEX[code] for code in codes], dtype=np.int64),
            attributes=_ints(attributes),
            weight_pounds=_ints(pounds),
            length_feet=_ints(feet),
            pallets=_ints(pallets),
            rate_cents=_ints([OPEN_TO_OFFERS if rate is None else rate for rate in rates]),
            is_partial=np.array([size == LoadSize.PARTIAL for size in sizes], dtype=np.bool_),
            temperature_min_f=np.array(coldest, dtype=np.float64),
            temperature_max_f=np.array(warmest, dtype=np.float64),
            stop_offsets=offsets,
            stop_kind=_ints([PICKUP if kind == StopKind.PICKUP else DELIVERY for kind in kinds]),
            stop_lat=np.array(lats, dtype=np.float64),
            stop_lon=np.array(lons, dtype=np.float64),
            stop_opens_at=_ints(opens),
            # a window within one minute is an appointment to the minute
            stop_closes_at=np.maximum(_ints(closes), _ints(opens)),
            stop_service_minutes=_ints(service),
            stop_miles=np.array([stretch[0] for stretch in between], dtype=np.float64),
            stop_minutes=np.array([stretch[1] for stretch in between], dtype=np.float64),
            stop_estimated=np.array([stretch[2] for stretch in between], dtype=np.bool_),
        ),
    )


def with_leg_way(leg: LegRows, travel: TravelOracle) -> tuple[LegRows, list[Stretch]]:
    """Return one leg with its way straight home, asked of the road where no run has noted it; [] if there is none."""
    columns = leg.columns
    if not np.isnan(columns.home_miles[0]):
        return leg, [(float(columns.home_miles[0]), float(columns.home_minutes[0]), bool(columns.home_estimated[0]))]
    found = travel.one_to_many(
        float(columns.empty_lat[0]), float(columns.empty_lon[0]), columns.home_lat, columns.home_lon
    )
    way = _known(found)
    if way:
        columns = columns.with_homes(*_as_columns(way))
    return LegRows(leg.sides, columns), way


def with_load_way(load: LoadRows, travel: TravelOracle) -> tuple[LoadRows, list[Stretch]]:
    """Return one load with the way between its stops, asked of the road where no run has noted it; [] if none."""
    columns = load.columns
    if not np.isnan(columns.stop_miles[1:]).any():
        known = columns.stop_miles[1:], columns.stop_minutes[1:], columns.stop_estimated[1:]
        return load, list(zip(*(column.tolist() for column in known), strict=True))
    lat, lon = columns.stop_lat, columns.stop_lon
    if lat.size == 2:  # from the pickup to everywhere: what the deadheads to it will ask as well
        way = _known(travel.one_to_many(float(lat[0]), float(lon[0]), lat[1:], lon[1:]))
    else:
        way = _known(travel.pairs(lat[:-1], lon[:-1], lat[1:], lon[1:]))
    if way:
        columns = columns.with_stretches(*_as_columns([_UNKNOWN, *way]))
    return LoadRows(load.sides, columns), way


def _known(found: Any) -> list[Stretch]:
    if not (np.isfinite(found.miles).all() and np.isfinite(found.minutes).all()):
        return []
    return list(zip(found.miles.tolist(), found.minutes.tolist(), found.estimated.tolist(), strict=True))


def _as_columns(way: Sequence[Stretch]) -> tuple[Floats, Floats, Bools]:
    miles, minutes, estimated = zip(*way, strict=True)
    return np.array(miles), np.array(minutes), np.array(estimated, dtype=np.bool_)


def _side(row: tuple[Any, ...], owners: dict[int, Owner]) -> tuple[Any, ...]:
    return (*row[:6], _owner(row, 6, owners), None if row[11] is None else Noted(*row[11:18]))


def _owner(row: tuple[Any, ...], at: int, owners: dict[int, Owner]) -> Any:
    """Return the organization whose five columns begin there, each made once; None where there is none."""
    if row[at] is None:
        return None
    owner = owners.get(row[at])
    if owner is None:
        owner = owners[row[at]] = Owner(*row[at : at + 5])
    return owner


def _stretches(text: str | None) -> list[Stretch]:
    return [(float(miles), float(minutes), bool(guess)) for miles, minutes, guess in json.loads(text)] if text else []


def _ints(values: Sequence[int]) -> Ints:
    return np.array(values, dtype=np.int64)


def _transposed(rows: Sequence[tuple[Any, ...]], first: int, count: int) -> list[Sequence[Any]]:
    """Return so many columns of the rows from the first on, also when there are no rows."""
    return [[row[at] for row in rows] for at in range(first, first + count)]
