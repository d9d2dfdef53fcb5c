"""Answers to what no view answers: unknown addresses and crashes, as problem documents under /api/."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views import defaults
from django.views.decorators.csrf import csrf_exempt

from foundation.rest.kinds import KIND_BY_STATUS
from foundation.rest.problems import Problem, plain_problem_response

API_PREFIX = "/api/"


def is_api(request: HttpRequest) -> bool:
    """Say whether the request is for the API, where every answer is JSON."""
    return request.path.startswith(API_PREFIX)


def _problem(request: HttpRequest, status: int) -> HttpResponse:
    kind = KIND_BY_STATUS[status]
    return plain_problem_response(request, Problem(status, kind.name, kind.meaning))


@csrf_exempt
def unknown_address(request: HttpRequest, *_args: Any, **_kwargs: Any) -> HttpResponse:
    """Answer any address under /api/ that no route knows: 404, also with DEBUG on."""
    return plain_problem_response(
        request, Problem(404, "not_found", "The API has no such address. /api/v1/openapi.json lists all of them.")
    )


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 400 (`handler400` of the URL configuration)."""
    return _problem(request, 400) if is_api(request) else defaults.bad_request(request, exception)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 403 (`handler403` of the URL configuration)."""
    return _problem(request, 403) if is_api(request) else defaults.permission_denied(request, exception)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 404 (`handler404` of the URL configuration)."""
    return _problem(request, 404) if is_api(request) else defaults.page_not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer 500 (`handler500` of the URL configuration)."""
    return _problem(request, 500) if is_api(request) else defaults.server_error(request)
