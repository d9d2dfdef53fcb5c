"""Lists: cursors bound to organization, filters and order; ETags of what the caller sees, and of nothing else."""

import json
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client

from foundation.accounts.models import Organization
from foundation.rest.etags import check_match, etag_of, is_unchanged
from foundation.trade.errors import Stale

URL = "/api/v1/things"


def cursor_of(page: dict) -> str:
    return parse_qs(urlsplit(page["next"]).query)["cursor"][0]


def test_pages_follow_each_other_without_gap_or_repeat(client, many):
    seen, url, pages = [], f"{URL}?limit=3", 0
    while url:
        page = client.get(url).json()
        seen += [item["id"] for item in page["items"]]
        url, pages = page["next"], pages + 1
    assert seen == [row.public_id for row in many]
    assert pages == 3


def test_a_full_last_page_ends_the_list(client, many):
    assert client.get(f"{URL}?limit=7").json()["next"] is None


def test_an_empty_list_is_a_list(client, db):
    assert client.get(URL).json() == {"items": [], "next": None}


def test_next_stands_on_the_public_address(client, many, settings):
    settings.BASE_URL = "https://freight.example.com"
    assert client.get(f"{URL}?limit=3").json()["next"].startswith("https://freight.example.com/api/v1/things?limit=3&")


@pytest.mark.parametrize("limit", ["0", "201", "-1", "x", "", "1.5", "٣", "1" * 5000])
def test_a_limit_out_of_bounds_is_400(client, many, limit):
    response = client.get(URL, {"limit": limit})
    assert response.status_code == 400
    assert response.json()["errors"][0]["parameter"] == "limit"


def test_a_cursor_of_another_organization_is_400(client, caller, many):
    cursor = cursor_of(client.get(f"{URL}?limit=3").json())
    assert caller("org_b").get(URL, {"cursor": cursor}).json()["code"] == "invalid_cursor"
    assert client.get(URL, {"cursor": cursor}).status_code == 200


@pytest.mark.parametrize("cursor", ["x", "eyJh.b.c", "1:2:3"])
def test_a_made_up_cursor_is_400(client, many, cursor):
    response = client.get(URL, {"cursor": cursor})
    assert response.status_code == 400
    assert response.json()["code"] == "invalid_cursor"


def test_an_empty_parameter_is_400(client, many):
    assert client.get(URL, {"cursor": ""}).json()["code"] == "empty_parameter"


def test_a_cursor_stays_good_when_rows_come_and_go(client, many):
    page = client.get(f"{URL}?limit=3").json()
    Organization.objects.filter(public_id=page["items"][-1]["id"]).delete()
    Organization.objects.create(name="Thing newest", ships=True)
    ids = [item["id"] for item in client.get(page["next"]).json()["items"]]
    assert ids == [row.public_id for row in many[3:6]]


def test_items_carry_the_etag_of_their_resource(client, thing):
    item = client.get(URL).json()["items"][0]
    response = client.get(f"{URL}/{thing.public_id}")
    assert response["ETag"] == item["etag"] == response.json()["etag"]
    assert not item["etag"].startswith("W/")


def test_what_the_client_has_is_not_sent_again(client, thing):
    url = f"{URL}/{thing.public_id}"
    etag = client.get(url)["ETag"]
    for header in (etag, f'"other", W/{etag}', "*"):
        response = client.get(url, headers={"If-None-Match": header})
        assert response.status_code == 304
        assert response.content == b""
        assert response["ETag"] == etag
    assert client.get(url, headers={"If-None-Match": '"other"'}).status_code == 200
    assert client.get(url, headers={"If-None-Match": "bare"}).json()["code"] == "invalid_etag"


def put(client: Client, thing: Organization, name: str, **headers: str):
    return client.put(f"{URL}/{thing.public_id}", {"name": name}, content_type="application/json", headers=headers)


def test_a_change_needs_the_current_etag(client, thing):
    assert put(client, thing, "two").status_code == 428
    etag = client.get(f"{URL}/{thing.public_id}")["ETag"]
    changed = put(client, thing, "two", **{"If-Match": f'"x", {etag}'})
    assert changed.status_code == 200
    assert changed["ETag"] != etag
    stale = put(client, thing, "three", **{"If-Match": etag})
    assert stale.status_code == 412
    assert stale.json()["code"] == "stale"
    assert put(client, thing, "three", **{"If-Match": "W/" + changed["ETag"]}).status_code == 412
    assert put(client, thing, "three", **{"If-Match": "*"}).status_code == 200


def test_a_change_that_someone_cannot_see_leaves_that_ones_etag(client, caller, thing):
    url = f"{URL}/{thing.public_id}"
    stranger = caller("org_b", "read")
    before = client.get(url)["ETag"], stranger.get(url)["ETag"]
    Organization.objects.filter(pk=thing.pk).update(contact_name="A secret", version=2)
    after = client.get(url)["ETag"], stranger.get(url)["ETag"]
    assert after[0] != before[0]
    assert after[1] == before[1]


def test_an_etag_follows_the_content_and_not_the_order_of_names():
    assert etag_of({"a": 1, "b": 2}) == etag_of({"b": 2, "a": 1, "etag": '"x"'})
    assert etag_of({"a": 1}) != etag_of({"a": "1"})
    assert is_unchanged(None, '"a"') is False
    with pytest.raises(Stale):
        check_match('"b"', '"a"')
    check_match(None, '"a"', required=False)


def test_private_answers_are_not_stored_by_caches(client, thing):
    response = client.get(f"{URL}/{thing.public_id}")
    assert response["Cache-Control"] == "no-store"


def test_limits_are_told_and_kept(client, thing, settings):
    settings.REST_RATE_LIMITS = {**settings.REST_RATE_LIMITS, "read": (2, 5, 60)}
    first = client.get(URL)
    assert first["RateLimit-Policy"] == '"read-key";q=2;w=60, "read-organization";q=5;w=60'
    assert first["RateLimit"].startswith('"read-key";r=1;t=')
    assert client.get(URL).status_code == 200
    refused = client.get(URL)
    assert refused.status_code == 429
    assert refused["Content-Type"] == "application/problem+json"
    assert 1 <= int(refused["Retry-After"]) <= 60
    assert json.loads(refused.content)["code"] == "too_many_requests"
    assert client.post(URL, {"name": "x"}, content_type="application/json").status_code == 201  # another bucket


def test_an_organization_shares_its_limit_and_others_do_not_feel_it(caller, thing, settings):
    settings.REST_RATE_LIMITS = {**settings.REST_RATE_LIMITS, "read": (5, 2, 60)}
    client = caller()
    assert [client.get(URL).status_code for _ in range(3)] == [200, 200, 429]
    assert caller("org_b").get(URL).status_code == 200


def test_without_a_cache_requests_pass(client, thing, monkeypatch):
    def away(*args, **kwargs):
        raise ConnectionError

    monkeypatch.setattr("foundation.rest.throttling.cache.add", away)
    assert client.get(URL).status_code == 200
