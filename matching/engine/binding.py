"""Which rule of 49 CFR 395.3 made the driver stop, for each part of a time line."""

from collections.abc import Sequence

from matching.engine.labels import RULE_BREAK, RULE_CYCLE, RULE_DRIVE, RULE_SHIFT
from matching.engine.policy import DutyLimits
from matching.engine.timeline import BREAK, DRIVE, OFF, REST, RESTART, Segment

_OFF_DUTY = (OFF, REST, RESTART)


def binding_rules(segments: Sequence[Segment], clock: Sequence[int], limits: DutyLimits) -> list[int]:
    """Return for each segment the bit set of rules (`labels.RULE_*`) that it keeps from being broken.

    The day is driven on as if the break or rest in question had been left out; the clocks that run out first, before
    the next rest, are the rules that bound. 0 for what no rule asked for: driving, service, waits, and a rest that only
    passes the time. `clock`: minutes left of driving, shift, driving before a break, cycle when the first one begins.
    """
    clocks = _Clocks(clock, limits)
    found = []
    for at, part in enumerate(segments):
        stopped = part.kind in (BREAK, REST, RESTART)
        found.append(_first_broken(clocks.copy(), segments, at) if stopped else 0)
        clocks.spend(part)
    return found


class _Clocks:
    """The four clocks of a driver, and how long he has not been driving; minutes."""

    def __init__(self, clock: Sequence[int], limits: DutyLimits, idle: int = 0) -> None:
        self.drive, self.shift, self.until_break, self.cycle = (int(minutes) for minutes in clock)
        self.limits = limits
        self.idle = idle

    def copy(self) -> "_Clocks":
        return _Clocks((self.drive, self.shift, self.until_break, self.cycle), self.limits, self.idle)

    def spend(self, part: Segment) -> None:
        """Let one segment pass."""
        minutes = part.end_at - part.start_at
        if part.kind in _OFF_DUTY:
            if part.kind != OFF:
                self.drive, self.shift = self.limits.drive_minutes, self.limits.shift_minutes
                self.until_break = self.limits.drive_minutes_before_break
            if part.kind == RESTART:
                self.cycle = self.limits.cycle_minutes
            self.idle = 0
            return
        self.shift -= minutes
        on_the_road = part.kind == BREAK and part.stop is None
        self.cycle -= 0 if on_the_road else minutes
        if part.kind == DRIVE:
            self.drive, self.until_break, self.idle = self.drive - minutes, self.until_break - minutes, 0
            return
        self.idle += minutes
        if self.idle >= self.limits.break_minutes:
            self.until_break = self.limits.drive_minutes_before_break

    def drive_until_broken(self, minutes: int, *, may_pause: bool) -> int:
        """Drive so long, on the road, with breaks where they are due if allowed; return the rules broken first, or 0.

        A break that the shift would not outlast is none: the driver rests instead, because of the shift.
        """
        while minutes > 0:
            left = {RULE_DRIVE: self.drive, RULE_SHIFT: self.shift, RULE_CYCLE: self.cycle}
            if not may_pause:
                left[RULE_BREAK] = self.until_break
            first = max(min(left.values()), 0)
            step = min(minutes, first, max(self.until_break, 0))
            self.drive, self.shift, self.cycle = self.drive - step, self.shift - step, self.cycle - step
            self.until_break, minutes, self.idle = self.until_break - step, minutes - step, 0
            if minutes and step == first:
                return sum(rule for rule, rest in left.items() if rest <= first)
            if minutes:
                self.shift -= self.limits.break_minutes
                self.until_break = self.limits.drive_minutes_before_break
                if self.shift <= 0:
                    return RULE_SHIFT
        return 0


def _first_broken(clocks: _Clocks, segments: Sequence[Segment], at: int) -> int:
    """Return the rules first broken if segment `at` were left out and the day went on without it."""
    for part in segments[at + 1 :]:
        if part.kind in _OFF_DUTY:
            break
        if part.kind != DRIVE:
            clocks.spend(part)
            continue
        minutes = part.end_at - part.start_at
        broken = clocks.drive_until_broken(minutes, may_pause=segments[at].kind != BREAK)
        if broken:
            return broken
    return RULE_CYCLE if segments[at].kind == RESTART else 0
