"""Return legs in the API: the life of a leg, with a headhaul and without, and who sees which field."""

from datetime import timedelta
from typing import Any

import pytest

from carriers.models import ReturnLeg, Trip
from carriers.visibility import LEG_FIELDS, Viewer
from tests.builders import make_leg, make_organization, make_truck, now
from tests.rest.clients import ApiClient

URL = "/api/v1/legs"


@pytest.fixture
def api(carrier) -> ApiClient:
    return ApiClient(carrier)


def body(truck, **fields: Any) -> dict[str, Any]:
    """Return a leg to post: empty in Chicago tomorrow, home within three days."""
    ready = now() + timedelta(days=1)
    return {
        "truck": truck.public_id,
        "empty": {"zip": "60601"},
        "ready_at": ready.isoformat(),
        "home_by": (ready + timedelta(days=3)).isoformat(),
        **fields,
    }


def pointers(response) -> dict[str, str]:
    return {item["pointer"]: item["code"] for item in response.json()["errors"]}


def test_a_leg_is_posted_with_what_is_usual_for_its_truck(api, truck):
    posted = api.post(URL, body(truck, external_id="R-1", drive_minutes_left=420))
    assert posted.status_code == 201, posted.content
    leg = posted.json()
    assert leg["id"].startswith("leg_")
    assert leg["truck"] == {"id": truck.public_id, "number": "12"}
    assert leg["driver"]["name"] == "Ana Ruiz"
    assert leg["home"]["base"]["name"] == "Home"
    assert (leg["empty"]["city"], leg["home"]["zip"], leg["drive_minutes_left"]) == ("Chicago", "75201", 420)
    assert posted["Location"].endswith(f"{URL}/{leg['id']}")
    assert api.get(URL).json()["items"] == [leg]


def test_what_was_read_may_be_sent_back_and_changes_nothing(api, truck):
    leg = api.post(URL, body(truck, notes="Call first")).json()
    again = api.put(f"{URL}/{leg['id']}", leg, etag=leg["etag"])
    assert again.status_code == 200, again.content
    assert (again.json()["version"], again.json()["home"], again.json()["notes"]) == (1, leg["home"], "Call first")


def test_home_is_a_place_or_a_base_of_ones_own(api, truck, carrier):
    elsewhere = api.post(URL, body(truck, home={"city": "Austin", "state": "TX"}, draft=True)).json()
    assert (elsewhere["home"]["city"], elsewhere["home"]["base"]) == ("Austin", None)
    base = truck.home_base.public_id
    at_base = api.post(URL, body(truck, home={"base": base}, draft=True)).json()
    assert at_base["home"]["base"]["id"] == base
    foreign = make_truck().home_base.public_id
    assert pointers(api.post(URL, body(truck, home={"base": foreign}))) == {"/home/base": "not_found"}
    assert api.post(URL, body(truck, home={"base": "house"})).status_code == 400


def test_null_takes_the_usual_driver_off(api, truck):
    assert api.post(URL, body(truck, driver=None)).json()["driver"] is None


def test_a_headhaul_comes_with_its_leg(api, truck):
    trip = {"from": {"zip": "75201"}, "departs_at": (now() - timedelta(days=1)).isoformat(), "reference": "5512"}
    leg = api.post(URL, body(truck, trip=trip)).json()
    assert (leg["trip"]["from"]["city"], leg["trip"]["to"]["city"], leg["trip"]["reference"]) == (
        "Dallas", "Chicago", "5512",
    )  # fmt: skip
    assert Trip.objects.count() == 1
    late = {**trip, "departs_at": (now() + timedelta(days=2)).isoformat()}
    assert pointers(api.post(URL, body(make_truck(truck.organization), trip=late))) == {
        "/trip/departs_at": "after_empty"
    }


def test_a_truck_is_on_one_leg_at_a_time(api, truck):
    assert api.post(URL, body(truck)).status_code == 201
    second = api.post(URL, body(truck))
    assert second.status_code == 409
    assert second.json()["code"] == "truck_has_one_leg_at_a_time"


def test_bad_terms_are_refused_at_their_fields(api, truck):
    late = (now() + timedelta(hours=25)).isoformat()
    assert pointers(api.post(URL, body(truck, home_by=late))) == {"/home_by": "out_of_reach"}
    response = api.post(URL, body(truck, drive_minutes_left=700, max_pickup_deadhead_miles=9_999))
    assert pointers(response) == {
        "/drive_minutes_left": "beyond_the_legal_maximum",
        "/max_pickup_deadhead_miles": "out_of_range",
    }
    assert api.post(URL, body(truck, ready_at="2026-12-01T08:00")).status_code == 400
    assert pointers(api.post(URL, body(make_truck()))) == {"/truck": "not_found"}


def test_a_leg_is_edited_withdrawn_opened_and_confirmed(api, truck):
    leg = api.post(URL, body(truck, draft=True)).json()
    url = f"{URL}/{leg['id']}"
    assert api.put(url, body(truck)).status_code == 428
    edited = api.put(url, body(truck, max_home_deadhead_miles=50), etag=leg["etag"])
    assert edited.json()["max_home_deadhead_miles"] == 50
    assert api.put(url, body(truck), etag=leg["etag"]).status_code == 412
    assert api.post(f"{url}/opening").json()["status"] == "open"
    assert api.post(f"{url}/confirmation").status_code == 200
    assert api.post(f"{url}/withdrawal").json()["status"] == "withdrawn"
    assert api.post(f"{url}/withdrawal").status_code == 409


def test_a_tms_upserts_by_its_own_number_and_in_bulk(api, truck, carrier):
    url = f"{URL}/by-external-id/R-1"
    first = body(truck)
    assert api.put(url, first)["Outcome"] == "created"
    assert api.put(url, first)["Outcome"] == "unchanged"
    assert api.put(url, {**first, "pallets": 10})["Outcome"] == "changed"
    items = [{**first, "external_id": "R-1"}, body(make_truck(carrier)), body(make_truck())]
    results = api.post(f"{URL}/bulk", {"items": items}).json()["items"]
    assert [each["status"] for each in results] == [200, 201, 422]
    assert ReturnLeg.objects.count() == 2


def test_who_sees_which_field(carrier, broker, stranger, truck):
    leg = make_leg(carrier, truck=truck, private_notes="secret words", reference="PO 7")
    expected = {
        ApiClient(carrier): Viewer.OWNER,
        ApiClient(carrier, role="viewer"): Viewer.OWNER,
        ApiClient(broker): Viewer.REPRESENTATIVE,
        ApiClient(stranger): Viewer.MARKET,
    }
    for client, viewer in expected.items():
        response = client.get(f"{URL}/{leg.public_id}")
        assert set(response.json()) == LEG_FIELDS[viewer] | {"etag"}
        hidden = ["secret words", "PO 7", "75201", "Ana Ruiz", truck.public_id]
        for word in hidden:
            assert (word in response.content.decode()) == (viewer is Viewer.OWNER)
    assert ApiClient(make_organization(verified=False)).get(f"{URL}/{leg.public_id}").status_code == 404


def test_the_market_is_listed_and_not_narrowed_by_what_only_owners_see(carrier, stranger, truck):
    leg = make_leg(carrier, truck=truck)
    client = ApiClient(stranger)
    assert [item["id"] for item in client.get(URL, {"scope": "market"}).json()["items"]] == [leg.public_id]
    assert client.get(URL).json()["items"] == []
    for name in ("truck", "status", "external_id", "reference", "updated_after"):
        assert client.get(URL, {"scope": "market", name: "open"}).status_code == 400
    found = {
        "near": ["41.9,-87.6,30", "32.8,-96.8,30"],
        "home_state": ["tx", "il"],
        "equipment": ["V,R", "F"],
        "ready_until": [(now() + timedelta(days=2)).isoformat(), now().isoformat()],
    }
    for name, (good, other) in found.items():
        assert len(client.get(URL, {"scope": "market", name: good}).json()["items"]) == 1
        assert client.get(URL, {"scope": "market", name: other}).json()["items"] == []


def test_others_cannot_change_it(stranger, carrier, truck):
    leg = make_leg(carrier, truck=truck)
    client = ApiClient(stranger)
    for action in ("withdrawal", "opening", "confirmation"):
        assert client.post(f"{URL}/{leg.public_id}/{action}").status_code == 404
    assert client.put(f"{URL}/{leg.public_id}", body(truck), etag="*").status_code == 404
