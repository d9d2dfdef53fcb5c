"""Clients that call the API with a real key."""

from collections.abc import Collection
from typing import Any

from django.test import Client

from foundation.accounts.actor import KEY_SCOPES, SCOPES_BY_ROLE
from foundation.accounts.models import Organization
from foundation.accounts.services.keys import create_key
from foundation.trade.ids import new_id
from tests.builders import make_actor


def key_for(organization: Organization, role: str = "owner", scopes: Collection[str] | None = None) -> str:
    """Return the text of a fresh key, made by an owner who then has the given role."""
    actor = make_actor(organization)
    wanted = KEY_SCOPES if scopes is None else scopes
    _, text = create_key(actor=actor, name=new_id("n"), scopes=wanted)
    if role != "owner":
        assert SCOPES_BY_ROLE[role] is not None
        actor.person.memberships.update(role=role)
    return text


class ApiClient(Client):
    """A client with a key; bodies are JSON."""

    def __init__(self, organization: Organization, role: str = "owner", scopes: Collection[str] | None = None) -> None:
        super().__init__(headers={"Authorization": f"Bearer {key_for(organization, role, scopes)}"})

    def post(self, path: str, data: Any = None, **extra: Any) -> Any:
        """POST JSON."""
        return super().post(path, {} if data is None else data, content_type="application/json", **extra)

    def put(self, path: str, data: Any = None, *, etag: str | None = None, **extra: Any) -> Any:
        """PUT JSON, with If-Match where an ETag is given."""
        headers = {"If-Match": etag} if etag else {}
        return super().put(path, data, content_type="application/json", headers=headers, **extra)
