"""The rules that a fleet, its costs and a leg must keep; every refusal stands at its field and says what would do."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from carriers.models import ReturnLeg
from carriers.road import Way
from carriers.terms import CostTerms, DriverTerms, HomeBaseTerms, LegTerms, TripTerms
from foundation.places.place import Place
from foundation.trade.equipment import EQUIPMENT, Attribute
from foundation.trade.hours import (
    CYCLE_MINUTES,
    DRIVE_MINUTES,
    DRIVE_MINUTES_BEFORE_BREAK,
    SHIFT_MINUTES,
    DutyClock,
)
from foundation.trade.money import dollars
from foundation.trade.rules import Problems
from foundation.trade.windows import instant_words

GRACE = timedelta(hours=2)
"""So long ago a truck may have emptied when it is posted: the driver says it when he can."""
FARTHEST_AHEAD = timedelta(days=60)
LONGEST_RETURN = timedelta(days=30)
LONGEST_TRIP = timedelta(days=30)
MOST_MILES = 3_000
MOST_CENTS_PER_MILE = 20_00
MOST_CENTS_PER_HOUR = 1_000_00
ALL_ATTRIBUTES = sum(Attribute)

CLOCK_LIMITS: tuple[tuple[str, str, int], ...] = (
    ("drive_minutes", "Driving time", DRIVE_MINUTES),
    ("shift_minutes", "The shift", SHIFT_MINUTES),
    ("break_minutes", "The time to the break", DRIVE_MINUTES_BEFORE_BREAK),
    ("cycle_minutes", "The cycle", CYCLE_MINUTES),
)
LIMITS: tuple[tuple[str, str], ...] = (
    ("max_pickup_deadhead_miles", "The deadhead to the pickup"),
    ("max_home_deadhead_miles", "The deadhead home"),
    ("max_out_of_route_miles", "The out-of-route limit"),
)


def implied_attributes(equipment: str) -> int:
    """Return what equipment offers by its nature: a reefer keeps a temperature."""
    known = EQUIPMENT.get(equipment)
    return int(Attribute.TEMPERATURE) if known and known.temperature_range_f else 0


def check_capacity(
    problems: Problems,
    *,
    equipment: str,
    attributes: int,
    weight_pounds: int | None,
    length_feet: int | None,
    pallets: int | None,
) -> None:
    """Check equipment and what it holds; a capacity may exceed the usual one a little, for light or long trailers."""
    if attributes < 0 or attributes & ~ALL_ATTRIBUTES:
        problems.add("attributes", "unknown", "That is nothing that a truck can offer.")
    if equipment not in EQUIPMENT:
        problems.add("equipment", "unknown", f"“{equipment}” is no equipment code. Use one like V, R, F or SD.")
        return
    usual = EQUIPMENT[equipment]
    name = usual.name.lower()
    for field, value, most, unit in (
        ("weight_pounds", weight_pounds, usual.weight_pounds * 5 // 4, "lb"),
        ("length_feet", length_feet, usual.length_feet * 27 // 20, "ft"),
    ):
        if value is not None and not 1 <= value <= most:
            usually = usual.weight_pounds if unit == "lb" else usual.length_feet
            sentence = f"Give from 1 to {most:,} {unit}: a {name} usually has {usually:,} {unit}."
            problems.add(field, "out_of_range", sentence)
    if pallets and usual.pallets == 0:
        problems.add("pallets", "out_of_range", f"A {name} carries no pallets. Leave it at 0.")
    elif pallets is not None and not 0 <= pallets <= usual.pallets * 2:
        most = usual.pallets * 2
        sentence = f"Give from 0 to {most}: a {name} has {usual.pallets} pallet places on the floor."
        problems.add("pallets", "out_of_range", sentence)


def check_home_base(terms: HomeBaseTerms, problems: Problems) -> None:
    """Check a home base's name and place."""
    problems.text("name", terms.name, longest=80, label="The name", required=True)
    check_place(terms.place, "place", problems)


def check_driver(terms: DriverTerms, problems: Problems) -> None:
    """Check a driver's name and phone number."""
    problems.text("name", terms.name, longest=120, label="The name", required=True)
    problems.text("phone", terms.phone, longest=32, label="The phone number")
    digits = sum(letter.isdigit() for letter in terms.phone)
    if terms.phone.strip() and (not 7 <= digits <= 15 or set(terms.phone) - set("0123456789 +-().extEXT#")):
        sentence = f"“{terms.phone[:40]}” is no phone number. Write it like 312 555 0142."
        problems.add("phone", "not_a_number", sentence)


def check_costs(terms: CostTerms, problems: Problems) -> None:
    """Check the costs of a mile and an hour; a mile costs something."""
    for field, cents, low, high, label in (
        ("loaded_cents_per_mile", terms.loaded_cents_per_mile, 1, MOST_CENTS_PER_MILE, "A loaded mile"),
        ("empty_cents_per_mile", terms.empty_cents_per_mile, 1, MOST_CENTS_PER_MILE, "An empty mile"),
        ("hour_cents", terms.hour_cents, 0, MOST_CENTS_PER_HOUR, "An hour"),
        ("delay_hour_cents", terms.delay_hour_cents, 0, MOST_CENTS_PER_HOUR, "An hour late"),
    ):
        if not low <= cents <= high:
            sentence = f"{label} costs from {dollars(low)} to {dollars(high)}. Check the digits."
            problems.add(field, "out_of_range", sentence)
    if not 2020 <= terms.valid_from.year <= 2100:
        problems.add("valid_from", "out_of_range", "Check the year.")


def check_place(place: Place, field: str, problems: Problems) -> None:
    """Check that a place has a ZIP code, on whose centre every figure rests."""
    if not place.zip:
        problems.add(field, "no_zip", "We know no ZIP code there. Give the ZIP code.")


def check_words(terms: LegTerms, problems: Problems) -> None:
    """Check the texts of a leg."""
    problems.text("reference", terms.reference, longest=64, label="The reference")
    problems.text("notes", terms.notes, longest=2000, label="The note", many_lines=True)
    problems.text("private_notes", terms.private_notes, longest=2000, label="The private note", many_lines=True)


def check_limits(terms: LegTerms, problems: Problems) -> None:
    """Check the miles that a leg may go for a load, and the driver's clock."""
    for field, label in LIMITS:
        problems.number(field, getattr(terms, field), low=0, high=MOST_MILES, label=label, unit="miles")
    for field, label, most in CLOCK_LIMITS:
        minutes = getattr(terms.clock, field)
        if minutes is not None and not 0 <= minutes <= most:
            sentence = f"{label} left is from 0:00 to {hours_text(most)} (49 CFR 395.3). Write hours and minutes."
            problems.add(f"{field}_left", "beyond_the_legal_maximum", sentence)


_FIXED_ON_BOARD: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("truck", ("truck",), "the truck"),
    ("trailer", ("trailer",), "the trailer"),
    ("driver", ("driver",), "the driver"),
    ("equipment", ("equipment",), "the equipment"),
    ("empty", ("empty_zip",), "where it empties"),
    ("ready_at", ("ready_at",), "when it empties"),
    ("home", ("home_zip",), "where it must be home"),
)
_UNITS = (("weight_pounds", "lb"), ("length_feet", "ft"), ("pallets", "pallets"))


def check_on_board(leg: ReturnLeg, values: Mapping[str, Any]) -> None:
    """Check a leg's new columns against the planned tour that leaves the truck where it begins, and against what booked
    partial loads have taken of it: no less capacity than is on board, and nothing else that their bookings rest on.
    Raises `Invalid`.
    """
    problems = Problems()
    if not leg.is_shared:
        _check_beginning(leg, values, problems)
        problems.settle()
        return
    for name, unit in _UNITS:
        taken = getattr(leg, f"taken_{name}")
        if values[name] < taken:
            sentence = f"{taken:,} {unit} of booked loads are on board already. Give at least {taken:,} {unit}."
            problems.add(name, "on_board", sentence)
    for field, columns, words in _FIXED_ON_BOARD:
        if any(getattr(leg, column) != values[column] for column in columns):
            sentence = f"A booked load rests on {words}, so that stays. Cancel or amend the booking to change it."
            problems.add(field, "on_board", sentence)
    if leg.attributes & ~values["attributes"]:
        sentence = "A booked load rests on what the truck offers: add to that, or cancel the booking first."
        problems.add("attributes", "on_board", sentence)
    if values["home_by"] < leg.home_by:
        until = said(leg.home_by, _home(leg))
        sentence = f"A booked load rests on the time until {until}. Give that time or a later one."
        problems.add("home_by", "on_board", sentence)
    problems.settle()


def _check_beginning(leg: ReturnLeg, values: Mapping[str, Any], problems: Problems) -> None:
    """Check that a leg that a booking opened goes on beginning with the truck, where and not before its tour ends."""
    if leg.tour_ends_at is None:
        return
    at = f"{leg.empty_city}, {leg.empty_state}"
    remedy = "Leave it, or withdraw this leg and post another from where the truck can be by then."
    if values["truck"] != leg.truck:
        sentence = f"Truck {leg.truck} is left in {at} by its booked tour, so this return leg is that truck's. {remedy}"
        problems.add("truck", "booked_tour", sentence)
    if values["empty_zip"] != leg.empty_zip:
        sentence = f"The booked tour of truck {leg.truck} ends in {at}, so its return leg begins there. {remedy}"
        problems.add("empty", "booked_tour", sentence)
    elif values["ready_at"] < leg.tour_ends_at:
        ends_at = instant_words(leg.tour_ends_at, leg.empty_time_zone)
        sentence = f"The truck's booked tour ends on {ends_at}. Give that time or a later one."
        problems.add("ready_at", "booked_tour", sentence)


def _home(leg: ReturnLeg) -> Place:
    return Place(leg.home_zip, leg.home_city, leg.home_state, leg.home_lat, leg.home_lon, leg.home_time_zone, "zip")


def check_times(
    terms: LegTerms,
    way_home: Way,
    home: Place,
    problems: Problems,
    *,
    now: datetime,
    team: bool,
    known_ready_at: datetime | None = None,
) -> None:
    """Check when the truck empties and must be home; a ready time that is stored already may have passed.

    Home must be reachable at legal hours, driving straight there empty: a lower bound that errs on the poster's side.
    """
    if terms.ready_at < now - GRACE and terms.ready_at != known_ready_at:
        sentence = f"That time is over: it is {said(now, terms.empty)} there. Say when the truck can leave."
        problems.add("ready_at", "in_the_past", sentence)
    elif terms.ready_at > now + FARTHEST_AHEAD:
        sentence = f"That is more than {FARTHEST_AHEAD.days} days ahead. Check the year, or post it later."
        problems.add("ready_at", "too_far_ahead", sentence)
    if problems.has("home_by") or problems.has("ready_at"):
        return
    start = max(terms.ready_at, now)
    if start + way_home.least(terms.clock, team=team) > terms.home_by:
        earliest = quarter(start + way_home.expected(terms.clock, team=team))
        sentence = (
            f"Home ({home.city}, {home.state}) is {way_home.miles:,.0f} mi away and cannot be reached by then at legal "
            f"hours, even straight and empty: not before about {said(earliest, home)}. Give it until then or later."
        )
        problems.add("home_by", "out_of_reach", sentence)


def check_order(terms: LegTerms, home: Place, problems: Problems) -> None:
    """Check that the truck empties before it must be home, and not too long before."""
    if terms.home_by <= terms.ready_at:
        sentence = f"It must be home after it is empty: later than {said(terms.ready_at, home)}."
        problems.add("home_by", "before_ready", sentence)
    elif terms.home_by - terms.ready_at > LONGEST_RETURN:
        sentence = f"A return leg takes at most {LONGEST_RETURN.days} days. Be home earlier, or check the month."
        problems.add("home_by", "too_long", sentence)


def check_trip(terms: TripTerms, leg: LegTerms, way_out: Way | None, problems: Problems) -> None:
    """Check a headhaul against the leg that follows it: it departs first and can be there in time."""
    problems.text("trip_reference", terms.reference, longest=64, label="The reference")
    check_place(terms.origin, "origin", problems)
    if terms.departs_at >= leg.ready_at:
        sentence = f"The trip departs before the truck empties: earlier than {said(leg.ready_at, terms.origin)}."
        problems.add("departs_at", "after_empty", sentence)
    elif leg.ready_at - terms.departs_at > LONGEST_TRIP:
        problems.add("departs_at", "too_long", f"A trip takes at most {LONGEST_TRIP.days} days. Check the month.")
    elif way_out is not None and terms.departs_at + way_out.least(team=True) > leg.ready_at:
        sentence = (
            f"{leg.empty.city}, {leg.empty.state} is {way_out.miles:,.0f} mi away: the truck cannot be empty there by "
            f"then. Depart earlier, or correct when it empties."
        )
        problems.add("departs_at", "out_of_reach", sentence)


def last_departure(terms: LegTerms, way_home: Way, *, team: bool) -> datetime:
    """Return the last instant at which the truck could leave for home and be there in time: the posting ends then."""
    clock = DutyClock()  # whoever waits so long has rested, or reads another clock by then
    return max(terms.ready_at, terms.home_by - way_home.least(clock, team=team))


def hours_text(minutes: int) -> str:
    """Return minutes as hours and minutes: 690 is "11:30"."""
    return f"{minutes // 60}:{minutes % 60:02d}"


def quarter(instant: datetime) -> datetime:
    """Round an instant up to the next quarter of an hour."""
    over = timedelta(minutes=instant.minute % 15, seconds=instant.second, microseconds=instant.microsecond)
    return instant - over + timedelta(minutes=15) if over else instant


def said(instant: datetime, place: Place) -> str:
    """Return an instant in a place's own wall time: "Tue Nov 24, 14:30 CST"."""
    return instant_words(instant, place.time_zone)
