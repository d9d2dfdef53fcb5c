"""From pairs to duty chains: leg i drives to the load's stops in order, serves them, and drives home."""

import numpy as np

from matching.engine.columns import Bools, Floats, Ints
from matching.engine.hours import NO_DEADLINE, Chains, Plans, fill_clock, plan
from matching.engine.policy import DutyLimits, Policy
from matching.engine.problem import DEFAULT_SERVICE, DELIVERY, Legs, Loads
from matching.engine.refusals import AT_DELIVERY, AT_HOME, AT_PICKUP, FIGURES, Refusal
from matching.engine.routes import Routes, Way


def service_minutes(loads: Loads, policy: Policy) -> Ints:
    """Return the service minutes of each stop, the policy's where none are given."""
    given = loads.stop_service_minutes
    return np.asarray(np.where(given == DEFAULT_SERVICE, policy.service_minutes, given))


def pair_chains(legs: Legs, leg_rows: Ints, loads: Loads, load_rows: Ints, routes: Routes, policy: Policy) -> Chains:
    """Return one duty chain for each pair, with its way home as the last stretch."""
    n = leg_rows.size
    stops = np.diff(loads.stop_offsets)[load_rows]
    width = int(stops.max(initial=0))
    position = np.arange(width)[None, :]
    used = position < stops[:, None]
    where = np.where(used, loads.stop_offsets[load_rows][:, None] + position, 0)
    drive = np.zeros((n, width + 1), dtype=np.int64)
    drive[:, :width] = np.where(used, routes.between.minutes[where] if where.size else 0, 0)
    if n:
        drive[:, 0] = routes.to_pickup.minutes
        drive[np.arange(n), stops] = routes.to_home.minutes
    return Chains(
        start_at=legs.ready_at[leg_rows],
        stops=stops,
        drive_minutes=drive,
        opens_at=np.where(used, loads.stop_opens_at[where] if where.size else 0, 0),
        closes_at=np.where(used, loads.stop_closes_at[where] if where.size else 0, 0),
        service_minutes=np.where(used, service_minutes(loads, policy)[where] if where.size else 0, 0),
        clock=clocks(legs, leg_rows, policy.duty),
        finish_by=legs.home_by[leg_rows],
    )


def empty_homes(legs: Legs, straight_home: Way, policy: Policy) -> Plans:
    """Return the plans of driving straight home, one for each leg: what every gain is measured against."""
    n = len(legs)
    none = np.zeros((n, 0), dtype=np.int64)
    chains = Chains(
        start_at=legs.ready_at,
        stops=np.zeros(n, dtype=np.int64),
        drive_minutes=straight_home.minutes[:, None],
        opens_at=none,
        closes_at=none,
        service_minutes=none,
        clock=clocks(legs, np.arange(n), policy.duty),
        finish_by=np.full(n, NO_DEADLINE),
    )
    return plan(chains, policy.duty)


def clock_is_assumed(legs: Legs) -> Bools:
    """Say for which legs a part of the driver's clock is unknown, so that he was assumed rested."""
    clock = np.stack([legs.drive_left, legs.shift_left, legs.break_left, legs.cycle_left])
    return np.asarray(np.isnan(clock).any(axis=0))


def late_refusals(chains: Chains, plans: Plans, kinds: Ints) -> tuple[Ints, Floats]:
    """Return rule (n,) and figures (n, 4) for plans that come too late; `kinds` (n, k) says what each stop is.

    Late for a driver who never rests: the window or home-by refuses. Late only with him resting: the hours refuse.
    """
    n = len(chains)
    at = np.where(plans.feasible, 0, plans.late_at)
    home = at == chains.stops
    delivery = np.zeros(n, dtype=np.bool_)
    if kinds.shape[1]:
        delivery = kinds[np.arange(n), np.minimum(at, kinds.shape[1] - 1)] == DELIVERY
    place = np.where(home, AT_HOME, np.where(delivery, AT_DELIVERY, AT_PICKUP))
    by_window = np.array([Refusal.PICKUP_CLOSES, Refusal.DELIVERY_CLOSES, Refusal.HOME_BY])[place]
    rule = np.where(plans.late_without_rules > 0, by_window, Refusal.HOURS)
    figures = np.zeros((n, FIGURES))
    figures[:, 0], figures[:, 1] = plans.late_minutes, at
    by_hours = rule == Refusal.HOURS
    figures[by_hours, 2], figures[by_hours, 3] = plans.rules[by_hours], place[by_hours]
    return np.where(plans.feasible, Refusal.NONE, rule), np.where(plans.feasible[:, None], 0.0, figures)


def stop_kinds(loads: Loads, load_rows: Ints, width: int) -> Ints:
    """Return what each stop of each pair's load is, (n, width); padded with pickups."""
    stops = np.diff(loads.stop_offsets)[load_rows]
    position = np.arange(width)[None, :]
    where = np.where(position < stops[:, None], loads.stop_offsets[load_rows][:, None] + position, 0)
    return np.asarray(loads.stop_kind[where] if where.size else np.zeros((load_rows.size, width), dtype=np.int64))


def clocks(legs: Legs, rows: Ints, limits: DutyLimits | None) -> Ints:
    """Return the drivers' clocks (n, 4) at the ready time, the assumptions of `fill_clock` where they are unknown."""
    if limits is None:
        return np.zeros((rows.size, 4), dtype=np.int64)
    clock = fill_clock(legs.drive_left, legs.shift_left, legs.break_left, legs.cycle_left, limits)
    return np.asarray(clock[rows])
