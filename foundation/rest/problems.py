"""Problem documents (RFC 9457): every refusal of the API, whatever raised it, in one shape."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.db import DataError, IntegrityError, OperationalError, transaction
from django.http import Http404, JsonResponse
from psycopg import errors as pg
from psycopg_pool import PoolTimeout
from rest_framework import exceptions
from rest_framework.response import Response

from foundation.rest.errors import ErrorItem, RestError, too_large, unavailable
from foundation.rest.kinds import KIND_BY_STATUS, Kind
from foundation.trade.errors import Busy, Conflict, Forbidden, Invalid, NotFound, Stale, TradeError

CONTENT_TYPE = "application/problem+json"
CHALLENGE = 'Bearer realm="Backhaul"'


# What reads as documented and yet breaks a rule; every other code of a serializer says that it does not read at all.
SEMANTIC_CODES = frozenset(
    {"blank", "empty", "invalid_choice", "max_length", "max_value", "min_length", "min_value", "place_not_found"}
)


@dataclass(slots=True)
class Problem:
    """One refusal, ready to be written."""

    status: int
    code: str
    detail: str
    errors: list[ErrorItem] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)

    def as_json(self, request_id: str) -> dict[str, Any]:
        """Return the problem document."""
        kind = KIND_BY_STATUS.get(self.status) or Kind("about:blank", self.status, "Refused", "")
        return {
            "type": f"/api/v1/problems/{kind.name}" if kind.meaning else kind.name,
            "title": kind.title,
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
            "request_id": request_id,
            "errors": [item.as_json() for item in self.errors],
        }


def pointer_of(path: str, names: Mapping[str, str]) -> str:
    """Return the JSON pointer of a trade field's path: `stops.0.closes_at` is `/stops/0/closes_at`.

    `names` translates where the API calls a field otherwise; amounts in cents are money in the API, without the unit.
    """
    if not path:
        return ""
    segments = [names.get(segment, segment.replace("_cents", "")) for segment in path.split(".")]
    return "/" + "/".join(segments)


def _escaped(segment: str) -> str:
    return segment.replace("~", "~0").replace("/", "~1")


def error_items(detail: Any, pointer: str = "") -> Iterator[ErrorItem]:
    """Yield the leaves of a serializer's errors, each with its JSON pointer."""
    if isinstance(detail, dict):
        for name, inner in detail.items():
            yield from error_items(inner, pointer if name == "non_field_errors" else f"{pointer}/{_escaped(str(name))}")
    elif isinstance(detail, list):
        for index, inner in enumerate(detail):
            nested = isinstance(inner, dict | list)
            yield from error_items(inner, f"{pointer}/{index}" if nested else pointer)
    else:
        yield ErrorItem(getattr(detail, "code", "invalid"), str(detail), pointer=pointer)


def _from_serializer(error: exceptions.ValidationError) -> Problem:
    errors = list(error_items(error.detail))
    if errors and all(item.code in SEMANTIC_CODES for item in errors):
        return Problem(422, "invalid", " ".join(item.detail for item in errors[:3]), errors)
    return Problem(400, "malformed", " ".join(item.detail for item in errors[:3]), errors)


def _from_trade(error: TradeError, names: Mapping[str, str]) -> Problem:
    match error:
        case Invalid():
            errors = [
                ErrorItem(item.code, item.sentence, pointer=pointer_of(item.field, names)) for item in error.problems
            ]
            return Problem(422, error.code, error.sentence, errors)
        case Stale():
            return Problem(412, error.code, error.sentence)
        case Conflict():
            return Problem(409, error.code, error.sentence)
        case Forbidden():
            return Problem(403, error.code, error.sentence)
        case NotFound():
            return Problem(404, error.code, error.sentence)
        case Busy():
            return _from_rest(unavailable(error.sentence, error.retry_after_seconds))
    return Problem(422, error.code, error.sentence)


def _from_database(error: Exception) -> Problem | None:
    """Translate what the last arbiter says; a constraint's name reads as its rule and is the problem's code."""
    cause = error.__cause__
    if isinstance(error, IntegrityError):
        rule = getattr(getattr(cause, "diag", None), "constraint_name", None) or "constraint"
        words = rule.replace("_", " ")
        if isinstance(cause, pg.CheckViolation | pg.NotNullViolation):
            return Problem(422, rule, f"This breaks the rule “{words}”. Nothing was saved.")
        return Problem(
            409, rule, f"Somebody was first, or something still depends on it: “{words}”. Nothing was saved."
        )
    if isinstance(error, DataError):
        return Problem(422, "value_out_of_range", "A value is out of the range that can be stored. Nothing was saved.")
    if isinstance(error, OperationalError):
        if isinstance(cause, pg.LockNotAvailable | pg.DeadlockDetected | pg.SerializationFailure):
            refusal = unavailable("Others are changing the same things just now. Nothing was saved; try again.", 1)
        else:
            refusal = unavailable("The database does not answer. Nothing was saved; try again.")
        return _from_rest(refusal)
    return None


def _from_rest(error: RestError) -> Problem:
    return Problem(error.status_code, error.code, error.sentence, error.errors, error.headers)


def _from_framework(error: exceptions.APIException) -> Problem:
    match error:
        case exceptions.ValidationError():
            return _from_serializer(error)
        case exceptions.NotAuthenticated() | exceptions.AuthenticationFailed():
            code = "unauthenticated" if isinstance(error, exceptions.NotAuthenticated) else "invalid_credentials"
            return Problem(401, code, str(error.detail), headers={"WWW-Authenticate": CHALLENGE})
        case exceptions.Throttled():
            seconds = max(1, round(getattr(error, "wait", None) or 1))
            sentence = f"Too many requests. Go on in {seconds} s."
            return Problem(429, "too_many_requests", sentence, headers={"Retry-After": str(seconds)})
    code = KIND_BY_STATUS[error.status_code].name if error.status_code in KIND_BY_STATUS else error.default_code
    return Problem(error.status_code, code, str(error.detail))


def problem_of(error: Exception, names: Mapping[str, str] | None = None) -> Problem | None:
    """Return the problem that an exception amounts to; None for what nobody foresaw (a mistake of ours)."""
    match error:
        case TradeError():
            return _from_trade(error, names or {})
        case RestError():
            return _from_rest(error)
        case exceptions.APIException():
            return _from_framework(error)
        case Http404():
            return Problem(404, "not_found", "There is no such thing here.")
        case PermissionDenied():
            return Problem(403, "forbidden", str(error) or "This is not allowed.")
        case RequestDataTooBig():
            return _from_rest(too_large(2_500_000))
        case PoolTimeout():
            return _from_rest(unavailable("The database is busy. Nothing was saved; try again."))
    return _from_database(error)


def request_id_of(request: Any) -> str:
    """Return the request's id, as the middleware gave it."""
    return str(getattr(request, "request_id", ""))


def _abandon_transaction() -> None:
    """Have an open transaction of the request rolled back: a refusal saves nothing."""
    connection = transaction.get_connection()
    if connection.in_atomic_block and connection.settings_dict.get("ATOMIC_REQUESTS"):
        transaction.set_rollback(True)


def problem_response(error: Exception, context: Mapping[str, Any]) -> Response | None:
    """Answer an exception of a view with its problem document (the REST framework's `EXCEPTION_HANDLER`)."""
    view, request = context.get("view"), context.get("request")
    problem = problem_of(error, getattr(view, "field_names", None))
    if problem is None:
        return None
    _abandon_transaction()
    return Response(
        problem.as_json(request_id_of(request)),
        status=problem.status,
        headers=problem.headers,
        content_type=CONTENT_TYPE,
    )


def plain_problem_response(request: Any, problem: Problem) -> JsonResponse:
    """Answer with a problem document outside a REST view (middleware, unknown addresses, crashes)."""
    return JsonResponse(
        problem.as_json(request_id_of(request)),
        status=problem.status,
        headers=problem.headers,
        content_type=CONTENT_TYPE,
    )
