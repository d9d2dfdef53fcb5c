"""The documentation of the API: the schema, two readers for it, and what each kind of problem means."""

import hashlib

from csp.decorators import csp_update
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotModified, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from foundation.rest.etags import is_unchanged
from foundation.rest.kinds import KINDS, Kind
from foundation.rest.schema import schema_json


@require_safe
def openapi(request: HttpRequest) -> HttpResponse:
    """Serve the OpenAPI schema; it is public."""
    body = schema_json()
    etag = f'"{hashlib.sha256(body).hexdigest()[:24]}"'
    response: HttpResponse
    if is_unchanged(request.headers.get("If-None-Match"), etag):
        response = HttpResponseNotModified()
    else:
        response = HttpResponse(body, content_type="application/json")
    response["ETag"] = etag
    response["Cache-Control"] = "public, max-age=300"
    return response


@require_safe
@csp_update({"style-src": ["'self'", "'unsafe-inline'"], "img-src": ["'self'", "data:"]})
def swagger(request: HttpRequest) -> HttpResponse:
    """Show the schema in Swagger UI, where requests can be tried."""
    return render(request, "rest/swagger.html")


@require_safe
@csp_update(
    {"style-src": ["'self'", "'unsafe-inline'"], "img-src": ["'self'", "data:"], "worker-src": ["'self'", "blob:"]}
)
def redoc(request: HttpRequest) -> HttpResponse:
    """Show the schema in Redoc, for reading."""
    return render(request, "rest/redoc.html")


def _described(kind: Kind) -> dict[str, object]:
    return {
        "type": f"/api/v1/problems/{kind.name}",
        "status": kind.status,
        "title": kind.title,
        "meaning": kind.meaning,
    }


@require_safe
def problems(request: HttpRequest) -> HttpResponse:
    """List the kinds of problems."""
    return JsonResponse({"items": [_described(kind) for kind in KINDS], "next": None})


@require_safe
def problem(request: HttpRequest, name: str) -> HttpResponse:
    """Explain one kind of problem: what its `type` leads to."""
    for kind in KINDS:
        if kind.name == name:
            return JsonResponse(_described(kind))
    raise Http404
