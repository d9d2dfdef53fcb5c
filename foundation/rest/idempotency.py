"""Idempotency-Key: the same POST twice is done once; the second one gets the first one's answer.

The record commits in the transaction of the work. While that runs, a transaction-level advisory lock holds the key: a
second request meanwhile is a 409 at once, and a crash frees the key at once. Only committed successes are stored.
"""

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from rest_framework.request import Request
from rest_framework.response import Response

from foundation.rest.actors import actor_of
from foundation.rest.errors import RestError, bad_header, busy
from foundation.rest.etags import canonical_json
from foundation.rest.models import IdempotencyRecord
from foundation.trade import clock
from foundation.trade.kept import Kept, insert
from foundation.trade.statements import rows_of

HEADER = "Idempotency-Key"
KEPT_FOR = timedelta(days=7)
NO_CONTENT = 204
KEPT_HEADERS = ("Location", "ETag")

_RECORD = Kept(IdempotencyRecord.objects.filter)


def key_of(request: Request, *, required: bool) -> str | None:
    """Return the request's key, bare or unquoted. Raises a 400 when it is malformed, or missing though required."""
    value = request.headers.get(HEADER)
    if value is None:
        if required:
            raise bad_header(
                HEADER,
                "idempotency_key_missing",
                "Send an Idempotency-Key of your own (a fresh UUID will do), so that a repeated request is done once.",
            )
        return None
    if len(value) >= 2 and value[0] == value[-1] == '"':
        value = value[1:-1].replace('\\"', '"').replace("\\\\", "\\")
    if not 1 <= len(value) <= 255 or not all("!" <= character <= "~" for character in value):
        raise bad_header(
            HEADER, "idempotency_key_malformed", "An Idempotency-Key has 1 to 255 visible ASCII characters."
        )
    return value


def fingerprint_of(request: Request) -> str:
    """Return a digest of the query and the body; equal JSON in another order is the same body."""
    return hashlib.sha256(canonical_json([request.META.get("QUERY_STRING", ""), request.data])).hexdigest()


def _hold(scope: tuple[str, str, str, str]) -> None:
    """Hold the key until the transaction ends. Raises a 409 when another request holds it."""
    number = int.from_bytes(hashlib.sha256(canonical_json(["idempotency", *scope])).digest()[:8], "big", signed=True)
    ((held,),) = rows_of("SELECT pg_try_advisory_xact_lock(%(number)s)", {"number": number})
    if not held:
        raise busy("idempotency_key_in_use", "The same request is still running. Ask again in a second for its answer.")


def _replay(record: IdempotencyRecord, fingerprint: str) -> Response:
    if record.fingerprint != fingerprint:
        raise RestError(
            status_code=422,
            code="idempotency_key_reused",
            detail="This Idempotency-Key was used for a request with another body. Use a fresh key for a new request.",
        )
    headers = {**record.headers, "Idempotent-Replayed": "true"}
    body = None if record.status_code == NO_CONTENT else record.body
    return Response(body, status=record.status_code, headers=headers)


def _changed_nothing(response: Response) -> bool:
    return response.status_code >= 300 or getattr(response, "changed_nothing", False)


def do_once(
    request: Request, *, required: bool, work: Callable[[], Response], check_rights: Callable[[], None]
) -> Response:
    """Do the work once for its Idempotency-Key and return its answer, or the stored one after checking rights anew.

    Raises a 400 for a missing or malformed key, a 409 while the same request runs, a 422 when the body differs.
    """
    key = key_of(request, required=required)
    if key is None:
        return work()
    scope = (str(actor_of(request).organization.public_id), str(request.method), request.path[:500], key)
    fingerprint = fingerprint_of(request)
    with transaction.atomic():
        _hold(scope)
        organization, method, path, _ = scope
        known = _RECORD.first(organization=organization, method=method, path=path, key=key)
        now = clock.now()
        if known is not None and known.created_at > now - KEPT_FOR:
            check_rights()
            return _replay(known, fingerprint)
        if known is not None:
            known.delete()
        response = work()
        if _changed_nothing(response):
            transaction.set_rollback(True)
        else:
            _store(scope, fingerprint, response, now)
    return response


def _store(scope: tuple[str, str, str, str], fingerprint: str, response: Response, now: datetime) -> None:
    organization, method, path, key = scope
    headers: dict[str, Any] = {name: response[name] for name in KEPT_HEADERS if response.has_header(name)}
    record = IdempotencyRecord(
        organization=organization,
        method=method,
        path=path,
        key=key,
        fingerprint=fingerprint,
        status_code=response.status_code,
        headers=headers,
        body={} if response.status_code == NO_CONTENT else response.data,
        created_at=now,
    )
    insert(record)
