"""How a place is given in REST: a ZIP code, a city with its state, or coordinates."""

from collections.abc import Mapping
from typing import Any

from drf_spectacular.extensions import OpenApiSerializerFieldExtension
from rest_framework import serializers

from foundation.places.place import Place, PlaceNotFound
from foundation.places.queries import find_place

_READ_ONLY = frozenset({"time_zone", "zip3", "base"})  # may be sent back as they were read
_WAYS = frozenset({"zip", "city", "state", "lat", "lon"})


class PlaceField(serializers.Field):  # type: ignore[type-arg]
    """A `Place` in Python; in JSON `{"zip": ...}`, `{"city": ..., "state": ...}` or `{"lat": ..., "lon": ...}`.

    Where several are given the ZIP code decides, then the coordinates.
    """

    default_error_messages = {
        "not_a_place": 'Say where as {{"zip": "60601"}}, {{"city": "Chicago", "state": "IL"}} or '
        '{{"lat": 41.88, "lon": -87.63}}.',
        "unknown_field": "A place has no field “{name}”.",
        "contradiction": "The ZIP code {zip} lies in {city}, {state}. Correct it, or leave out city and state.",
    }

    def to_internal_value(self, data: Any) -> Place:
        """Return the place. Raises a 400 when the object does not read, a 422 when there is no such place."""
        if not isinstance(data, Mapping):
            self.fail("not_a_place")
        for name in data:
            if name not in _WAYS | _READ_ONLY:
                self.fail("unknown_field", name=str(name)[:40])
        text = self._words(data)
        try:
            place = find_place(text)
        except PlaceNotFound as refusal:
            raise serializers.ValidationError(refusal.sentence, code=refusal.code) from None
        state = data.get("state")
        if "zip" in data and isinstance(state, str) and state.strip().upper() not in ("", place.state):
            self.fail("contradiction", zip=place.zip, city=place.city, state=place.state)
        return place

    def _words(self, data: Mapping[str, Any]) -> str:
        given = {name: data[name] for name in _WAYS if data.get(name) is not None}
        for name, value in given.items():
            kinds: tuple[type, ...] = (int, float) if name in ("lat", "lon") else (str,)
            if isinstance(value, bool) or not isinstance(value, kinds):
                self.fail("not_a_place")
        if "zip" in given:
            return str(given["zip"])
        if "lat" in given and "lon" in given:
            return f"{given['lat']:.6f},{given['lon']:.6f}"
        if not {"city", "state"} <= given.keys():
            self.fail("not_a_place")
        return f"{given['city']}, {given['state']}"

    def to_representation(self, value: Any) -> Any:
        """Return the place as its room shows it."""
        return value


def _properties(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "required": list(properties), "properties": properties}


class PlaceFieldExtension(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]
    """Describes a place: three ways to give one, one way to read one."""

    target_class = "foundation.places.fields.PlaceField"

    def map_serializer_field(self, auto_schema: Any, direction: str) -> dict[str, Any]:
        """Return the schema of a place in a request or in an answer."""
        code = {"type": "string", "pattern": "^[0-9]{5}$", "examples": ["60601"]}
        state = {"type": "string", "minLength": 2, "maxLength": 2, "examples": ["IL"]}
        city = {"type": "string", "minLength": 1, "maxLength": 80, "examples": ["Chicago"]}
        if direction == "request":
            lat = {"type": "number", "minimum": -90, "maximum": 90, "description": "Degrees, WGS84."}
            lon = {"type": "number", "minimum": -180, "maximum": 180, "description": "Degrees, WGS84."}
            return {
                "description": "A ZIP code, a city with its state, or coordinates, in the 48 states or DC.",
                "anyOf": [
                    {**_properties(zip=code), "additionalProperties": False},
                    {**_properties(city=city, state=state), "additionalProperties": False},
                    {**_properties(lat=lat, lon=lon), "additionalProperties": False},
                ],
            }
        return {
            "type": "object",
            "required": ["state"],
            "properties": {
                "city": city,
                "state": state,
                "zip": {**code, "description": "Owner only."},
                "zip3": {
                    "type": "string",
                    "pattern": "^[0-9]{3}$",
                    "description": "The first digits of the ZIP code: what others see.",
                },
                "time_zone": {"type": "string", "examples": ["America/Chicago"]},
            },
        }
