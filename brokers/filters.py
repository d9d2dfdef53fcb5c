"""Filters of the desk and of a plan's lines: what an address says, so that it can be shared."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import django_filters
from django import forms
from django.db.models import Exists, OuterRef, Q, QuerySet

from brokers.queries import represented_only
from foundation.accounts.models import Organization
from foundation.accounts.queries import represented_by
from foundation.places.regions import area_choices, states_of
from foundation.trade.equipment import TRUCK_EQUIPMENT_CHOICES
from foundation.trade.time_fields import check_day, day_in
from matching.models import Match, PlanLine, PlannedLoad


class DeskFilter(django_filters.FilterSet):  # type: ignore[misc]
    """Equipment of the truck, where from and where to, pickup day, least gain, represented sides only.

    A pickup day is a day where the viewer is; a window that touches it counts. Needs `viewer` and `now`.
    """

    equipment = django_filters.ChoiceFilter(
        field_name="leg__equipment", choices=TRUCK_EQUIPMENT_CHOICES, label="Truck", empty_label="Any truck"
    )
    origin = django_filters.ChoiceFilter(
        method="filter_origin", choices=area_choices, label="Pickup in", empty_label="Anywhere"
    )
    destination = django_filters.ChoiceFilter(
        method="filter_destination", choices=area_choices, label="Delivery in", empty_label="Anywhere"
    )
    pickup_day = django_filters.DateFilter(
        method="filter_day",
        label="Pickup day",
        widget=forms.DateInput(attrs={"type": "date"}),
        validators=[check_day],
    )
    minimum_gain = django_filters.NumberFilter(
        method="filter_gain", label="Gain from ($)", min_value=0, max_value=1_000_000
    )
    represented = django_filters.ChoiceFilter(
        method="filter_represented", choices=[("1", "Represented only")], label="Sides", empty_label="All"
    )

    class Meta:
        """The filters are all declared above."""

        model = Match
        fields: list[str] = []

    def __init__(self, *args: Any, viewer: Organization, now: datetime, **kwargs: Any) -> None:
        """Remember who looks and when."""
        self.viewer = viewer
        self.now = now
        super().__init__(*args, **kwargs)

    def filter_origin(self, rows: QuerySet[Match], name: str, value: str) -> QuerySet[Match]:
        """Keep pickups in a region or state."""
        return rows.filter(load__pickup_state__in=states_of(value))

    def filter_destination(self, rows: QuerySet[Match], name: str, value: str) -> QuerySet[Match]:
        """Keep deliveries in a region or state."""
        return rows.filter(load__delivery_state__in=states_of(value))

    def filter_day(self, rows: QuerySet[Match], name: str, value: date) -> QuerySet[Match]:
        """Keep loads whose pickup window touches a day."""
        begins, ends = day_in(value, self.viewer.time_zone)
        return rows.filter(load__pickup_opens_at__lt=ends, load__pickup_closes_at__gt=begins)

    def filter_gain(self, rows: QuerySet[Match], name: str, value: Decimal) -> QuerySet[Match]:
        """Keep market gains from so many dollars on."""
        return rows.filter(market_gain_cents__gte=int(value * 100))

    def filter_represented(self, rows: QuerySet[Match], name: str, value: str) -> QuerySet[Match]:
        """Keep matches of which the viewer represents a side."""
        return represented_only(rows, self.viewer, self.now)


class LineFilter(django_filters.FilterSet):  # type: ignore[misc]
    """Lines of a plan by truck and load. A filter lists what stands: of what left the market nothing may be told.

    Needs `viewer` and `now`.
    """

    equipment = django_filters.ChoiceFilter(
        method="filter_equipment", choices=TRUCK_EQUIPMENT_CHOICES, label="Truck", empty_label="Any truck"
    )
    empty_in = django_filters.ChoiceFilter(
        method="filter_empty", choices=area_choices, label="Truck empty in", empty_label="Anywhere"
    )
    origin = django_filters.ChoiceFilter(
        method="filter_origin", choices=area_choices, label="Pickup in", empty_label="Anywhere"
    )
    destination = django_filters.ChoiceFilter(
        method="filter_destination", choices=area_choices, label="Delivery in", empty_label="Anywhere"
    )
    represented = django_filters.ChoiceFilter(
        method="filter_represented", choices=[("1", "Represented only")], label="Sides", empty_label="All"
    )

    class Meta:
        """The filters are all declared above."""

        model = PlanLine
        fields: list[str] = []

    def __init__(self, *args: Any, viewer: Organization, now: datetime, **kwargs: Any) -> None:
        """Remember who looks and when."""
        self.viewer = viewer
        self.now = now
        super().__init__(*args, **kwargs)

    def filter_equipment(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """Keep trucks of a kind."""
        return rows.filter(stands=True, leg__equipment=value)

    def filter_empty(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """Keep trucks that are empty in a region or state."""
        return rows.filter(stands=True, leg__empty_state__in=states_of(value))

    def filter_origin(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """Keep lines that pick a load up in a region or state."""
        return self._with_load(rows, load__pickup_state__in=states_of(value))

    def filter_destination(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """Keep lines that deliver a load in a region or state."""
        return self._with_load(rows, load__delivery_state__in=states_of(value))

    def filter_represented(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """Keep lines of which the viewer represents a side."""
        givers = represented_by(self.viewer, self.now).values("pk")
        loads = PlannedLoad.objects.filter(
            line=OuterRef("pk"), load__organization__in=givers, load__seller__isnull=True
        )
        return rows.filter(Q(leg__organization__in=givers) | Exists(loads), stands=True)

    def _with_load(self, rows: QuerySet[Any], **wanted: Any) -> QuerySet[Any]:
        return rows.filter(Exists(PlannedLoad.objects.filter(line=OuterRef("pk"), **wanted)), stands=True)
