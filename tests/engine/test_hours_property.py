"""The hours planner against its slow twin, minute for minute, and the legality of every time line."""

import random
from collections.abc import Sequence
from itertools import pairwise

import pytest

from matching.engine.hours import NO_DEADLINE, plan
from matching.engine.policy import DutyLimits
from matching.engine.timeline import TimeLine, timeline, timelines
from tests.engine.chains import make_chain, make_chains
from tests.engine.reference_hours import Reference


def scaled(minutes: int) -> DutyLimits:
    """The rules with a minute that stands for so many, so that every choice can be tried, minute by minute."""
    real = DutyLimits()
    return DutyLimits(**{name: getattr(real, name) // minutes for name in DutyLimits.__dataclass_fields__})


HALF_HOURS, QUARTERS, MINUTES = scaled(30), scaled(15), DutyLimits()


def random_case(seed: int, limits: DutyLimits, counts: Sequence[int] = (0, 1, 1, 2, 2, 3)) -> dict:
    """A chain of up to three stops with windows that sometimes bind, and a clock that is sometimes short."""
    rng = random.Random(seed)

    def up_to(hours: float) -> int:
        return rng.randint(0, round(hours * limits.rest_minutes / 10))

    hour = limits.rest_minutes // 10
    full = (limits.drive_minutes, limits.shift_minutes, limits.drive_minutes_before_break, limits.cycle_minutes)
    count = rng.choice(counts)
    drives = [rng.choice([0, up_to(3.5), up_to(10), up_to(25)]) for _ in range(count + 1)]
    stops, time = [], 0
    for position in range(count):
        time += drives[position] + up_to(13) - 2 * hour
        opens_at = max(0, time)
        width = rng.choice([0, up_to(5), up_to(20), 1000 * hour])
        stops.append((opens_at, opens_at + width, rng.choice([0, 1, 2, up_to(6.5)])))
    clock = full
    if rng.random() < 0.6:
        clock = (up_to(11), up_to(14), up_to(8), rng.choice([full[3], up_to(25)]))
    finish_by = rng.choice([NO_DEADLINE, time + up_to(50)])
    return {"drives": drives, "stops": stops, "clock": clock, "finish_by": finish_by}


def check_against_reference(seeds: range, limits: DutyLimits, **terms) -> None:
    cases = [random_case(seed, limits, **terms) for seed in seeds]
    plans = plan(make_chains(*(make_chain(**case) for case in cases)), limits)
    for row, case in enumerate(cases):
        reference = Reference(limits, case["drives"], case["stops"], case["finish_by"])
        expected = reference.earliest(0, case["clock"])
        assert (int(plans.late_at[row]), int(plans.arrive_at[row])) == expected, (seeds[row], case)


def blocks(first_seed: int, cases: int, size: int) -> list[range]:
    """So many seeds, cut into blocks that different processes can take."""
    return [range(seed, seed + size) for seed in range(first_seed, first_seed + cases, size)]


@pytest.mark.parametrize("limits", [HALF_HOURS, QUARTERS, MINUTES], ids=["half hours", "quarters", "minutes"])
def test_what_is_dropped_since_it_cannot_be_in_time_changes_no_feasible_plan(limits):
    chains = make_chains(*(make_chain(**random_case(seed, limits)) for seed in range(2_000)))
    whole, feasible_only = plan(chains, limits), plan(chains, limits, feasible_only=True)
    assert (whole.feasible == feasible_only.feasible).all()
    for name in ("arrive_at", "first_service_at", "wait_minutes", "rules"):
        kept = getattr(whole, name)[whole.feasible], getattr(feasible_only, name)[whole.feasible]
        assert (kept[0] == kept[1]).all(), name


# 5,000 cases: a minute that stands for half an hour or a quarter, and minutes that are minutes.


@pytest.mark.parametrize("seeds", blocks(0, 3_000, 500), ids=str)
def test_the_planner_finds_what_trying_every_choice_finds_by_half_hours(seeds):
    check_against_reference(seeds, HALF_HOURS)


@pytest.mark.parametrize("seeds", blocks(0, 1_700, 170), ids=str)
def test_the_planner_finds_what_trying_every_choice_finds_by_quarters(seeds):
    check_against_reference(seeds, QUARTERS)


@pytest.mark.parametrize("seeds", blocks(0, 300, 10), ids=str)
def test_the_planner_finds_what_trying_every_choice_finds_to_the_minute(seeds):
    check_against_reference(seeds, MINUTES, counts=(0, 1, 1, 2))


# 100,000 cases, and 1,000 with three stops in real minutes.


@pytest.mark.soak
@pytest.mark.parametrize("limits", [HALF_HOURS, QUARTERS], ids=["half hours", "quarters"])
@pytest.mark.parametrize("seeds", blocks(10_000, 50_000, 1_000), ids=str)
def test_the_planner_finds_what_trying_every_choice_finds_at_length(limits, seeds):
    check_against_reference(seeds, limits)


@pytest.mark.soak
@pytest.mark.parametrize("seeds", blocks(10_000, 1_000, 20), ids=str)
def test_the_planner_finds_what_trying_every_choice_finds_at_length_to_the_minute(seeds):
    check_against_reference(seeds, MINUTES)


def assert_legal(day: TimeLine, case: dict, limits: DutyLimits) -> None:
    """Walk along the time line with the four clocks, written apart from the planner."""
    drive, shift, until_break, cycle = case["clock"]
    fresh = shift >= limits.shift_minutes
    shift_ends = None if fresh else shift
    idle = 0
    assert day.segments == () or day.segments[0].start_at == 0
    for before, after in pairwise(day.segments):
        assert before.end_at == after.start_at
    for part in day.segments:
        minutes = part.end_at - part.start_at
        assert minutes > 0
        if part.kind in ("off", "rest", "restart"):
            assert part.kind != "off" or fresh
            if part.kind != "off":
                assert minutes >= limits.rest_minutes
                drive, until_break, shift_ends = limits.drive_minutes, limits.drive_minutes_before_break, None
            if minutes >= limits.restart_minutes:
                cycle = limits.cycle_minutes
            idle = 0
            continue
        if shift_ends is None:
            shift_ends = part.start_at + limits.shift_minutes
        if part.kind == "drive":
            idle = 0
            drive, until_break, cycle = drive - minutes, until_break - minutes, cycle - minutes
            assert min(drive, until_break, cycle) >= 0
            assert part.end_at <= shift_ends
        else:
            idle += minutes
            if idle >= limits.break_minutes:
                until_break = limits.drive_minutes_before_break
            cycle -= minutes if part.kind != "break" else 0


def test_every_time_line_is_legal_and_says_what_the_plan_says():
    for seed in range(400):
        case = random_case(seed, QUARTERS)
        chain = make_chain(**case)
        plans = plan(chain, QUARTERS)
        day = timeline(chain, QUARTERS)
        if not plans.feasible[0]:
            assert day.segments == ()
            continue
        assert_legal(day, case, QUARTERS)
        assert (day.segments[-1].end_at if day.segments else 0) == plans.arrive_at[0], (seed, case)
        driven = sum(part.end_at - part.start_at for part in day.segments if part.kind == "drive")
        assert driven == sum(case["drives"])
        waited = sum(part.end_at - part.start_at for part in day.segments if part.kind == "wait")
        padded = sum(
            part.end_at - part.start_at for part in day.segments if part.kind == "break" and part.stop is not None
        )
        assert waited + padded == plans.wait_minutes[0], (seed, case, day)
        for times, (opens_at, closes_at, service) in zip(day.stops, case["stops"], strict=True):
            assert times.arrive_at <= times.begin_at
            assert opens_at <= times.begin_at <= closes_at, (seed, case, day)
            assert times.end_at - times.begin_at == service
        if day.stops:
            assert day.stops[0].begin_at == plans.first_service_at[0], (seed, case, day)


def test_time_lines_of_many_chains_are_those_of_each_alone():
    chains = [make_chain(**random_case(seed, MINUTES)) for seed in range(100)]
    together = timelines(make_chains(*chains), MINUTES)
    for day, chain in zip(together, chains, strict=True):
        alone = timeline(chain, MINUTES)
        assert (day.segments, day.stops) == (alone.segments, alone.stops)
        assert int(day.plans.arrive_at[0]) == int(alone.plans.arrive_at[0])
