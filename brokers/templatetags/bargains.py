"""Tags of bargains: a countdown by the server's clock, what a field of the terms is called and how it reads."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from foundation.accounts.models import Organization
from foundation.rest.fields import instant
from foundation.trade.money import dollars
from foundation.trade.windows import local

register = template.Library()

MOST_NAMES = 3


@register.simple_tag
def countdown(ends_at: datetime, now: datetime, time_zone: str, over: str = "time is up") -> SafeString:
    """Write until when something stands; the page's script turns it into the time that is left.

    It measures only what has passed since `now`, the server's time: a wrong clock in the computer changes nothing.
    """
    return format_html(
        '<span class="countdown tabular" data-countdown="{}" data-now="{}" data-over="{}">until {}</span>',
        instant(ends_at),
        instant(now),
        over,
        f"{local(ends_at, time_zone):%a %H:%M %Z}",
    )


@register.simple_tag
def above(cents: int, asked_cents: int) -> str:
    """Write how far a rate lies from the one that is asked: "+$50.00", "−$120.00", "the same"."""
    difference = cents - asked_cents
    if not difference:
        return "the same"
    return f"+{dollars(difference)}" if difference > 0 else dollars(difference)


@register.filter
def count_of(counts: Mapping[int, int], key: int) -> int:
    """Return a count by its key, 0 where there is none."""
    return counts.get(key, 0)


@register.filter
def names(organizations: Sequence[Organization], joint: str = "and") -> str:
    """Write names as a sentence does: "Ruiz Trucking", "Ruiz Trucking or Oak Haul"; of many the first two."""
    words = [str(each) for each in organizations]
    if len(words) > MOST_NAMES:
        words = [*words[: MOST_NAMES - 1], f"{len(words) - MOST_NAMES + 1} more"]
    return f" {joint} ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
