"""ETags and conditional requests.

An ETag is a digest of the very representation that the caller gets: it cannot depend on a field that the caller does
not see, and a change that is invisible to someone leaves that one's ETag as it was.
"""

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

from foundation.rest.errors import bad_header, precondition_required
from foundation.trade.errors import Stale

_TAG = re.compile(r'\s*(W/)?("[\x21\x23-\x7e\x80-\xff]*")\s*(?:,|$)')


def canonical_json(data: Any) -> bytes:
    """Return JSON that is the same for equal data, whatever the order of its names."""
    return json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str).encode()


def etag_of(representation: Mapping[str, Any]) -> str:
    """Return the strong ETag of a representation, quoted; its own `etag` field is left out."""
    seen = {name: value for name, value in representation.items() if name != "etag"}
    digest = hashlib.sha256(canonical_json(seen)).digest()
    return '"' + base64.urlsafe_b64encode(digest[:18]).decode() + '"'


def with_etag(representation: Mapping[str, Any]) -> dict[str, Any]:
    """Return the representation with its `etag` as the last field."""
    return {**representation, "etag": etag_of(representation)}


def _tags(header_name: str, value: str) -> list[tuple[bool, str]] | None:
    """Return (is weak, tag) of each entity tag in a header, or None for `*`."""
    if value.strip() == "*":
        return None
    tags: list[tuple[bool, str]] = []
    position = 0
    while position < len(value) or not tags:
        found = _TAG.match(value, position)
        if found is None:
            raise bad_header(header_name, "invalid_etag", f'{header_name} holds ETags in double quotes, like "abc".')
        tags.append((found[1] is not None, found[2]))
        position = found.end()
    return tags


def is_unchanged(if_none_match: str | None, etag: str) -> bool:
    """Say whether If-None-Match names the current ETag, so that 304 will do (weak comparison)."""
    if if_none_match is None:
        return False
    tags = _tags("If-None-Match", if_none_match)
    return tags is None or any(tag == etag for _, tag in tags)


def check_match(if_match: str | None, etag: str, *, required: bool = True) -> None:
    """Let a change pass only when If-Match names the current ETag (strong comparison).

    Raises a 428 when it is missing though required, `Stale` (412) when it names another.
    """
    if if_match is None:
        if required:
            raise precondition_required()
        return
    tags = _tags("If-Match", if_match)
    if tags is not None and not any(tag == etag and not weak for weak, tag in tags):
        raise Stale("stale", "This was changed after you read it. Read it again, then repeat your change.")
