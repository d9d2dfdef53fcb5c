"""Filters of the list of matches: only over figures that everybody who sees a match sees."""

from typing import Any

from django.db.models import QuerySet
from django_filters import ChoiceFilter, FilterSet, NumberFilter

from foundation.places.regions import area_choices, states_of
from foundation.rest.filters import ChoicesFilter, Circle, InstantFilter, NearFilter
from foundation.trade.equipment import TRUCK_EQUIPMENT_CHOICES
from matching.models import Match
from matching.queries import near

_AREA = "A region (northeast, midwest, south, west) or a state's two-letter code."


def _near_pickup(rows: QuerySet[Match], _name: str, circle: Circle) -> QuerySet[Match]:
    return near(rows, end="pickup", lat=circle.lat, lon=circle.lon, radius_miles=circle.radius_miles)


def _near_delivery(rows: QuerySet[Match], _name: str, circle: Circle) -> QuerySet[Match]:
    return near(rows, end="delivery", lat=circle.lat, lon=circle.lon, radius_miles=circle.radius_miles)


def _origin(rows: QuerySet[Match], _name: str, area: str) -> QuerySet[Match]:
    return rows.filter(load__pickup_state__in=states_of(area))


def _destination(rows: QuerySet[Match], _name: str, area: str) -> QuerySet[Match]:
    return rows.filter(load__delivery_state__in=states_of(area))


def _minimum_gain(rows: QuerySet[Match], _name: str, dollars: Any) -> QuerySet[Match]:
    return rows.filter(market_gain_cents__gte=int(dollars * 100))


class MatchFilter(FilterSet):  # type: ignore[misc]
    """What a list of matches can be narrowed by."""

    equipment = ChoicesFilter(
        field_name="leg__equipment",
        choices=TRUCK_EQUIPMENT_CHOICES,
        help_text="The truck's; one, or several with commas.",
    )
    origin = ChoiceFilter(method=_origin, choices=area_choices(), help_text=f"Where the first pickup is. {_AREA}")
    destination = ChoiceFilter(
        method=_destination, choices=area_choices(), help_text=f"Where the last delivery is. {_AREA}"
    )
    near = NearFilter(method=_near_pickup, help_text="Around the first pickup: lat,lon,radius_miles.")
    near_delivery = NearFilter(method=_near_delivery, help_text="Around the last delivery: lat,lon,radius_miles.")
    pickup_from = InstantFilter(
        field_name="load__pickup_closes_at",
        lookup_expr="gt",
        help_text="The first pickup is open still at this instant.",
    )
    pickup_until = InstantFilter(
        field_name="load__pickup_opens_at", lookup_expr="lt", help_text="The first pickup opens before this instant."
    )
    minimum_gain = NumberFilter(
        method=_minimum_gain, min_value=0, max_value=1_000_000, help_text="The market gain in dollars, such as 250.00."
    )

    class Meta:
        model = Match
        fields: list[str] = []
