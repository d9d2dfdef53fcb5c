"""Days as instants."""

from datetime import date, timedelta

import pytest

from foundation.trade.time_fields import day_in


@pytest.mark.parametrize(
    ("day", "hours"),
    [(date(2026, 11, 22), 24), (date(2026, 3, 8), 23), (date(2026, 11, 1), 25)],  # the clocks change on the last two
)
def test_a_day_is_as_long_as_its_zone_makes_it(day, hours):
    begins, ends = day_in(day, "America/Chicago")
    assert ends - begins == timedelta(hours=hours)


def test_a_day_begins_at_midnight_of_its_zone():
    begins, _ = day_in(date(2026, 11, 22), "America/Chicago")
    assert begins.isoformat() == "2026-11-22T06:00:00+00:00"
