"""Words of the trade in templates: money, equipment, windows in local time, ages."""

from datetime import datetime, timedelta
from typing import Any

from django import template

from foundation.trade import equipment, money
from foundation.trade.equipment import ATTRIBUTE_NAMES
from foundation.trade.windows import instant_words, local, window_words

register = template.Library()


@register.filter
def dollars(cents: int | None) -> str:
    """Return cents as "$1,250.00", whole dollars as "$1,250"; nothing for None."""
    if cents is None:
        return ""
    return money.dollars(cents).removesuffix(".00")


@register.filter
def equipment_name(code: str) -> str:
    """Return "Van" for V, "Van or reefer" for VR."""
    return equipment.equipment_name(code)


@register.filter
def attribute_names(bits: int) -> list[str]:
    """Return the words for a set of attribute bits."""
    return [name for bit, name in ATTRIBUTE_NAMES.items() if bits & bit]


@register.simple_tag
def at(instant: datetime, time_zone: str) -> str:
    """Return an instant as wall time with its zone: "Tue Nov 24, 14:30 CST"."""
    return instant_words(instant, time_zone)


@register.filter
def day(instant: datetime | None, time_zone: str) -> str:
    """Return the day of an instant in a zone: "Nov 24, 2026"; nothing for None."""
    return f"{local(instant, time_zone):%b %-d, %Y}" if instant is not None else ""


@register.filter
def last_day(ends_at: datetime | None, time_zone: str) -> str:
    """Return the last day of what ends at an instant, in a zone: the day before where it ends at midnight."""
    return day(ends_at - timedelta.resolution, time_zone) if ends_at is not None else ""


@register.simple_tag
def window(opens_at: datetime, closes_at: datetime, time_zone: str) -> str:
    """Return a window in wall time: "Tue Nov 24, 08:00 – 16:00 CST"."""
    return window_words(opens_at, closes_at, time_zone)


@register.simple_tag
def age(since: datetime | None, now: datetime) -> str:
    """Return how long ago something was: "just now", "5 min", "3 h", "2 d"."""
    if since is None:
        return ""
    passed = max(now - since, timedelta(0))
    minutes = int(passed.total_seconds() // 60)
    if minutes < 1:
        return "just now"
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // 1440} d"


@register.filter
def get(mapping: Any, key: Any) -> Any:
    """Return a value of a mapping by a key that is a variable."""
    return mapping.get(key)
