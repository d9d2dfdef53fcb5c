"""Public ids: opaque, prefixed, time-sortable; the only names by which the outside knows a thing."""

import hashlib
import secrets
import time

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32: no i, l, o, u to misread
_BODY_LENGTH = 26


def _encode(number: int) -> str:
    digits = []
    for _ in range(_BODY_LENGTH):
        number, rest = divmod(number, 32)
        digits.append(_ALPHABET[rest])
    return "".join(reversed(digits))


def new_id(prefix: str) -> str:
    """Return a fresh id such as `load_06hx…`: 48 bits of milliseconds, 80 random bits."""
    milliseconds = time.time_ns() // 1_000_000
    return f"{prefix}_{_encode((milliseconds << 80) | secrets.randbits(80))}"


def derived_id(prefix: str, *parts: str) -> str:
    """Return the id that follows from its parts alone, so that a rebuild gives the same one."""
    digest = hashlib.sha256("\x1f".join(parts).encode()).digest()
    return f"{prefix}_{_encode(int.from_bytes(digest[:16], 'big'))}"


def looks_like(prefix: str, text: str) -> bool:
    """Say whether a text has the form of a public id with this prefix."""
    head, _, body = text.partition("_")
    return head == prefix and len(body) == _BODY_LENGTH and set(body) <= set(_ALPHABET)
