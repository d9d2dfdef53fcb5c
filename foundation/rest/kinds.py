"""The kinds of problems: one for each status, with what it means and what would do."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of problem: the name that its `type` ends with, its status, title, and what it means."""

    name: str
    status: int
    title: str
    meaning: str


KINDS: tuple[Kind, ...] = (
    Kind(
        "malformed",
        400,
        "Malformed request",
        "The request does not read as documented: JSON, a type, a parameter or a header is wrong. `errors` "
        "says where. Send it again corrected.",
    ),
    Kind(
        "unauthenticated",
        401,
        "Not signed in",
        "There is no valid API key or session. Send `Authorization: Bearer bh_live_...`.",
    ),
    Kind(
        "forbidden",
        403,
        "Not allowed",
        "You may see this, but not do that: a scope, a capability or the verification is missing. `detail` "
        "says which and who can give it.",
    ),
    Kind(
        "not_found",
        404,
        "Not found",
        "It does not exist, or it is not yours to see; nobody is told which.",
    ),
    Kind(
        "method_not_allowed",
        405,
        "Method not allowed",
        "This address does not know the method. `Allow` names those that it knows.",
    ),
    Kind(
        "not_acceptable",
        406,
        "Not acceptable",
        "The API answers in JSON only. Send `Accept: application/json`.",
    ),
    Kind(
        "conflict",
        409,
        "Conflict of state",
        "The state has moved on, or something that exists once is taken. Read it again. With `Retry-After`: "
        "the same request is still running.",
    ),
    Kind(
        "stale",
        412,
        "Changed meanwhile",
        "It was changed after you read it: `If-Match` names an older ETag. Read it again, then repeat your change.",
    ),
    Kind(
        "too_large",
        413,
        "Body too large",
        "The body is longer than allowed. Send it in several requests.",
    ),
    Kind(
        "unsupported_media_type",
        415,
        "Unsupported media type",
        "Bodies are JSON. Send `Content-Type: application/json`.",
    ),
    Kind(
        "invalid",
        422,
        "Breaks a rule",
        "The request reads well but breaks a rule of the trade. `errors` says which field and what would do.",
    ),
    Kind(
        "precondition_required",
        428,
        "If-Match missing",
        "A change wants the ETag that you read in `If-Match`.",
    ),
    Kind(
        "too_many_requests",
        429,
        "Too many requests",
        "The rate limit of the key or of the organization is used up. `Retry-After` says when to go on.",
    ),
    Kind(
        "server_error",
        500,
        "Our mistake",
        "Something of ours went wrong; nothing was changed. Tell us the `request_id`.",
    ),
    Kind(
        "unavailable",
        503,
        "Not available now",
        "Something behind the API does not answer. Nothing was changed. `Retry-After` says when to try again.",
    ),
)
KIND_BY_STATUS: Mapping[int, Kind] = {kind.status: kind for kind in KINDS}
