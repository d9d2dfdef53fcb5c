"""Filters of the list of loads: only over fields that the asker may see."""

from typing import Any

from django.db.models import QuerySet
from django_filters import CharFilter, FilterSet, NumberFilter

from foundation.rest.filters import (
    ChoicesFilter,
    Circle,
    InstantFilter,
    NearFilter,
    TrueOrFalseFilter,
    WholeNumberFilter,
)
from foundation.trade.equipment import LOAD_EQUIPMENT_CHOICES
from foundation.trade.posting import Status
from loads.models import Load, LoadSize
from loads.queries import near

OWN_ONLY = frozenset({"status", "external_id", "reference", "updated_after"})
"""Filters over what only the owner sees: they belong to `scope=own`."""
NOT_THE_SELLERS = frozenset({"external_id", "updated_after"})
"""Filters over what the broker that sells a load does not see of it."""
OVER_THE_RATE = frozenset({"min_rate", "has_rate", "book_now"})
"""Filters over what the owner of a load that a broker sells does not see: they leave such loads out of its list."""


def _near_pickup(rows: QuerySet[Load], _name: str, circle: Circle) -> QuerySet[Load]:
    return near(rows, end="pickup", lat=circle.lat, lon=circle.lon, radius_miles=circle.radius_miles)


def _near_delivery(rows: QuerySet[Load], _name: str, circle: Circle) -> QuerySet[Load]:
    return near(rows, end="delivery", lat=circle.lat, lon=circle.lon, radius_miles=circle.radius_miles)


def _has_rate(rows: QuerySet[Load], _name: str, value: bool) -> QuerySet[Load]:
    return rows.filter(rate_cents__isnull=not value)


def _min_dollars(rows: QuerySet[Load], _name: str, value: Any) -> QuerySet[Load]:
    return rows.filter(rate_cents__gte=int(value * 100))


class LoadFilter(FilterSet):  # type: ignore[misc]
    """What a list of loads can be narrowed by."""

    status = ChoicesFilter(choices=Status.choices, help_text="One or several, with commas. Own loads only.")
    equipment = ChoicesFilter(choices=LOAD_EQUIPMENT_CHOICES)
    size = ChoicesFilter(choices=LoadSize.choices)
    pickup_state = CharFilter(lookup_expr="iexact", max_length=2, help_text="Two-letter code.")
    delivery_state = CharFilter(lookup_expr="iexact", max_length=2, help_text="Two-letter code.")
    pickup_from = InstantFilter(
        field_name="pickup_closes_at", lookup_expr="gt", help_text="The first pickup is open still at this instant."
    )
    pickup_until = InstantFilter(
        field_name="pickup_opens_at", lookup_expr="lt", help_text="The first pickup opens before this instant."
    )
    delivery_until = InstantFilter(
        field_name="delivery_closes_at", lookup_expr="lte", help_text="The last delivery closes by this instant."
    )
    max_weight_pounds = WholeNumberFilter(field_name="weight_pounds", lookup_expr="lte", max_value=80_000, min_value=0)
    min_rate = NumberFilter(
        method=_min_dollars, min_value=0, max_value=100_000_000, help_text="In dollars, such as 1250.00."
    )
    has_rate = TrueOrFalseFilter(method=_has_rate, help_text="false: those open to offers.")
    book_now = TrueOrFalseFilter(field_name="book_now", help_text="true: those that may be booked at once.")
    near = NearFilter(method=_near_pickup, help_text="Around the first pickup: lat,lon,radius_miles.")
    near_delivery = NearFilter(method=_near_delivery, help_text="Around the last delivery: lat,lon,radius_miles.")
    external_id = CharFilter(max_length=64, help_text="Own loads only.")
    reference = CharFilter(max_length=64, help_text="Own loads only.")
    updated_after = InstantFilter(field_name="updated_at", lookup_expr="gt", help_text="Own loads only.")

    class Meta:
        model = Load
        fields: list[str] = []
