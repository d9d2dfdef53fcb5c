"""Who asks, as far as REST must know: an organization with a public id, and scopes. Accounts fills it in."""

from typing import Any, Protocol

from rest_framework.exceptions import NotAuthenticated
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from foundation.trade.errors import Forbidden


class AskingOrganization(Protocol):
    """An organization: opaque to REST but for its public id."""

    public_id: Any


class AskingActor(Protocol):
    """A person or a key that acts for an organization."""

    @property
    def organization(self) -> AskingOrganization:
        """The organization that asks."""

    @property
    def label(self) -> str:
        """The public id of the person or key."""

    def may(self, scope: str) -> bool:
        """Say whether a scope is held."""


def actor_of(request: Any) -> Any:
    """Return the request's actor. Raises a 401 where there is none, a 403 for a person without an organization."""
    actor = getattr(request, "actor", None)
    if actor is not None:
        return actor
    user = getattr(request, "user", None)
    if user is not None and user.is_authenticated:
        raise Forbidden("no_organization", "You belong to no organization yet. Set one up, or accept an invitation.")
    raise NotAuthenticated("Send an API key as Authorization: Bearer bh_live_..., or sign in.")


class Scoped(BasePermission):
    """Admits an actor that holds the scope which the view names for its action."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """Say yes, or raise the refusal that says what is missing and who can give it."""
        actor = actor_of(request)
        scope = view.required_scope()
        if scope and not actor.may(scope):
            raise Forbidden(
                "missing_scope", f"This needs the scope {scope}. An owner of {actor.organization} can give it."
            )
        return True
