"""The same POST twice is done once, also in a race, after a crash, and only when it succeeded."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, connections, transaction

from foundation.accounts.models import Organization
from foundation.rest import idempotency
from foundation.rest.models import IdempotencyRecord
from foundation.rest.services import prune_idempotency_records
from foundation.trade import clock
from tests.rest.kitchen import Things

URL = "/api/v1/things"


def post(client, name="one", key="key-1", url=URL):
    return client.post(url, {"name": name}, content_type="application/json", headers={"Idempotency-Key": key})


def test_the_second_request_gets_the_first_answer(client, db):
    first, second = post(client), post(client)
    assert first.status_code == second.status_code == 201
    assert first.json() == second.json()
    assert second["Idempotent-Replayed"] == "true"
    assert not first.has_header("Idempotent-Replayed")
    assert (second["Location"], second["ETag"]) == (first["Location"], first["ETag"])
    assert Organization.objects.count() == 1


def test_bare_and_quoted_keys_are_the_same(client, db):
    assert post(client, key='"key-1"').json() == post(client, key="key-1").json()


@pytest.mark.parametrize("key", ["", '""', "a b", "é", "x" * 256, "\t"])
def test_a_malformed_key_is_400(client, db, key):
    response = post(client, key=key)
    assert response.status_code == 400
    assert response.json()["code"] == "idempotency_key_malformed"
    assert Organization.objects.count() == 0


def test_a_key_of_255_characters_is_good(client, db):
    assert post(client, key="x" * 255).status_code == 201


def test_another_body_under_the_same_key_is_422(client, db):
    post(client)
    response = post(client, name="two")
    assert response.status_code == 422
    assert response.json()["code"] == "idempotency_key_reused"
    assert Organization.objects.count() == 1


def test_equal_json_in_another_order_is_the_same_body(client, db):
    headers = {"Idempotency-Key": "k"}
    one = client.generic("POST", URL, b'{"name": "x", "pieces": 2}', content_type="application/json", headers=headers)
    two = client.generic("POST", URL, b'{"pieces":2,"name":"x"}', content_type="application/json", headers=headers)
    assert one.json() == two.json()


def test_where_a_key_is_required_it_is_asked_for(client, thing):
    url = f"{URL}/{thing.public_id}/claims"
    response = client.post(url, {}, content_type="application/json")
    assert response.status_code == 400
    assert response.json()["code"] == "idempotency_key_missing"
    assert post(client, url=url).status_code == 201


def test_a_key_belongs_to_organization_and_address(client, caller, thing):
    post(client)
    assert post(caller("org_b")).status_code == 201
    assert post(client, url=f"{URL}/{thing.public_id}/claims").status_code == 201
    assert Organization.objects.count() == 3


def test_a_refusal_is_not_stored_and_may_be_tried_again(client, db):
    assert post(client, name="x" * 21).status_code == 422
    assert IdempotencyRecord.objects.count() == 0
    assert post(client, name="fine").status_code == 201


def test_a_replay_wants_the_scope_again(client, caller, db):
    post(client)
    assert post(caller(scopes="read")).status_code == 403


def test_a_replay_wants_the_thing_to_be_in_sight_still(client, thing):
    url = f"{URL}/{thing.public_id}/claims"
    assert post(client, url=url).status_code == 201
    assert post(client, url=url)["Idempotent-Replayed"] == "true"
    Organization.objects.filter(pk=thing.pk).update(name="gone")
    assert post(client, url=url).status_code == 404


def test_after_seven_days_a_key_is_fresh(client, db):
    post(client)
    IdempotencyRecord.objects.update(created_at=clock.now() - timedelta(days=7, minutes=1))
    assert not post(client, name="two").has_header("Idempotent-Replayed")
    assert Organization.objects.count() == 2
    assert IdempotencyRecord.objects.count() == 1


def test_old_records_are_pruned_and_young_ones_kept(client, db):
    post(client, key="old")
    IdempotencyRecord.objects.update(created_at=clock.now() - timedelta(days=8))
    post(client, key="young", name="two")
    assert prune_idempotency_records() == 1
    assert IdempotencyRecord.objects.get().key == "young"


@pytest.mark.django_db(transaction=True)
def test_a_second_request_during_the_first_is_409_at_once(caller, monkeypatch):
    inside, go_on = threading.Event(), threading.Event()
    create = Things.create

    def slow(self, request):
        inside.set()
        assert go_on.wait(30)
        return create(self, request)

    monkeypatch.setattr(Things, "create", slow)

    def first():
        try:
            return post(caller())
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(first)
        assert inside.wait(30)
        second = post(caller())
        go_on.set()
        assert running.result().status_code == 201
    assert second.status_code == 409
    assert second.json()["code"] == "idempotency_key_in_use"
    assert second["Retry-After"] == "1"
    assert post(caller())["Idempotent-Replayed"] == "true"
    assert Organization.objects.filter(name__startswith="Thing").count() == 1


def race(caller, key: str | None, threads: int = 8) -> int:
    """Post from several threads at once, again while told to wait; return how many rows that made."""
    barrier = threading.Barrier(threads)

    def shoot(_):
        try:
            client = caller()
            barrier.wait(30)
            headers = {"Idempotency-Key": key} if key else {}
            while True:
                response = client.post(URL, {"name": "raced"}, content_type="application/json", headers=headers)
                if response.status_code != 409:
                    return response.status_code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(threads) as pool:
        assert set(pool.map(shoot, range(threads))) == {201}
    return Organization.objects.filter(name="Thing raced").count()


@pytest.mark.django_db(transaction=True)
def test_eight_threads_with_one_key_make_one_row(caller):
    assert race(caller, "key") == 1


@pytest.mark.django_db(transaction=True)
def test_the_race_is_real_without_the_key(caller):
    assert race(caller, None) == 8


@pytest.mark.django_db(transaction=True)
def test_a_crash_in_the_middle_frees_the_key_and_leaves_nothing(client, monkeypatch):
    def crash(*args, **kwargs):
        raise RuntimeError

    with monkeypatch.context() as patched:
        patched.setattr(idempotency, "_store", crash)
        client.raise_request_exception = False
        assert post(client).status_code == 500
    assert Organization.objects.count() == 0
    assert post(client).status_code == 201


@pytest.mark.django_db(transaction=True)
def test_a_killed_connection_frees_the_key_at_once(client):
    held, killed = threading.Event(), threading.Event()
    pids = []

    def hold():
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                idempotency._hold(("org_a", "POST", URL, "key-1"))
                cursor.execute("SELECT pg_backend_pid()")
                pids.append(cursor.fetchone()[0])
                held.set()
                killed.wait(30)
        except Exception:
            held.set()
        finally:
            connections.close_all()

    thread = threading.Thread(target=hold)
    thread.start()
    assert held.wait(30)
    assert post(client).status_code == 409
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", pids)
    assert post(client).status_code == 201
    killed.set()
    thread.join(30)
