"""The answers kept for repeated requests."""

from django.db import models


class IdempotencyRecord(models.Model):
    """The answer to a POST that was done once, kept for seven days under the client's Idempotency-Key.

    Written in the transaction of the work itself. `organization` is an opaque public id; `fingerprint` is a digest of
    the query and the body.
    """

    organization = models.CharField(max_length=40, db_collation="C")
    method = models.CharField(max_length=8)
    path = models.CharField(max_length=500)
    key = models.CharField(max_length=255, db_collation="C")
    fingerprint = models.CharField(max_length=64)
    status_code = models.PositiveSmallIntegerField()
    headers = models.JSONField()
    body = models.JSONField()
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "method", "path", "key"], name="one_answer_per_idempotency_key"
            )
        ]
        indexes = [
            # services.prune_idempotency_records: what is older than seven days
            models.Index(fields=["created_at"], name="idempotency_by_age"),
        ]

    def __str__(self) -> str:
        return f"{self.method} {self.path} ({self.status_code})"
