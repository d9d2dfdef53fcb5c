"""The slow, obvious twin of `matching.engine.tours`: one tour walked stop by stop, in dictionaries and fractions.

Only the hours are not walked here: they have a twin of their own (`reference_hours`), so one day is planned at a time.
"""

from fractions import Fraction
from itertools import pairwise, permutations
from math import ceil, floor, isfinite, isnan

import numpy as np

from foundation.trade.equipment import Attribute
from matching.engine.columns import CARRIES, LOAD_CODES
from matching.engine.hours import NO_DEADLINE, Chains, fill_clock, plan


def drive(travel, a, b):
    """Return the miles in tenths and the whole minutes from point to point, or None without a road."""
    found = travel.pairs([a[0]], [a[1]], [b[0]], [b[1]])
    miles, minutes = float(found.miles[0]), float(found.minutes[0])
    if not (isfinite(miles) and isfinite(minutes)):
        return None
    return float(np.round(miles, 1)), ceil(round(minutes, 3))


def cents(amount):
    """Round to the cent, half a cent up."""
    return floor(Fraction(round(amount, 6)) + Fraction(1, 2))


def walk(legs, leg, loads, order, travel, policy):
    """Return what a tour of one leg through these stops (positions in `loads`) comes to, or the rule that refuses."""
    point = {stop: (float(loads.stop_lat[stop]), float(loads.stop_lon[stop])) for stop in order}
    owner = {}
    for row in range(len(loads)):
        for stop in range(int(loads.stop_offsets[row]), int(loads.stop_offsets[row + 1])):
            owner[stop] = row
    named = list(dict.fromkeys(owner[stop] for stop in order))
    for row in named:
        if not CARRIES[legs.equipment[leg], loads.equipment[row]]:
            return {"refusal": "equipment"}
    for row in named:
        if int(loads.attributes[row]) & ~int(legs.attributes[leg]):
            return {"refusal": "attributes"}
    aboard, boards = set(), []
    for stop in order:
        row = owner[stop]
        if stop == loads.stop_offsets[row]:
            aboard.add(row)
        if stop == loads.stop_offsets[row + 1] - 1:
            aboard.discard(row)
        boards.append(frozenset(aboard))
    for rule, amounts, room in (
        ("weight", loads.weight_pounds, legs.weight_pounds),
        ("length", loads.length_feet, legs.length_feet),
        ("pallets", loads.pallets, legs.pallets),
    ):
        if any(sum(int(amounts[row]) for row in board) > room[leg] for board in boards):
            return {"refusal": rule}
    together = [board for board in boards if len(board) > 1]
    if any(not loads.is_partial[row] for board in together for row in board):
        return {"refusal": "sharing"}
    for board in together:
        least = [float(loads.temperature_min_f[row]) for row in board if not isnan(loads.temperature_min_f[row])]
        most = [float(loads.temperature_max_f[row]) for row in board if not isnan(loads.temperature_max_f[row])]
        if least and most and max(least) > min(most):
            return {"refusal": "temperature"}
    for board in together:
        needs = [int(loads.attributes[row]) for row in board]
        if any(need & Attribute.HAZMAT for need in needs) and any(need & Attribute.FOOD_GRADE for need in needs):
            return {"refusal": "mixing"}
    empty = float(legs.empty_lat[leg]), float(legs.empty_lon[leg])
    home = float(legs.home_lat[leg]), float(legs.home_lon[leg])
    places = [empty, *(point[stop] for stop in order), home]
    ways = [drive(travel, a, b) for a, b in pairwise(places)]
    straight = drive(travel, empty, home)
    if None in ways or straight is None:
        return {"refusal": "unreachable"}
    before = [frozenset(), *boards]
    deadheads = [way[0] for way, board in zip(ways[:-1], before, strict=False) if not board]
    loaded = sum(Fraction(str(way[0])) for way, board in zip(ways[:-1], before, strict=False) if board)
    driven = sum(Fraction(str(way[0])) for way in ways)
    out_of_route = driven - Fraction(str(straight[0]))
    limit, allowed = float(legs.max_pickup_deadhead_miles[leg]), float(legs.max_out_of_route_miles[leg])
    if any(miles > limit for miles in deadheads) and not float(out_of_route) <= allowed:
        return {"refusal": "pickup_deadhead"}
    if ways[-1][0] > float(legs.max_home_deadhead_miles[leg]):
        return {"refusal": "home_deadhead"}
    service = [
        policy.service_minutes if loads.stop_service_minutes[stop] == -1 else int(loads.stop_service_minutes[stop])
        for stop in order
    ]
    chain = Chains(
        start_at=legs.ready_at[[leg]],
        stops=np.array([len(order)]),
        drive_minutes=np.array([[way[1] for way in ways]]),
        opens_at=np.array([[loads.stop_opens_at[stop] for stop in order]]),
        closes_at=np.array([[loads.stop_closes_at[stop] for stop in order]]),
        service_minutes=np.array([service]),
        clock=clock(legs, leg, policy),
        finish_by=legs.home_by[[leg]],
    )
    day = plan(chain, policy.duty)
    if not day.feasible[0]:
        return {"refusal": "late"}
    on_empty = Chains(
        start_at=legs.ready_at[[leg]],
        stops=np.array([0]),
        drive_minutes=np.array([[straight[1]]]),
        opens_at=np.zeros((1, 0), dtype=np.int64),
        closes_at=np.zeros((1, 0), dtype=np.int64),
        service_minutes=np.zeros((1, 0), dtype=np.int64),
        clock=clock(legs, leg, policy),
        finish_by=np.array([NO_DEADLINE]),
    )
    late = max(0, int(day.arrive_at[0]) - int(plan(on_empty, policy.duty).arrive_at[0]))
    rate = 0
    for row in named:
        if loads.rate_cents[row] >= 0:
            rate += int(loads.rate_cents[row])
            continue
        stops = range(int(loads.stop_offsets[row]), int(loads.stop_offsets[row + 1]))
        spots = [(float(loads.stop_lat[stop]), float(loads.stop_lon[stop])) for stop in stops]
        own = sum(drive(travel, a, b)[0] for a, b in pairwise(spots))
        codes = [LOAD_CODES[loads.equipment[row]]]
        share = max(loads.length_feet[row] / 53, loads.weight_pounds[row] / 45_000, loads.pallets[row] / 26)
        share = min(share, 1.0) if loads.is_partial[row] else 1.0
        rate += int(policy.rates.estimate_cents(codes, np.array([round(own, 1)]), np.array([share]))[0])
    on_duty = sum(service) + int(day.wait_minutes[0])

    def gain(mile, empty_mile, hour, delay):
        paid = cents(loaded * Fraction(mile)) + cents((driven - loaded) * Fraction(empty_mile))
        paid += cents(on_duty * Fraction(hour) / 60) + cents(late * Fraction(delay) / 60)
        return rate - paid + cents(Fraction(str(straight[0])) * Fraction(empty_mile))

    def own(column, default):
        return default if isnan(column[leg]) else float(column[leg])

    usual = (
        policy.loaded_cents_per_mile,
        policy.empty_cents_per_mile,
        policy.hour_cents,
        policy.delay_hour_cents,
    )
    columns = (legs.loaded_cents_per_mile, legs.empty_cents_per_mile, legs.hour_cents, legs.delay_hour_cents)
    return {
        "refusal": "none",
        "market": gain(*usual),
        "own": gain(*(own(column, default) for column, default in zip(columns, usual, strict=True))),
        "loaded": float(loaded),
        "empty": float(driven - loaded),
        "rate": rate,
        "finish_at": int(day.arrive_at[0]),
    }


def clock(legs, leg, policy):
    """Return the driver's clock as the engine fills it in."""
    if policy.duty is None:
        return np.zeros((1, 4), dtype=np.int64)
    columns = (legs.drive_left, legs.shift_left, legs.break_left, legs.cycle_left)
    return fill_clock(*(column[[leg]] for column in columns), policy.duty)


def every_order(loads, rows):
    """Yield every order of these loads' stops that keeps each load's own, each once, in order of the rows given."""
    stops = {row: list(range(int(loads.stop_offsets[row]), int(loads.stop_offsets[row + 1]))) for row in rows}
    seen = set()
    for pattern in permutations([row for row in rows for _ in stops[row]]):
        if pattern not in seen:
            seen.add(pattern)
            left = {row: list(own) for row, own in stops.items()}
            yield [left[row].pop(0) for row in pattern]
