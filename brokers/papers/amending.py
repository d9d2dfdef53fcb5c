"""What an amendment touches: whose yes it needs, what it changes, and whether that is still as it was proposed on."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from brokers.bargain_rules import Windows, completed, judge
from brokers.models import Amendment, Booking
from brokers.papers.sale import sale_terms
from brokers.papers.stop_details import STOP_FIELDS, as_terms, details_before
from brokers.terms import BargainTerms, StopTime, differences, terms_of
from foundation.accounts.models import Organization
from foundation.trade.errors import FieldProblem, Invalid
from foundation.trade.rules import Problems
from loads.models import Load
from loads.road import Stretch
from loads.rules import validate
from loads.terms import terms_of as load_terms_of

Subject = Amendment.Subject

LOAD_FIELDS = (
    "weight_pounds",
    "length_feet",
    "pallets",
    "commodity",
    "temperature_min_f",
    "temperature_max_f",
    "reference",
    "notes",
    "instructions",
)
"""The fields of a covered load that an amendment may change, beside the times and details of its stops."""

_UNKNOWN = (
    f"An amendment does not change this field. It changes: {', '.join(LOAD_FIELDS)}, and of each stop "
    f"{', '.join(STOP_FIELDS)}. For other equipment, hazmat or places cancel the booking and agree anew."
)
_MOST_CHANGED_BYTES = 11_000  # both sides of a change are told in one fact, beside times, reason and names

PLANNED_BY = frozenset({"weight_pounds", "length_feet", "pallets"})
"""Those among them that the tour is planned by."""


def is_brokered(booking: Booking) -> bool:
    """Say whether a broker stands between shipper and carrier."""
    return bool(booking.seller_id != booking.shipper_id)


def subjects_for(booking: Booking, organization: Organization) -> list[str]:
    """Return what a side of a booking may propose to change: each in the order of the page."""
    return [subject for subject in Subject.values if organization in sides_of(booking, subject)]


def sides_of(booking: Booking, subject: str) -> list[Organization]:
    """Return whose yes an amendment needs, each once; none where the booking has no such subject."""
    brokered = is_brokered(booking)
    if subject == Subject.CARRIAGE:
        found = [booking.seller, booking.carrier]
    elif not brokered:
        return []
    elif subject == Subject.SALE:
        found = [booking.shipper, booking.seller]
    else:
        found = [booking.shipper, booking.seller, booking.carrier]
    return list({each.pk: each for each in found}.values())


def changes_freight(booking: Booking, subject: str) -> bool:
    """Say whether an amendment of this subject may change the load and the times: where a broker sells, all three say
    yes to that.
    """
    return subject == Subject.FREIGHT or (subject == Subject.CARRIAGE and not is_brokered(booking))


def terms_before(booking: Booking, subject: str, load: Load) -> BargainTerms:
    """Return the terms that an amendment would change, with a time for each stop; of freight the times alone matter."""
    if subject == Subject.SALE:
        return replace(sale_terms(booking), stop_times=())
    terms = completed(terms_of(booking), load)
    return terms if changes_freight(booking, subject) else replace(terms, stop_times=())


def stored_before(booking: Booking, subject: str, load: Load) -> dict[str, Any]:
    """Return the terms before as the amendment keeps them: of freight without money."""
    columns = terms_before(booking, subject, load).columns()
    return {"stop_times": columns["stop_times"]} if subject == Subject.FREIGHT else columns


def load_before(load: Load) -> dict[str, Any]:
    """Return the load's own fields, and the details of its stops, as they stand."""
    return {name: getattr(load, name) for name in LOAD_FIELDS} | details_before(load)


def judged(
    *,
    booking: Booking,
    subject: str,
    load: Load,
    terms: BargainTerms | None,
    stop_times: tuple[StopTime, ...],
    load_changes: Mapping[str, Any],
    viewer: Organization,
    now: datetime,
    expires_in_minutes: int,
    confirmed: bool,
) -> tuple[BargainTerms, dict[str, list[Any]]]:
    """Return the terms as they would be and what of the load would change, `{field: [before, after]}`.

    Raises `Invalid` where nothing changes, where a field is not this subject's to change, or a value breaks a rule.
    """
    before = terms_before(booking, subject, load)
    freight = changes_freight(booking, subject)
    old = load_before(load)
    _check_touched(subject, freight, terms, stop_times, load_changes, old)
    after = terms if terms is not None and subject != Subject.FREIGHT else before
    after = replace(after, stop_times=(tuple(stop_times) or before.stop_times) if freight else ())
    whole = completed(after, load)
    moved = freight and whole.stop_times != before.stop_times
    # what stays as it was may lie in the past by now, what moves may not
    moment = min(now, *(time.opens_at for time in whole.stop_times))
    _check_ahead(whole.stop_times, before.stop_times if freight else whole.stop_times, now)
    judge(
        whole,
        load,
        viewer=viewer,
        now=moment,
        expires_in_minutes=expires_in_minutes,
        confirmed=confirmed or whole.rate_cents == before.rate_cents,
        windows=Windows.FREE,
    )
    after = replace(after, stop_times=whole.stop_times if freight else ())
    changed = {name: [old[name], value] for name, value in load_changes.items() if old[name] != value}
    if changed or moved:
        _check_load(load, {name: value for name, (_, value) in changed.items()}, now)
        _check_length(changed)
    if not changed and not differences(before, after):
        raise Invalid([FieldProblem("", "nothing_changes", "Nothing would change. Change a field, or leave it be.")])
    return after, changed


def columns_of(amendment_subject: str, after: BargainTerms) -> dict[str, Any]:
    """Return the bargain's columns of an amendment: of freight without any money."""
    if amendment_subject != Subject.FREIGHT:
        return after.columns()
    bare = BargainTerms(linehaul_cents=0, free_minutes=0, payment_days=0, stop_times=after.stop_times)
    return bare.columns()


def terms_of_change(amendment: Amendment) -> tuple[BargainTerms, BargainTerms]:
    """Return the terms before and after an amendment; one of the freight changes no more of them than the times."""
    after = terms_of(amendment)
    times = tuple(StopTime.read(each) for each in amendment.before["stop_times"])
    if amendment.subject == Subject.FREIGHT:
        return replace(after, stop_times=times), after
    return BargainTerms(**{**amendment.before, "stop_times": times}), after


def changed_terms(amendment: Amendment) -> dict[str, tuple[Any, Any]]:
    """Return what an amendment changes of the terms, field by field as (before, after)."""
    return differences(*terms_of_change(amendment))


def moves_times(amendment: Amendment) -> bool:
    """Say whether an amendment changes the time at a stop."""
    return bool(moved_times(amendment))


def moved_times(amendment: Amendment) -> tuple[StopTime, ...]:
    """Return the times at the stops that an amendment changes, as they would be."""
    names = (f"stop_times.{time.sequence}" for time in terms_of(amendment).stop_times)
    changed = changed_terms(amendment)
    return tuple(changed[name][1] for name in names if name in changed)


def touches_tour(amendment: Amendment) -> bool:
    """Say whether the tour has to be planned anew."""
    return moves_times(amendment) or changes_planned_freight(amendment)


def changes_planned_freight(amendment: Amendment) -> bool:
    """Say whether an amendment changes freight that the tour is planned by."""
    return bool(PLANNED_BY & amendment.load_changes.keys())


def has_moved_on(amendment: Amendment, booking: Booking, load: Load) -> bool:
    """Say whether what an amendment was proposed on is not any more."""
    if stored_before(booking, amendment.subject, load) != amendment.before:
        return True
    now = load_before(load)
    return any(now[name] != before for name, (before, _) in amendment.load_changes.items())


def _check_touched(
    subject: str,
    freight: bool,
    terms: BargainTerms | None,
    stop_times: tuple[StopTime, ...],
    load_changes: Mapping[str, Any],
    known: Mapping[str, Any],
) -> None:
    problems = Problems()
    for name in load_changes:
        if name not in known:
            problems.add(name, "unknown", _UNKNOWN)
    if not freight and (load_changes or stop_times):
        sentence = "Freight and times concern shipper, broker and carrier: propose them as an amendment of the freight."
        problems.add("subject", "not_here", sentence)
    if subject == Subject.FREIGHT and terms is not None:
        sentence = "An amendment of the freight holds no money. Propose the rate as one of the carriage or of the sale."
        problems.add("terms", "not_here", sentence)
    problems.settle()


def _check_ahead(times: Sequence[StopTime], before: Sequence[StopTime], now: datetime) -> None:
    problems = Problems()
    for index, time in enumerate(times):
        if time not in before and time.closes_at <= now:
            sentence = "This window is over already. Give one that closes after now."
            problems.add(f"stop_times.{index}.closes_at", "in_the_past", sentence)
    problems.settle()


def _check_load(load: Load, values: Mapping[str, Any], now: datetime) -> None:
    terms = replace(load_terms_of(load), **as_terms(load, values))
    validate(terms, now=now, roads=[Stretch(load.loaded_miles, 0.0, 0.0)], draft=True)


def _check_length(changed: Mapping[str, list[Any]]) -> None:
    if len(json.dumps(changed, ensure_ascii=False).encode()) > _MOST_CHANGED_BYTES:
        sentence = "That is more text than one amendment tells. Propose it in two, or write it shorter."
        raise Invalid([FieldProblem(next(iter(changed)), "too_long", sentence)])
