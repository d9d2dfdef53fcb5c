"""Hours of service over the whole duty chain, for n chains at once.

The planned answer is the earliest legal arrival over these choices: leave later while rested; wait on duty; take 10
hours off (or the 34-hour restart) before or after any stop or when a clock runs out; a wait of 10 hours or more is such
a rest. Nobody waits on duty who could have left later without missing a window. On the road the driver goes on as long
as his clocks allow: a break that is due is taken on the spot, and a rest only when driving, shift or cycle runs out
(also if the shift would end during the break). 30 minutes of any non-driving time make a break, so a driver may stay at
a stop until they are full. Waiting and service are on duty; breaks on the road and rests are not. After the 14th hour
only driving is barred, so service may go on. No split sleeper berth, no adverse conditions, no hours of earlier days
coming back. Source: 49 CFR 395.3. It is planning advice, not a log.

The method is label setting: every legal way so far is a label, superfluous labels are dropped by an exact rule, so the
answer is exact.
"""

from dataclasses import dataclass

import numpy as np

from matching.engine import labels as lab
from matching.engine.columns import Bools, Floats, Ints
from matching.engine.labels import Labels, Trace
from matching.engine.policy import DutyLimits
from matching.engine.service import Window, serve

NO_DEADLINE = 1 << 45
FEASIBLE = -1


@dataclass(frozen=True, eq=False, kw_only=True)
class Chains:
    """n duty chains of at most k stops: drive, stop, drive, stop, ..., drive home. Whole minutes everywhere.

    `drive_minutes` (n, k + 1): the stretch to each stop, then from the last stop on (0 if the chain ends there); chain
    i uses the first `stops[i]` stops, and its way home stands at `drive_minutes[i, stops[i]]`. `opens_at`,
    `closes_at`, `service_minutes` (n, k). `clock` (n, 4): minutes left of driving, shift, driving before a break,
    cycle. `finish_by` (n,), NO_DEADLINE for none.
    """

    start_at: Ints
    stops: Ints
    drive_minutes: Ints
    opens_at: Ints
    closes_at: Ints
    service_minutes: Ints
    clock: Ints
    finish_by: Ints

    def __len__(self) -> int:
        return int(self.start_at.shape[0])


@dataclass(frozen=True, eq=False, kw_only=True)
class Plans:
    """The answer for n chains, each of shape (n,).

    `late_at` is FEASIBLE (-1), or the position of the stop that cannot be reached in time; the number of stops means
    the finish. Then `arrive_at` is the earliest legal arrival there, `late_minutes` how much too late that is,
    `late_without_rules` the same for a driver who never needs rest, and `rules` the bit set of rules (`labels.RULE_*`)
    that made him stop. Otherwise `arrive_at` is the earliest legal finish, and the rest belongs to the way that
    finishes first (of those the one that waits least): `first_service_at`, `wait_minutes` on duty.
    """

    late_at: Ints
    arrive_at: Ints
    late_minutes: Ints
    late_without_rules: Ints
    rules: Ints
    first_service_at: Ints
    wait_minutes: Ints

    @property
    def feasible(self) -> Bools:
        """Whether each chain can be driven legally and in time."""
        return np.asarray(self.late_at == FEASIBLE)


def fill_clock(drive: Floats, shift: Floats, before_break: Floats, cycle: Floats, limits: DutyLimits) -> Ints:
    """Return clocks (n, 4) in whole minutes with the stated assumption for what is unknown (NaN).

    An unknown clock is full, except that what has been driven in this shift has used the shift up as well, and that no
    more can be driven than the shift allows.
    """
    full = limits.drive_minutes, limits.shift_minutes, limits.drive_minutes_before_break, limits.cycle_minutes
    driven = limits.drive_minutes - np.where(np.isnan(drive), full[0], np.minimum(drive, full[0]))
    known_shift = np.where(np.isnan(shift), full[1] - driven, np.minimum(shift, full[1]))
    known_drive = np.where(np.isnan(drive), np.minimum(full[0], known_shift), np.minimum(drive, full[0]))
    known_break = np.where(np.isnan(before_break), full[2], np.minimum(before_break, full[2]))
    known_cycle = np.where(np.isnan(cycle), full[3], np.minimum(cycle, full[3]))
    return np.asarray(np.stack([known_drive, known_shift, known_break, known_cycle], axis=1), dtype=np.int64)


def plan(
    chains: Chains, limits: DutyLimits | None, trace: Trace | None = None, *, feasible_only: bool = False
) -> Plans:
    """Return the earliest legal plans; without limits the driver never needs rest. A trace hears how.

    With `feasible_only` the answer for a chain that comes too late is no more than that: ways that cannot be in time
    any more are dropped at once, which changes nothing for the others.
    """
    n = len(chains)
    plain = _without_rules(chains)
    if limits is None or n == 0:
        return plain
    late_at = np.full(n, 0 if feasible_only else FEASIBLE, dtype=np.int64)
    arrive_at, late, rules = (np.zeros(n, dtype=np.int64) for _ in range(3))
    need = _most_on_duty(chains, limits)
    due = _latest_departures(chains) if feasible_only else None
    ways = lab.join(lab.with_rests(_start(chains, limits), need[0], limits, trace))
    ways = lab.undominated(_hopeful(ways, due, 0), need[0])
    first, waited = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64)
    for stop in range(chains.drive_minutes.shape[1]):
        home = ways[:, chains.stops[ways[lab.OWNER]] == stop]
        if home.shape[1]:
            home = lab.drive(home, chains.drive_minutes[:, stop], need[stop], limits, trace)
            best = _best(home)
            owners = best[lab.OWNER]
            over = np.maximum(best[lab.TIME] - chains.finish_by[owners], 0)
            late_at[owners], late[owners] = np.where(over > 0, stop, FEASIBLE), over
            arrive_at[owners], rules[owners] = best[lab.TIME], best[lab.RULES]
            first[owners], waited[owners] = best[lab.FIRST], best[lab.WAITED]
            if trace is not None:
                trace.add(best, "finish", 0)
        ways = ways[:, chains.stops[ways[lab.OWNER]] > stop]
        if not ways.shape[1]:
            break
        ways = lab.drive(ways, chains.drive_minutes[:, stop], need[stop], limits, trace)
        best = _best(ways)
        owners = best[lab.OWNER]
        over = np.maximum(best[lab.TIME] - chains.closes_at[owners, stop], 0)
        missed = over > 0
        gone = owners[missed]
        late_at[gone], late[gone] = stop, over[missed]
        arrive_at[gone], rules[gone] = best[lab.TIME, missed], best[lab.RULES, missed]
        here = need[stop] - chains.drive_minutes[:, stop]
        ways = serve(ways, _window(chains, stop), here, limits, trace)
        ways = _hopeful(ways, due, stop + 1)
        if not ways.shape[1]:
            break
        ways = lab.undominated(ways, need[stop + 1])
    return Plans(
        late_at=late_at,
        arrive_at=arrive_at,
        late_minutes=late,
        late_without_rules=np.where(plain.late_at == late_at, plain.late_minutes, 0),
        rules=rules,
        first_service_at=np.maximum(first, chains.opens_at[:, 0] if chains.opens_at.shape[1] else 0),
        wait_minutes=waited,
    )


def _latest_departures(chains: Chains) -> Ints:
    """Return when each stretch must be set out on at the latest by a driver who never needs rest, (k + 1, n)."""
    n, k = chains.opens_at.shape
    departure = np.full((k + 1, n), NO_DEADLINE, dtype=np.int64)
    for stop in range(k, -1, -1):
        arrival = chains.finish_by
        if stop < k:
            served = departure[stop + 1] - chains.service_minutes[:, stop]
            arrival = np.where(chains.stops == stop, arrival, np.minimum(chains.closes_at[:, stop], served))
        used = chains.stops >= stop
        departure[stop] = np.where(used, arrival - chains.drive_minutes[:, stop], NO_DEADLINE)
    return departure


def _hopeful(labels: Labels, due: Ints | None, stretch: int) -> Labels:
    """Return the labels about to set out on a stretch that may still be in time for all that is to come."""
    if due is None:
        return labels
    in_time = labels[lab.TIME] <= due[stretch][labels[lab.OWNER]]
    return labels if in_time.all() else labels.compress(in_time, axis=1)


def _without_rules(chains: Chains) -> Plans:
    """Return the plans of a driver who never needs rest: drive, wait for the opening, serve."""
    n = len(chains)
    time = chains.start_at.copy()
    late_at = np.full(n, FEASIBLE, dtype=np.int64)
    late, arrive_at, first, waited = (np.zeros(n, dtype=np.int64) for _ in range(4))
    for stop in range(chains.drive_minutes.shape[1]):
        underway = (chains.stops >= stop) & (late_at == FEASIBLE)
        time = time + np.where(underway, chains.drive_minutes[:, stop], 0)
        ends = underway & (chains.stops == stop)
        due = chains.finish_by if stop == chains.opens_at.shape[1] else chains.closes_at[:, stop]
        due = np.where(ends, chains.finish_by, due)
        over = underway & (time > due)
        late_at[over], late[over] = stop, (time - due)[over]
        arrive_at = np.where(over | ends, time, arrive_at)
        if stop == chains.opens_at.shape[1]:
            break
        serving = underway & ~ends & ~over
        begin = np.maximum(time, chains.opens_at[:, stop])
        waited += np.where(serving, begin - time, 0)
        first = np.where(serving & (stop == 0), begin, first)
        time = np.where(serving, begin + chains.service_minutes[:, stop], time)
    none = np.zeros(n, dtype=np.int64)
    return Plans(
        late_at=late_at,
        arrive_at=arrive_at,
        late_minutes=late,
        late_without_rules=late,
        rules=none,
        first_service_at=first,
        wait_minutes=waited,
    )


def _most_on_duty(chains: Chains, limits: DutyLimits) -> Ints:
    """Return the most on-duty minutes that the rest of each chain can take before each stretch, (k + 1, n).

    A wait on duty is shorter than a rest, since a rest would serve as well.
    """
    n, k = chains.opens_at.shape
    used = np.arange(k)[None, :] < chains.stops[:, None]
    at_stops = np.where(used, np.maximum(chains.service_minutes, limits.break_minutes) + limits.rest_minutes, 0)
    at_stops = np.concatenate([at_stops, np.zeros((n, 1), dtype=np.int64)], axis=1)
    on_road = np.where(np.arange(k + 1)[None, :] <= chains.stops[:, None], chains.drive_minutes, 0)
    return np.asarray(np.cumsum((at_stops + on_road)[:, ::-1], axis=1)[:, ::-1].T + 1)


def _start(chains: Chains, limits: DutyLimits) -> Labels:
    labels = np.zeros((lab.ROWS, len(chains)), dtype=np.int64)
    labels[lab.OWNER] = np.arange(len(chains))
    labels[lab.TIME] = chains.start_at
    labels[[lab.DRIVE, lab.SHIFT, lab.BREAK, lab.CYCLE]] = chains.clock.T
    # A full shift has not begun: the driver is rested and may leave later.
    fresh = chains.clock[:, 1] >= limits.shift_minutes
    labels[lab.LATEST] = np.where(fresh, lab.NEVER, chains.start_at + chains.clock[:, 1])
    labels[lab.NODE] = -1
    return labels


def _window(chains: Chains, stop: int) -> Window:
    """Return every chain's window and service at one position."""
    return Window(stop, chains.opens_at[:, stop], chains.closes_at[:, stop], chains.service_minutes[:, stop])


def _best(labels: Labels) -> Labels:
    """Return each chain's earliest label; of those the one that waited least, then the first."""
    order = lab.ordered(labels[lab.OWNER], labels[lab.TIME], labels[lab.WAITED])
    owners = labels[lab.OWNER, order]
    first = np.ones(order.size, dtype=np.bool_)
    first[1:] = owners[1:] != owners[:-1]
    return labels[:, order[first]]
