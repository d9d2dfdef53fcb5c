"""One load more: from where a truck ends its last delivery, every load that it could go on with.

The end of each chain begun is a truck of its own, a virtual leg: empty at the delivery when that is done, bound for the
same home by the same time. The bulk search finds its loads. A virtual driver is rested, so it finds too much and never
too little; what it finds is priced for the whole chain by `tours.score_tours`.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace

import numpy as np

from matching.engine import duty, money
from matching.engine.bulk import candidate_pairs
from matching.engine.columns import LOAD_CODES, Bools, Ints
from matching.engine.hours import NO_DEADLINE, plan
from matching.engine.plan.problem import ChainLimits
from matching.engine.policy import Policy
from matching.engine.problem import OPEN_TO_OFFERS, Legs, Loads
from matching.engine.routes import route_pairs, tenths
from matching.engine.tours.layout import lay_out
from matching.engine.tours.problem import Tours, TourScores, chain_tours
from matching.engine.tours.routes import own_miles, route_tours
from matching.engine.tours.score import score_tours, tour_chains
from matching.engine.travel import TravelOracle

_TOURS_AT_ONCE = 1 << 15
_ROUNDING_MILES = 0.2


@dataclass(frozen=True, eq=False, kw_only=True)
class Offers:
    """What each load brings, shape (loads,): its rate or what stands for it, and the minutes of service it takes."""

    rate_cents: Ints
    service_minutes: Ints


@dataclass(frozen=True, eq=False, kw_only=True)
class Extensions:
    """n chains of one load more, each column of shape (n,): the chain begun, the load, and what it gains at most.

    `ends_home` says that the delivery is within the leg's home limit.
    """

    begun_row: Ints
    load_row: Ints
    most_cents: Ints
    ends_home: Bools


def offers(loads: Loads, travel: TravelOracle, policy: Policy) -> Offers:
    """Return what the loads bring; those without a rate at the policy's estimate for their own miles."""
    rate = loads.rate_cents.copy()
    rows = np.flatnonzero(rate == OPEN_TO_OFFERS)
    if rows.size:
        codes = [LOAD_CODES[code] for code in loads.equipment[rows]]
        rate[rows] = policy.rates.estimate_cents(codes, own_miles(loads, rows, travel), loads.truck_share[rows])
    service = duty.service_minutes(loads, policy)
    minutes = np.add.reduceat(service, loads.first_stop) if len(loads) else np.zeros(0, dtype=np.int64)
    return Offers(rate_cents=rate, service_minutes=minutes)


def open_homes(legs: Legs, loads: Loads, limits: ChainLimits) -> tuple[Legs, bool]:
    """Return the legs without a limit of their home deadhead: a chain may pass far from home before its last load.

    A leg without a limit at the pickup would then meet every load of the market. Where that comes to more than
    `limits.unlimited_pairs`, such legs keep their limit, and the answer's second part is False.
    """
    anywhere = np.isnan(legs.max_pickup_deadhead_miles)
    too_many = int(anywhere.sum()) * len(loads) > limits.unlimited_pairs
    kept = anywhere & too_many & ~np.isnan(legs.max_home_deadhead_miles)
    open_home = np.where(kept, legs.max_home_deadhead_miles, np.nan)
    return replace(legs, max_home_deadhead_miles=open_home), not bool(kept.any())


def first_loads(
    opened: Legs, loads: Loads, offered: Offers, travel: TravelOracle, policy: Policy, *, block_pairs: int
) -> Iterator[tuple[Ints, Ints, Ints]]:
    """Yield blocks of loads that a chain could begin with: leg rows, load rows, the most that each gains alone.

    By the miles and the money; whether the hours and windows hold is left to `score_chains`.
    """
    for leg, load in candidate_pairs(opened, loads, block_pairs=block_pairs):
        routes = route_pairs(opened, leg, loads, load, travel)
        near = ~(routes.to_pickup.miles > opened.max_pickup_deadhead_miles[leg])
        near |= routes.out_of_route_miles <= opened.max_out_of_route_miles[leg]
        near &= ~(routes.to_home.miles > opened.max_home_deadhead_miles[leg])
        kept = np.flatnonzero(routes.passable & near)
        leg, load, routes = leg[kept], load[kept], routes.take(kept)
        used = money.Quantities(
            loaded_miles=routes.loaded_miles,
            empty_miles=tenths(routes.to_pickup.miles + routes.to_home.miles),
            avoided_miles=routes.straight_home.miles,
            on_duty_minutes=offered.service_minutes[load],
            delay_minutes=np.zeros(leg.size, dtype=np.int64),
        )
        costs = money.policy_costs(policy, leg.size)
        if leg.size:
            yield leg, load, money.gain(offered.rate_cents[load], used, costs).gain_cents


def score_chains(
    legs: Legs, loads: Loads, leg_rows: Ints, load_rows: Ints, travel: TravelOracle, policy: Policy
) -> Iterator[tuple[Ints, TourScores]]:
    """Yield the feasible ones of these chains in batches: their positions in what was asked, and their scores."""
    for start in range(0, leg_rows.size, _TOURS_AT_ONCE):
        here = slice(start, start + _TOURS_AT_ONCE)
        scores = score_tours(legs, loads, chain_tours(loads, leg_rows[here], load_rows[here]), travel, policy)
        kept = np.flatnonzero(scores.feasible)
        yield kept + start, scores.take(kept)


def ready_after(legs: Legs, loads: Loads, begun: TourScores, travel: TravelOracle, policy: Policy) -> Ints:
    """Return when each chain's last delivery is done at the earliest, in minutes, shape (n,)."""
    ready = np.zeros(len(begun), dtype=np.int64)
    for start in range(0, len(begun), _TOURS_AT_ONCE):
        rows = np.arange(start, min(start + _TOURS_AT_ONCE, len(begun)))
        ready[rows] = _done_at(
            legs, loads, chain_tours(loads, begun.leg_row[rows], begun.load_rows[rows]), travel, policy
        )
    return ready


def _done_at(legs: Legs, loads: Loads, tours: Tours, travel: TravelOracle, policy: Policy) -> Ints:
    layout = lay_out(loads, tours)
    routes = route_tours(legs, tours.leg_row, loads, layout, travel)
    chains = tour_chains(legs, tours.leg_row, loads, layout, routes, policy)
    drive = chains.drive_minutes.copy()
    drive[np.arange(len(tours)), chains.stops] = 0
    ends_there = replace(chains, drive_minutes=drive, finish_by=np.full(len(tours), NO_DEADLINE))
    return plan(ends_there, policy.duty).arrive_at


def extensions(
    legs: Legs,
    loads: Loads,
    begun: TourScores,
    ready_at: Ints,
    offered: Offers,
    travel: TravelOracle,
    policy: Policy,
    *,
    home_limited: bool,
    block_pairs: int,
) -> Iterator[Extensions]:
    """Yield blocks of all loads that each chain begun could go on with, in order of the chains.

    `home_limited` leaves out what ends beyond the leg's home limit. No chain gains more than `most_cents`: waiting, and
    coming home later than empty, are taken as nothing.
    """
    if not len(begun) or not len(loads):
        return
    virtual = _virtual_legs(legs, loads, begun, ready_at, home_limited=home_limited)
    for row, load in candidate_pairs(virtual, loads, block_pairs=block_pairs):
        fresh = (begun.load_rows[row] != load[:, None]).all(axis=1)
        row, load = row[fresh], load[fresh]
        if not row.size:
            continue
        routes = route_pairs(virtual, row, loads, load, travel)
        leg = begun.leg_row[row]
        near = ~(routes.to_pickup.miles > legs.max_pickup_deadhead_miles[leg])
        near |= routes.out_of_route_miles <= virtual.max_out_of_route_miles[row]
        ends_home = ~(routes.to_home.miles > legs.max_home_deadhead_miles[leg])
        kept = np.flatnonzero(routes.passable & near & (ends_home | (not home_limited)))
        if not kept.size:
            continue
        row, load, routes, leg = row[kept], load[kept], routes.take(kept), leg[kept]
        before = begun.pickup_deadhead_miles + begun.between_deadhead_miles
        used = money.Quantities(
            loaded_miles=tenths(begun.loaded_miles[row] + routes.loaded_miles),
            empty_miles=tenths(before[row] + routes.to_pickup.miles + routes.to_home.miles),
            avoided_miles=begun.avoided_miles[row],
            on_duty_minutes=begun.service_minutes[row] + offered.service_minutes[load],
            delay_minutes=np.zeros(row.size, dtype=np.int64),
        )
        rate = begun.rate_cents[row] + offered.rate_cents[load]
        most = money.gain(rate, used, money.policy_costs(policy, row.size)).gain_cents
        yield Extensions(begun_row=row, load_row=load, most_cents=most, ends_home=ends_home[kept])


def _virtual_legs(legs: Legs, loads: Loads, begun: TourScores, ready_at: Ints, *, home_limited: bool) -> Legs:
    n, last = len(begun), np.maximum((begun.load_rows >= 0).sum(axis=1) - 1, 0)
    stop = loads.last_stop[begun.load_rows[np.arange(n), last]]
    unknown = np.full(n, np.nan)
    left = legs.max_out_of_route_miles[begun.leg_row] - begun.out_of_route_miles + _ROUNDING_MILES
    columns = {item.name: getattr(legs, item.name)[begun.leg_row] for item in fields(legs)}
    columns |= {
        "key": np.arange(n),
        "empty_lat": loads.stop_lat[stop],
        "empty_lon": loads.stop_lon[stop],
        "ready_at": ready_at,
        "max_out_of_route_miles": np.where(left >= 0, left, np.nan),
        # The way home is known; its minutes are of no account here.
        "home_miles": begun.home_deadhead_miles,
        "home_minutes": begun.home_deadhead_miles,
        "home_estimated": np.zeros(n, dtype=np.bool_),
    }
    columns |= dict.fromkeys(("drive_left", "shift_left", "break_left", "cycle_left"), unknown)
    if not home_limited:
        columns["max_home_deadhead_miles"] = unknown
    return Legs(**columns)
