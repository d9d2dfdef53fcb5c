"""Filters that every list writes alike: instants, choices separated by commas, and what lies near a point."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django_filters.filters import Filter, NumberFilter
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from foundation.rest.fields import InstantField

LARGEST_RADIUS_MILES = 500


class _InstantFormField(forms.Field):
    def clean(self, value: Any) -> datetime | None:
        if not value:
            return None
        try:
            return InstantField().to_internal_value(str(value).strip().replace(" ", "+"))
        except serializers.ValidationError as error:
            raise ValidationError([str(each) for each in error.detail], code="not_an_instant") from None


class InstantFilter(Filter):  # type: ignore[misc]
    """An instant, RFC 3339 with an offset."""

    field_class = _InstantFormField

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Describe itself by its help text."""
        super().__init__(*args, **kwargs)
        schema = {"type": "string", "format": "date-time", "description": kwargs.get("help_text", "")}
        extend_schema_field(schema)(self)


class WholeNumberFilter(NumberFilter):  # type: ignore[misc]
    """A whole number, as its schema says; `0.5` is refused by name."""

    field_class = forms.IntegerField


class _ChoicesFormField(forms.Field):
    def __init__(self, *, choices: Any = (), **kwargs: Any) -> None:
        self.names = [str(value) for value, _ in choices]
        super().__init__(**kwargs)

    def clean(self, value: Any) -> list[str]:
        if not value:
            return []
        wanted = [part.strip() for part in str(value).split(",")]
        for name in wanted:
            if name not in self.names:
                sentence = f"“{name[:40]}” is none of: {', '.join(self.names)}."
                raise ValidationError(sentence, code="invalid_choice")
        return wanted


class ChoicesFilter(Filter):  # type: ignore[misc]
    """One or more of the given choices, separated by commas."""

    field_class = _ChoicesFormField

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Match any of the values."""
        kwargs["lookup_expr"] = "in"
        super().__init__(*args, **kwargs)
        names = [str(value) for value, _ in kwargs["choices"]]
        description = kwargs.get("help_text") or "One, or several separated by commas."
        schema = {"type": "string", "pattern": _pattern(names), "examples": [names[0]], "description": description}
        extend_schema_field(schema)(self)

    def filter(self, qs: Any, value: list[str]) -> Any:
        """Keep the rows with one of the values."""
        return super().filter(qs, value) if value else qs


def _pattern(names: list[str]) -> str:
    one = "|".join(names)
    return f"^({one})(,({one}))*$"


@dataclass(frozen=True, slots=True)
class Circle:
    """A point and a radius in miles."""

    lat: float
    lon: float
    radius_miles: float


class _CircleFormField(forms.Field):
    def clean(self, value: Any) -> Circle | None:
        if not value:
            return None
        try:
            lat, lon, radius = (float(part) for part in str(value)[:100].split(","))
        except ValueError:
            raise ValidationError("Write it as lat,lon,radius_miles, like 41.88,-87.63,50.", code="malformed") from None
        if not (-90 <= lat <= 90 and -180 <= lon <= 180):
            raise ValidationError(
                "The latitude is from -90 to 90, the longitude from -180 to 180.", code="out_of_range"
            )
        if not 0 < radius <= LARGEST_RADIUS_MILES:
            raise ValidationError(
                f"The radius is more than 0 and at most {LARGEST_RADIUS_MILES} miles.", code="out_of_range"
            )
        return Circle(lat, lon, radius)


@extend_schema_field(
    {
        "type": "string",
        "description": f"`lat,lon,radius_miles`; the radius at most {LARGEST_RADIUS_MILES}.",
        "examples": ["41.88,-87.63,50"],
        "pattern": r"^-?\d+(\.\d+)?,-?\d+(\.\d+)?,\d+(\.\d+)?$",
    }
)
class NearFilter(Filter):  # type: ignore[misc]
    """`lat,lon,radius_miles`; the resource says by `method` what lies near."""

    field_class = _CircleFormField


class _BooleanFormField(forms.Field):
    def clean(self, value: Any) -> bool | None:
        if not value:
            return None
        if value not in ("true", "false"):
            raise ValidationError("Write true or false.", code="invalid_choice")
        return bool(value == "true")


class TrueOrFalseFilter(Filter):  # type: ignore[misc]
    """`true` or `false`, nothing that looks like it."""

    field_class = _BooleanFormField

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Describe itself by its help text."""
        super().__init__(*args, **kwargs)
        extend_schema_field({"type": "boolean", "description": kwargs.get("help_text", "")})(self)
