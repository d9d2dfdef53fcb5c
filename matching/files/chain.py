"""A duty chain as JSON: what a file may say, checked field by field, and the engine's columns made from it."""

import json
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

import numpy as np

from matching.engine.hours import NO_DEADLINE, Chains, fill_clock
from matching.engine.policy import DEFAULT_POLICY, MINUTES_AN_HOUR, DutyLimits
from matching.files.instants import first_minute, last_minute, parse_instant, quoted

LIMITS = DutyLimits()
DEFAULT_MPH = 50.0
MOST_STEPS = 200
MOST_STOPS = 16
"""Every choice at every stop is weighed: more stops than a driver makes in a week would take minutes."""
MOST_MPH = 100.0
MOST_MILES = 10_000.0
MOST_MINUTES = 20_160.0
"""Two weeks: more in one step is a mistake in its unit."""

CLOCK = {
    "drive_minutes": LIMITS.drive_minutes,
    "shift_minutes": LIMITS.shift_minutes,
    "break_minutes": LIMITS.drive_minutes_before_break,
    "cycle_minutes": LIMITS.cycle_minutes,
}
"""The parts of the driver's clock, in the engine's order, each with its most minutes."""

_TOP = ("start_at", "mph", "clock", "steps")
_STOP = ("stop", "service_minutes", "opens_at", "closes_at")
_DRIVE = ("drive_miles", "drive_minutes")


class Unreadable(Exception):
    """The input cannot be used; the text is one line that names the field and says what would do."""


@dataclass(frozen=True, slots=True)
class Stop:
    """A stop: window in minutes since the epoch, None where it has no such end."""

    name: str
    service_minutes: int
    opens_at: int | None
    closes_at: int | None


@dataclass(frozen=True, slots=True)
class Drive:
    """A drive, in whole minutes (rounded up); miles where it was given in miles."""

    minutes: int
    miles: float | None


@dataclass(frozen=True, slots=True)
class Chain:
    """One duty chain as it was asked: `clock` has NaN for what was not given."""

    start_at: int
    zone: timezone
    mph: float
    clock: tuple[float, float, float, float]
    steps: tuple[Stop | Drive, ...]

    def until(self, step: int) -> "Chain":
        """Return the chain as far as the arrival at that step."""
        return Chain(self.start_at, self.zone, self.mph, self.clock, self.steps[:step])

    @property
    def clock_left(self) -> list[int]:
        """The clock with the engine's assumption for what was not given; minutes."""
        drive, shift, before_break, cycle = (np.array([minutes]) for minutes in self.clock)
        return [int(minutes) for minutes in fill_clock(drive, shift, before_break, cycle, LIMITS)[0]]

    @property
    def stop_steps(self) -> list[int]:
        """The number of the step of each stop."""
        return [number for number, step in enumerate(self.steps) if isinstance(step, Stop)]

    def columns(self) -> Chains:
        """Return the chain as the engine's: drive, stop, drive, ..., drive; what is not there takes no time."""
        drives, stops = [0], []
        for step in self.steps:
            if isinstance(step, Drive):
                drives[-1] += step.minutes
            else:
                stops.append(step)
                drives.append(0)
        opens = [self.start_at if stop.opens_at is None else stop.opens_at for stop in stops]
        closes = [NO_DEADLINE if stop.closes_at is None else stop.closes_at for stop in stops]
        return Chains(
            start_at=np.array([self.start_at], dtype=np.int64),
            stops=np.array([len(stops)], dtype=np.int64),
            drive_minutes=np.array([drives], dtype=np.int64),
            opens_at=np.array([opens], dtype=np.int64),
            closes_at=np.array([closes], dtype=np.int64),
            service_minutes=np.array([[stop.service_minutes for stop in stops]], dtype=np.int64),
            clock=np.array([self.clock_left], dtype=np.int64),
            finish_by=np.array([NO_DEADLINE], dtype=np.int64),
        )


def read_chain(text: str) -> Chain:
    """Return the chain that a JSON text describes. Raises Unreadable with one line that names the field."""
    try:
        given = json.loads(text, object_pairs_hook=_object)
    except RecursionError:
        raise Unreadable("The input is nested too deeply to be a duty chain.") from None
    except ValueError as problem:
        where = f"line {problem.lineno}, column {problem.colno}: " if isinstance(problem, json.JSONDecodeError) else ""
        what = problem.msg if isinstance(problem, json.JSONDecodeError) else str(problem)
        raise Unreadable(f"The input is not JSON: {where}{what}.") from None
    if not isinstance(given, dict):
        raise Unreadable('The input must be a JSON object such as {"start_at": ..., "steps": [...]}.')
    _check_keys("", given, _TOP)
    start = _instant("start_at", given.get("start_at"))
    if start is None:
        raise Unreadable("start_at is missing: say when the day begins, like 2026-01-05T08:00:00Z.")
    mph = _number("mph", given.get("mph"), least=1.0, most=MOST_MPH)
    mph = DEFAULT_MPH if mph is None else mph
    offset = start.utcoffset() or timedelta()
    return Chain(
        start_at=first_minute(start),
        zone=timezone(offset),
        mph=mph,
        clock=_clock(given.get("clock")),
        steps=_steps(given.get("steps"), mph),
    )


def _steps(given: Any, mph: float) -> tuple[Stop | Drive, ...]:
    if given is None:
        raise Unreadable("steps is missing: list the stops and drives in order.")
    if not isinstance(given, list):
        raise Unreadable(f"steps must be a list of stops and drives, not {quoted(_shown(given))}.")
    if not given:
        raise Unreadable("steps is empty: give at least one stop or drive.")
    if len(given) > MOST_STEPS:
        raise Unreadable(f"steps has {len(given):,} entries; at most {MOST_STEPS} can be planned at once.")
    steps = tuple(_step(f"steps[{number}]", step, mph) for number, step in enumerate(given))
    stops = sum(isinstance(step, Stop) for step in steps)
    if stops > MOST_STOPS:
        raise Unreadable(f"steps has {stops} stops; at most {MOST_STOPS} can be planned at once. Cut the chain in two.")
    return steps


def _step(path: str, given: Any, mph: float) -> Stop | Drive:
    if not isinstance(given, dict):
        raise Unreadable(f"{path} must be an object: a stop or a drive, not {quoted(_shown(given))}.")
    named = [key for key in ("stop", *_DRIVE) if key in given]
    if not named:
        known = (*_STOP, *_DRIVE)
        _check_keys(path, given, known)
        raise Unreadable(f"{path} must have one of stop, drive_miles and drive_minutes.")
    if len(named) > 1:
        raise Unreadable(f"{path} has {' and '.join(named)}: make them steps of their own, one key each.")
    if named == ["stop"]:
        return _stop(path, given)
    _check_keys(path, given, _DRIVE)
    if named == ["drive_minutes"]:
        minutes = _number(f"{path}.drive_minutes", given["drive_minutes"], most=MOST_MINUTES)
        return Drive(_up(_wanted(f"{path}.drive_minutes", minutes)), None)
    miles = _wanted(f"{path}.drive_miles", _number(f"{path}.drive_miles", given["drive_miles"], most=MOST_MILES))
    minutes = miles * MINUTES_AN_HOUR / mph
    if minutes > MOST_MINUTES:
        raise Unreadable(f"{path}.drive_miles takes {minutes:,.0f} minutes at {mph:g} mph, more than two weeks.")
    return Drive(_up(minutes), miles)


def _stop(path: str, given: Mapping[str, Any]) -> Stop:
    _check_keys(path, given, _STOP)
    name = given["stop"]
    if not isinstance(name, str) or not name.strip():
        raise Unreadable(f'{path}.stop must be the name of the stop as a string, such as "pickup".')
    service = _number(f"{path}.service_minutes", given.get("service_minutes"), most=MOST_MINUTES)
    opens = _instant(f"{path}.opens_at", given.get("opens_at"))
    closes = _instant(f"{path}.closes_at", given.get("closes_at"))
    if opens is not None and closes is not None and closes < opens:
        raise Unreadable(f"{path}.closes_at is before opens_at: {closes.isoformat()} < {opens.isoformat()}. Swap them.")
    first = None if opens is None else first_minute(opens)
    last = None if closes is None else last_minute(closes)
    # a window within one minute is an appointment to the minute
    last = last if first is None or last is None else max(first, last)
    minutes = DEFAULT_POLICY.service_minutes if service is None else _up(service)
    return Stop(" ".join(name.split())[:80], minutes, first, last)


def _clock(given: Any) -> tuple[float, float, float, float]:
    if given is None:
        given = {}
    if not isinstance(given, dict):
        raise Unreadable(
            f"clock must be an object of minutes left: {', '.join(CLOCK)}. Leave it out for a rested driver."
        )
    _check_keys("clock", given, tuple(CLOCK))
    parts = [_number(f"clock.{name}", given.get(name), most=most) for name, most in CLOCK.items()]
    drive, shift, before_break, cycle = (math.nan if part is None else float(math.floor(part)) for part in parts)
    return drive, shift, before_break, cycle


def _number(path: str, given: Any, *, least: float = 0.0, most: float) -> float | None:
    if given is None:
        return None
    bounds = f"from {least:,.0f} to {most:,.0f}"
    if isinstance(given, bool) or not isinstance(given, int | float):
        raise Unreadable(f"{path} must be a number {bounds}, not {quoted(_shown(given))}.")
    if isinstance(given, float) and not math.isfinite(given):
        raise Unreadable(f"{path} must be a finite number {bounds}, not {given}.")
    if not least <= given <= most:
        raise Unreadable(f"{path} must be {bounds}, not {quoted(given)}.")
    return float(given)


def _wanted(path: str, number: float | None) -> float:
    if number is None:
        raise Unreadable(f"{path} is null: give a number, or leave the step out.")
    return number


def _instant(path: str, given: Any) -> datetime | None:
    if given is None:
        return None
    if not isinstance(given, str):
        raise Unreadable(f"{path} must be a string like 2026-01-05T08:00:00Z, not {quoted(_shown(given))}.")
    try:
        return parse_instant(given)
    except ValueError as problem:
        raise Unreadable(f"{path} {problem}.") from None


def _check_keys(path: str, given: Mapping[str, Any], known: Collection[str]) -> None:
    for key in given:
        if key not in known:
            where = f"{path}.{key}" if path else key
            raise Unreadable(f"{quoted(where)} is not known; {path or 'the input'} may have {', '.join(known)}.")


def _object(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"the key {quoted(key)} stands twice in one object")
        found[key] = value
    return found


def _up(minutes: float) -> int:
    """Return whole minutes, rounded up; what floating point adds below a thousandth does not tip them."""
    return math.ceil(round(minutes, 3))


def _shown(given: Any) -> str:
    return json.dumps(given)[:200]
