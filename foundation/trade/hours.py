"""Legal driving hours of property carriers (49 CFR 395.3) as a lower bound that no plan may undercut.

Postings are refused by it, so it errs on the side of the poster: unknown minutes count as full, and an exhausted
cycle costs one night's rest, since hours of earlier days may come back meanwhile. The matching engine plans exactly.
"""

import math
from dataclasses import dataclass

DRIVE_MINUTES = 11 * 60
SHIFT_MINUTES = 14 * 60
DRIVE_MINUTES_BEFORE_BREAK = 8 * 60
CYCLE_MINUTES = 70 * 60
BREAK_MINUTES = 30
REST_MINUTES = 10 * 60


@dataclass(frozen=True, slots=True, kw_only=True)
class DutyClock:
    """A driver's minutes left of driving, of the shift, before the break and of the cycle; None is unknown."""

    drive_minutes: int | None = None
    shift_minutes: int | None = None
    break_minutes: int | None = None
    cycle_minutes: int | None = None


def _rested(drive_minutes: float) -> float:
    """Return the least minutes from the end of a rest: as few rests as can be, then as few breaks."""
    if drive_minutes <= 0:
        return 0.0
    shifts = math.ceil(drive_minutes / DRIVE_MINUTES)
    beyond = drive_minutes - shifts * DRIVE_MINUTES_BEFORE_BREAK
    breaks = max(0, math.ceil(beyond / (DRIVE_MINUTES - DRIVE_MINUTES_BEFORE_BREAK)))
    return drive_minutes + (shifts - 1) * REST_MINUTES + breaks * BREAK_MINUTES


def least_minutes(drive_minutes: float, clock: DutyClock | None = None) -> float:
    """Return the least minutes in which so many minutes can be driven legally, beginning with this clock.

    Without a clock the driver is rested. 960 minutes: 8 h, 10 h off, 8 h.
    """
    if drive_minutes <= 0:
        return 0.0
    left = clock or DutyClock()
    drive = DRIVE_MINUTES if left.drive_minutes is None else left.drive_minutes
    shift = SHIFT_MINUTES if left.shift_minutes is None else left.shift_minutes
    before_break = DRIVE_MINUTES_BEFORE_BREAK if left.break_minutes is None else left.break_minutes
    cycle = CYCLE_MINUTES if left.cycle_minutes is None else left.cycle_minutes
    ways = []
    for breaks in range(3):
        pause = breaks * BREAK_MINUTES
        now = max(0, min(drive, shift - pause, before_break + breaks * DRIVE_MINUTES_BEFORE_BREAK, cycle))
        if drive_minutes <= now:
            ways.append(drive_minutes + pause)
        else:
            ways.append(now + pause + REST_MINUTES + _rested(drive_minutes - now))
    return float(min(ways))
