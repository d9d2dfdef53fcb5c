"""JSON in and out, strictly: one meaning for each byte that was sent."""

import json
from collections.abc import Mapping
from typing import IO, Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser
from rest_framework.renderers import JSONRenderer

from foundation.rest.errors import bad_request, too_large

MAX_BODY_BYTES = 4_000_000  # 500 loads of a bulk request with room to spare


def _unique_pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"The field “{name[:60]}” stands twice in one object.")
        found[name] = value
    return found


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON.")


class StrictJSONParser(BaseParser):
    """Reads JSON in UTF-8; refuses doubled names, NaN, lone surrogates and bodies that are too long."""

    media_type = "application/json"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        """Return the parsed body. Raises a 400 or 413 that says what is wrong with it."""
        raw = stream.read(MAX_BODY_BYTES + 1)
        if len(raw) > MAX_BODY_BYTES:
            raise too_large(MAX_BODY_BYTES)
        try:
            text = raw.decode("utf-8")
            data = json.loads(text, object_pairs_hook=_unique_pairs, parse_constant=_refuse_constant)
            if "\\ud" in text.lower():
                json.dumps(data, ensure_ascii=False).encode("utf-8")
        except UnicodeError:
            raise ParseError("The body is not valid UTF-8 text.") from None
        except RecursionError:
            raise ParseError("The body is nested too deeply.") from None
        except ValueError as error:
            raise ParseError(f"The body is not valid JSON: {error}") from None
        if not isinstance(data, dict):
            raise bad_request("not_an_object", "The body has to be a JSON object: {...}.")
        return data


class StrictJSONRenderer(JSONRenderer):
    """Writes compact JSON in UTF-8."""

    ensure_ascii = False
