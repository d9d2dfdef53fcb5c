"""Writes of the rest room: forgetting old answers."""

from foundation.rest.idempotency import KEPT_FOR
from foundation.rest.models import IdempotencyRecord
from foundation.trade import clock

CHUNK = 5_000


def prune_idempotency_records() -> int:
    """Delete the answers that are older than seven days, in chunks; return how many went."""
    oldest = clock.now() - KEPT_FOR
    deleted = 0
    while True:
        ids = list(IdempotencyRecord.objects.filter(created_at__lte=oldest).values_list("pk", flat=True)[:CHUNK])
        if not ids:
            return deleted
        deleted += IdempotencyRecord.objects.filter(pk__in=ids).delete()[0]
