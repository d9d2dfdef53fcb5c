"""What every answer carries: a request id, no-store on private data, and JSON for any crash under /api/."""

import logging
import re
from collections.abc import Awaitable, Callable

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.core.signals import got_request_exception
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.log import log_response

from foundation.rest.handlers import is_api, server_error
from foundation.rest.problems import Problem, plain_problem_response, problem_of
from foundation.trade.ids import new_id

Answer = HttpResponseBase | Awaitable[HttpResponseBase]

logger = logging.getLogger(__name__)

_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")
_KEY_IN_URL = re.compile(r"bh_(live|test)_", re.IGNORECASE)


def request_id_from(header: str | None) -> str:
    """Return the client's request id where it is one (1 to 64 letters, digits and `._:-`), else a fresh one."""
    return header if header and _REQUEST_ID.fullmatch(header) else new_id("req")


class RestMiddleware:
    """Gives each request its id, echoes it, keeps private data out of caches and keys out of addresses."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Answer]) -> None:
        """Remember what comes next, and whether it is to be awaited."""
        self.get_response = get_response
        self.is_async = iscoroutinefunction(get_response)
        if self.is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> Answer:
        """Handle one request, or hand out the coroutine that does."""
        if self.is_async:
            return self.answer(request)
        early = self.before(request)
        if early is None:
            early = self.get_response(request)  # type: ignore[assignment]
        assert isinstance(early, HttpResponseBase)
        return self.after(request, early)

    async def answer(self, request: HttpRequest) -> HttpResponseBase:
        """Handle one request under ASGI."""
        early = self.before(request)
        if early is None:
            early = await self.get_response(request)  # type: ignore[misc]
        return self.after(request, early)

    def before(self, request: HttpRequest) -> HttpResponseBase | None:
        """Give the request its id; refuse an API key in the address, where logs and histories keep it."""
        request.request_id = request_id_from(request.headers.get("X-Request-Id"))  # type: ignore[attr-defined]
        if is_api(request) and _KEY_IN_URL.search(request.get_full_path()):
            sentence = (
                "An API key stands in the URL, where logs keep it. Revoke that key, "
                "and send the new one in the header Authorization: Bearer."
            )
            return plain_problem_response(request, Problem(400, "key_in_url", sentence))
        return None

    def after(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Echo the id; whatever does not say how it may be cached is private."""
        response["X-Request-Id"] = request.request_id  # type: ignore[attr-defined]
        if not response.has_header("Cache-Control"):
            response["Cache-Control"] = "no-store"
        return response

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponseBase | None:
        """Answer a crash under /api/ as JSON, also with DEBUG on; the log and error reporters hear of it as usual."""
        if not is_api(request) or isinstance(error, DisallowedHost):
            return None
        problem = problem_of(error)
        if problem is not None:
            return plain_problem_response(request, problem)
        if settings.DEBUG_PROPAGATE_EXCEPTIONS:
            return None
        got_request_exception.send(sender=type(self), request=request)
        response = server_error(request)
        log_response(
            "%s: %s (request %s)",
            response.reason_phrase,
            request.path,
            request.request_id,  # type: ignore[attr-defined]
            response=response,
            request=request,
            exception=error,
            logger=logger,
        )
        return response
