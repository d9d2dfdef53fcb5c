"""A shipper's own system: posts loads over REST to a web server that may be away."""

from datetime import datetime, timedelta
from typing import Any

import requests

from foundation.accounts.models import Organization
from tests.builders import now
from tests.rest.clients import key_for


def load_body(
    pickup: str = "60601",
    delivery: str = "75201",
    *,
    dollars: int = 2400,
    opens_at: datetime | None = None,
    **rest: Any,
) -> dict[str, Any]:
    """Return a van load from tomorrow on, to be delivered two days after its pickup opens."""
    first = opens_at or now() + timedelta(days=1)
    stops = [
        {
            "kind": kind,
            "place": {"zip": place},
            "opens_at": (first + timedelta(days=days)).isoformat(),
            "closes_at": (first + timedelta(days=days, hours=8)).isoformat(),
        }
        for kind, place, days in (("pickup", pickup, 0), ("delivery", delivery, 2))
    ]
    terms = {"equipment": "V", "weight_pounds": 38_000, "commodity": "Paper products", "stops": stops}
    return {**terms, "rate": {"amount": f"{dollars}.00", "currency": "USD"}, **rest}


class Tms:
    """The system of one organization, with a key of its own unless one is given."""

    def __init__(self, url: str, organization: Organization, *, key: str = "") -> None:
        self._url = f"{url}/api/v1"
        self._session = requests.Session()
        self._session.headers["Authorization"] = f"Bearer {key or key_for(organization)}"

    def get(self, path: str) -> dict[str, Any]:
        """GET what must be there."""
        answer = self._session.get(f"{self._url}{path}", timeout=60)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def send(self, path: str, body: Any = None, *, key: str = "", seconds: float = 10) -> requests.Response:
        """POST, with an Idempotency-Key where one is given; raises `requests.RequestException` when nobody answers."""
        headers = {"Idempotency-Key": key} if key else {}
        return self._session.post(f"{self._url}{path}", json=body or {}, headers=headers, timeout=seconds)

    def post_load(self, **fields: Any) -> str:
        """Post a load and return its id."""
        answer = self.send("/loads", load_body(**fields))
        assert answer.status_code == 201, answer.text
        found: str = answer.json()["id"]
        return found
