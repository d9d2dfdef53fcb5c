"""Who asks, on every request; and what a page says when a service refuses."""

import logging
from collections.abc import Callable
from typing import Any

from django.db import DataError
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.deprecation import MiddlewareMixin

from foundation.accounts.actor import SCOPES_BY_ROLE, Actor
from foundation.accounts.models import Membership, Person
from foundation.accounts.queries import organizations_of
from foundation.trade.errors import Conflict, Forbidden, Invalid, NotFound, Stale, TradeError

logger = logging.getLogger(__name__)

SESSION_KEY = "organization"  # the public id of the organization that the person works for at the moment

# Pages whose forms mean the person, or name their organization themselves; and the API, which has no tabs.
_ANY_ORGANIZATION = ("/accounts/", "/api/", "/organization/switch/", "/organization/new/", "/organization/invitations/")
_SWITCHED = (
    "In another tab you switched to {name}, and this form was opened for another organization. Nothing was saved. "
    "Switch back, or go on from your start page."
)

_UNREADABLE = (
    "What was sent holds something that cannot be stored, such as a character that nobody can see. Nothing was saved. "
    "Check the address, or go back and type it anew."
)

_STATUS: tuple[tuple[type[TradeError], int, str], ...] = (
    (NotFound, 404, "Not found"),
    (Forbidden, 403, "Not allowed"),
    (Stale, 412, "Changed meanwhile"),
    (Conflict, 409, "This has moved on"),
    (Invalid, 422, "Please check what you entered"),
)


def actor_for(membership: Membership, person: Person, *, email_confirmed: bool) -> Actor:
    """Return the actor that a membership makes of a person."""
    return Actor(
        organization=membership.organization,
        scopes=SCOPES_BY_ROLE[membership.role],
        person=person,
        role=membership.role,
        email_confirmed=email_confirmed,
    )


class ActorMiddleware(MiddlewareMixin):
    """Sets `request.actor` (None for a stranger) and `request.memberships` from the session, with one query.

    The API's authentication classes set `request.actor` for keys.
    """

    def process_request(self, request: HttpRequest) -> None:
        """Find the membership that the session works under; the first one when it names none that still holds."""
        request.actor = None  # type: ignore[attr-defined]
        request.memberships = []  # type: ignore[attr-defined]
        if not request.user.is_authenticated:
            return
        memberships = organizations_of(request.user)
        request.memberships = memberships  # type: ignore[attr-defined]
        if not memberships:
            return
        chosen = request.session.get(SESSION_KEY)
        membership = next((each for each in memberships if each.organization.public_id == chosen), memberships[0])
        request.actor = actor_for(  # type: ignore[attr-defined]
            membership,
            request.user,
            email_confirmed=membership.email_confirmed,  # type: ignore[attr-defined]
        )

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponseBase], args: Any, kwargs: Any
    ) -> HttpResponse | None:
        """Stop a form of a tab that still shows another organization than the one the person has switched to."""
        actor = request.actor  # type: ignore[attr-defined]
        if actor is None or request.method != "POST" or request.path.startswith(_ANY_ORGANIZATION):
            return None
        seen = request.headers.get("X-Organization") or request.POST.get("_organization")
        if not seen or seen == actor.organization.public_id:
            return None
        return self.process_exception(request, Conflict("switched", _SWITCHED.format(name=actor.organization.name)))

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Render a service's refusal as a page (a fragment for htmx) with its status; other exceptions go on.

        What the database cannot store (a null character in an address, a number beyond any column) is a refusal too.
        """
        if isinstance(exception, DataError) and not request.path.startswith("/api/"):
            logger.warning(
                "%s: %s", request.path, exception
            )  # a length that we should have checked looks like this too
            exception = TradeError("unreadable", _UNREADABLE)
        if not isinstance(exception, TradeError):
            return None
        status, title = next(
            ((status, title) for kind, status, title in _STATUS if isinstance(exception, kind)), (400, "Not possible")
        )
        template = "_refusal.html" if getattr(request, "htmx", False) else "refusal.html"
        return render(
            request, template, {"title": title, "sentence": exception.sentence, "status": status}, status=status
        )
