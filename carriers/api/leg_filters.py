"""Filters of the list of return legs: only over fields that the asker may see."""

from datetime import datetime

from django.db.models import QuerySet
from django_filters import CharFilter, FilterSet

from carriers.models import ReturnLeg
from carriers.queries import near_empty
from foundation.rest.filters import ChoicesFilter, Circle, InstantFilter, NearFilter, WholeNumberFilter
from foundation.trade.equipment import TRUCK_EQUIPMENT_CHOICES
from foundation.trade.posting import Status

OWN_ONLY = frozenset({"status", "external_id", "reference", "truck", "updated_after"})
"""Filters over what only the owner sees: they belong to `scope=own`."""


def _near(rows: QuerySet[ReturnLeg], _name: str, circle: Circle) -> QuerySet[ReturnLeg]:
    return near_empty(rows, lat=circle.lat, lon=circle.lon, radius_miles=circle.radius_miles)


def _ready_from(rows: QuerySet[ReturnLeg], _name: str, instant: datetime) -> QuerySet[ReturnLeg]:
    return rows.filter(ready_at__gte=instant)


class LegFilter(FilterSet):  # type: ignore[misc]
    """What a list of return legs can be narrowed by."""

    status = ChoicesFilter(choices=Status.choices, help_text="One or several, with commas. Own legs only.")
    equipment = ChoicesFilter(choices=TRUCK_EQUIPMENT_CHOICES)
    empty_state = CharFilter(lookup_expr="iexact", max_length=2, help_text="Two-letter code.")
    home_state = CharFilter(lookup_expr="iexact", max_length=2, help_text="Two-letter code.")
    ready_from = InstantFilter(method=_ready_from, help_text="Ready at this instant or later.")
    ready_until = InstantFilter(field_name="ready_at", lookup_expr="lt", help_text="Ready before this instant.")
    home_by_from = InstantFilter(field_name="home_by", lookup_expr="gte", help_text="Home by this instant or later.")
    min_weight_pounds = WholeNumberFilter(field_name="weight_pounds", lookup_expr="gte", max_value=80_000, min_value=0)
    near = NearFilter(method=_near, help_text="Around where the truck empties: lat,lon,radius_miles.")
    external_id = CharFilter(max_length=64, help_text="Own legs only.")
    reference = CharFilter(max_length=64, help_text="Own legs only.")
    truck = CharFilter(field_name="truck__public_id", max_length=40, help_text="A truck's id. Own legs only.")
    updated_after = InstantFilter(field_name="updated_at", lookup_expr="gt", help_text="Own legs only.")

    class Meta:
        model = ReturnLeg
        fields: list[str] = []
