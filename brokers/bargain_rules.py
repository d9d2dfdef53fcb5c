"""The rules that the terms of an offer must keep; every refusal stands at its field and says what would do."""

from dataclasses import replace
from datetime import datetime, timedelta
from enum import Enum

from brokers.models.bargains import MOST_PAYMENT_DAYS
from brokers.terms import BargainTerms, StopTime, posted_times
from foundation.accounts.models import Organization
from foundation.trade.money import dollars
from foundation.trade.rules import Problems
from foundation.trade.windows import local
from loads.models import Load, Stop
from loads.rules import FARTHEST_AHEAD, LONGEST_WINDOW, MOST_RATE_CENTS
from matching.rate_queries import Estimate, estimate_of_load

SHORTEST_MINUTES = 5
LONGEST_MINUTES = 48 * 60
DEFAULT_MINUTES = 30
UNUSUAL_TIMES = 10
LONGEST_NOTES = 1000
MOST_FREE_MINUTES = 24 * 60
MOST_DETENTION_CENTS = 1_000_00
MOST_TONU_CENTS = 10_000_00
MOST_LAYOVER_CENTS = 5_000_00

_AS_POSTED = "A sale keeps the times of the posting: leave them out. For others the shipper edits the load first."


class Windows(Enum):
    """What an agreement may say of the windows at the stops, which are the shipper's to give."""

    POSTED = "posted"
    """A sale keeps those of the posting."""
    WITHIN = "within"
    """What the seller agrees with a carrier: as they like, but within the shipper's where a broker sells the load."""
    FREE = "free"
    """Every side agrees to them."""


def judge(
    terms: BargainTerms,
    load: Load,
    *,
    viewer: Organization,
    now: datetime,
    expires_in_minutes: int = DEFAULT_MINUTES,
    confirmed: bool = False,
    windows: Windows = Windows.WITHIN,
) -> BargainTerms:
    """Return the terms as they may stand on the table, stop times of the posting where none were given.

    Raises `Invalid` with every problem at its field; a rate of ten times what the lane usually pays, or of a tenth, has
    the code `needs_confirmation` and is taken once `confirmed`.
    """
    whole = completed(terms, load)
    problems = Problems()
    _check_rate(whole, problems)
    _check_accessorials(whole, problems)
    _check_stop_times(whole, load, now, problems)
    if windows is Windows.POSTED and whole.stop_times != posted_times(load):
        problems.add("stop_times", "as_posted", _AS_POSTED)
    elif windows is Windows.WITHIN and load.seller_id is not None:
        _check_within(whole, load, problems)
    problems.number("payment_days", whole.payment_days, low=0, high=MOST_PAYMENT_DAYS, label="Days to pay", unit="days")
    problems.text("notes", whole.notes, longest=LONGEST_NOTES, label="The note", many_lines=True)
    problems.number(
        "expires_in_minutes",
        expires_in_minutes,
        low=SHORTEST_MINUTES,
        high=LONGEST_MINUTES,
        label="An offer's time",
        unit="minutes",
    )
    problems.settle()
    if not confirmed:
        ask_for_confirmation(whole, load, viewer=viewer, now=now)
    return whole


def completed(terms: BargainTerms, load: Load) -> BargainTerms:
    """Return the terms in order of the stops, with the posting's times where no times were given."""
    if not terms.stop_times:
        return replace(terms, stop_times=posted_times(load))
    return replace(terms, stop_times=tuple(sorted(terms.stop_times, key=lambda time: time.sequence)))


def ask_for_confirmation(terms: BargainTerms, load: Load, *, viewer: Organization, now: datetime) -> None:
    """Raise `Invalid` at the rate where it is ten times what the lane usually pays, or a tenth of it."""
    usual = usual_cents(estimate_of_load(viewer, load, now))
    rate = terms.rate_cents
    problems = Problems()
    if usual > 0 and rate >= usual * UNUSUAL_TIMES:
        words = f"{dollars(rate)} is {rate / usual:,.0f} times what this lane usually pays ({dollars(usual)})."
        problems.add("linehaul_cents", "needs_confirmation", f"{words} Check the digits, or confirm that you mean it.")
    elif usual > 0 and rate * UNUSUAL_TIMES <= usual:
        words = f"{dollars(rate)} is a tenth or less of what this lane usually pays ({dollars(usual)})."
        problems.add("linehaul_cents", "needs_confirmation", f"{words} Check the digits, or confirm that you mean it.")
    problems.settle()


def usual_cents(estimate: Estimate) -> int:
    """Return what a lane usually pays: its own figure where there is one, else the policy's estimate.

    A lane's figure is that of full truckloads, so that a partial goes by the estimate.
    """
    if estimate.lane is not None and estimate.share >= 1.0:
        return estimate.lane.rate_cents
    return estimate.rate_cents


def _check_rate(terms: BargainTerms, problems: Problems) -> None:
    for name in ("linehaul_cents", "fuel_surcharge_cents"):
        if getattr(terms, name) < 0:
            problems.add(name, "too_low", "An amount may not be below zero.")
    if problems.found:
        return
    rate = terms.rate_cents
    if rate == 0:
        problems.add("linehaul_cents", "too_low", "A rate has to be more than $0.00.")
    elif rate > MOST_RATE_CENTS:
        sentence = f"{dollars(rate)} is more than any load pays ({dollars(MOST_RATE_CENTS)}). Check the digits."
        problems.add("linehaul_cents", "too_high", sentence)


def _check_accessorials(terms: BargainTerms, problems: Problems) -> None:
    problems.number(
        "free_minutes", terms.free_minutes, low=0, high=MOST_FREE_MINUTES, label="Free time", unit="minutes"
    )
    for name, label, most in (
        ("detention_cents_per_hour", "Detention", MOST_DETENTION_CENTS),
        ("tonu_cents", "TONU", MOST_TONU_CENTS),
        ("layover_cents", "Layover", MOST_LAYOVER_CENTS),
    ):
        if not 0 <= getattr(terms, name) <= most:
            problems.add(name, "out_of_range", f"{label} must be from $0.00 to {dollars(most)}.")


def _check_stop_times(terms: BargainTerms, load: Load, now: datetime, problems: Problems) -> None:
    stops = list(load.stops.all())
    times = terms.stop_times
    if [time.sequence for time in times] != [stop.sequence for stop in stops]:
        sentence = f"Give a time for each of the {len(stops)} stops, once, or leave them all out to keep the posting's."
        problems.add("stop_times", "stops_differ", sentence)
        return
    for index, (time, stop) in enumerate(zip(times, stops, strict=True)):
        _check_window(time, stop, f"stop_times.{index}", now, problems)
    for index in range(1, len(times)):
        path = f"stop_times.{index}.closes_at"
        if not problems.found and times[index].closes_at <= times[index - 1].opens_at:
            opens = _said(times[index - 1].opens_at, stops[index])
            problems.add(path, "order", f"This stop closes before the one before it opens ({opens} here).")


def _check_within(terms: BargainTerms, load: Load, problems: Problems) -> None:
    for index, (time, stop) in enumerate(zip(terms.stop_times, load.stops.all(), strict=False)):
        if not stop.opens_at <= time.opens_at < time.closes_at <= stop.closes_at:
            window = f"{_said(stop.opens_at, stop)} to {_said(stop.closes_at, stop)}"
            sentence = f"The shipper's window there is {window}: keep within it. The shipper alone gives another."
            problems.add(f"stop_times.{index}.opens_at", "outside_the_window", sentence)


def _check_window(time: StopTime, stop: Stop, path: str, now: datetime, problems: Problems) -> None:
    if time.opens_at.tzinfo is None or time.closes_at.tzinfo is None:
        problems.add(f"{path}.opens_at", "no_time_zone", "The time has no zone.")
    elif time.closes_at <= time.opens_at:
        sentence = f"The window closes before it opens. It must close after {_said(time.opens_at, stop)}."
        problems.add(f"{path}.closes_at", "closes_before_it_opens", sentence)
    elif time.closes_at - time.opens_at > LONGEST_WINDOW:
        sentence = f"A window is at most {LONGEST_WINDOW.days} days long. Close it earlier."
        problems.add(f"{path}.closes_at", "too_long", sentence)
    elif time.closes_at <= now:
        sentence = f"This window is over: it is {_said(now, stop)} there. Choose a later one."
        problems.add(f"{path}.closes_at", "in_the_past", sentence)
    elif time.opens_at > now + timedelta(days=FARTHEST_AHEAD.days):
        sentence = f"That is more than {FARTHEST_AHEAD.days} days ahead. Check the year."
        problems.add(f"{path}.opens_at", "too_far_ahead", sentence)


def _said(instant: datetime, stop: Stop) -> str:
    return f"{local(instant, stop.time_zone):%a %b %-d, %H:%M}"
