"""The fleet and its costs in the API: one's own alone."""

from datetime import UTC, date, datetime, timedelta

import pytest

from carriers.models import CostSetting, Truck
from foundation.trade import clock
from tests.builders import make_leg, make_trailer, make_truck
from tests.rest.clients import ApiClient

UNITS = {
    "trucks": ({"number": "7", "equipment": "V"}, {"number": "8", "equipment": "R"}),
    "trailers": ({"number": "T7", "equipment": "F"}, {"number": "T8", "equipment": "R"}),
    "drivers": ({"name": "Dana", "phone": "312 555 0142"}, {"name": "Dana W.", "hazmat_endorsed": True}),
    "home-bases": (
        {"name": "Yard", "place": {"zip": "60608"}},
        {"name": "Lot", "place": {"city": "Gary", "state": "IN"}},
    ),
}
USD = {"currency": "USD"}
COSTS = {
    "loaded_mile": {"amount": "2.31", **USD},
    "empty_mile": {"amount": "2.05", **USD},
    "hour": {"amount": "42.00", **USD},
}


@pytest.fixture
def api(carrier) -> ApiClient:
    return ApiClient(carrier)


@pytest.mark.parametrize("kind", UNITS)
def test_a_unit_is_added_edited_archived_and_restored(api, stranger, kind):
    first, second = UNITS[kind]
    url = f"/api/v1/{kind}"
    added = api.post(url, first)
    assert added.status_code == 201, added.content
    unit = added.json()
    one = f"{url}/{unit['id']}"
    assert added["Location"].endswith(one)
    assert api.get(url).json() == {"items": [unit], "next": None}
    assert api.put(one, second).status_code == 428
    edited = api.put(one, second, etag=unit["etag"])
    assert edited.status_code == 200, edited.content
    assert edited.json()["version"] == 2
    assert api.put(one, first, etag=unit["etag"]).status_code == 412
    same = api.put(one, edited.json(), etag=edited["ETag"])
    assert (same.status_code, same.json()) == (200, edited.json())
    assert api.post(f"{one}/archival").json()["archived_at"] is not None
    assert api.get(url).json()["items"] == []
    assert len(api.get(url, {"archived": "true"}).json()["items"]) == 1
    assert api.post(f"{one}/restoration").json()["archived_at"] is None
    outsider = ApiClient(stranger)
    assert outsider.get(one).status_code == 404
    assert outsider.post(f"{one}/archival").status_code == 404
    assert api.get(url, {"archived": "perhaps"}).status_code == 400


def test_a_truck_names_its_usual_units_and_keeps_them_when_sent_back(api, truck, carrier):
    trailer = make_trailer(carrier, number="T-1")
    one = f"/api/v1/trucks/{truck.public_id}"
    shown = api.get(one).json()
    assert (shown["usual_driver"]["name"], shown["home_base"]["name"]) == ("Ana Ruiz", "Home")
    with_trailer = api.put(one, {**shown, "usual_trailer": trailer.public_id}, etag=shown["etag"]).json()
    assert with_trailer["usual_trailer"] == {"id": trailer.public_id, "number": "T-1"}
    assert with_trailer["usual_driver"] == shown["usual_driver"]
    none = api.put(one, {**with_trailer, "usual_driver": None}, etag=with_trailer["etag"]).json()
    assert none["usual_driver"] is None
    foreign = make_truck().home_base.public_id
    response = api.put(one, {**none, "home_base": foreign}, etag=none["etag"])
    assert response.json()["errors"][0]["pointer"] == "/home_base"


def test_a_truck_is_upserted_by_its_own_number(api):
    url = "/api/v1/trucks/by-external-id/UNIT-7"
    assert (api.put(url, UNITS["trucks"][0]).status_code, Truck.objects.get().external_id) == (201, "UNIT-7")
    assert api.put(url, UNITS["trucks"][0])["Outcome"] == "unchanged"
    changed = api.put(url, UNITS["trucks"][1])
    assert changed["Outcome"] == "changed"
    assert api.put(url, UNITS["trucks"][0], etag='"x"').status_code == 412
    assert api.put(url, UNITS["trucks"][0], etag=changed["ETag"]).status_code == 200


def test_a_number_that_is_taken_is_a_conflict(api):
    api.post("/api/v1/trucks", UNITS["trucks"][0])
    assert api.post("/api/v1/trucks", UNITS["trucks"][0]).json()["code"] == "number_taken"


def test_a_truck_on_an_open_leg_is_not_archived(api, truck, carrier):
    make_leg(carrier, truck=truck)
    assert api.post(f"/api/v1/trucks/{truck.public_id}/archival").json()["code"] == "on_a_leg"


def test_bad_units_are_refused_at_their_fields(api):
    response = api.post("/api/v1/trucks", {"number": "", "equipment": "V", "weight_pounds": 10**12})
    assert response.status_code == 422
    assert {item["pointer"] for item in response.json()["errors"]} == {"/number", "/weight_pounds"}
    assert api.post("/api/v1/trucks", {"number": 7, "equipment": "V"}).status_code == 400
    assert api.post("/api/v1/trucks", {"number": "7", "equipment": "XX"}).status_code == 422


def test_a_viewer_reads_the_fleet_and_changes_nothing(carrier, truck):
    viewer = ApiClient(carrier, role="viewer")
    assert viewer.get(f"/api/v1/trucks/{truck.public_id}").status_code == 200
    assert viewer.post("/api/v1/trucks", UNITS["trucks"][0]).status_code == 403


def test_costs_are_set_shown_and_removed_by_day(api):
    assert api.get("/api/v1/costs/current").json()["is_default"] is True
    url = "/api/v1/costs/2026-01-01"
    made = api.put(url, COSTS)
    assert made.status_code == 200, made.content
    assert made.json()["loaded_mile"] == {"amount": "2.31", "currency": "USD"}
    assert api.get("/api/v1/costs/current").json()["source"] == "own figures"
    assert len(api.get("/api/v1/costs").json()["items"]) == 1
    assert api.put(url, COSTS, etag='"x"').status_code == 412
    assert api.delete(url).status_code == 428
    assert api.delete(url, headers={"If-Match": made["ETag"]}).status_code == 204
    assert api.get(url).status_code == 404
    assert CostSetting.objects.count() == 0


def test_the_costs_in_force_begin_with_the_offices_own_day(carrier, api, monkeypatch):
    CostSetting.objects.create(
        organization=carrier,
        valid_from=date(2026, 12, 2),
        loaded_cents_per_mile=231,
        empty_cents_per_mile=205,
        hour_cents=42_00,
    )
    evening = datetime(2026, 12, 2, 5, 59, tzinfo=UTC)  # 23:59 of the day before in Chicago
    for instant, is_default in ((evening, True), (evening + timedelta(minutes=1), False)):
        monkeypatch.setattr(clock, "now", lambda instant=instant: instant)
        assert api.get("/api/v1/costs/current").json()["is_default"] is is_default


def test_bad_costs_are_refused(api):
    response = api.put("/api/v1/costs/2026-01-01", {**COSTS, "empty_mile": {"amount": "99.00", "currency": "USD"}})
    assert response.json()["errors"][0]["pointer"] == "/empty_mile"
    assert api.put("/api/v1/costs/yesterday", COSTS).status_code == 404
    assert api.put("/api/v1/costs/1066-01-01", COSTS).status_code == 422


@pytest.mark.parametrize("role", ["dispatcher", "viewer"])
def test_costs_are_for_owners_only(carrier, api, role):
    api.put("/api/v1/costs/2026-01-01", COSTS)
    client = ApiClient(carrier, role=role)
    for path in ("/api/v1/costs", "/api/v1/costs/current", "/api/v1/costs/2026-01-01"):
        assert client.get(path).status_code == 403
