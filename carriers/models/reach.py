"""The reach of a return leg: the box that holds every place where it could pick something up.

Written as SQL expressions for generated columns, so that no writer can forget them and an index can use them. The box
is generous; what lies in it is measured exactly afterwards. A pickup is within the deadhead limit of the empty place,
or on a detour: then it lies in the ellipse round the empty place and home whose long axis is the way home plus the
out-of-route miles, and sideways of the line by half the root of (axis squared - distance squared).
"""

import math

from django.db.models import F, FloatField, Value
from django.db.models.expressions import CombinedExpression
from django.db.models.functions import Abs, Cast, Coalesce, Greatest, Least, Power, Sqrt

MILES_PER_DEGREE = 69.0
# A degree of longitude at 50° north; further south it is longer, so the box errs on the wide side.
MILES_PER_DEGREE_OF_LONGITUDE = 44.0
NO_LIMIT_MILES = 4000.0
SAFETY = 1.02


def _number(value: float) -> Value:
    return Value(value, output_field=FloatField())


def _pad_miles() -> Greatest:
    degrees_east = Abs(F("empty_lon") - F("home_lon"))
    degrees_north = Abs(F("empty_lat") - F("home_lat"))
    # no farther than the true distance, so that the ellipse is no narrower
    distance_squared = Power(degrees_east * _number(MILES_PER_DEGREE_OF_LONGITUDE * 0.95), _number(2.0)) + Power(
        degrees_north * _number(MILES_PER_DEGREE * 0.95), _number(2.0)
    )
    axis = (F("home_miles") + Cast(Coalesce(F("max_out_of_route_miles"), 0), FloatField())) * _number(SAFETY)
    sideways = Sqrt(Greatest(_number(0.0), Power(axis, _number(2.0)) - distance_squared)) / _number(2.0)
    deadhead = Cast(Coalesce(F("max_pickup_deadhead_miles"), int(NO_LIMIT_MILES)), FloatField()) * _number(SAFETY)
    return Greatest(sideways, deadhead)


def _bulge_degrees() -> CombinedExpression:
    # a great circle runs north of the parallel: dlon^2 / 8 * sin(2 lat) / 2 radians at its middle
    return _number(0.0012) * Power(Abs(F("empty_lon") - F("home_lon")), _number(2.0))


def south() -> CombinedExpression:
    """Return the box's southern edge in degrees."""
    return Least(F("empty_lat"), F("home_lat")) - _pad_miles() / _number(MILES_PER_DEGREE)


def north() -> CombinedExpression:
    """Return the box's northern edge in degrees."""
    return Greatest(F("empty_lat"), F("home_lat")) + _pad_miles() / _number(MILES_PER_DEGREE) + _bulge_degrees()


def west() -> CombinedExpression:
    """Return the box's western edge in degrees."""
    return Least(F("empty_lon"), F("home_lon")) - _pad_miles() / _number(MILES_PER_DEGREE_OF_LONGITUDE)


def east() -> CombinedExpression:
    """Return the box's eastern edge in degrees."""
    return Greatest(F("empty_lon"), F("home_lon")) + _pad_miles() / _number(MILES_PER_DEGREE_OF_LONGITUDE)


def box(
    empty: tuple[float, float],
    home: tuple[float, float],
    *,
    home_miles: float,
    max_pickup_deadhead_miles: int | None,
    max_out_of_route_miles: int | None,
) -> tuple[float, float, float, float]:
    """Return (south, west, north, east) in degrees of a leg that is not stored: what the expressions above compute."""
    degrees_north, degrees_east = abs(empty[0] - home[0]), abs(empty[1] - home[1])
    distance_squared = (degrees_east * MILES_PER_DEGREE_OF_LONGITUDE * 0.95) ** 2
    distance_squared += (degrees_north * MILES_PER_DEGREE * 0.95) ** 2
    axis = (home_miles + (max_out_of_route_miles or 0)) * SAFETY
    sideways = math.sqrt(max(0.0, axis**2 - distance_squared)) / 2
    deadhead = (NO_LIMIT_MILES if max_pickup_deadhead_miles is None else max_pickup_deadhead_miles) * SAFETY
    pad = max(sideways, deadhead)
    return (
        min(empty[0], home[0]) - pad / MILES_PER_DEGREE,
        min(empty[1], home[1]) - pad / MILES_PER_DEGREE_OF_LONGITUDE,
        max(empty[0], home[0]) + pad / MILES_PER_DEGREE + 0.0012 * degrees_east**2,
        max(empty[1], home[1]) + pad / MILES_PER_DEGREE_OF_LONGITUDE,
    )
