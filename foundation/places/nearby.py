"""Keeping the rows whose point lies within so many miles of another, in SQL."""

import math
from typing import TypeVar

from django.db.models import F, FloatField, Model, QuerySet, Value
from django.db.models.functions import ACos, Cos, Greatest, Least, Radians, Sin

from foundation.places.geometry import EARTH_RADIUS_MILES

Row = TypeVar("Row", bound=Model)


def nearby(
    rows: QuerySet[Row], *, lat_column: str, lon_column: str, lat: float, lon: float, radius_miles: float
) -> QuerySet[Row]:
    """Keep the rows whose point (two columns of degrees) lies within great-circle miles of a point."""
    lat_margin = radius_miles / 69.0
    lon_margin = radius_miles / max(69.0 * math.cos(math.radians(min(abs(lat) + lat_margin, 89.0))), 0.1)
    here = Radians(Value(lat, output_field=FloatField()))
    there = Radians(F(lat_column))
    between = Radians(F(lon_column)) - Radians(Value(lon, output_field=FloatField()))
    cosine = Sin(here) * Sin(there) + Cos(here) * Cos(there) * Cos(between)
    kept: QuerySet[Row] = (
        rows.filter(**{f"{lat_column}__range": (lat - lat_margin, lat + lat_margin)})
        .filter(**{f"{lon_column}__range": (lon - lon_margin, lon + lon_margin)})
        .alias(miles_away=EARTH_RADIUS_MILES * ACos(Least(Value(1.0), Greatest(Value(-1.0), cosine))))
        .filter(miles_away__lte=radius_miles)
    )
    return kept
