"""Refusals that belong to the manner of REST and not to the trade: each knows its status, code, fields and headers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rest_framework import status
from rest_framework.exceptions import APIException


@dataclass(frozen=True, slots=True)
class ErrorItem:
    """One wrong thing in a request: a JSON pointer into the body, or the name of a query parameter or header."""

    code: str
    detail: str
    pointer: str | None = None
    parameter: str | None = None
    header: str | None = None

    def as_json(self) -> dict[str, str]:
        """Return the item as it stands in `errors`, without what it does not have."""
        found = {"pointer": self.pointer, "parameter": self.parameter, "header": self.header}
        return {name: value for name, value in found.items() if value is not None} | {
            "code": self.code,
            "detail": self.detail,
        }


class RestError(APIException):
    """A refusal with everything that its problem document says."""

    def __init__(
        self,
        *,
        status_code: int,
        code: str,
        detail: str,
        errors: Sequence[ErrorItem] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail, code)
        self.status_code = status_code
        self.code = code
        self.sentence = detail
        self.errors = list(errors)
        self.headers = dict(headers or {})


def bad_request(code: str, detail: str, *errors: ErrorItem) -> RestError:
    """Return the refusal of a request that does not read as documented: 400."""
    return RestError(status_code=status.HTTP_400_BAD_REQUEST, code=code, detail=detail, errors=errors)


def bad_parameter(name: str, code: str, detail: str) -> RestError:
    """Return the refusal of one query parameter: 400."""
    return bad_request(code, detail, ErrorItem(code, detail, parameter=name))


def bad_header(name: str, code: str, detail: str) -> RestError:
    """Return the refusal of one header: 400."""
    return bad_request(code, detail, ErrorItem(code, detail, header=name))


def too_large(limit_bytes: int) -> RestError:
    """Return the refusal of a body that is too long: 413."""
    return RestError(
        status_code=status.HTTP_413_REQUEST_ENTITY_TOO_LARGE,
        code="body_too_large",
        detail=f"The body may have {limit_bytes:,} bytes at most. Send it in several requests.",
    )


def precondition_required() -> RestError:
    """Return the refusal of a change without If-Match: 428."""
    return RestError(
        status_code=status.HTTP_428_PRECONDITION_REQUIRED,
        code="if_match_missing",
        detail="Send the ETag that you read in If-Match, so that nobody's change is overwritten unseen.",
        errors=[ErrorItem("if_match_missing", "If-Match is required to change this.", header="If-Match")],
    )


def busy(code: str, detail: str, retry_after_seconds: int = 1) -> RestError:
    """Return the refusal of a request whose twin is still running: 409 with Retry-After."""
    return RestError(
        status_code=status.HTTP_409_CONFLICT,
        code=code,
        detail=detail,
        headers={"Retry-After": str(retry_after_seconds)},
    )


def unavailable(detail: str, retry_after_seconds: int = 2) -> RestError:
    """Return the answer while something behind us does not answer: 503 with Retry-After."""
    return RestError(
        status_code=status.HTTP_503_SERVICE_UNAVAILABLE,
        code="unavailable",
        detail=detail,
        headers={"Retry-After": str(retry_after_seconds)},
    )
