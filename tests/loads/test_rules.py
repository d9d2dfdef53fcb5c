"""The rules of a load's terms, case by case; no database."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from foundation.trade.accessorials import AccessorialTerms
from foundation.trade.equipment import Attribute
from foundation.trade.errors import Invalid
from loads.models import StopKind
from loads.road import StopTimes, Stretch, earliest_arrivals
from loads.rules import truck_codes, validate
from tests.builders import load_terms, stop_terms, straight_stretches

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)  # a Monday, 06:00 in Chicago
TOMORROW = NOW + timedelta(days=1)
LATER = {"audience": "partners_first", "partners_first_until": NOW + timedelta(hours=6)}


def problems(now=NOW, draft=False, roads=None, **fields):
    """Return code and sentence of each wrong field of otherwise right terms."""
    terms = load_terms(**{"opens_at": TOMORROW, **fields})
    try:
        validate(terms, now=now, roads=straight_stretches(terms) if roads is None else roads, draft=draft)
    except Invalid as error:
        return {problem.field: (problem.code, problem.sentence) for problem in error.problems}
    return {}


def codes(**fields):
    return {field: code for field, (code, _) in problems(**fields).items()}


def route(*parts):
    """Make stops of (kind, place, hours after tomorrow noon, hours open)."""
    return tuple(
        stop_terms(place, TOMORROW + timedelta(hours=start), hours=hours, kind=kind)
        for kind, place, start, hours in parts
    )


def test_ordinary_terms_are_right():
    assert problems() == {}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"weight_pounds": 0}, {"weight_pounds": "out_of_range"}),
        ({"weight_pounds": -5}, {"weight_pounds": "out_of_range"}),
        ({"weight_pounds": 1}, {}),
        ({"weight_pounds": 45_000}, {}),
        ({"weight_pounds": 45_001}, {"weight_pounds": "too_heavy"}),
        ({"weight_pounds": 200_000}, {"weight_pounds": "too_heavy"}),
        ({"equipment": "R", "weight_pounds": 44_000}, {"weight_pounds": "too_heavy"}),
        ({"equipment": "VR", "weight_pounds": 44_000}, {}),
        ({"equipment": "SV", "weight_pounds": 3_500, "length_feet": 14}, {}),
        ({"equipment": "SV", "weight_pounds": 3_501}, {"weight_pounds": "too_heavy"}),
        ({"equipment": "XX"}, {"equipment": "unknown"}),
        ({"equipment": "XX", "weight_pounds": 200_000}, {"equipment": "unknown", "weight_pounds": "out_of_range"}),
        ({"size": "half"}, {"size": "unknown"}),
        ({"size": "partial"}, {"length_feet": "required"}),
        ({"size": "partial", "length_feet": 20}, {}),
        ({"length_feet": 0}, {"length_feet": "out_of_range"}),
        ({"length_feet": 54}, {"length_feet": "out_of_range"}),
        ({"equipment": "FS", "length_feet": 53}, {}),
        ({"pallets": 26}, {}),
        ({"pallets": 27}, {"pallets": "out_of_range"}),
        ({"pallets": -1}, {"pallets": "out_of_range"}),
        ({"equipment": "HB", "pallets": 1}, {"pallets": "out_of_range"}),
        ({"attributes": 1 << 20}, {"attributes": "unknown"}),
        ({"attributes": Attribute.HAZMAT}, {"hazmat_class": "required"}),
        ({"attributes": Attribute.HAZMAT, "hazmat_class": "3"}, {}),
        ({"hazmat_class": "12"}, {"hazmat_class": "unknown"}),
        ({"commodity": " "}, {"commodity": "required"}),
        ({"commodity": "x" * 81}, {"commodity": "too_long"}),
        ({"commodity": "Pap\x00er"}, {"commodity": "control_characters"}),
        ({"commodity": "Paper\nrolls"}, {"commodity": "control_characters"}),
        ({"commodity": "Paper \u202erepaP"}, {"commodity": "control_characters"}),
        ({"commodity": "<script>alert(1)</script>"}, {}),
        ({"commodity": "Äpfel für Zoë"}, {}),
        ({"notes": "first\nsecond"}, {}),
        ({"notes": "x" * 2001}, {"notes": "too_long"}),
        ({"reference": "x" * 65}, {"reference": "too_long"}),
        ({"rate_cents": None}, {}),
        ({"rate_cents": 0}, {"rate_cents": "too_low"}),
        ({"rate_cents": -100}, {"rate_cents": "too_low"}),
        ({"rate_cents": 100_000_01}, {"rate_cents": "too_high"}),
        ({"rate_cents": 90_000_00}, {"rate_cents": "too_high"}),  # 97 dollars a mile: a slip of the keys
        ({"reserve_cents": 2_399_99}, {"reserve_cents": "below_rate"}),
        ({"reserve_cents": 2_400_00}, {}),
        ({"accessorials": AccessorialTerms(free_minutes=3_000)}, {"free_minutes": "out_of_range"}),
        ({"accessorials": AccessorialTerms(tonu_cents=-1)}, {"tonu_cents": "out_of_range"}),
        ({"equipment": "R", "temperature_min_f": 34, "temperature_max_f": 38}, {}),
        ({"equipment": "R", "temperature_min_f": 34, "temperature_max_f": 34}, {}),
        ({"equipment": "R", "temperature_max_f": 0}, {}),
        (
            {"equipment": "R", "temperature_min_f": 39, "temperature_max_f": 38},
            {"temperature_max_f": "below_minimum"},
        ),
        ({"equipment": "R", "temperature_min_f": -300}, {"temperature_min_f": "out_of_range"}),
        ({"equipment": "R", "temperature_min_f": -20, "temperature_max_f": 80}, {}),
        ({"equipment": "R", "temperature_min_f": -21}, {"temperature_min_f": "out_of_range"}),
        ({"equipment": "VR", "temperature_max_f": 81}, {"temperature_max_f": "out_of_range"}),
        ({"equipment": "V", "temperature_min_f": 34}, {"temperature_min_f": "not_controlled"}),
        ({"audience": "everybody"}, {"audience": "unknown"}),
        ({"audience": "partners"}, {}),
        (LATER, {}),
        ({"audience": "partners_first"}, {"partners_first_until": "required"}),
        (LATER | {"partners_first_until": NOW}, {"partners_first_until": "in_the_past"}),
        ({"partners_first_until": NOW + timedelta(hours=1)}, {"partners_first_until": "not_used"}),
    ],
)
def test_freight_money_words_and_audience(fields, expected):
    if fields.get("equipment") in {"R", "SV", "HB"}:
        fields = {"weight_pounds": 3_000, **fields}
    assert codes(**fields) == expected


@pytest.mark.parametrize(
    ("stops", "expected"),
    [
        (route(("pickup", "60601", 0, 8)), {"stops": "too_few"}),
        ((), {"stops": "too_few"}),
        (route(("delivery", "60601", 0, 8), ("delivery", "75201", 72, 8)), {"stops.0.kind": "order"}),
        (route(("pickup", "60601", 0, 8), ("pickup", "75201", 72, 8)), {"stops.1.kind": "order"}),
        (
            route(("pickup", "60601", 0, 8), ("detour", "62701", 6, 8), ("delivery", "75201", 72, 8)),
            {"stops.1.kind": "unknown"},
        ),
        (
            route(("pickup", "60601", 0, 8), ("delivery", "75201", 72, -1)),
            {"stops.1.closes_at": "closes_before_it_opens"},
        ),
        (
            route(("pickup", "60601", 0, 8), ("delivery", "75201", 72, 0)),
            {"stops.1.closes_at": "closes_before_it_opens"},
        ),
        (route(("pickup", "60601", 0, 8), ("delivery", "75201", 72, 168)), {}),
        (route(("pickup", "60601", 0, 8), ("delivery", "75201", 72, 169)), {"stops.1.closes_at": "too_long"}),
        (route(("pickup", "60601", -48, 8), ("delivery", "75201", 72, 8)), {"stops.0.closes_at": "in_the_past"}),
        (route(("pickup", "60601", -30, 12), ("delivery", "75201", 72, 8)), {}),  # open since 6 h, for 6 h more
        (
            route(("pickup", "60601", 24 * 200, 8), ("delivery", "75201", 24 * 203, 8)),
            {"stops.0.opens_at": "too_far_ahead", "stops.1.opens_at": "too_far_ahead"},
        ),
        (route(*[("pickup", "60601", 0, 24)] * 10, ("delivery", "60601", 24, 24)), {"stops": "too_many"}),
        (
            route(
                ("pickup", "60601", 0, 8),
                ("pickup", "61602", 6, 8),
                ("delivery", "63101", 24, 8),
                ("delivery", "75201", 72, 8),
            ),
            {},
        ),
    ],
)
def test_stops_and_windows(stops, expected):
    assert codes(stops=stops) == expected


def test_every_problem_is_told_at_once():
    assert codes(weight_pounds=0, commodity="", rate_cents=1) == {
        "weight_pounds": "out_of_range",
        "commodity": "required",
        "rate_cents": "too_low",
    }


def test_a_draft_may_wait_with_its_windows_but_not_with_its_form():
    over = route(("pickup", "60601", -48, 8), ("delivery", "75201", -47, 8))
    assert problems(stops=over, draft=True) == {}
    assert codes(stops=over, draft=True, weight_pounds=0) == {"weight_pounds": "out_of_range"}


def test_a_partners_time_that_was_stored_may_have_passed_since():
    past = NOW - timedelta(hours=1)
    terms = load_terms(opens_at=TOMORROW, audience="partners_first", partners_first_until=past)
    validate(terms, now=NOW, roads=straight_stretches(terms), stored_until=past)
    with pytest.raises(Invalid):
        validate(terms, now=NOW, roads=straight_stretches(terms), stored_until=past - timedelta(hours=1))


def test_the_sentences_name_the_remedy_in_the_stops_own_time():
    assert problems(weight_pounds=200_000)["weight_pounds"][1] == (
        "200,000 lb do not go on one van, which holds 45,000 lb. Split the load, or choose other equipment."
    )
    backwards = route(("pickup", "60601", 0, -2), ("delivery", "75201", 72, 8))
    assert problems(stops=backwards)["stops.0.closes_at"][1] == (
        "The window closes before it opens. It must close after Tue Nov 24, 06:00 CST."
    )


def stretch(minutes):
    return Stretch(miles=minutes * 50 / 60, minutes=minutes, least_driving_minutes=minutes)


def reach(closes_after_hours, driving_minutes, **fields):
    """Judge a delivery that closes so many hours after the pickup opens; one hour of loading, so much driving."""
    stops = (
        stop_terms("60601", TOMORROW, hours=4, service_minutes=60),
        stop_terms(
            "75201",
            TOMORROW,
            hours=closes_after_hours,
            kind=StopKind.DELIVERY,
        ),
    )
    return problems(stops=stops, roads=[stretch(driving_minutes)], **fields)


@pytest.mark.parametrize(
    ("driving_minutes", "hours"),
    [
        (480, 9.0),  # 1 h loading + 8 h
        (600, 11.5),  # 500 miles at 50 mph: 1 + 8 + 0.5 break + 2
        (660, 12.5),  # 1 + 8 + 0.5 + 3
        (720, 23.0),  # 600 miles at 50 mph: 1 + 4 + 10 off + 8, which needs no break
        (1_320, 34.0),  # two full days: 1 + 22 + 10 + 2 breaks
    ],
)
def test_a_delivery_must_be_in_reach_at_legal_hours(driving_minutes, hours):
    assert reach(hours + 0.01, driving_minutes) == {}
    # half-open: who arrives when the window closes is late
    assert reach(hours, driving_minutes)["stops.1.closes_at"][0] == "out_of_reach"


def test_a_team_drives_on():
    assert reach(13.1, 720, attributes=Attribute.TEAM) == {}
    code, sentence = reach(12.9, 720, attributes=Attribute.TEAM)["stops.1.closes_at"]
    assert code == "out_of_reach"
    assert "even with two drivers" in sentence


def test_the_refusal_names_the_earliest_arrival_on_the_stops_clock():
    # opens 06:00 CST, 11.5 h later it is 17:30 in Dallas
    assert reach(10, 600)["stops.1.closes_at"][1] == (
        "This stop cannot be reached in time at legal driving hours: not before about Tue Nov 24, 17:30 CST. "
        "Close it later, or open the pickup earlier, or ask for team drivers."
    )


def test_time_counts_from_now_where_the_pickup_is_open_already():
    times = [
        StopTimes(NOW - timedelta(hours=5), NOW + timedelta(hours=2), 60),
        StopTimes(NOW, NOW + timedelta(hours=20), 60),
    ]
    reaches = earliest_arrivals(times, [stretch(480)], not_before=NOW, team=False)
    assert reaches[1].bound == NOW + timedelta(hours=9)


def test_several_stops_add_up_and_waiting_may_serve_as_rest():
    start = TOMORROW
    day = timedelta(hours=24)
    times = [
        StopTimes(start, start + day, 60),
        StopTimes(start, start + day, 60),
        StopTimes(start, start + 3 * day, 60),
    ]
    # 6 h + 6 h of driving need a rest: 1 + 6 + 1 + 6 + 10
    reaches = earliest_arrivals(times, [stretch(360), stretch(360)], not_before=NOW, team=False)
    assert reaches[2].bound == start + timedelta(hours=24)
    # with the middle stop opening 12 h later the driver has rested while waiting: 12 + 1 + 6
    times[1] = replace(times[1], opens_at=start + timedelta(hours=19))
    reaches = earliest_arrivals(times, [stretch(360), stretch(360)], not_before=NOW, team=False)
    assert reaches[2].bound == start + timedelta(hours=26)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"equipment": "V"}, ["R", "V"]),
        ({"equipment": "VR"}, ["R", "V"]),
        ({"equipment": "VR", "temperature_max_f": 40}, ["R"]),
        ({"equipment": "R"}, ["R"]),
        ({"equipment": "FS"}, ["CN", "F", "SD"]),
    ],
)
def test_trucks_that_may_carry_a_load(fields, expected):
    assert truck_codes(load_terms(**fields)) == expected
