"""The rules that the terms of a load must keep; every refusal stands at its field and says what would do."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from foundation.trade.equipment import COMBINATIONS, EQUIPMENT, Attribute, equipment_name, trucks_for
from foundation.trade.money import dollars
from foundation.trade.rules import Problems
from foundation.trade.windows import instant_words
from loads.models import LoadSize, StopKind
from loads.road import StopTimes, Stretch, earliest_arrivals
from loads.terms import LoadTerms, SaleTerms, StopTerms

MOST_STOPS = 10
LONGEST_WINDOW = timedelta(days=7)
FARTHEST_AHEAD = timedelta(days=180)
LEAST_RATE_CENTS = 50_00
MOST_RATE_CENTS = 100_000_00
MOST_CENTS_PER_MILE = 50_00  # judged only above the rates that short hauls and heavy equipment do reach
RATE_JUDGED_BY_MILE_CENTS = 10_000_00
ALL_ATTRIBUTES = sum(Attribute)
MOST_PAYMENT_DAYS = 120

HAZMAT_CLASSES: tuple[tuple[str, str], ...] = (
    ("1.1", "1.1 Explosives, mass explosion"),
    ("1.2", "1.2 Explosives, projection"),
    ("1.3", "1.3 Explosives, fire"),
    ("1.4", "1.4 Explosives, minor"),
    ("1.5", "1.5 Blasting agents"),
    ("1.6", "1.6 Explosives, very insensitive"),
    ("2.1", "2.1 Flammable gas"),
    ("2.2", "2.2 Non-flammable gas"),
    ("2.3", "2.3 Poison gas"),
    ("3", "3 Flammable liquid"),
    ("4.1", "4.1 Flammable solid"),
    ("4.2", "4.2 Spontaneously combustible"),
    ("4.3", "4.3 Dangerous when wet"),
    ("5.1", "5.1 Oxidizer"),
    ("5.2", "5.2 Organic peroxide"),
    ("6.1", "6.1 Poison"),
    ("6.2", "6.2 Infectious substance"),
    ("7", "7 Radioactive"),
    ("8", "8 Corrosive"),
    ("9", "9 Miscellaneous"),
)
_HAZMAT_CODES = frozenset(code for code, _ in HAZMAT_CLASSES)
TEMPERATURE_CODES = frozenset({"R", "VR", "TN", "C", "SB", "SV"})
"""The equipment that can be asked to keep a temperature; of van or reefer it leaves the reefers."""


def needs_by_nature(terms: LoadTerms) -> int:
    """Return what the truck must offer for such freight, whether asked for or not."""
    hazmat = Attribute.HAZMAT if terms.hazmat_class else Attribute(0)
    kept = terms.temperature_min_f is not None or terms.temperature_max_f is not None
    return int(hazmat | (Attribute.TEMPERATURE if kept else Attribute(0)))


def truck_codes(terms: LoadTerms) -> list[str]:
    """Return the equipment codes of the trucks that may carry the load, a temperature considered."""
    codes = trucks_for(terms.equipment)
    if terms.equipment == "VR" and (terms.temperature_min_f is not None or terms.temperature_max_f is not None):
        codes = trucks_for("R")
    return sorted(codes)


def capacity(equipment: str) -> tuple[int, int, int]:
    """Return the pounds, feet and pallets of the largest usual trailer of a load's equipment."""
    named = [EQUIPMENT[code] for code in (tuple(_parts(equipment)) or (equipment,))]
    return (
        max(item.weight_pounds for item in named),
        max(item.length_feet for item in named),
        max(item.pallets for item in named),
    )


def _parts(equipment: str) -> Sequence[str]:
    return {"VR": ("V", "R"), "FS": ("F", "SD")}.get(equipment, ())


def validate(
    terms: LoadTerms,
    *,
    now: datetime,
    roads: Sequence[Stretch],
    draft: bool = False,
    stored_until: datetime | None = None,
) -> None:
    """Judge the terms of a load; a draft may have windows that are over or out of reach.

    `roads` are the stretches between the stops (`loads.road.stretches`); `stored_until` is the partners' time that
    the load has already, which may have passed since. Raises `Invalid` with every problem.
    """
    problems = Problems()
    _check_freight(terms, problems)
    _check_money(terms, problems, sum(stretch.miles for stretch in roads))
    _check_words(terms, problems)
    passed = draft or (stored_until is not None and terms.partners_first_until == stored_until)
    problems.audience(terms.audience, terms.partners_first_until, None if passed else now)
    _check_stops(terms.stops, problems)
    if not draft:
        for index, stop in enumerate(terms.stops):
            _check_time_ahead(stop, f"stops.{index}", now, problems)
        if not problems.has("stops"):
            _check_reach(terms, roads, now, problems)
    problems.settle()


def _check_freight(terms: LoadTerms, problems: Problems) -> None:
    if terms.size not in LoadSize.values:
        problems.add("size", "unknown", "Choose full or partial.")
    if terms.attributes & ~ALL_ATTRIBUTES or terms.attributes < 0:
        problems.add("attributes", "unknown", "That is no requirement that we know.")
    if terms.equipment not in EQUIPMENT and terms.equipment not in COMBINATIONS:
        sentence = f"“{terms.equipment}” is no equipment code. Use one like V, R, F or VR."
        problems.add("equipment", "unknown", sentence)
        problems.number("weight_pounds", terms.weight_pounds, low=1, high=80_000, label="The weight", unit="lb")
    else:
        _check_capacity(terms, problems)
    _check_temperature(terms, problems)
    if terms.hazmat_class and terms.hazmat_class not in _HAZMAT_CODES:
        sentence = f"“{terms.hazmat_class}” is no hazard class. Use one like 3 or 2.1."
        problems.add("hazmat_class", "unknown", sentence)
    if terms.attributes & Attribute.HAZMAT and not terms.hazmat_class:
        problems.add("hazmat_class", "required", "Hazardous freight needs its class. Choose one, or untick hazmat.")


def _check_capacity(terms: LoadTerms, problems: Problems) -> None:
    pounds, feet, pallets = capacity(terms.equipment)
    name = equipment_name(terms.equipment).lower()
    if terms.weight_pounds < 1:
        problems.add("weight_pounds", "out_of_range", "Give the weight in pounds, at least 1 lb.")
    elif terms.weight_pounds > pounds:
        sentence = (
            f"{terms.weight_pounds:,} lb do not go on one {name}, which holds {pounds:,} lb. "
            "Split the load, or choose other equipment."
        )
        problems.add("weight_pounds", "too_heavy", sentence)
    if terms.length_feet is None:
        if terms.size == LoadSize.PARTIAL:
            problems.add("length_feet", "required", "A partial load says how many feet of the trailer it takes.")
    elif not 1 <= terms.length_feet <= feet:
        problems.add("length_feet", "out_of_range", f"Give from 1 to {feet} ft: a {name} is {feet} ft long.")
    if terms.pallets and pallets == 0:
        problems.add("pallets", "out_of_range", f"A {name} carries no pallets. Leave it at 0.")
    else:
        problems.number("pallets", terms.pallets, low=0, high=pallets, label=f"Pallets on a {name}", unit="")


def _check_temperature(terms: LoadTerms, problems: Problems) -> None:
    low, high = terms.temperature_min_f, terms.temperature_max_f
    if low is None and high is None:
        return
    for name, value in (("temperature_min_f", low), ("temperature_max_f", high)):
        problems.number(name, value, low=-40, high=120, label="The temperature", unit="°F")
    if low is not None and high is not None and low > high:
        sentence = f"The highest temperature lies below the lowest ({low} °F). Swap the two."
        problems.add("temperature_max_f", "below_minimum", sentence)
    kept = EQUIPMENT["R"].temperature_range_f if terms.equipment in {"R", "VR"} else None
    for name, value in (("temperature_min_f", low), ("temperature_max_f", high)):
        if kept and value is not None and not kept[0] <= value <= kept[1]:
            problems.add(name, "out_of_range", f"A reefer keeps {kept[0]} to {kept[1]} °F. Give a temperature within.")
    known = terms.equipment in EQUIPMENT or terms.equipment in COMBINATIONS
    if known and terms.equipment not in TEMPERATURE_CODES:
        name = equipment_name(terms.equipment).lower()
        at = "temperature_min_f" if low is not None else "temperature_max_f"
        problems.add(at, "not_controlled", f"A {name} keeps no temperature. Choose a reefer, or leave this empty.")


def _check_money(terms: LoadTerms, problems: Problems, miles: float) -> None:
    rate, reserve = terms.rate_cents, terms.reserve_cents
    check_sale(SaleTerms.of(terms), miles, problems)
    _check_rate("reserve_cents", reserve, miles, problems)
    if rate is not None and reserve is not None and reserve < rate:
        sentence = f"The most you would pay cannot be less than the rate you offer ({dollars(rate)})."
        problems.add("reserve_cents", "below_rate", sentence)


def check_sale(terms: SaleTerms, miles: float, problems: Problems) -> None:
    """Check what a seller says to carriers: rate, book now, accessorial terms, days to pay."""
    _check_rate("rate_cents", terms.rate_cents, miles, problems)
    if terms.book_now and terms.rate_cents is None:
        sentence = "Carriers can book at once only what has a rate. Give the rate, or leave book now off."
        problems.add("book_now", "needs_a_rate", sentence)
    accessorials = terms.accessorials
    problems.number("free_minutes", accessorials.free_minutes, low=0, high=2_880, label="Free time", unit="minutes")
    for name, cents, most, label in (
        ("detention_cents_per_hour", accessorials.detention_cents_per_hour, 1_000_00, "Detention an hour"),
        ("tonu_cents", accessorials.tonu_cents, 10_000_00, "Truck ordered, not used"),
        ("layover_cents", accessorials.layover_cents, 10_000_00, "Layover a day"),
    ):
        if not 0 <= cents <= most:
            problems.add(name, "out_of_range", f"{label} must be from $0 to {dollars(most)}.")
    problems.number("payment_days", terms.payment_days, low=0, high=MOST_PAYMENT_DAYS, label="Days to pay", unit="days")


def _check_rate(name: str, cents: int | None, miles: float, problems: Problems) -> None:
    if cents is None:
        return
    if cents < LEAST_RATE_CENTS:
        remedy = "leave it empty to ask for offers" if name == "rate_cents" else "leave it empty"
        problems.add(name, "too_low", f"A rate is at least {dollars(LEAST_RATE_CENTS)}. Correct it, or {remedy}.")
    elif cents > MOST_RATE_CENTS:
        sentence = f"{dollars(cents)} is more than any load pays ({dollars(MOST_RATE_CENTS)}). Check the digits."
        problems.add(name, "too_high", sentence)
    elif cents > RATE_JUDGED_BY_MILE_CENTS and cents > miles * MOST_CENTS_PER_MILE:
        a_mile = dollars(round(cents / max(miles, 1)))
        sentence = f"{dollars(cents)} for {miles:,.0f} miles is {a_mile} a mile. Check the digits."
        problems.add(name, "too_high", sentence)


def _check_words(terms: LoadTerms, problems: Problems) -> None:
    problems.text("commodity", terms.commodity, longest=80, label="The commodity", required=True)
    problems.text("reference", terms.reference, longest=64, label="The reference")
    for name, label in (
        ("notes", "The note"),
        ("private_notes", "The private note"),
        ("instructions", "The instruction"),
    ):
        problems.text(name, getattr(terms, name), longest=2000, label=label, many_lines=True)


def _check_stops(stops: Sequence[StopTerms], problems: Problems) -> None:
    if len(stops) < 2:
        problems.add("stops", "too_few", "A load has at least one pickup and one delivery.")
        return
    if len(stops) > MOST_STOPS:
        problems.add("stops", "too_many", f"A load has at most {MOST_STOPS} stops. Split it into several loads.")
    if stops[0].kind != StopKind.PICKUP:
        problems.add("stops.0.kind", "order", "The first stop must be a pickup.")
    if stops[-1].kind != StopKind.DELIVERY:
        problems.add(f"stops.{len(stops) - 1}.kind", "order", "The last stop must be a delivery.")
    for index, stop in enumerate(stops):
        path = f"stops.{index}"
        if stop.kind not in StopKind.values:
            problems.add(f"{path}.kind", "unknown", "Choose pickup or delivery.")
        if not stop.place.zip:
            problems.add(f"{path}.place", "no_zip", "We know no ZIP code there. Give the ZIP code of the stop.")
        _check_window(stop, path, problems)
        problems.number(
            f"{path}.service_minutes", stop.service_minutes, low=0, high=720, label="Time at the stop", unit="minutes"
        )
        problems.text(f"{path}.facility", stop.facility, longest=120, label="The facility")
        problems.text(f"{path}.address", stop.address, longest=200, label="The address")
        problems.text(f"{path}.instructions", stop.instructions, longest=500, label="The instruction", many_lines=True)


def _check_window(stop: StopTerms, path: str, problems: Problems) -> None:
    if stop.closes_at <= stop.opens_at:
        sentence = f"The window closes before it opens. It must close after {_said(stop.opens_at, stop)}."
        problems.add(f"{path}.closes_at", "closes_before_it_opens", sentence)
    elif stop.closes_at - stop.opens_at > LONGEST_WINDOW:
        sentence = f"A window is at most {LONGEST_WINDOW.days} days long. Close it earlier."
        problems.add(f"{path}.closes_at", "too_long", sentence)


def _check_time_ahead(stop: StopTerms, path: str, now: datetime, problems: Problems) -> None:
    if problems.has(f"{path}.closes_at"):
        return
    if stop.closes_at <= now:
        sentence = f"This window is over: it is {_said(now, stop)} there. Choose a later one."
        problems.add(f"{path}.closes_at", "in_the_past", sentence)
    elif stop.opens_at > now + FARTHEST_AHEAD:
        sentence = f"That is more than {FARTHEST_AHEAD.days} days ahead. Check the year, or post it later."
        problems.add(f"{path}.opens_at", "too_far_ahead", sentence)


def _check_reach(terms: LoadTerms, roads: Sequence[Stretch], now: datetime, problems: Problems) -> None:
    """Refuse a stop that no driver reaches in time at legal hours, naming the earliest arrival."""
    team = bool(terms.attributes & Attribute.TEAM)
    times = [StopTimes(stop.opens_at, stop.closes_at, stop.service_minutes) for stop in terms.stops]
    reaches = earliest_arrivals(times, roads, not_before=now, team=team)
    for index, (stop, reach) in enumerate(zip(terms.stops, reaches, strict=True)):
        if reach.bound < stop.closes_at:
            continue
        hours = "even with two drivers" if team else "at legal driving hours"
        remedy = "Close it later, or open the pickup earlier" + ("." if team else ", or ask for team drivers.")
        earliest = _said(_quarter(reach.expected), stop)
        sentence = f"This stop cannot be reached in time {hours}: not before about {earliest}. {remedy}"
        problems.add(f"stops.{index}.closes_at", "out_of_reach", sentence)
        return


def _quarter(instant: datetime) -> datetime:
    """Round an instant up to the next quarter of an hour."""
    over = timedelta(minutes=instant.minute % 15, seconds=instant.second, microseconds=instant.microsecond)
    return instant - over + timedelta(minutes=15) if over else instant


def _said(instant: datetime, stop: StopTerms) -> str:
    """Return an instant in the stop's own wall time: "Tue Nov 24, 14:30 CST"."""
    return instant_words(instant, stop.place.time_zone)
