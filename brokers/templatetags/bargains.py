"""Tags of bargains: a countdown by the server's clock, what a field of the terms is called and how it reads."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from brokers.models import CancelReason, ContentionStatus
from foundation.accounts.models import Organization
from foundation.rest.fields import instant
from foundation.trade.money import cents_from_text, dollars
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
def earns_words(cents: int) -> SafeString:
    """Write what a trip leaves as a sentence goes on: "earns you $610", or "costs you $1,061 more than it brings"."""
    amount = format_html('<strong class="tabular">{}</strong>', dollars(round(abs(cents) / 100) * 100)[:-3])
    if cents < 0:
        return format_html("costs you {} more than it brings", amount)
    return format_html("earns you {}", amount)


@register.filter
def profit(cents: int) -> SafeString:
    """Write compensation or margin, exact: "$544.44", or "a loss of $250.00"."""
    amount = format_html("<strong>{}</strong>", dollars(abs(cents)))
    return format_html("a loss of {}", amount) if cents < 0 else amount


@register.filter
def in_cents(amount: str) -> int:
    """Return an amount of a payload in cents."""
    return cents_from_text(amount)


@register.filter
def cancel_reason(value: str) -> str:
    """Write why a booking fell through, within a sentence."""
    label = str(CancelReason(value).label)
    return label[:1].lower() + label[1:]


@register.filter
def contention_status(value: str) -> str:
    """Write where a contention stands, within a sentence."""
    return str(ContentionStatus(value).label).lower()


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
