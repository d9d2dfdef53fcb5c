"""Relationships over REST: both sides read what stands and which decisions are kept; who blocks stays unsaid."""

from typing import Any

import pytest

from foundation.accounts.models import Decision, Organization, RelationshipKind
from foundation.accounts.services import end_relationship
from tests.builders import make_actor, make_organization, make_relationship
from tests.rest.clients import ApiClient

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("empty_cache")]
URL = "/api/v1/relationships"


def _items(organization: Organization, query: str = "") -> list[dict[str, Any]]:
    answer = ApiClient(organization).get(URL + query)
    assert answer.status_code == 200, answer.content
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


def test_a_broker_reads_for_whom_it_acts_and_which_decisions_are_kept() -> None:
    carrier, broker = make_organization("Ruiz Trucking", hauls=True), make_organization("Lakeside", brokers=True)
    row = make_relationship(carrier, broker, RelationshipKind.REPRESENTS, keeps=[Decision.CLAIMS])
    for reader, gives in ((carrier, True), (broker, False)):
        (found,) = _items(reader)
        assert (found["id"], found["kind"], found["keeps"]) == (row.public_id, "represents", ["claims"])
        assert (found["giver"]["name"], found["taker"]["name"]) == ("Ruiz Trucking", "Lakeside")
        assert (found["is_yours_to_give"], found["valid_until"]) == (gives, None)
        one = ApiClient(reader).get(f"{URL}/{row.public_id}")
        assert (one.json(), one["ETag"]) == (found, found["etag"])
    end_relationship(actor=make_actor(carrier), relationship_id=row.public_id)
    assert _items(broker) == []
    assert ApiClient(broker).get(f"{URL}/{row.public_id}").status_code == 404


def test_who_is_blocked_is_not_told_and_strangers_find_nothing() -> None:
    shipper, carrier = make_organization("Prairie Paper", ships=True), make_organization("Ruiz Trucking", hauls=True)
    row = make_relationship(shipper, carrier, RelationshipKind.BLOCKED)
    assert [each["kind"] for each in _items(shipper, "?kind=blocked")] == ["blocked"]
    assert _items(shipper, "?kind=partner") == []
    for other in (carrier, make_organization("Stranger")):
        assert _items(other) == []
        assert ApiClient(other).get(f"{URL}/{row.public_id}").status_code == 404
    assert ApiClient(shipper).get(f"{URL}?kind=nonsense").status_code == 400
    assert ApiClient(shipper, scopes=["loads:read"]).get(URL).status_code == 403
