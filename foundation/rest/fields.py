"""Fields that every resource writes alike: money, instants, public ids, sets of attributes."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Protocol

from drf_spectacular.extensions import OpenApiSerializerFieldExtension
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from foundation.trade.equipment import Attribute
from foundation.trade.ids import looks_like
from foundation.trade.money import CURRENCY, cents_from_text, decimal_text

_AMOUNT = re.compile(r"-?[0-9]{1,9}(\.[0-9]{1,2})?")
_INSTANT = re.compile(
    r"(?P<wall>\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?)(?P<offset>[Zz]|[+-]\d{2}:\d{2})?", re.ASCII
)

MONEY_SCHEMA = {
    "type": "object",
    "description": "An amount as a decimal string with at most two decimals, and its currency.",
    "required": ["amount", "currency"],
    "additionalProperties": False,
    "properties": {
        "amount": {"type": "string", "pattern": r"^-?[0-9]{1,9}(\.[0-9]{1,2})?$", "examples": ["1250.00"]},
        "currency": {"type": "string", "enum": [CURRENCY]},
    },
}
UNSIGNED_MONEY_SCHEMA = {
    **MONEY_SCHEMA,
    "properties": {
        **MONEY_SCHEMA["properties"],  # type: ignore[dict-item]
        "amount": {"type": "string", "pattern": r"^[0-9]{1,9}(\.[0-9]{1,2})?$", "examples": ["1250.00"]},
    },
}


def money(cents: int | None) -> dict[str, str] | None:
    """Return cents as the API writes money; None stays None."""
    return None if cents is None else {"amount": decimal_text(cents), "currency": CURRENCY}


def instant(value: datetime | None) -> str | None:
    """Return an aware instant as the API writes it: UTC with Z, decimals of a second only where there are some."""
    if value is None:
        return None
    return value.astimezone(UTC).isoformat().removesuffix("+00:00") + "Z"


class HasName(Protocol):
    """A row that people know by its name: an organization, a driver, a home base."""

    @property
    def public_id(self) -> str:
        """Return its public id."""

    @property
    def name(self) -> str:
        """Return its name."""


class HasNumber(Protocol):
    """A row that people know by its number: a truck, a trailer."""

    @property
    def public_id(self) -> str:
        """Return its public id."""

    @property
    def number(self) -> str:
        """Return its number."""


def named(row: HasName | None) -> dict[str, str] | None:
    """Return a row's id and name; None stays None."""
    return None if row is None else {"id": row.public_id, "name": row.name}


def numbered(row: HasNumber | None) -> dict[str, str] | None:
    """Return a row's id and number; None stays None."""
    return None if row is None else {"id": row.public_id, "number": row.number}


def attribute_names(bits: int) -> list[str]:
    """Return the names of the attributes in a set of bits: `["tarps", "team"]`."""
    return sorted(item.name.lower() for item in Attribute(bits) if item.name)


class MoneyField(serializers.Field):  # type: ignore[type-arg]
    """Cents in Python, `{"amount": "1250.00", "currency": "USD"}` in JSON."""

    default_error_messages = {
        "not_money": 'Money is written {{"amount": "1250.00", "currency": "USD"}}.',
        "amount_not_text": 'The amount is text with at most two decimals, like "1250.00"; a JSON number is refused.',
        "currency": "The currency has to be USD.",
        "max_value": "That amount is too large. Check the number of digits.",
        "min_value": "The amount may not be below zero.",
    }

    def __init__(self, *, may_be_negative: bool = False, **kwargs: Any) -> None:
        """Take amounts of zero and more, unless told otherwise."""
        self.may_be_negative = may_be_negative
        super().__init__(**kwargs)
        extend_schema_field(MONEY_SCHEMA if may_be_negative else UNSIGNED_MONEY_SCHEMA)(self)  # type: ignore[type-var]

    def to_internal_value(self, data: Any) -> int:
        """Return cents."""
        if not isinstance(data, Mapping) or set(data) != {"amount", "currency"}:
            self.fail("not_money")
        amount = data["amount"]
        if not isinstance(amount, str) or not _AMOUNT.fullmatch(amount):
            self.fail("amount_not_text")
        if data["currency"] != CURRENCY:
            self.fail("currency")
        try:
            cents = cents_from_text(amount)
        except ValueError:
            self.fail("max_value")
        if cents < 0 and not self.may_be_negative:
            self.fail("min_value")
        return cents

    def to_representation(self, value: int) -> dict[str, str] | None:
        """Return the amount and currency."""
        return money(value)


@extend_schema_field(
    {"type": "string", "format": "date-time", "description": "RFC 3339 with an offset; answers are in UTC with Z."}
)
class InstantField(serializers.Field):  # type: ignore[type-arg]
    """An aware instant in Python; RFC 3339 with an offset in, UTC with Z out. A time without a zone is refused."""

    default_error_messages = {
        "not_an_instant": "Write the time as RFC 3339, like 2026-11-03T08:00:00-06:00.",
        "no_time_zone": "The time has no zone. Add its offset, like 2026-11-03T08:00:00-06:00, or Z for UTC.",
    }

    def to_internal_value(self, data: Any) -> datetime:
        """Return the instant in UTC."""
        match = _INSTANT.fullmatch(data) if isinstance(data, str) else None
        if match is None:
            self.fail("not_an_instant")
        if match["offset"] is None:
            self.fail("no_time_zone")
        try:
            found = datetime.fromisoformat(data.upper().replace(" ", "T"))
            return found.astimezone(UTC)
        except (ValueError, OverflowError):
            self.fail("not_an_instant")

    def to_representation(self, value: datetime) -> str | None:
        """Return the instant in UTC with Z."""
        return instant(value)


class PublicIdField(serializers.CharField):
    """The public id of a thing of one kind, such as `trk_...`."""

    default_error_messages = {"not_an_id": "This is no id of that kind; it begins with {prefix}_."}

    def __init__(self, prefix: str, **kwargs: Any) -> None:
        """Remember which kind of thing is meant."""
        self.prefix = prefix
        super().__init__(max_length=40, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        """Return the id."""
        text = super().to_internal_value(data)
        if text and not looks_like(self.prefix, text):
            self.fail("not_an_id", prefix=self.prefix)
        return str(text)


@extend_schema_field(
    {
        "type": "array",
        "uniqueItems": True,
        "items": {"type": "string", "enum": [item.name.lower() for item in Attribute if item.name]},
    }
)
class AttributesField(serializers.Field):  # type: ignore[type-arg]
    """A set of attribute bits in Python, a list of names in JSON."""

    default_error_messages = {
        "not_a_list": "Attributes are a list of names.",
        "invalid_choice": "“{name}” is no attribute. There are: {names}.",
    }

    def to_internal_value(self, data: Any) -> int:
        """Return the bits."""
        if not isinstance(data, list) or not all(isinstance(name, str) for name in data):
            self.fail("not_a_list")
        known = {item.name.lower(): item for item in Attribute if item.name}
        bits = 0
        for name in data:
            if name not in known:
                self.fail("invalid_choice", name=name[:40], names=", ".join(known))
            bits |= known[name]
        return int(bits)

    def to_representation(self, value: int) -> list[str]:
        """Return the names."""
        return attribute_names(value)


class ReferenceField(serializers.Field):  # type: ignore[type-arg]
    """Another thing by its public id: `"trk_..."`, or the object with an `id` that was read; null is none ("")."""

    default_error_messages = {"not_an_id": "Give an id that begins with {prefix}_, or null for none."}

    def __init__(self, prefix: str, **kwargs: Any) -> None:
        """Remember which kind of thing is meant."""
        self.prefix = prefix
        super().__init__(**kwargs)

    def to_internal_value(self, data: Any) -> str:
        """Return the id."""
        found = data.get("id") if isinstance(data, Mapping) else data
        if not isinstance(found, str) or not looks_like(self.prefix, found):
            self.fail("not_an_id", prefix=self.prefix)
        return found

    def to_representation(self, value: Any) -> Any:
        """Return what the room shows of it."""
        return value


class ReferenceFieldExtension(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]
    """Describes a reference: an id to write, a small object to read."""

    target_class = ReferenceField

    def map_serializer_field(self, auto_schema: Any, direction: str) -> dict[str, Any]:
        """Return the schema of a reference in a request or in an answer."""
        prefix = self.target.prefix
        if direction == "request":
            return {"type": "string", "pattern": f"^{prefix}_[0-9a-hjkmnp-tv-z]{{26}}$"}
        names = {"id": {"type": "string"}, "name": {"type": "string"}, "number": {"type": "string"}}
        return {"type": "object", "required": ["id"], "properties": names}


class StrictIntegerField(serializers.IntegerField):
    """A JSON integer; text and numbers with decimals are refused, not guessed at."""

    def to_internal_value(self, data: Any) -> int:
        """Return the number."""
        if isinstance(data, bool) or not isinstance(data, int):
            self.fail("invalid")
        return int(data)


class StrictBooleanField(serializers.BooleanField):
    """JSON's true or false, nothing that looks like it."""

    def to_internal_value(self, data: Any) -> bool:
        """Return the truth."""
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class StrictCharField(serializers.CharField):
    """A JSON text; numbers are refused, not turned into text."""

    def to_internal_value(self, data: Any) -> str:
        """Return the text, stripped."""
        if not isinstance(data, str):
            self.fail("invalid")
        return str(super().to_internal_value(data))
