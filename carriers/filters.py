"""What one may filter the market's trucks by: only what everybody sees of them."""

from datetime import date
from typing import Any

import django_filters
from django import forms
from django.db.models import QuerySet

from carriers.models import ReturnLeg
from carriers.queries import near_empty
from foundation.places.forms import PlaceField
from foundation.places.place import Place
from foundation.places.states import STATE_NAMES
from foundation.trade.equipment import TRUCK_EQUIPMENT_CHOICES
from foundation.trade.time_fields import check_day, day_in

RADII = (25, 50, 100, 150, 250, 500)
_STATES = sorted(STATE_NAMES.items(), key=lambda item: item[1])


class _PlaceFilter(django_filters.Filter):  # type: ignore[misc]
    field_class = PlaceField


class MarketLegFilter(django_filters.FilterSet):  # type: ignore[misc]
    """Equipment, where the truck empties, the state it goes home to, and when it is empty."""

    equipment = django_filters.ChoiceFilter(label="Equipment", choices=TRUCK_EQUIPMENT_CHOICES, empty_label="Any")
    near = _PlaceFilter(label="Empties near", method="filter_near")
    radius = django_filters.ChoiceFilter(
        label="Within",
        choices=[(str(miles), f"{miles} mi") for miles in RADII],
        empty_label="100 mi",
        method="filter_nothing",
    )
    home_state = django_filters.ChoiceFilter(label="Home in", choices=_STATES, empty_label="Any state")
    ready_on = django_filters.DateFilter(
        label="Empty by",
        method="filter_ready_on",
        widget=forms.DateInput(attrs={"type": "date"}),
        validators=[check_day],
    )

    class Meta:
        model = ReturnLeg
        fields: list[str] = []

    def __init__(self, *args: Any, time_zone: str, **kwargs: Any) -> None:
        """Remember where the viewer is, whose days are meant."""
        super().__init__(*args, **kwargs)
        self.time_zone = time_zone

    def filter_near(self, rows: QuerySet[ReturnLeg], _name: str, place: Place | None) -> QuerySet[ReturnLeg]:
        """Keep the legs that empty near a place, measured from city to city."""
        if place is None:
            return rows
        radius = self.form.cleaned_data.get("radius")
        return near_empty(rows, lat=place.lat, lon=place.lon, radius_miles=float(radius or 100))

    def filter_nothing(self, rows: QuerySet[ReturnLeg], _name: str, _value: Any) -> QuerySet[ReturnLeg]:
        """The radius belongs to the place and keeps nothing by itself."""
        return rows

    def filter_ready_on(self, rows: QuerySet[ReturnLeg], _name: str, day: date) -> QuerySet[ReturnLeg]:
        """Keep the legs that are empty before the day ends where the viewer is."""
        _, ends = day_in(day, self.time_zone)
        return rows.filter(ready_at__lt=ends)
