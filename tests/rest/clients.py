"""Clients that call the API with a real key, and hold each answer against the committed schema."""

import json
import re
from collections.abc import Collection
from functools import cache
from pathlib import Path
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


@cache
def _documented() -> list[tuple[re.Pattern[str], dict[str, frozenset[int]]]]:
    """Return each address of the schema with the statuses that it names for each method, plain addresses first."""
    paths = json.loads((Path(__file__).parents[2] / "docs" / "openapi.json").read_text())["paths"]
    return [
        (
            re.compile(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(path))),
            {method.upper(): frozenset(map(int, each["responses"])) for method, each in paths[path].items()},
        )
        for path in sorted(paths, key=lambda path: path.count("{"))
    ]


def check_documented(method: str, path: str, status: int) -> None:
    """Fail where an address of ours answers with a status that its schema does not name."""
    for pattern, methods in _documented():
        if pattern.fullmatch(path):
            assert status in methods.get(method, (status,)), f"{method} {path} answers {status}, which no schema names."
            return


class ApiClient(Client):
    """A client with a key; bodies are JSON, and no answer may have a status that the schema does not name."""

    def __init__(self, organization: Organization, role: str = "owner", scopes: Collection[str] | None = None) -> None:
        super().__init__(headers={"Authorization": f"Bearer {key_for(organization, role, scopes)}"})

    def request(self, **request: Any) -> Any:
        """Send a request, and hold its answer's status against the schema."""
        answer = super().request(**request)
        check_documented(request["REQUEST_METHOD"], request["PATH_INFO"], answer.status_code)
        return answer

    def post(self, path: str, data: Any = None, **extra: Any) -> Any:
        """POST JSON."""
        return super().post(path, {} if data is None else data, content_type="application/json", **extra)

    def put(self, path: str, data: Any = None, *, etag: str | None = None, **extra: Any) -> Any:
        """PUT JSON, with If-Match where an ETag is given."""
        headers = {"If-Match": etag} if etag else {}
        return super().put(path, data, content_type="application/json", headers=headers, **extra)
