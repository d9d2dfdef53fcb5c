"""Django's request handler for an ASGI server, with each request in one thread from its first middleware to its last.

Django's own goes back and forth between the event loop and that thread for every middleware, a dozen times a request,
and each time another thread may be in the way. All of our middleware and views are for a thread; live streams are
carried beside this handler and need none.
"""

from typing import Any

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIHandler


class ThreadHandler(ASGIHandler):
    """An ASGI handler whose middleware and views run in the request's own thread."""

    def load_middleware(self, is_async: bool = False) -> None:
        """Load the middleware as for a server of threads, whatever is asked for."""
        super().load_middleware(is_async=False)

    async def get_response_async(self, request: Any) -> Any:
        """Return the answer, made in the request's thread."""
        return await sync_to_async(self.get_response, thread_sensitive=True)(request)
