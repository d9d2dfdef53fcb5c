"""The OpenAPI schema: what every operation has in common is written once, here.

Each operation gets its headers, its scope and every problem that it may answer with, so that no status code goes
undocumented; request bodies say that unknown fields are refused.
"""

import json
from functools import cache
from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import force_instance
from drf_spectacular.utils import OpenApiParameter

from foundation.rest.kinds import KIND_BY_STATUS, KINDS
from foundation.rest.problems import CONTENT_TYPE
from foundation.rest.serializers import StrictSerializer

Schema = dict[str, Any]

IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
    OpenApiParameter.HEADER,
    description="A name of your own for this request, such as a UUID. Sent again within 7 days with the same body, it "
    "gets the same answer (`Idempotent-Replayed: true`) and is not done twice.",
)
IF_MATCH = OpenApiParameter(
    "If-Match", str, OpenApiParameter.HEADER, description="The ETag that you read; another one answers 412."
)
IF_NONE_MATCH = OpenApiParameter(
    "If-None-Match", str, OpenApiParameter.HEADER, description="ETags that you have; 304 when one is current."
)

COMMON_STATUSES = (400, 401, 403, 406, 429, 500, 503)
STATUSES_BY_METHOD = {
    "GET": (),
    "POST": (409, 413, 415, 422),
    "PUT": (409, 412, 413, 415, 422),
    "PATCH": (409, 412, 413, 415, 422),
    "DELETE": (409, 412),
}
HEADERS: Schema = {
    "X-Request-Id": {"description": "The request's id, yours or a fresh one.", "schema": {"type": "string"}},
    "RateLimit-Policy": {"description": "The quotas `q` per window of `w` seconds.", "schema": {"type": "string"}},
    "RateLimit": {
        "description": "What remains `r` until the window ends in `t` seconds.",
        "schema": {"type": "string"},
    },
    "ETag": {"description": "The version of this representation, for If-Match.", "schema": {"type": "string"}},
    "Location": {"description": "The address of the resource.", "schema": {"type": "string", "format": "uri"}},
    "Idempotent-Replayed": {"description": "`true` on a stored answer.", "schema": {"type": "string"}},
    "Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}},
    "WWW-Authenticate": {"description": "How to authenticate.", "schema": {"type": "string"}},
    "Allow": {"description": "The methods of this address.", "schema": {"type": "string"}},
}
PROBLEM_SCHEMA: Schema = {
    "type": "object",
    "description": "A problem document (RFC 9457).",
    "required": ["type", "title", "status", "detail", "code", "request_id", "errors"],
    "properties": {
        "type": {
            "type": "string",
            "format": "uri-reference",
            "description": "The kind of problem; its page explains it.",
        },
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What is wrong here, and what would do; for people."},
        "code": {"type": "string", "description": "Stable, for programs."},
        "request_id": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["code", "detail"],
                "properties": {
                    "pointer": {"type": "string", "description": "A JSON pointer into the body."},
                    "parameter": {"type": "string", "description": "A query parameter."},
                    "header": {"type": "string", "description": "A header."},
                    "code": {"type": "string"},
                    "detail": {"type": "string"},
                },
            },
        },
    },
}


class KeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How an API key is described."""

    target_class = "foundation.accounts.authentication.KeyAuthentication"
    name = "apiKey"

    def get_security_definition(self, auto_schema: Any) -> Schema:
        """Return the bearer scheme."""
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "An API key, made under Organization → API keys: `Authorization: Bearer bh_live_...`.",
        }


class SessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How a browser's session is described."""

    target_class = "foundation.accounts.authentication.ActorSessionAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> Schema:
        """Return the cookie scheme."""
        return {
            "type": "apiKey",
            "in": "cookie",
            "name": "sessionid",
            "description": "A signed-in browser; changes need `X-CSRFToken` as well.",
        }


class Operation(AutoSchema):
    """Describes one operation, with the house's manners added."""

    def get_override_parameters(self) -> list[Any]:
        """Add the headers that the method takes."""
        parameters = list(super().get_override_parameters())
        action = _action(self.view)
        if self.method == "POST":
            required = action in getattr(self.view, "requires_idempotency_key", ())
            parameters.append(_required(IDEMPOTENCY_KEY) if required else IDEMPOTENCY_KEY)
            if action in getattr(self.view, "if_match_optional", ()):
                parameters.append(IF_MATCH)
        elif self.method in ("PUT", "PATCH", "DELETE"):
            optional = action in getattr(self.view, "if_match_optional", ())
            parameters.append(IF_MATCH if optional else _required(IF_MATCH))
        elif _shows_one(self.view):
            parameters.append(IF_NONE_MATCH)
        return parameters

    def get_operation(self, *args: Any, **kwargs: Any) -> Schema | None:
        """Add scope, response headers and problems to the operation."""
        operation: Schema | None = super().get_operation(*args, **kwargs)
        if operation is None or not hasattr(self.view, "required_scope"):
            return operation
        scope = self.view.required_scope()
        if getattr(self.view, "for_people_only", False):
            operation["security"] = [{SessionScheme.name: []}]
            _describe(operation, f"Needs the permission `{scope}`, which no key holds.")
        elif scope:
            _describe(operation, f"Needs the scope `{scope}`.")
            operation["x-required-scope"] = scope
        for status, response in operation["responses"].items():
            self._add_headers(str(status), response)
        statuses = [*COMMON_STATUSES, *STATUSES_BY_METHOD[self.method]]
        statuses += getattr(self.view, "refused_with", {}).get(_action(self.view), ())
        if "{" in self.path:
            statuses.append(404)
        if any(each["name"] == "If-Match" and each.get("required") for each in operation.get("parameters", [])):
            statuses.append(428)
        if self.method == "POST" and self._names_a_version(operation):
            statuses.append(412)
        for status in sorted(statuses):
            operation["responses"].setdefault(str(status), {"$ref": f"#/components/responses/Problem{status}"})
        if self.method == "GET" and _shows_one(self.view):
            operation["responses"]["304"] = {"description": "What you have is current.", "headers": _headers("ETag")}
        return operation

    def _names_a_version(self, operation: Schema) -> bool:
        """Say whether a request tells what it was made on, by If-Match or by a version in its body."""
        if any(each["name"] == "If-Match" for each in operation.get("parameters", [])):
            return True
        serializer = force_instance(self.get_request_serializer())  # type: ignore[no-untyped-call]
        return isinstance(serializer, StrictSerializer) and "version" in {
            name for name, field in serializer.fields.items() if not field.read_only
        }

    def _add_headers(self, status: str, response: Schema) -> None:
        names = ["X-Request-Id", "RateLimit-Policy", "RateLimit"]
        action = _action(self.view)
        if (
            action != "list"
            and self.method != "DELETE"
            and (hasattr(self.view, "represent") or _shows_one(self.view))
            and status in ("200", "201")
        ):
            names.append("ETag")
        if status == "201":
            names.append("Location")
        if self.method == "POST":
            names.append("Idempotent-Replayed")
        response.setdefault("headers", {}).update(_headers(*names))

    def _map_basic_serializer(self, serializer: Any, direction: str) -> Schema:
        schema: Schema = super()._map_basic_serializer(serializer, direction)  # type: ignore[no-untyped-call]
        if isinstance(serializer, StrictSerializer) and direction == "request":
            schema["additionalProperties"] = False
        always_shown = getattr(serializer, "always_shown", None)
        if always_shown is not None and direction == "response":
            schema["required"] = sorted(always_shown & schema["properties"].keys())
        return schema


def _action(view: Any) -> str | None:
    """Return the name of the action that is described; "" for a view that is not one of ours."""
    return view.action_name() if hasattr(view, "action_name") else ""


def _shows_one(view: Any) -> bool:
    """Say whether the action that is described reads one thing, with its ETag."""
    return _action(view) in getattr(view, "shows_one", ())


def _describe(operation: Schema, words: str) -> None:
    operation["description"] = f"{operation.get('description', '')}\n\n{words}".strip()


def _required(parameter: OpenApiParameter) -> OpenApiParameter:
    return OpenApiParameter(
        parameter.name, parameter.type, parameter.location, required=True, description=parameter.description
    )


def _headers(*names: str) -> Schema:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _problem_headers(status: int) -> Schema:
    extra = {
        401: ["WWW-Authenticate"],
        405: ["Allow"],
        409: ["Retry-After"],
        429: ["Retry-After"],
        503: ["Retry-After"],
    }
    return _headers("X-Request-Id", *extra.get(status, []))


def _problem_example(status: int) -> Schema:
    kind = KIND_BY_STATUS[status]
    return {
        "type": f"/api/v1/problems/{kind.name}",
        "title": kind.title,
        "status": status,
        "detail": kind.meaning,
        "code": kind.name,
        "request_id": "req_06hx2k4a8m0q3v5y7z9c1e2g3j",
        "errors": [],
    }


def add_components(result: Schema, generator: Any, request: Any, public: bool) -> Schema:
    """Add the problem documents and headers that the operations refer to (a postprocessing hook)."""
    components = result.setdefault("components", {})
    components.setdefault("schemas", {})["Problem"] = PROBLEM_SCHEMA
    components["headers"] = HEADERS
    components["responses"] = {
        f"Problem{kind.status}": {
            "description": f"{kind.title}. {kind.meaning}",
            "headers": _problem_headers(kind.status),
            "content": {
                CONTENT_TYPE: {
                    "schema": {"$ref": "#/components/schemas/Problem"},
                    "example": _problem_example(kind.status),
                }
            },
        }
        for kind in KINDS
    }
    return result


@cache
def schema() -> Schema:
    """Return the schema of the whole API; made once per process."""
    generator = SchemaGenerator()  # type: ignore[no-untyped-call]
    made: Schema = generator.get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    return made


def schema_json(indent: int | None = None) -> bytes:
    """Return the schema as it is served, or with an indent as it is committed."""
    separators = (",", ":") if indent is None else None
    text = json.dumps(schema(), indent=indent, separators=separators, ensure_ascii=False, default=str)
    return text.encode() + b"\n"
