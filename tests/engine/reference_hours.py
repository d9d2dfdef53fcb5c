"""The slow, obvious twin of the hours planner: every choice tried, every state kept.

A duty day is a list of events that happen one after another. A shift of None has not begun: the driver is rested and
may leave later, and every delay up to the horizon is tried, minute by minute. Meant for small limits, where a minute
stands for a longer time.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from matching.engine.policy import DutyLimits

FOREVER = 10**6


class State(NamedTuple):
    time: int
    drive: int
    shift: int | None
    until_break: int
    cycle: int
    later: int = 0
    """How much later the shift could have begun without missing a window since."""
    idle: int = 0
    """Minutes on duty since the last drive: stops at one place may make a break together."""


class Reference:
    """All ways through one chain."""

    def __init__(
        self, limits: DutyLimits, drives: Sequence[int], stops: Sequence[tuple[int, int, int]], finish_by: int
    ):
        self.limits = limits
        self.drives = drives
        self.stops = stops
        self.finish_by = finish_by
        self.horizon = max([stop[0] for stop in stops], default=0)

    def earliest(self, start_at: int, clock: Sequence[int]) -> tuple[int, int]:
        """Return (-1, earliest finish), or (position of the first stop that is missed, earliest arrival there)."""
        drive, shift, until_break, cycle = clock
        rested = shift >= self.limits.shift_minutes
        states = {State(start_at, drive, None if rested else shift, until_break, cycle)}
        states |= {after for state in states for after in self.rests(state)}
        for position, (opens_at, closes_at, service) in enumerate(self.stops):
            arrived = self.driven(states, self.drives[position])
            earliest = min(state.time for state in arrived)
            if earliest > closes_at:
                return position, earliest
            states = {after for state in arrived for after in self.served(state, opens_at, closes_at, service)}
        arrived = self.driven(states, self.drives[-1])
        earliest = min(state.time for state in arrived)
        return (-1 if earliest <= self.finish_by else len(self.stops)), earliest

    def rests(self, state: State) -> Iterator[State]:
        for minutes in (self.limits.rest_minutes, self.limits.restart_minutes):
            yield self.off(state, minutes)

    def off(self, state: State, minutes: int) -> State:
        limits = self.limits
        cycle = limits.cycle_minutes if minutes >= limits.restart_minutes else state.cycle
        return State(state.time + minutes, limits.drive_minutes, None, limits.drive_minutes_before_break, cycle)

    def driven(self, states: set[State], minutes: int) -> set[State]:
        """Return everything that may become of the states while they drive so many minutes."""
        arrived: set[State] = set()
        seen = {(state, minutes) for state in states}
        open_ends = list(seen)
        while open_ends:
            state, to_go = open_ends.pop()
            if to_go == 0 and state.shift is not None:
                arrived.add(state)
                continue
            for end in self.moves(state, to_go):
                if end not in seen:
                    seen.add(end)
                    open_ends.append(end)
        return arrived

    def moves(self, state: State, to_go: int) -> Iterator[tuple[State, int]]:
        """Stay off a minute more or begin the shift; drive until something ends; stop where a clock has run out."""
        limits = self.limits
        if state.shift is None:
            if state.time < self.horizon:
                yield state._replace(time=state.time + 1), to_go
            yield state._replace(shift=limits.shift_minutes, later=FOREVER), to_go
            return
        break_due = state.until_break == 0
        shift_over = state.shift <= (limits.break_minutes if break_due else 0)
        if state.cycle <= 0:
            yield self.off(state, limits.restart_minutes), to_go
        elif state.drive <= 0 or shift_over:
            for after in self.rests(state):
                yield after, to_go
        elif break_due:
            pause, shift = limits.break_minutes, state.shift - limits.break_minutes
            until_break = limits.drive_minutes_before_break
            yield state._replace(time=state.time + pause, shift=shift, until_break=until_break), to_go
        else:
            step = min(to_go, state.drive, state.shift, state.until_break, state.cycle)
            time, drive, shift, until_break, cycle, later, _ = state
            yield State(time + step, drive - step, shift - step, until_break - step, cycle - step, later), to_go - step

    def served(self, state: State, opens_at: int, closes_at: int, service: int) -> Iterator[State]:
        for after in (
            *self.on_arrival(state, opens_at, closes_at, service),
            *self.after_rest(state, opens_at, closes_at, service),
        ):
            yield after
            yield from self.rests(after)

    def on_arrival(self, state: State, opens_at: int, closes_at: int, service: int) -> Iterator[State]:
        """Serve on arrival, or stay on until the idle minutes make a break. Nobody waits who could have left later."""
        assert state.shift is not None
        limits = self.limits
        begin = max(state.time, opens_at)
        if begin > closes_at:
            return
        for until_break in (False, True):
            pause = (limits.break_minutes - state.idle) * until_break
            leave_at = max(begin + service, state.time + pause)
            here = leave_at - state.time
            needed = max(service, pause)
            if here > needed and state.later > 0:
                continue
            yield State(
                leave_at,
                state.drive,
                state.shift - here,
                limits.drive_minutes_before_break if state.idle + here >= limits.break_minutes else state.until_break,
                state.cycle - here,
                min(state.later, closes_at - (state.time if until_break else begin)),
                state.idle + here,
            )

    def after_rest(self, state: State, opens_at: int, closes_at: int, service: int) -> Iterator[State]:
        """Rest on arrival and until the opening, or any number of minutes longer; then serve."""
        for minutes in (self.limits.rest_minutes, self.limits.restart_minutes):
            first = max(state.time + minutes, opens_at)
            fresh = self.off(state, first - state.time)
            for begin in range(first, min(closes_at, max(first, self.horizon)) + 1):
                yield State(
                    begin + service,
                    fresh.drive,
                    self.limits.shift_minutes - service,
                    fresh.until_break,
                    fresh.cycle - service,
                    closes_at - begin,
                    service,
                )
