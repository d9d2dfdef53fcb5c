"""Who comes in: keys and browser sessions alike, each with its guard; what every answer carries."""

import asyncio

import pytest
from django.http import HttpResponse
from django.test import Client, RequestFactory

from foundation.accounts.models import ApiKey
from foundation.rest.middleware import RestMiddleware
from foundation.rest.models import IdempotencyRecord
from tests.builders import make_organization, make_person
from tests.rest.clients import ApiClient, key_for

REAL_ADDRESSES = True
URL = "/api/v1/home-bases"
BODY = {"name": "Yard", "place": {"zip": "60608"}}
pytestmark = pytest.mark.django_db


@pytest.fixture
def carrier():
    return make_organization("Lakeshore Freight", hauls=True)


def test_a_signed_in_browser_reads_and_writes_with_its_csrf_token(carrier):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(make_person(carrier), backend="django.contrib.auth.backends.ModelBackend")
    assert browser.get(URL).status_code == 200
    refused = browser.post(URL, BODY, content_type="application/json")
    assert refused.status_code == 403
    assert refused["Content-Type"] == "application/problem+json"
    browser.get("/accounts/login/")
    browser.cookies["csrftoken"] = "a" * 32
    made = browser.post(URL, BODY, content_type="application/json", headers={"X-CSRFToken": "a" * 32})
    assert made.status_code == 201


def test_a_person_without_an_organization_is_not_let_in(db):
    browser = Client()
    browser.force_login(make_person(), backend="django.contrib.auth.backends.ModelBackend")
    response = browser.get(URL)
    assert response.status_code in (401, 403)
    assert response["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(
    "header",
    ["Bearer", "Bearer ", "Bearer bh_live_x_y", "Basic eDp5", "bh_live_abc", "Bearer " + "x" * 5000, "Bearer é"],
)
def test_what_is_no_key_is_401_with_a_challenge(carrier, header):
    response = Client(headers={"Authorization": header}).get(URL)
    assert response.status_code == 401
    assert response["WWW-Authenticate"].startswith("Bearer")


def test_a_revoked_key_stops_at_once(carrier):
    client = ApiClient(carrier)
    assert client.get(URL).status_code == 200
    key = ApiKey.objects.get()
    key.revoked_at = key.created_at
    key.save()
    assert client.get(URL).status_code == 401


def test_a_key_in_an_address_is_refused_even_when_it_is_valid(carrier):
    key = key_for(carrier)
    response = Client(headers={"Authorization": f"Bearer {key}"}).get(URL, {"api_key": key})
    assert response.status_code == 400
    assert response.json()["code"] == "key_in_url"
    assert key not in response.content.decode()


def test_two_organizations_may_use_one_idempotency_key(carrier):
    other = make_organization(hauls=True)
    for organization in (carrier, other):
        response = ApiClient(organization).post(URL, BODY, headers={"Idempotency-Key": "1"})
        assert response.status_code == 201
        assert not response.has_header("Idempotent-Replayed")
    assert IdempotencyRecord.objects.count() == 2


def test_one_organizations_answer_is_replayed_to_its_colleagues_key(carrier):
    first = ApiClient(carrier).post(URL, BODY, headers={"Idempotency-Key": "1"})
    second = ApiClient(carrier).post(URL, BODY, headers={"Idempotency-Key": "1"})
    assert second["Idempotent-Replayed"] == "true"
    assert second.json() == first.json()


def test_pages_of_signed_in_people_are_not_stored_by_caches(carrier):
    browser = Client()
    browser.force_login(make_person(carrier), backend="django.contrib.auth.backends.ModelBackend")
    for path in ("/", "/trucks/", "/accounts/login/"):
        response = browser.get(path)
        assert "no-store" in response["Cache-Control"], path
        assert response["X-Request-Id"].startswith("req_")


def test_a_page_that_says_how_it_may_be_cached_is_left_alone(rf: RequestFactory):
    def page(request):
        response = HttpResponse()
        response["Cache-Control"] = "public, max-age=60"
        return response

    assert RestMiddleware(page)(rf.get("/"))["Cache-Control"] == "public, max-age=60"


def test_the_middleware_awaits_what_is_to_be_awaited(rf: RequestFactory):
    async def page(request):
        return HttpResponse("fine")

    middleware = RestMiddleware(page)
    response = asyncio.run(middleware(rf.get("/", headers={"X-Request-Id": "mine"})))
    assert (response.content, response["X-Request-Id"]) == (b"fine", "mine")
    refused = asyncio.run(middleware(rf.get("/api/v1/loads?key=bh_live_1")))
    assert refused.status_code == 400
