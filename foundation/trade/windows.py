"""Windows: half-open spans of instants, shown in the stop's own zone."""

from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Window:
    """From `opens_at` up to, not including, `closes_at`; both aware."""

    opens_at: datetime
    closes_at: datetime

    def __post_init__(self) -> None:
        if self.opens_at.tzinfo is None or self.closes_at.tzinfo is None:
            raise ValueError("A window needs instants with a zone.")
        if self.closes_at.astimezone(UTC) <= self.opens_at.astimezone(UTC):
            raise ValueError("The window closes before it opens.")

    @property
    def minutes(self) -> float:
        """The window's length in minutes, right across a change of daylight saving time."""
        return (self.closes_at.astimezone(UTC) - self.opens_at.astimezone(UTC)).total_seconds() / 60


def local(instant: datetime, time_zone: str) -> datetime:
    """Return an instant as wall time in an IANA zone."""
    return instant.astimezone(ZoneInfo(time_zone))


def instant_words(instant: datetime, time_zone: str) -> str:
    """Return an instant as people say it in a zone: "Tue Nov 24, 14:30 CST"."""
    return f"{local(instant, time_zone):%a %b %-d, %H:%M %Z}"


def wall_text(instant: datetime, time_zone: str) -> str:
    """Return an instant as the API writes a wall time, to the minute and without a zone: "2026-11-24T08:00"."""
    return local(instant, time_zone).replace(tzinfo=None).isoformat(timespec="minutes")


def window_words(opens_at: datetime, closes_at: datetime, time_zone: str) -> str:
    """Return a window in the wall time of a zone, a day that is one said once: "Tue Nov 24, 08:00 – 16:00 CST".

    Both zones are named where the clocks change in between.
    """
    opens, closes = local(opens_at, time_zone), local(closes_at, time_zone)
    first = f"{opens:%a %b %-d, %H:%M}" + ("" if f"{opens:%Z}" == f"{closes:%Z}" else f" {opens:%Z}")
    last = f"{closes:%H:%M %Z}" if opens.date() == closes.date() else f"{closes:%a %b %-d, %H:%M %Z}"
    return f"{first} – {last}"


def instant_from_local(wall: datetime, time_zone: str) -> datetime:
    """Return the UTC instant of a naive wall time in an IANA zone.

    Raises `ValueError` for a wall time that the change to daylight saving time skips. The first of two equal wall
    times in autumn is meant.
    """
    zone = ZoneInfo(time_zone)
    instant = wall.replace(tzinfo=zone).astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None) != wall:
        raise ValueError(f"The clocks skip {wall:%H:%M} on that day in {time_zone}. Choose another time.")
    return instant
