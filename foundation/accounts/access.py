"""Who may open a page, and whether all of it: decorators for HTML views; the API asks the actor itself."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from asgiref.sync import iscoroutinefunction
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django_htmx.http import HttpResponseClientRedirect

from foundation.accounts.actor import Actor
from foundation.trade.errors import NotFound

View = Callable[..., Any]


def actor_of(request: HttpRequest) -> Actor:
    """Return the actor of a request that passed `member_required`."""
    actor: Actor | None = getattr(request, "actor", None)
    if actor is None:
        raise NotFound
    return actor


def is_fragment(request: HttpRequest) -> bool:
    """Say whether htmx asks, for a part of a page; a browser that opens the address gets the whole page."""
    return bool(getattr(request, "htmx", False))


def _sent_elsewhere(request: HttpRequest) -> HttpResponseBase | None:
    """Return the way to sign-in or to organization set-up, or None for somebody who may go on."""
    if getattr(request, "actor", None) is not None:
        return None
    htmx = is_fragment(request)
    if request.user.is_authenticated:
        target = reverse("accounts:set_up")
    else:
        # A fragment's own address is no page to come back to; the page that asked for it is.
        back = request.htmx.current_url_abs_path if htmx else request.get_full_path()  # type: ignore[attr-defined]
        target = (
            f"{settings.LOGIN_URL}?{urlencode({'next': back or '/'})}"
            if _may_return(request, htmx)
            else settings.LOGIN_URL
        )
    return HttpResponseClientRedirect(target) if htmx else HttpResponseRedirect(target)


def _may_return(request: HttpRequest, htmx: bool) -> bool:
    """Say whether sign-in may lead back to where the request came from: only reads can be repeated."""
    return htmx or request.method in {"GET", "HEAD"}


def _guarded(view: View, check: Callable[[HttpRequest], HttpResponseBase | None]) -> View:
    if iscoroutinefunction(view):

        @wraps(view)
        async def guarded_async(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            response: HttpResponseBase = check(request) or await view(request, *args, **kwargs)
            return response

        return guarded_async

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response: HttpResponseBase = check(request) or view(request, *args, **kwargs)
        return response

    return guarded


def member_required(view: View) -> View:
    """Let in whoever is signed in and works for an organization; others go to sign-in or to organization set-up."""
    return _guarded(view, _sent_elsewhere)


def scope_required(scope: str) -> Callable[[View], View]:
    """Let in members who hold a scope; others are refused with a sentence that says who can give it."""

    def check(request: HttpRequest) -> HttpResponseBase | None:
        elsewhere = _sent_elsewhere(request)
        if elsewhere is None:
            actor_of(request).require(scope)
        return elsewhere

    def decorate(view: View) -> View:
        return _guarded(view, check)

    return decorate
