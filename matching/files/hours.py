"""`backhaul hours`: plan one duty chain of a JSON file under 49 CFR 395.3 and print its time line."""

import argparse
import json
import sys
from datetime import datetime
from typing import Any

import numpy as np

from matching.engine.binding import binding_rules
from matching.engine.explain import instant
from matching.engine.labels import RULE_BREAK, RULE_CYCLE, RULE_DRIVE, RULE_SHIFT
from matching.engine.refusals import duration, rule_names, rules_clause
from matching.engine.timeline import DRIVE, OFF, REST, SERVICE, WAIT, Segment, TimeLine, timeline
from matching.files.chain import CLOCK, LIMITS, Chain, Drive, Stop, Unreadable, read_chain

MOST_BYTES = 4_000_000

EPILOG = """\
CHAIN.json, or - for standard input, is one object; times carry their offset from UTC:

  {"start_at": "2026-01-05T08:00:00Z", "mph": 50,
   "clock": {"drive_minutes": 660, "shift_minutes": 840, "break_minutes": 480, "cycle_minutes": 4200},
   "steps": [{"stop": "pickup", "service_minutes": 60,
              "opens_at": "2026-01-05T08:00:00Z", "closes_at": "2026-01-05T12:00:00Z"},
             {"drive_miles": 500}, {"stop": "delivery", "service_minutes": 60}]}

Left out: mph is 50, service_minutes 120, a window is open, the clock (or a part of it) is that of a rested driver.
drive_minutes may stand for drive_miles. The plan is the earliest legal arrival; it is planning advice, not a log.

exit status: 0 the chain was planned, feasible or not; 2 the input cannot be used (standard error names the field).
"""

KINDS = {OFF: "leave later", SERVICE: "serve"}
RULES = {
    RULE_DRIVE: "11 h of driving",
    RULE_SHIFT: "14 h after coming on duty",
    RULE_BREAK: "30 min after 8 h of driving",
    RULE_CYCLE: "70 h in 8 days",
}


def main(argv: list[str]) -> int:
    """Run the command; 0 when the chain was planned, 2 when it was called wrongly or the input cannot be used."""
    parser = argparse.ArgumentParser(
        prog="backhaul hours",
        description="Plan one driver's duty chain under the hours of service of 49 CFR 395.3.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("chain", metavar="CHAIN.json", help="a file with the chain; - reads standard input")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="text for people (default), or json")
    try:
        options = parser.parse_args(argv)
    except SystemExit as ended:
        return int(ended.code or 0)
    try:
        chain = read_chain(_read(options.chain))
    except Unreadable as problem:
        print(f"backhaul hours: {problem}", file=sys.stderr)
        return 2
    answer = answer_chain(chain)
    try:
        if options.format == "json":
            json.dump(answer, sys.stdout, indent=2)
            sys.stdout.write("\n")
        else:
            sys.stdout.write(as_lines(chain, answer))
        sys.stdout.flush()
    except BrokenPipeError:
        return 1
    return 0


def _read(name: str) -> str:
    try:
        if name == "-":
            data = sys.stdin.buffer.read(MOST_BYTES + 1)
        else:
            with open(name, "rb") as file:
                data = file.read(MOST_BYTES + 1)
    except OSError as problem:
        raise Unreadable(f"{name} cannot be read: {problem.strerror or problem}.") from problem
    except ValueError as problem:
        raise Unreadable(f"{name!r} is not the name of a file: {problem}.") from problem
    if len(data) > MOST_BYTES:
        raise Unreadable(f"{name} is larger than {MOST_BYTES // 1_000_000} MB: that is not one duty chain.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        raise Unreadable(f"{name} is not text in UTF-8: {problem.reason}. Save it as UTF-8.") from problem


def answer_chain(chain: Chain) -> dict[str, Any]:
    """Return the plan of a chain as values that JSON can hold."""
    day = timeline(chain.columns(), LIMITS)
    if day.plans.feasible[0]:
        return {
            "feasible": True,
            "finish_at": instant(int(day.plans.arrive_at[0])),
            "steps": _steps(chain, day),
            "timeline": _segments(chain, day),
            "wait_minutes": int(day.plans.wait_minutes[0]),
        } | _assumed(chain)
    step = chain.stop_steps[int(day.plans.late_at[0])]
    stop = chain.steps[step]
    assert isinstance(stop, Stop) and stop.closes_at is not None  # noqa: PT018
    late = int(day.plans.late_minutes[0])
    by_hours = int(day.plans.late_without_rules[0]) == 0
    way_there = chain.until(step)
    so_far = timeline(way_there.columns(), LIMITS)
    rules = int(np.bitwise_or.reduce(binding_rules(so_far.segments, chain.clock_left, LIMITS), initial=0))
    clause = f"at legal hours reaches {stop.name} {duration(late)} after it closes{rules_clause(rules)}"
    answer = {
        "feasible": False,
        "rule": "hours" if by_hours else f"{_word(stop.name)}_closes",
        "sentence": clause if by_hours else f"reaches {stop.name} {duration(late)} after it closes",
        "earliest_arrival_at": instant(int(day.plans.arrive_at[0])),
        "hours_rules": rule_names(rules) if by_hours else [],
        "step": step,
        "stop": stop.name,
        "closes_at": instant(stop.closes_at),
        "late_minutes": late,
        "steps": _steps(way_there, so_far),
        "timeline": _segments(way_there, so_far),
    }
    return answer | _assumed(chain)


def _assumed(chain: Chain) -> dict[str, Any]:
    """Say what of the driver's clock was not given, and what it was taken for."""
    given = dict(zip(CLOCK, chain.clock, strict=True))
    left = dict(zip(CLOCK, chain.clock_left, strict=True))
    missing = {name: left[name] for name, minutes in given.items() if minutes != minutes}
    return {"assumed_clock": missing}


def _word(name: str) -> str:
    """Return the stop's kind where its name says it."""
    return name if name in ("pickup", "delivery") else "stop"


def _steps(chain: Chain, day: TimeLine) -> list[dict[str, Any]]:
    """Return when each step is arrived at, begun and ended; a drive arrives where it ends."""
    stops = iter(day.stops)
    driven = _Driven(day.segments, chain.start_at)
    found: list[dict[str, Any]] = []
    for number, step in enumerate(chain.steps):
        if isinstance(step, Drive):
            begin_at, end_at = driven.next(step.minutes)
            times = {"arrive_at": end_at, "begin_at": begin_at, "end_at": end_at}
            row: dict[str, Any] = {"step": number, "drive_minutes": step.minutes}
        else:
            at = next(stops)
            times = {"arrive_at": at.arrive_at, "begin_at": at.begin_at, "end_at": at.end_at}
            row = {"step": number, "stop": step.name}
            driven.time = at.end_at
        found.append(row | {name: instant(minute) for name, minute in times.items()})
    return found


class _Driven:
    """How far along the drives of a time line the steps have come."""

    def __init__(self, segments: tuple[Segment, ...], start_at: int) -> None:
        self.left = [[part.start_at, part.end_at] for part in segments if part.kind == DRIVE][::-1]
        self.time = start_at

    def next(self, minutes: int) -> tuple[int, int]:
        """Drive so many minutes on; return when that begins and ends."""
        begin_at = self.left[-1][0] if minutes else self.time
        while minutes:
            start_at, end_at = self.left[-1]
            step = min(minutes, end_at - start_at)
            minutes -= step
            self.time = start_at + step
            self.left[-1][0] += step
            if self.time == end_at:
                self.left.pop()
        return begin_at, self.time


def _segments(chain: Chain, day: TimeLine) -> list[dict[str, Any]]:
    """Return the time line; `step` is the stop where it happens, `rules` what bound, `reason` both in words."""
    steps = chain.stop_steps
    rules = binding_rules(day.segments, chain.clock_left, LIMITS)
    return [
        {
            "kind": part.kind,
            "start_at": instant(part.start_at),
            "end_at": instant(part.end_at),
            "minutes": part.end_at - part.start_at,
            "step": steps[part.stop] if part.stop is not None and part.stop < len(steps) else None,
            "rules": rule_names(rule),
            "reason": _reason(part, rule),
        }
        for part, rule in zip(day.segments, rules, strict=True)
    ]


def _reason(part: Segment, rule: int) -> str:
    bound = " and ".join(words for bit, words in RULES.items() if rule & bit)
    if bound:
        return bound
    return {
        OFF: "a stop opens later: leaving later keeps the 14 h",
        WAIT: "until the stop opens",
        REST: "until the stop opens, 10 h or more: counts as rest",
    }.get(part.kind, "")


def as_lines(chain: Chain, answer: dict[str, Any]) -> str:
    """Return the answer for the eye, times at the offset of `start_at`."""

    def local(text: str) -> str:
        return datetime.fromisoformat(text).astimezone(chain.zone).strftime("%Y-%m-%d %H:%M")

    lines = [f"times at {chain.zone}; {chain.mph:g} mph; 49 CFR 395.3 with 70 h in 8 days"]
    if answer["assumed_clock"]:
        parts = ", ".join(f"{name} {left}" for name, left in answer["assumed_clock"].items())
        lines.append(f"assumed, since not given: {parts}")
    for part in answer["timeline"]:
        stop = None if part["step"] is None else chain.steps[part["step"]]
        where = f"at {stop.name}" if isinstance(stop, Stop) else ""
        times = f"{local(part['start_at'])}  {local(part['end_at'])}  {duration(part['minutes']):>11}"
        lines.append(f"{times}  {KINDS.get(part['kind'], part['kind']):<11}  {where:<14}  {part['reason']}".rstrip())
    if answer["feasible"]:
        lines.append(f"feasible: finished at {local(answer['finish_at'])}")
    else:
        lines.append(f"not feasible ({answer['rule']}): {answer['sentence']}")
        earliest, closes = local(answer["earliest_arrival_at"]), local(answer["closes_at"])
        lines.append(f"earliest legal arrival at {answer['stop']}: {earliest}; it closes {closes}")
    return "\n".join(lines) + "\n"
