"""Whether organizations may deal with one another, held still while something begins between them.

Who begins (a negotiation, say) asks whether a block stands, and whether both are verified, and then writes: what ends
that, and closes all that it finds begun, may come between the two and find nothing. So who begins says so first, by
`begin_between`, and asks then. Who closes waits first, by `await_begun`: what was begun before is there then, and who
begins later reads what ended it. Neither blocks the other longer than one transaction, and beginners never wait for
beginners.
"""

from collections.abc import Iterable

from django.db import transaction

from foundation.trade.statements import rows_of

_CLASS = 0x6465616C  # "deal": the class of these advisory locks, one for each organization
_BEGIN = "SELECT pg_advisory_xact_lock_shared(%(kind)s::int, key) FROM unnest(%(keys)s::int[]) AS key"
_AWAIT = "SELECT pg_advisory_xact_lock(%(kind)s::int, key) FROM unnest(%(keys)s::int[]) AS key"


def begin_between(keys: Iterable[int]) -> None:
    """Say until the transaction ends that something begins between organizations, given by key; it comes after the
    lock of the load, and whatever decides whether they may deal is read after it.
    """
    rows_of(_BEGIN, _values(keys))


def await_begun(keys: Iterable[int]) -> None:
    """Return once all that was beginning with these organizations has been written or given up; holds nothing then."""
    with transaction.atomic():
        rows_of(_AWAIT, _values(keys))


def _values(keys: Iterable[int]) -> dict[str, object]:
    return {"kind": _CLASS, "keys": sorted({key % 2**31 for key in keys})}
