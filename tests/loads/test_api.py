"""Loads in the API: the life of a load, other people's loads, field by field."""

from datetime import timedelta
from typing import Any

import pytest

from foundation.trade.windows import local
from loads.models import Load
from loads.visibility import LOAD_FIELDS, STOP_FIELDS, Viewer
from tests.builders import make_load, make_organization, now
from tests.rest.clients import ApiClient

URL = "/api/v1/loads"


def body(**fields: Any) -> dict[str, Any]:
    """Return a load to post: Chicago tomorrow, Dallas three days later."""
    first = now() + timedelta(days=1)
    window = [(first + timedelta(days=day), first + timedelta(days=day, hours=8)) for day in (0, 3)]
    stops = [
        {"kind": kind, "place": place, "opens_at": opens.isoformat(), "closes_at": closes.isoformat()}
        for (kind, place), (opens, closes) in zip(
            [("pickup", {"zip": "60601"}), ("delivery", {"city": "Dallas", "state": "TX"})], window, strict=True
        )
    ]
    defaults = {
        "equipment": "V",
        "weight_pounds": 38_000,
        "commodity": "Paper products",
        "rate": {"amount": "2400.00", "currency": "USD"},
        "stops": stops,
    }
    return {**defaults, **fields}


@pytest.fixture
def api(shipper) -> ApiClient:
    return ApiClient(shipper)


def pointers(response) -> dict[str, str]:
    return {item["pointer"]: item["code"] for item in response.json()["errors"]}


def test_a_load_is_posted_shown_and_listed(api, shipper):
    posted = api.post(URL, body(external_id="TMS-1", attributes=["tarps"], reference="PO 7"))
    assert posted.status_code == 201, posted.content
    load = posted.json()
    assert load["id"].startswith("load_")
    assert (load["status"], load["version"], load["attributes"]) == ("open", 1, ["tarps"])
    assert load["rate"] == {"amount": "2400.00", "currency": "USD"}
    assert posted["Location"].endswith(f"{URL}/{load['id']}")
    shown = api.get(f"{URL}/{load['id']}")
    assert shown.json() == load
    assert shown["ETag"] == posted["ETag"] == load["etag"]
    assert api.get(URL).json() == {"items": [load], "next": None}


def test_a_stop_carries_utc_local_wall_time_and_zone(api):
    load = api.post(URL, body()).json()
    stop, stored = load["stops"][0], Load.objects.get().stops.first()
    assert stop["time_zone"] == "America/Chicago"
    assert stop["opens_at"] == stored.opens_at.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert stop["opens_at_local"] == local(stored.opens_at, "America/Chicago").strftime("%Y-%m-%dT%H:%M")
    assert stop["place"] == {"city": "Chicago", "state": "IL", "zip": "60601", "zip3": "606"}
    assert load["stops"][1]["place"]["city"] == "Dallas"


def test_what_was_read_may_be_sent_back_and_changes_nothing(api):
    load = api.post(URL, body(external_id="TMS-1")).json()
    again = api.put(f"{URL}/{load['id']}", load, etag=load["etag"])
    assert again.status_code == 200, again.content
    assert again.json()["version"] == 1
    assert {name: value for name, value in again.json().items() if name not in ("confirmed_at", "etag")} == {
        name: value for name, value in load.items() if name not in ("confirmed_at", "etag")
    }


def test_an_edit_needs_the_etag_that_was_read(api):
    load = api.post(URL, body()).json()
    url = f"{URL}/{load['id']}"
    assert api.put(url, body(weight_pounds=30_000)).status_code == 428
    changed = api.put(url, body(weight_pounds=30_000), etag=load["etag"])
    assert changed.status_code == 200
    assert (changed.json()["weight_pounds"], changed.json()["version"]) == (30_000, 2)
    assert api.put(url, body(weight_pounds=20_000), etag=load["etag"]).status_code == 412
    assert Load.objects.get().weight_pounds == 30_000


def test_bad_terms_are_422_at_their_fields(api):
    stops = body()["stops"]
    stops[1]["closes_at"] = stops[1]["opens_at"]
    response = api.post(URL, body(weight_pounds=200_000, stops=stops, tonu={"amount": "99999.00", "currency": "USD"}))
    assert response.status_code == 422
    assert pointers(response) == {
        "/weight_pounds": "too_heavy",
        "/stops/1/closes_at": "closes_before_it_opens",
        "/tonu": "out_of_range",
    }


def test_a_zip_that_does_not_exist_is_422_at_its_place(api):
    stops = body()["stops"]
    stops[0]["place"] = {"zip": "00000"}
    response = api.post(URL, body(stops=stops))
    assert response.status_code == 422
    assert pointers(response) == {"/stops/0/place": "place_not_found"}


@pytest.mark.parametrize(
    "place",
    ["60601", {}, {"zip": 60601}, {"city": "Dallas"}, {"lat": "1", "lon": 2}, {"zip": "60601", "street": "x"}, None],
)
def test_a_place_that_does_not_read_is_400(api, place):
    stops = body()["stops"]
    stops[0]["place"] = place
    assert api.post(URL, body(stops=stops)).status_code == 400


def test_a_zip_of_another_state_than_said_is_refused(api):
    stops = body()["stops"]
    stops[0]["place"] = {"zip": "60601", "city": "Dallas", "state": "TX"}
    assert pointers(api.post(URL, body(stops=stops))) == {"/stops/0/place": "contradiction"}


def test_a_naive_time_and_a_float_rate_are_400(api):
    stops = body()["stops"]
    stops[0]["opens_at"] = "2026-12-01T08:00:00"
    response = api.post(URL, body(stops=stops, rate={"amount": 2400.0, "currency": "USD"}))
    assert response.status_code == 400
    assert pointers(response) == {"/stops/0/opens_at": "no_time_zone", "/rate": "amount_not_text"}


def test_a_draft_is_opened_confirmed_and_withdrawn(api):
    load = api.post(URL, body(draft=True)).json()
    url = f"{URL}/{load['id']}"
    assert (load["status"], load["opened_at"]) == ("draft", None)
    assert api.post(f"{url}/confirmation").status_code == 409
    assert api.post(f"{url}/opening").json()["status"] == "open"
    assert api.post(f"{url}/opening").status_code == 409
    assert api.post(f"{url}/confirmation").status_code == 200
    withdrawn = api.post(f"{url}/withdrawal")
    assert withdrawn.json()["status"] == "withdrawn"
    assert api.post(f"{url}/withdrawal").status_code == 409
    assert api.post(f"{url}/opening", headers={"If-Match": load["etag"]}).status_code == 412
    assert api.post(f"{url}/opening", headers={"If-Match": withdrawn["ETag"]}).status_code == 200
    assert api.post(f"{url}/withdrawal", {"why": "x"}).status_code == 400


def test_a_tms_upserts_by_its_own_number(api):
    url = f"{URL}/by-external-id/TMS/88 213"
    made = api.put(url, body())
    assert (made.status_code, made["Outcome"]) == (201, "created")
    assert made.json()["external_id"] == "TMS/88 213"
    same = api.put(url, body(stops=made.json()["stops"]))
    assert (same.status_code, same["Outcome"]) == (200, "unchanged")
    changed = api.put(url, body(stops=made.json()["stops"], weight_pounds=1_000))
    assert (changed.status_code, changed["Outcome"]) == (200, "changed")
    assert api.put(url, body(), etag=made["ETag"]).status_code == 412
    assert api.put(url, body(), etag=changed["ETag"]).status_code == 200
    assert api.put(f"{URL}/by-external-id/new", body(), etag=changed["ETag"]).status_code == 412
    assert api.put(f"{URL}/by-external-id/{'x' * 65}", body()).status_code == 422
    assert Load.objects.count() == 1


def test_bulk_answers_item_by_item(api):
    make = api.post(URL, body(external_id="A")).json()
    items = [body(external_id="A", stops=make["stops"], pallets=3), body(), body(weight_pounds=0), {"equipment": "V"}]
    response = api.post(f"{URL}/bulk", {"items": items})
    assert response.status_code == 207
    results = response.json()["items"]
    assert [(each["status"], each.get("outcome")) for each in results] == [
        (200, "changed"), (201, "created"), (422, None), (400, None),
    ]  # fmt: skip
    assert results[2]["problem"]["errors"][0]["pointer"] == "/items/2/weight_pounds"
    assert results[3]["problem"]["errors"][0]["pointer"].startswith("/items/3/")
    assert Load.objects.count() == 2


def test_bulk_is_done_once_under_a_key_unless_nothing_came_of_it(api):
    headers = {"Idempotency-Key": "bulk-1"}
    failed = api.post(f"{URL}/bulk", {"items": [body(weight_pounds=0)]}, headers=headers)
    assert failed.status_code == 207
    items = [body(), body(weight_pounds=0)]
    first = api.post(f"{URL}/bulk", {"items": items}, headers=headers)
    second = api.post(f"{URL}/bulk", {"items": items}, headers=headers)
    assert first.status_code == second.status_code == 207
    assert first.json() == second.json()
    assert second["Idempotent-Replayed"] == "true"
    assert failed.json() != first.json()
    assert Load.objects.count() == 1


@pytest.mark.parametrize("items", [[], [{}] * 501, "x", [1]])
def test_bulk_wants_1_to_500_objects(api, items):
    assert api.post(f"{URL}/bulk", {"items": items}).status_code in (400, 422)


def test_an_unverified_shipper_drafts_but_does_not_post(db):
    api = ApiClient(make_organization(verified=False))
    assert api.post(URL, body()).json()["code"] == "unverified"
    assert api.post(URL, body(draft=True)).status_code == 201


def test_a_key_without_the_scope_is_refused(shipper):
    reader = ApiClient(shipper, scopes={"loads:read"})
    assert reader.post(URL, body()).json()["code"] == "missing_scope"
    assert reader.get(URL).status_code == 200
    viewer = ApiClient(shipper, role="viewer")
    assert viewer.post(URL, body()).status_code == 403
    assert ApiClient(shipper, scopes={"legs:read"}).get(URL).status_code == 403


def test_another_organizations_load_is_404_to_change(api, stranger):
    load = make_load(stranger)
    for action in ("withdrawal", "opening", "confirmation"):
        assert api.post(f"{URL}/{load.public_id}/{action}").status_code == 404
    assert api.put(f"{URL}/{load.public_id}", body(), etag='"x"').status_code == 404


def test_who_sees_which_field(shipper, broker, stranger):
    load = make_load(shipper, private_notes="secret words", reserve_cents=3_000_00, reference="PO 7")
    expected = {
        ApiClient(shipper): Viewer.OWNER,
        ApiClient(shipper, role="viewer"): Viewer.OWNER,
        ApiClient(broker): Viewer.REPRESENTATIVE,
        ApiClient(stranger): Viewer.MARKET,
    }
    for client, viewer in expected.items():
        shown = client.get(f"{URL}/{load.public_id}").json()
        assert set(shown) == LOAD_FIELDS[viewer] | {"etag"}
        stop_fields = set(shown["stops"][0]) - {"place"} | set(shown["stops"][0]["place"])
        assert stop_fields == STOP_FIELDS[viewer]
        assert ("secret words" in str(shown)) == (viewer is Viewer.OWNER)
    assert ApiClient(stranger).get(f"{URL}/{load.public_id}").json()["organization"] is None
    assert ApiClient(make_organization(verified=False)).get(f"{URL}/{load.public_id}").status_code == 404


def test_a_private_change_leaves_the_strangers_etag(shipper, stranger, api):
    load = api.post(URL, body()).json()
    client = ApiClient(stranger)
    before = client.get(f"{URL}/{load['id']}")["ETag"]
    Load.objects.update(private_notes="another secret", reserve_cents=9_999_00, private_edits=1)
    assert client.get(f"{URL}/{load['id']}")["ETag"] == before
    assert api.get(f"{URL}/{load['id']}")["ETag"] != load["etag"]


@pytest.mark.parametrize("status", ["draft", "withdrawn", "expired", "covered"])
def test_a_load_off_the_market_is_404_to_others(shipper, stranger, status):
    load = make_load(shipper, status=status)
    assert ApiClient(stranger).get(f"{URL}/{load.public_id}").status_code == 404


def test_the_market_lists_others_open_loads_last_confirmed_first(shipper, stranger, api):
    old = make_load(stranger, confirmed_at=now() - timedelta(hours=30))
    fresh = make_load(stranger)
    make_load(stranger, status="draft")
    make_load(shipper)
    ids = [item["id"] for item in api.get(URL, {"scope": "market"}).json()["items"]]
    assert ids == [fresh.public_id, old.public_id]
    page = api.get(URL, {"scope": "market", "limit": 1}).json()
    assert [item["id"] for item in api.get(page["next"]).json()["items"]] == [old.public_id]


@pytest.mark.parametrize("name", ["status", "external_id", "reference", "updated_after"])
def test_the_market_is_not_narrowed_by_what_only_owners_see(api, name):
    response = api.get(URL, {"scope": "market", name: "open"})
    assert response.status_code == 400
    assert response.json()["errors"][0]["parameter"] == name


def test_filters_narrow_the_list(api, shipper):
    chicago = make_load(shipper, rate_cents=2_400_00)
    denver = make_load(
        shipper,
        from_place="80202",
        to_place="60601",
        equipment="R",
        rate_cents=None,
        opens_at=now() + timedelta(days=5),
    )

    def found(**query: str) -> list[str]:
        response = api.get(URL, query)
        assert response.status_code == 200, response.content
        return [item["id"] for item in response.json()["items"]]

    assert found() == [denver.public_id, chicago.public_id]
    assert found(equipment="V") == [chicago.public_id]
    assert len(found(equipment="V,R")) == 2
    assert found(pickup_state="co") == [denver.public_id]
    assert found(near="41.9,-87.6,30") == [chicago.public_id]
    assert found(near_delivery="41.9,-87.6,30") == [denver.public_id]
    assert found(has_rate="false") == [denver.public_id]
    assert found(min_rate="2000.50") == [chicago.public_id]
    assert found(pickup_from=(now() + timedelta(days=3)).isoformat()) == [denver.public_id]
    assert found(pickup_until=(now() + timedelta(days=3)).strftime("%Y-%m-%dT%H:%M:%SZ")) == [chicago.public_id]
    assert found(status="draft,withdrawn") == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("near", "41.9,-87.6"), ("near", "a,b,c"), ("near", "91,0,5"), ("near", "41,-87,501"), ("near", "nan,nan,nan"),
        ("equipment", "XX"), ("pickup_from", "2026-11-03T08:00:00"), ("min_rate", "x"), ("has_rate", "perhaps"),
        ("scope", "all"), ("pickup_state", "Illinois"), ("min_rate", "1e99"), ("max_weight_pounds", "NaN"),
    ],
)  # fmt: skip
def test_a_filter_that_does_not_read_is_400(api, name, value):
    response = api.get(URL, {name: value})
    assert response.status_code == 400, response.content
    assert response.json()["errors"][0]["parameter"] == name


def test_a_script_in_a_name_stays_text(api):
    load = api.post(URL, body(commodity="<script>alert(1)</script>"))
    assert load.json()["commodity"] == "<script>alert(1)</script>"
    assert load["Content-Type"] == "application/json"
    assert load["X-Content-Type-Options"] == "nosniff"
