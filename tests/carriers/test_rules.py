"""What a leg, a fleet and its costs must keep, case by case."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from carriers.road import Way
from carriers.rules import (
    check_capacity,
    check_driver,
    check_limits,
    check_order,
    check_times,
    check_trip,
    last_departure,
)
from carriers.terms import DriverTerms, LegTerms, TripTerms
from foundation.places.queries import find_place
from foundation.trade.hours import DutyClock, least_minutes
from foundation.trade.rules import Problems

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
CHICAGO, DALLAS = find_place("60601"), find_place("75201")
# 900 minutes of driving for certain, 950 by the road's figures
WAY = Way(miles=960, minutes=950, least_driving_minutes=900)


def terms(**fields: object) -> LegTerms:
    defaults = {
        "truck": "trk_1",
        "empty": CHICAGO,
        "ready_at": NOW + timedelta(hours=6),
        "home_by": NOW + timedelta(hours=60),
    }
    return LegTerms(**{**defaults, **fields})  # type: ignore[arg-type]


def codes(problems: Problems) -> list[tuple[str, str]]:
    return [(problem.field, problem.code) for problem in problems.found]


@pytest.mark.parametrize(
    ("driving", "clock", "least"),
    [
        (0, None, 0),
        (480, None, 480),  # 8 h need no break
        (481, None, 511),  # ... a minute more does
        (660, None, 690),  # 11 h with their break
        (661, None, 1261),  # 8 h and 3:01, a night between them, no break needed
        (960, None, 1560),  # 8 h, 10 h off, 8 h
        (961, None, 1591),
        (1320, None, 1980),  # 11 h, 10 h off, 11 h, two breaks
        (300, DutyClock(drive_minutes=300), 300),
        (300, DutyClock(drive_minutes=60), 900),  # 1 h, 10 h off, 4 h
        (300, DutyClock(drive_minutes=0), 900),  # 10 h off first
        (300, DutyClock(shift_minutes=100), 900),
        (300, DutyClock(break_minutes=120), 330),  # 2 h, half an hour, 3 h
        (300, DutyClock(break_minutes=120, shift_minutes=310), 900),  # the break would pass the 14 h wall
        (300, DutyClock(cycle_minutes=0), 900),  # hours of earlier days may come back overnight
        (300, DutyClock(), 300),
    ],
)
def test_the_least_legal_time(driving: float, clock: DutyClock | None, least: float) -> None:
    assert least_minutes(driving, clock) == least


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({}, []),
        ({"ready_at": NOW - timedelta(hours=2)}, []),
        ({"ready_at": NOW - timedelta(hours=2, minutes=1)}, [("ready_at", "in_the_past")]),
        ({"ready_at": NOW + timedelta(days=61), "home_by": NOW + timedelta(days=64)}, [("ready_at", "too_far_ahead")]),
        # from 18:00: 8 h, 10 h off, 7 h: 25 h later at the earliest
        ({"home_by": NOW + timedelta(hours=31)}, []),
        ({"home_by": NOW + timedelta(hours=30, minutes=59)}, [("home_by", "out_of_reach")]),
        ({"home_by": NOW + timedelta(hours=31), "clock": DutyClock(drive_minutes=660)}, []),
        ({"home_by": NOW + timedelta(hours=31), "clock": DutyClock(drive_minutes=60)}, [("home_by", "out_of_reach")]),
    ],
)
def test_times_are_judged_at_legal_hours(fields: dict[str, object], found: list[tuple[str, str]]) -> None:
    problems = Problems()
    check_times(terms(**fields), WAY, DALLAS, problems, now=NOW, team=False)
    assert codes(problems) == found


def test_a_team_drives_on() -> None:
    problems = Problems()
    check_times(terms(home_by=NOW + timedelta(hours=21)), WAY, DALLAS, problems, now=NOW, team=True)
    assert codes(problems) == []


def test_a_truck_that_waits_leaves_now_and_not_when_it_was_ready() -> None:
    late = terms(ready_at=NOW - timedelta(hours=20), home_by=NOW + timedelta(hours=24))
    problems = Problems()
    check_times(late, WAY, DALLAS, problems, now=NOW, team=False, known_ready_at=late.ready_at)
    assert codes(problems) == [("home_by", "out_of_reach")]


def test_the_refusal_names_the_earliest_by_the_roads_own_figures() -> None:
    problems = Problems()
    check_times(terms(home_by=NOW + timedelta(hours=20)), WAY, DALLAS, problems, now=NOW, team=False)
    # 18:00 UTC + 950 min of driving + 10 h of rest = 19:50 UTC: 14:50 in Dallas, up to the next quarter
    assert "not before about Tue May 5, 15:00 CDT" in problems.found[0].sentence


def test_the_posting_lasts_until_the_last_departure() -> None:
    leg = terms()
    assert last_departure(leg, WAY, team=False) == leg.home_by - timedelta(minutes=900 + 600)
    tight = terms(home_by=NOW + timedelta(hours=31))
    assert last_departure(tight, WAY, team=False) == tight.ready_at


@pytest.mark.parametrize(
    ("home_by", "found"),
    [
        (timedelta(0), [("home_by", "before_ready")]),
        (timedelta(hours=-1), [("home_by", "before_ready")]),
        (timedelta(minutes=1), []),
        (timedelta(days=30), []),
        (timedelta(days=30, minutes=1), [("home_by", "too_long")]),
    ],
)
def test_home_comes_after_empty(home_by: timedelta, found: list[tuple[str, str]]) -> None:
    problems = Problems()
    leg = terms()
    check_order(replace(leg, home_by=leg.ready_at + home_by), DALLAS, problems)
    assert codes(problems) == found


@pytest.mark.parametrize(
    ("clock", "found"),
    [
        (DutyClock(drive_minutes=660, shift_minutes=840, break_minutes=480, cycle_minutes=4200), []),
        (DutyClock(drive_minutes=0, shift_minutes=0, break_minutes=0, cycle_minutes=0), []),
        (DutyClock(drive_minutes=661), ["drive_minutes_left"]),
        (DutyClock(shift_minutes=841), ["shift_minutes_left"]),
        (DutyClock(break_minutes=481), ["break_minutes_left"]),
        (DutyClock(cycle_minutes=4201), ["cycle_minutes_left"]),
        (DutyClock(drive_minutes=-1), ["drive_minutes_left"]),
    ],
)
def test_a_clock_is_no_longer_than_the_law(clock: DutyClock, found: list[str]) -> None:
    problems = Problems()
    check_limits(terms(clock=clock), problems)
    assert [problem.field for problem in problems.found] == found


@pytest.mark.parametrize("name", ["max_pickup_deadhead_miles", "max_home_deadhead_miles", "max_out_of_route_miles"])
@pytest.mark.parametrize(("miles", "wrong"), [(None, False), (0, False), (3000, False), (-1, True), (3001, True)])
def test_limits_are_miles_from_none_to_three_thousand(name: str, miles: int | None, wrong: bool) -> None:
    problems = Problems()
    check_limits(terms(**{name: miles}), problems)
    assert [problem.field for problem in problems.found] == ([name] if wrong else [])


@pytest.mark.parametrize(
    ("equipment", "weight", "length", "pallets", "attributes", "found"),
    [
        ("V", None, None, None, 0, []),
        ("V", 56_250, 71, 52, 63, []),
        ("V", 56_251, 72, 53, 64, ["attributes", "weight_pounds", "length_feet", "pallets"]),
        ("V", 0, 0, -1, -1, ["attributes", "weight_pounds", "length_feet", "pallets"]),
        ("TN", 45_000, 48, 1, 0, ["pallets"]),
        ("XX", 1, 1, 1, 0, ["equipment"]),
        ("VR", 1, 1, 1, 0, ["equipment"]),  # a truck is one of the two
    ],
)
def test_capacity_stays_near_what_the_equipment_has(
    equipment: str, weight: int | None, length: int | None, pallets: int | None, attributes: int, found: list[str]
) -> None:
    problems = Problems()
    check_capacity(
        problems,
        equipment=equipment,
        attributes=attributes,
        weight_pounds=weight,
        length_feet=length,
        pallets=pallets,
    )
    assert [problem.field for problem in problems.found] == found


@pytest.mark.parametrize(
    ("phone", "right"),
    [("", True), ("312 555 0142", True), ("+1 (312) 555-0142 ext 7", True), ("12", False), ("call me maybe", False)],
)
def test_a_phone_number_is_one(phone: str, right: bool) -> None:
    problems = Problems()
    check_driver(DriverTerms(name="Ana Ruiz", phone=phone), problems)
    assert (problems.found == []) == right


@pytest.mark.parametrize(
    ("before_empty", "found"),
    [
        (timedelta(hours=30), []),
        (timedelta(hours=15), []),  # 900 minutes, as a team would
        (timedelta(hours=14), [("departs_at", "out_of_reach")]),
        (timedelta(0), [("departs_at", "after_empty")]),
        (timedelta(days=31), [("departs_at", "too_long")]),
    ],
)
def test_a_trip_departs_in_time_to_be_empty(before_empty: timedelta, found: list[tuple[str, str]]) -> None:
    leg = terms()
    problems = Problems()
    check_trip(TripTerms(origin=DALLAS, departs_at=leg.ready_at - before_empty), leg, WAY, problems)
    assert codes(problems) == found
