"""Form fields for time: a wall time whose zone another field says, hours with minutes as drivers write them, days."""

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms

from foundation.trade.windows import instant_from_local, local

_DATES = ("%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%m/%d/%Y %H:%M", "%m/%d/%Y %I:%M %p")
_DURATION = re.compile(r"(\d{1,3}):([0-5]\d)|(\d{1,3})(?:\s*h)?")


def check_day(day: date) -> None:
    """Refuse a day that nobody means, as a validator of a form's field: calendars end in the year 9999."""
    if not 2000 <= day.year <= 2100:
        raise forms.ValidationError("Check the year.", code="out_of_range")


def day_in(day: date, time_zone: str) -> tuple[datetime, datetime]:
    """Return the instants at which a day begins and ends in an IANA zone: 23 or 25 hours when the clocks change."""
    zone = ZoneInfo(time_zone)
    begins, ends = (datetime.combine(each, time(), tzinfo=zone) for each in (day, day + timedelta(days=1)))
    return begins.astimezone(UTC), ends.astimezone(UTC)


def typed_instant(wall: datetime, time_zone: str, *, before: datetime | None = None) -> datetime:
    """Return the instant that a wall time in a form means, in an IANA zone.

    `before` is the instant that the form began with: a field that was not touched keeps it, its seconds and the second
    of two equal hours in autumn with it. Raises `ValueError` for a time that the clocks skip or no calendar has.
    """
    if before is not None and local(before, time_zone).replace(second=0, microsecond=0, tzinfo=None) == wall:
        return before
    try:
        return instant_from_local(wall, time_zone)
    except OverflowError:
        raise ValueError("Check the year.") from None


def set_instant(
    form: forms.Form, cleaned: dict[str, Any], name: str, time_zone: str, *, before: datetime | None = None
) -> None:
    """Turn the wall time that a form's field holds into an instant of an IANA zone, or say at the field what is wrong.

    `before` is the instant that the form began with, as for `typed_instant`.
    """
    wall = cleaned.get(name)
    if not isinstance(wall, datetime):
        return
    try:
        cleaned[name] = typed_instant(wall, time_zone, before=before)
    except ValueError as error:
        form.add_error(name, forms.ValidationError(str(error), code="skipped"))


class WallTimeField(forms.CharField):
    """A date and time without a zone; cleans to a naive datetime, or None when empty. The form knows its zone."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 30)
        kwargs.setdefault("widget", forms.DateTimeInput(attrs={"type": "datetime-local"}))
        super().__init__(**kwargs)

    def prepare_value(self, value: Any) -> Any:
        """Show a wall time as the browser's control wants it, and what was typed as it was typed."""
        return value.strftime("%Y-%m-%dT%H:%M") if isinstance(value, datetime) else value

    def clean(self, value: Any) -> Any:
        """Return the wall time; raises a ValidationError that shows how to write it."""
        text = super().clean(value)
        if not text:
            return None
        for form in _DATES:
            try:
                return datetime.strptime(text, form).replace(second=0, tzinfo=None)
            except ValueError:
                continue
        sentence = f"“{text}” is no date and time. Write it like 2026-05-04 14:30."
        raise forms.ValidationError(sentence, code="not_a_time")


class DurationField(forms.CharField):
    """Hours and minutes left, "7:30" or "7"; cleans to minutes, or None when empty."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 8)
        # a phone's number pad has no colon
        kwargs.setdefault("widget", forms.TextInput(attrs={"placeholder": "h:mm", "autocomplete": "off"}))
        super().__init__(**kwargs)

    def prepare_value(self, value: Any) -> Any:
        """Show stored minutes as hours and minutes, and what was typed as it was typed."""
        return f"{value // 60}:{value % 60:02d}" if isinstance(value, int) else value

    def clean(self, value: Any) -> Any:
        """Return the minutes; raises a ValidationError that shows how to write it."""
        text = super().clean(value)
        if not text:
            return None
        found = _DURATION.fullmatch(text.replace(".", ":").strip().lower())
        if not found:
            sentence = f"“{text}” is not hours and minutes. Write it like 7:30."
            raise forms.ValidationError(sentence, code="not_a_duration")
        hours, minutes, whole = found.groups()
        return int(hours) * 60 + int(minutes) if hours is not None else int(whole) * 60
