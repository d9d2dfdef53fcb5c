"""Instants in files: ISO 8601 with a UTC offset, as whole minutes since 1970-01-01T00:00Z."""

import re
from datetime import UTC, datetime, timedelta

HOW = "write it like 2026-01-05T08:00:00-06:00 (date, time, offset from UTC; Z is UTC)"
EARLIEST, LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)

_ISO = re.compile(r"\d{4}-?\d{2}-?\d{2}[Tt ]\d{2}(:?\d{2}(:?\d{2}([.,]\d+)?)?)?\s*([Zz]|[+-]\d{2}(:?\d{2})?)?")


def parse_instant(text: str) -> datetime:
    """Return the aware instant that a text names. Raises `ValueError` with the end of a sentence that says what to do.

    The sentence goes on after the field's name: "... has no offset from UTC; write it like ...".
    """
    words = text.strip()
    match = _ISO.fullmatch(words)
    if match is None:
        raise ValueError(f"is not a date with time and offset: {quoted(text)}; {HOW}")
    if match[4] is None:
        raise ValueError(f"has no offset from UTC: {quoted(text)}; {HOW}")
    try:
        instant = datetime.fromisoformat(re.sub(r"\s+(?=[Zz+-])", "", words))
        if EARLIEST <= instant <= LATEST:
            return instant
    except (ValueError, OverflowError):
        raise ValueError(f"is no date that exists: {quoted(text)}; {HOW}") from None
    raise ValueError(f"lies outside the years 1970 to 2200: {quoted(text)}")


def first_minute(instant: datetime) -> int:
    """Return the first whole minute that is not before an instant: for what begins."""
    return -((EARLIEST - instant) // timedelta(minutes=1))


def last_minute(instant: datetime) -> int:
    """Return the last whole minute that is not after an instant: for what ends."""
    return (instant - EARLIEST) // timedelta(minutes=1)


def quoted(value: object) -> str:
    """Return what was given, short enough for one line."""
    text = " ".join(str(value).split())
    return f"“{text}”" if len(text) <= 60 else f"“{text[:57]}...”"
