"""Labels: the partial duty days that the hours planner weighs against each other.

A label is one column of an integer matrix: a legal way in which chain OWNER has come to the point reached so far.
Drivers who have rested may leave later than they could; so a label also knows LATEST, the latest instant at which its
shift can be made to end by leaving later without missing a window behind it. `LATEST - TIME - SHIFT` minutes of delay
are still free.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from matching.engine.columns import Bools, Ints
from matching.engine.policy import DutyLimits

OWNER = 0  # which chain
TIME = 1  # the instant reached
DRIVE = 2  # driving minutes left
SHIFT = 3  # minutes left of the shift; may fall below 0, which bars driving only
BREAK = 4  # driving minutes left before a break is due
CYCLE = 5  # on-duty minutes left of the cycle; UNBOUND where the chain cannot use them up
LATEST = 6  # see above; NEVER after a rest
WAITED = 7  # minutes waited on duty so far
FIRST = 8  # earliest service at the first stop, its opening apart where the truck is served on arrival
IN_FIRST_SHIFT = 9  # 1 while the shift of the first stop lasts, so that leaving later moves FIRST
TO_DRIVE = 10  # minutes left of the stretch being driven
RULES = 11  # bit set of the rules that made the driver stop
IDLE = 12  # minutes not driven since the last stretch: stops at one place may make a break together
NODE = 13  # last entry in the trace, if there is one
ROWS = 14

_CLOCKS = slice(DRIVE, CYCLE + 1)

NEVER = 1 << 50
UNBOUND = 1 << 40

RULE_DRIVE = 1
RULE_SHIFT = 2
RULE_BREAK = 4
RULE_CYCLE = 8

Labels = NDArray[np.int64]


@dataclass(slots=True)
class Trace:
    """What each label did, as trees of (entry before, deed, minutes): one tree for every chain, noted in blocks."""

    before: list[Ints] = field(default_factory=list)
    owners: list[Ints] = field(default_factory=list)
    minutes: list[Ints] = field(default_factory=list)
    deeds: list[str] = field(default_factory=list)
    size: int = 0

    def add(self, labels: Labels, deed: str, minutes: Ints | int) -> None:
        """Note a deed for every label."""
        count = labels.shape[1]
        self.before.append(labels[NODE].copy())
        self.owners.append(labels[OWNER].copy())
        self.minutes.append(np.full(count, minutes, dtype=np.int64))
        self.deeds.append(deed)
        labels[NODE] = np.arange(self.size, self.size + count)
        self.size += count

    def ways(self, last_deed: str) -> dict[int, list[tuple[str, int]]]:
        """Return for each chain that came to it the deeds up to its latest `last_deed`, first deed first."""
        if not self.deeds:
            return {}
        before, minutes = np.concatenate(self.before).tolist(), np.concatenate(self.minutes).tolist()
        block = np.repeat(np.arange(len(self.deeds)), [part.size for part in self.before]).tolist()
        found: dict[int, int] = {}
        start = 0
        for deed, owners in zip(self.deeds, self.owners, strict=True):
            if deed == last_deed:
                found.update(zip(owners.tolist(), range(start, start + owners.size), strict=True))
            start += owners.size
        ways = {}
        for owner, last in found.items():
            deeds, entry = [], last
            while entry >= 0:
                deeds.append((self.deeds[block[entry]], minutes[entry]))
                entry = before[entry]
            ways[owner] = deeds[::-1]
        return ways


def join(groups: list[Labels]) -> Labels:
    """Return all groups as one matrix."""
    return groups[0] if len(groups) == 1 else np.concatenate(groups, axis=1)


def rested(labels: Labels, minutes: int, limits: DutyLimits, trace: Trace | None) -> Labels:
    """Return the labels after so many minutes off duty: a rest, or the restart of the cycle if long enough."""
    after = labels.copy()
    after[TIME] += minutes
    refresh(after, limits)
    if minutes >= limits.restart_minutes:
        after[CYCLE] = limits.cycle_minutes
        after[RULES] |= RULE_CYCLE
    if trace is not None:
        trace.add(after, "off", minutes)
    return after


def refresh(labels: Labels, limits: DutyLimits) -> None:
    """Give the labels a new shift, in place."""
    labels[DRIVE] = limits.drive_minutes
    labels[SHIFT] = limits.shift_minutes
    labels[BREAK] = limits.drive_minutes_before_break
    labels[LATEST] = NEVER
    labels[IN_FIRST_SHIFT] = 0
    labels[IDLE] = 0


def with_rests(labels: Labels, need: Ints, limits: DutyLimits, trace: Trace | None) -> list[Labels]:
    """Return the labels and what they become by resting here, or by restarting the cycle where it may run out.

    `need`: shape (chains,), the most on-duty minutes that the rest of each chain can take. Who is quite rested gains
    nothing by resting, so that is left out.
    """
    tired = (labels[SHIFT] != limits.shift_minutes) | (labels[LATEST] < NEVER) | (labels[IDLE] > 0)
    tired |= labels[DRIVE] != limits.drive_minutes
    tired |= labels[BREAK] != limits.drive_minutes_before_break
    groups = [labels]
    if tired.any():
        groups.append(rested(labels if tired.all() else labels[:, tired], limits.rest_minutes, limits, trace))
    scarce = labels[CYCLE] < need[labels[OWNER]]
    if scarce.any():
        groups.append(rested(labels[:, scarce], limits.restart_minutes, limits, trace))
    return groups


def drive(labels: Labels, minutes: Ints, need: Ints, limits: DutyLimits, trace: Trace | None) -> Labels:
    """Return the labels after a stretch of driving, shape (chains,) in minutes; a clock that runs out stops the truck.

    A break when it is due, unless the shift would end during it; a rest when driving or the shift runs out; a restart
    when the cycle does, or instead of a rest where the cycle may run out later.
    """
    going = labels
    going[TO_DRIVE] = minutes[going[OWNER]]
    there: list[Labels] = []
    begun_with = labels.shape[1]
    while True:
        step = np.minimum(going[TO_DRIVE], np.maximum(going[_CLOCKS].min(axis=0), 0))
        going[TIME] += step
        going[TO_DRIVE] -= step
        going[_CLOCKS] -= step
        going[IDLE] = np.where(step > 0, 0, going[IDLE])
        if trace is not None:
            trace.add(going, "drive", step)
        unfinished = going[TO_DRIVE] > 0
        if not unfinished.any():
            there.append(going)
            return join(there)
        there.append(going[:, ~unfinished])
        going = _stopped(going[:, unfinished], need, limits, trace)
        if going.shape[1] > 4 * begun_with:
            going = undominated(going, need)


def _stopped(labels: Labels, need: Ints, limits: DutyLimits, trace: Trace | None) -> Labels:
    no_drive, no_cycle = labels[DRIVE] <= 0, labels[CYCLE] <= 0
    break_due = labels[BREAK] <= 0
    no_shift = labels[SHIFT] <= np.where(break_due, limits.break_minutes, 0)
    labels[RULES] |= np.where(no_drive, RULE_DRIVE, 0) | np.where(no_shift, RULE_SHIFT, 0)
    labels[RULES] |= np.where(no_cycle, RULE_CYCLE, 0)
    stop = no_drive | no_cycle | no_shift
    groups = []
    if not stop.all():
        pausing = labels[:, ~stop]
        pausing[TIME] += limits.break_minutes
        pausing[SHIFT] -= limits.break_minutes
        pausing[BREAK] = limits.drive_minutes_before_break
        pausing[RULES] |= RULE_BREAK
        if trace is not None:
            trace.add(pausing, "break", limits.break_minutes)
        groups.append(pausing)
    if stop.any():
        may_rest = stop & ~no_cycle
        if may_rest.any():
            groups.append(rested(labels[:, may_rest], limits.rest_minutes, limits, trace))
        restart = stop & (labels[CYCLE] < need[labels[OWNER]])
        if restart.any():
            groups.append(rested(labels[:, restart], limits.restart_minutes, limits, trace))
    return join(groups)


def unbind_cycle(labels: Labels, need: Ints) -> None:
    """Mark, in place, the labels whose cycle outlasts the rest of their chain: it can no longer tell them apart."""
    labels[CYCLE] = np.where(labels[CYCLE] >= need[labels[OWNER]], UNBOUND, labels[CYCLE])


def undominated(labels: Labels, need: Ints) -> Labels:
    """Return the labels without those that another one of the same chain makes superfluous, by chain and time.

    One makes another superfluous if it has the same clocks and the same to drive, is no later, and by leaving later
    can let its shift and its cycle end no earlier. More left on a clock is not enough: who must stop earlier on the
    road rests where the other one only makes a break, and may so be there sooner. Of equals the first stays.
    """
    unbind_cycle(labels, need)
    order = ordered(labels[OWNER], labels[TIME], -labels[SHIFT])
    total, owner = order.size, labels[OWNER][order]
    begins = np.flatnonzero(np.concatenate([[True], owner[1:] != owner[:-1]])[:total])
    rank = np.arange(total) - np.repeat(begins, np.diff(np.append(begins, total)))
    # One number in place of the clocks (sums wrap): where it differs, so do they.
    mixed = labels[_SAME_CLOCKS[0]].copy()
    for row, factor in zip(_SAME_CLOCKS[1:], _FACTORS, strict=True):
        mixed += labels[row] * factor
    mixed = mixed[order]
    superfluous: Bools = np.zeros(total, dtype=np.bool_)
    later = np.flatnonzero(rank)
    for gap in range(1, int(rank.max(initial=0)) + 1):
        later = later[(rank[later] >= gap) & ~superfluous[later]]
        second = later[mixed[later - gap] == mixed[later]]
        if second.size:
            superfluous[second] = _makes_superfluous(labels[:, order[second - gap]], labels[:, order[second]])
    return labels.take(order[~superfluous], axis=1)


def _makes_superfluous(first: Labels, second: Labels) -> Bools:
    """Tell of which pairs the first label leaves nothing to the second, which is of the same chain and no earlier."""
    better = first[LATEST] >= second[LATEST]
    for row in _SAME_CLOCKS:
        better &= first[row] == second[row]
    ends = (label[CYCLE] + label[LATEST] - label[SHIFT] for label in (first, second))
    return np.asarray(better & ((first[CYCLE] >= UNBOUND) | (next(ends) >= next(ends))))


_SAME_CLOCKS = (SHIFT, DRIVE, BREAK, CYCLE, TO_DRIVE, IDLE)
_FACTORS = (1_000_003, 998_244_353, 1_000_000_007, 2_147_483_647, 6_700_417)


def ordered(owner: Ints, *keys: Ints) -> Ints:
    """Return the order by owner, then by the keys, then as they come: `lexsort`, in one sort where the keys are short.

    Owners are not negative.
    """
    packed, bits = owner.copy(), int(owner.max(initial=0)).bit_length()
    for key in keys:
        low = int(key.min(initial=0))
        width = (int(key.max(initial=0)) - low).bit_length()
        bits += width
        if bits > 62:
            return np.lexsort((*keys[::-1], owner))
        packed = (packed << width) | (key - low)
    return np.argsort(packed, kind="stable")
