"""Every refusal is a problem document, whatever raised it."""

import json

import pytest
from django.db import OperationalError
from django.test import Client
from psycopg import errors as pg

from foundation.accounts.models import Organization
from foundation.rest.problems import pointer_of, problem_of

URL = "/api/v1/things"


def problem(response, status: int, code: str) -> dict:
    assert response.status_code == status, response.content
    assert response["Content-Type"] == "application/problem+json"
    assert response["X-Request-Id"]
    document = json.loads(response.content)
    assert set(document) == {"type", "title", "status", "detail", "code", "request_id", "errors"}
    assert document["status"] == status
    assert document["code"] == code
    assert document["request_id"] == response["X-Request-Id"]
    assert document["type"].startswith("/api/v1/problems/")
    assert response["Cache-Control"] == "no-store"
    return document


def trouble(client: Client, kind: str):
    headers = {"Idempotency-Key": "one"}
    return client.post(f"{URL}/trouble", {"kind": kind}, content_type="application/json", headers=headers)


def test_without_a_key_the_answer_is_401_with_a_challenge(db):
    response = Client().get(URL)
    problem(response, 401, "unauthenticated")
    assert response["WWW-Authenticate"].startswith("Bearer")


def test_a_wrong_key_is_401(db):
    problem(Client(headers={"Authorization": "Bearer nonsense"}).get(URL), 401, "invalid_credentials")


def test_wrong_keys_from_one_address_are_slowed_down(db, settings):
    settings.REST_RATE_LIMITS = {**settings.REST_RATE_LIMITS, "sign_in": (2, 2, 60)}
    client = Client(headers={"Authorization": "Bearer nonsense"})
    assert [client.get(URL).status_code for _ in range(3)] == [401, 401, 429]


def test_a_missing_scope_is_403_and_says_which(caller, db):
    document = problem(
        caller(scopes="read").post(URL, {"name": "x"}, content_type="application/json"), 403, "missing_scope"
    )
    assert "write" in document["detail"]


def test_an_absent_thing_is_404(client, db):
    problem(client.get(f"{URL}/org_nothing"), 404, "not_found")


@pytest.mark.parametrize("path", ["/api/v1/nowhere", "/api/nowhere", "/api/v1/things/", "/api/v2/things"])
@pytest.mark.parametrize("debug", [True, False])
def test_an_unknown_address_is_json_also_in_debug(client, db, settings, path, debug):
    settings.DEBUG = debug
    problem(client.get(path), 404, "not_found")


def test_a_method_that_is_not_known_is_405_with_allow(client, thing):
    response = client.delete(f"{URL}/{thing.public_id}")
    problem(response, 405, "method_not_allowed")
    assert response["Allow"] == "GET, PUT, HEAD" or set(response["Allow"].split(", ")) == {"GET", "HEAD", "PUT"}


def test_options_is_not_answered_either(client, thing):
    problem(client.options(URL), 405, "method_not_allowed")


def test_another_accept_than_json_is_406(client, db):
    problem(client.get(URL, headers={"Accept": "text/csv"}), 406, "not_acceptable")


def test_a_form_body_is_415(client, db):
    problem(client.post(URL, {"name": "x"}), 415, "unsupported_media_type")


@pytest.mark.parametrize(
    "body",
    [b"{", b"[1", b"\xff{}", b'{"name": NaN}', b'{"name": "a", "name": "b"}', b'{"name": "\\ud800"}', b"[" * 100_000],
)
def test_a_body_that_is_no_json_is_400(client, db, body):
    problem(client.generic("POST", URL, body, content_type="application/json"), 400, "malformed")


def test_a_body_that_is_no_object_is_400(client, db):
    problem(client.generic("POST", URL, b"[1]", content_type="application/json"), 400, "not_an_object")


def test_a_body_that_is_too_long_is_413(client, db):
    body = b'{"name": "' + b"x" * 4_000_000 + b'"}'
    problem(client.generic("POST", URL, body, content_type="application/json"), 413, "body_too_large")


def test_an_unknown_field_is_400_and_named(client, db):
    response = client.post(URL, {"name": "x", "wait/~": 1}, content_type="application/json")
    document = problem(response, 400, "malformed")
    assert document["errors"] == [
        {"pointer": "/wait~1~0", "code": "unknown_field", "detail": "There is no such field here."}
    ]


def test_a_read_only_field_may_be_sent_back_and_is_not_looked_at(client, db):
    response = client.post(URL, {"name": "x", "id": "org_mine"}, content_type="application/json")
    assert response.status_code == 201
    assert response.json()["id"] != "org_mine"


def test_a_float_as_money_is_refused(client, db):
    for amount in (12.5, 12, "1e3", "12.505", "NaN", "", None, "١٢"):
        body = {"name": "x", "rate": {"amount": amount, "currency": "USD"}}
        document = problem(client.post(URL, body, content_type="application/json"), 400, "malformed")
        assert document["errors"][0]["pointer"] == "/rate"
        assert document["errors"][0]["code"] == "amount_not_text"


def test_an_amount_beyond_all_reason_is_422(client, db):
    body = {"name": "x", "rate": {"amount": "999999999.00", "currency": "USD"}}
    document = problem(client.post(URL, body, content_type="application/json"), 422, "invalid")
    assert document["errors"][0]["code"] == "max_value"


def test_another_currency_is_refused(client, db):
    body = {"name": "x", "rate": {"amount": "1.00", "currency": "EUR"}}
    assert client.post(URL, body, content_type="application/json").status_code == 400


def test_a_time_without_a_zone_is_400_and_not_guessed(client, db):
    document = problem(
        client.post(URL, {"name": "x", "at": "2026-11-03T08:00:00"}, content_type="application/json"), 400, "malformed"
    )
    assert document["errors"][0]["code"] == "no_time_zone"


@pytest.mark.parametrize("at", ["yesterday", 12, "2026-13-03T08:00:00Z", "0001-01-01T00:00:00+23:00", "2026-11-03"])
def test_a_time_that_is_none_is_400(client, db, at):
    assert client.post(URL, {"name": "x", "at": at}, content_type="application/json").status_code == 400


def test_what_reads_well_but_breaks_a_rule_is_422(client, db):
    document = problem(
        client.post(URL, {"name": "x" * 21, "pieces": 0}, content_type="application/json"), 422, "invalid"
    )
    assert {item["pointer"] for item in document["errors"]} == {"/name", "/pieces"}


def test_trade_errors_point_into_the_body(client, db):
    document = problem(trouble(client, "invalid"), 422, "invalid")
    assert document["errors"] == [{"pointer": "/stops/0/rate", "code": "too_low", "detail": "The rate is too low."}]
    assert pointer_of("", {}) == ""
    assert pointer_of("detention_cents_per_hour", {}) == "/detention_per_hour"


def test_conflicts_and_refusals_of_services(client, db):
    problem(trouble(client, "conflict"), 409, "taken")
    problem(trouble(client, "forbidden"), 403, "unverified")


def test_constraints_speak_by_their_names(client, thing):
    problem(trouble(client, "check"), 422, "organization_does_something")
    document = problem(trouble(client, "unique"), 409, "accounts_organization_public_id_key")
    assert "public id" in document["detail"]


def test_a_value_out_of_range_is_422(client, db):
    problem(trouble(client, "range"), 422, "value_out_of_range")


@pytest.mark.parametrize("cause", [pg.DeadlockDetected(), pg.LockNotAvailable(), pg.AdminShutdown(), None])
def test_a_busy_or_absent_database_is_503_with_retry_after(cause):
    error = OperationalError("secret")
    error.__cause__ = cause
    found = problem_of(error)
    assert found is not None
    assert found.status == 503
    assert int(found.headers["Retry-After"]) >= 1
    assert "secret" not in found.detail


@pytest.mark.parametrize("debug", [True, False])
def test_a_crash_is_500_without_a_stack_trace_and_is_logged(caller, db, settings, debug, caplog):
    settings.DEBUG = debug
    client = caller(raise_request_exception=False)
    document = problem(trouble(client, "crash"), 500, "server_error")
    assert "secret" not in json.dumps(document)
    assert document["request_id"] in caplog.text
    assert "secret words" in caplog.text


def test_an_unknown_parameter_is_400_and_the_known_ones_are_named(client, db):
    document = problem(client.get(URL, {"colour": "red"}), 400, "unknown_parameter")
    assert document["errors"][0]["parameter"] == "colour"
    assert "limit" in document["detail"]


def test_a_parameter_given_twice_is_400(client, db):
    problem(client.get(f"{URL}?limit=1&limit=2"), 400, "repeated_parameter")


@pytest.mark.parametrize("url", [f"{URL}?key=bh_live_abc", "/api/v1/bh_test_abc", f"{URL}?q=x%26BH_LIVE_1"])
def test_a_key_in_an_address_is_refused(client, db, url):
    problem(client.get(url), 400, "key_in_url")


def test_the_request_id_is_echoed_when_it_is_one(client, db):
    assert client.get(URL, headers={"X-Request-Id": "abc-1.2:3_4"})["X-Request-Id"] == "abc-1.2:3_4"
    for bad in ("", "a b", "x" * 65, "<script>", "é"):
        assert client.get(URL, headers={"X-Request-Id": bad})["X-Request-Id"].startswith("req_")


def test_every_kind_of_problem_is_explained_at_its_type(client, db):
    for kind in client.get("/api/v1/problems").json()["items"]:
        assert client.get(kind["type"]).json() == kind
    problem(client.get("/api/v1/problems/no-such"), 404, "not_found")


def test_a_refusal_saves_nothing_of_what_it_wrote(client, db):
    trouble(client, "conflict")
    assert Organization.objects.count() == 0
