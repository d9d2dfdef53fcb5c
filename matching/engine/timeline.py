"""The time line of a duty chain: what the driver does from which minute to which."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

from matching.engine.hours import Chains, Plans, plan
from matching.engine.labels import Trace
from matching.engine.policy import DutyLimits

DRIVE = "drive"
WAIT = "wait"
SERVICE = "service"
BREAK = "break"
REST = "rest"
RESTART = "restart"
OFF = "off"


@dataclass(frozen=True, slots=True)
class Segment:
    """One stretch of time, in minutes since the epoch: `kind` is one of the words above.

    `off` is the time before a rested driver leaves. `stop` is the position of the stop where it happens; None on the
    road and at the start.
    """

    kind: str
    start_at: int
    end_at: int
    stop: int | None = None


@dataclass(frozen=True, slots=True)
class StopTimes:
    """When the truck arrives at a stop, when the service begins and when it ends."""

    arrive_at: int
    begin_at: int
    end_at: int


@dataclass(frozen=True, slots=True)
class TimeLine:
    """The day of one feasible chain; without one the plan says why, and there are no segments."""

    plans: Plans
    segments: tuple[Segment, ...]
    stops: tuple[StopTimes, ...]


def timeline(chain: Chains, limits: DutyLimits | None) -> TimeLine:
    """Return the time line of the way that `plan` chooses for a single chain. Raises `ValueError` for more than one."""
    if len(chain) != 1:
        raise ValueError("A time line is of one chain.")
    return timelines(chain, limits)[0]


def timelines(chains: Chains, limits: DutyLimits | None) -> list[TimeLine]:
    """Return the time line of each chain, in their order: those of the ways that `plan` chooses."""
    if limits is None:
        plans = plan(chains, None)
        ways = {row: _straight_on(chains, row) for row in range(len(chains))}
    else:
        trace = Trace()
        plans = plan(chains, limits, trace)
        ways = trace.ways("finish")
    return _replayed(chains, plans, ways, range(len(chains)), limits)


@dataclass(frozen=True, eq=False, slots=True)
class Planned:
    """Chains with their plans and how these came about, so that nothing is planned twice."""

    chains: Chains
    plans: Plans
    trace: Trace

    def timelines(self, rows: Sequence[int], limits: DutyLimits) -> list[TimeLine]:
        """Return the time lines of the chains at these rows, as `timelines` does; `limits` are those planned with."""
        return _replayed(self.chains, self.plans, self.trace.ways("finish"), rows, limits)


def _replayed(
    chains: Chains,
    plans: Plans,
    ways: Mapping[int, list[tuple[str, int]]],
    rows: Sequence[int],
    limits: DutyLimits | None,
) -> list[TimeLine]:
    feasible = plans.feasible
    return [
        _replay(chains, row, _row_of(plans, row), ways[row], limits)
        if feasible[row]
        else TimeLine(_row_of(plans, row), (), ())
        for row in rows
    ]


def _row_of(plans: Plans, row: int) -> Plans:
    """Return the plan of one chain."""
    return Plans(**{item.name: getattr(plans, item.name)[row : row + 1] for item in fields(Plans)})


def _straight_on(chains: Chains, row: int) -> list[tuple[str, int]]:
    """Return the deeds of a driver who never needs rest."""
    stops = int(chains.stops[row])
    deeds = [
        deed for stop in range(stops) for deed in (("drive", int(chains.drive_minutes[row, stop])), ("stop", stop))
    ]
    return [*deeds, ("drive", int(chains.drive_minutes[row, stops]))]


def _replay(
    chains: Chains, row: int, plans: Plans, deeds: list[tuple[str, int]], limits: DutyLimits | None
) -> TimeLine:
    day = _Day(chains, row, limits)
    leave_later, deeds = _departures(deeds)
    day.spend(OFF, leave_later)
    for deed, minutes in deeds:
        if deed == "drive":
            day.drive(minutes)
        elif deed == "break":
            day.spend(BREAK, minutes)
        elif deed == "off":
            day.rest(minutes)
        elif deed == "off on arrival":
            day.rest_on_arrival(minutes)
        elif deed in ("stop", "stop until break"):
            day.serve(minutes, until_break=deed == "stop until break")
    return TimeLine(plans, tuple(day.segments), tuple(day.stops))


def _departures(deeds: list[tuple[str, int]]) -> tuple[int, list[tuple[str, int]]]:
    """Move every delay to where the shift begins: return what it adds before the first, and the other deeds."""
    before_start = 0
    moved: list[tuple[str, int]] = []
    last_off = -1
    for deed, minutes in deeds:
        if deed != "delay":
            moved.append((deed, minutes))
            last_off = len(moved) - 1 if deed.startswith("off") else last_off
        elif last_off < 0:
            before_start += minutes
        else:
            moved[last_off] = (moved[last_off][0], moved[last_off][1] + minutes)
    return before_start, moved


class _Day:
    """A day being written down."""

    def __init__(self, chains: Chains, row: int, limits: DutyLimits | None) -> None:
        self.opens_at = chains.opens_at[row].tolist()
        self.service_minutes = chains.service_minutes[row].tolist()
        self.limits = limits
        self.time = self.arrived = int(chains.start_at[row])
        self.at_stop: int | None = None
        self.rested_here = False
        self.idle = 0
        self.segments: list[Segment] = []
        self.stops: list[StopTimes] = []

    def spend(self, kind: str, minutes: int) -> None:
        """Write down so many minutes; what goes on is one segment."""
        if minutes <= 0:
            return
        start_at = self.time
        self.time += minutes
        self.idle = 0 if kind == DRIVE else self.idle + minutes
        last = self.segments[-1] if self.segments else None
        if last and last.kind == kind and last.stop == self.at_stop:
            start_at = self.segments.pop().start_at
        self.segments.append(Segment(kind, start_at, self.time, self.at_stop))

    def drive(self, minutes: int) -> None:
        """Drive on: the truck is on the road, and arrives if the stretch ends with it."""
        self.at_stop = None
        self.rested_here = False
        self.spend(DRIVE, minutes)
        self.arrived = self.time

    def rest(self, minutes: int) -> None:
        """Rest where the truck stands: on the road, or at the stop just served."""
        restart = self.limits is not None and minutes >= self.limits.restart_minutes
        self.spend(RESTART if restart else REST, minutes)

    def rest_on_arrival(self, minutes: int) -> None:
        """Rest at the next stop, before its service, and on until it opens."""
        self.at_stop = len(self.stops)
        self.rested_here = True
        self.rest(minutes)

    def serve(self, stop: int, *, until_break: bool) -> None:
        """Wait for the opening, serve, and stay until the idle minutes make a break if so planned."""
        self.at_stop = stop
        if not self.rested_here:
            self.spend(WAIT, self.opens_at[stop] - self.time)
        begin = self.time
        self.spend(SERVICE, self.service_minutes[stop])
        self.stops.append(StopTimes(self.arrived, begin, self.time))
        if until_break and self.limits is not None:
            self.spend(BREAK, self.limits.break_minutes - self.idle)
