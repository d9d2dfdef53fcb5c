"""The base of every serializer that reads input: what it does not know, it names."""

from collections.abc import Mapping
from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail


class StrictSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """Refuses unknown fields by name; its read-only fields may be sent back as read, and are not looked at."""

    default_error_messages = {"unknown_field": "There is no such field here."}

    def to_internal_value(self, data: Any) -> Any:
        """Return the validated fields. Raises a 400 that names every unknown field beside the other errors."""
        unknown: dict[str, Any] = {}
        if isinstance(data, Mapping):
            sentence = ErrorDetail(str(self.error_messages["unknown_field"]), code="unknown_field")
            unknown = {str(name)[:80]: [sentence] for name in data if name not in self.fields}
        try:
            value = super().to_internal_value(data)
        except serializers.ValidationError as error:
            if isinstance(error.detail, dict):
                raise serializers.ValidationError({**error.detail, **unknown}) from None
            raise
        if unknown:
            raise serializers.ValidationError(unknown)
        return value


@extend_schema_serializer(examples=[OpenApiExample("Nothing more", {}, request_only=True)])
class EmptySerializer(StrictSerializer):
    """The body of an action that needs none."""
