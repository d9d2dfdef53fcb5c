"""Figures for the eye: money, minutes, places and windows, in pages of matching and above."""

from datetime import datetime

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from foundation.trade.equipment import equipment_name
from foundation.trade.money import dollars
from foundation.trade.windows import local, window_words
from loads.models import Load

register = template.Library()


@register.filter
def money(cents: int | None) -> str:
    """Write cents as dollars; nothing for None."""
    return "" if cents is None else dollars(cents)


@register.filter
def round_money(cents: int | None) -> str:
    """Write cents as whole dollars, for lists."""
    if cents is None:
        return ""
    return dollars(round(cents / 100) * 100).removesuffix(".00")


@register.filter
def loss(cents: int) -> str:
    """Write a gain below nothing as what it loses: -8800 is "$88.00"."""
    return dollars(-cents)


@register.filter
def hours(minutes: float | None) -> str:
    """Write minutes as hours and minutes: 95 is "1 h 35 min", 30 is "30 min"."""
    if minutes is None:
        return ""
    whole = round(abs(minutes))
    sign = "−" if minutes < 0 else ""
    if whole < 60:
        return f"{sign}{whole} min"
    rest = f" {whole % 60} min" if whole % 60 and whole < 24 * 60 else ""
    return f"{sign}{whole // 60} h{rest}"


@register.filter
def miles(value: float | None) -> str:
    """Write miles without decimals."""
    return "" if value is None else f"{value:,.0f} mi"


@register.filter
def equipment(code: str) -> str:
    """Write an equipment code in words."""
    return equipment_name(code)


@register.simple_tag
def lane(load: Load) -> SafeString:
    """Write a load's way from its first town to its last."""
    arrow = '<span class="arrow" aria-label="to">→</span>'
    return format_html("{}" + arrow + "{}", load.first_stop.town, load.last_stop.town)


@register.simple_tag
def wall(instant: datetime, time_zone: str, form: str = "%a %b %-d, %H:%M %Z") -> SafeString:
    """Write an instant as wall time of a zone, machine-readable as well."""
    there = local(instant, time_zone)
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        there.isoformat(),
        f"{there:%Y-%m-%d %H:%M %Z}",
        there.strftime(form),
    )


@register.simple_tag
def window(opens_at: datetime, closes_at: datetime, time_zone: str) -> SafeString:
    """Write a window as wall time of its stop's zone, which it names in full on a pointer's rest."""
    return format_html('<span title="{}">{}</span>', time_zone, window_words(opens_at, closes_at, time_zone))
