"""Bookings, claims and tours as they are read and asked for in the API: who reads which figure of them."""

import json
from datetime import timedelta
from typing import Any

import pytest

from brokers.models import Booking, Claim, ClaimStatus
from brokers.services import claims as claims_service
from brokers.services.claims import release_due_claims, settle_claim
from brokers.trust import Judgement, RuleResult
from foundation.accounts.models import Organization
from foundation.events.models import FeedEntry
from foundation.trade.posting import Status
from loads.models import Load
from loads.services import sell_load
from tests.brokers.booked import claim, going_home, open_load
from tests.builders import make_driver, make_organization, make_person, make_truck, now
from tests.reading import stands_in
from tests.rest.clients import ApiClient

pytestmark = pytest.mark.usefixtures("empty_cache")

RATE = {"amount": "2400.00", "currency": "USD"}


def _claim(client: ApiClient, load: Load, leg: Any, key: str = "k1", **body: Any) -> Any:
    given = {"truck": leg.truck.public_id, "leg": leg.public_id, "rate": RATE, **body}
    return client.post(f"/api/v1/loads/{load.public_id}/claims", given, headers={"Idempotency-Key": key})


def _brokered(shipper: Organization, broker: Organization) -> Load:
    """Sell a load to a broker for $2,700, who opens it to claims at $2,400."""
    load = open_load(shipper, rate_cents=None, book_now=False)
    sell_load(load=load, seller=broker, shipper_rate_cents=2_700_00, actor="system", now=now())
    load.refresh_from_db()
    load.rate_cents, load.book_now = 2_400_00, True
    load.save()
    return load


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Let trust answer what the test says: "hold", "pass" or "block"."""
    word = {"result": "hold"}

    def judge(**_: Any) -> Judgement:
        result = RuleResult(rule="authority", result=word["result"], sentence="The registry has not answered yet.")
        return Judgement(results=(result,))

    monkeypatch.setattr(claims_service, "judge_claim", judge)
    return word


def test_a_claim_by_rest_is_created_with_its_booking(shipper: Organization, carrier: Organization) -> None:
    load, leg = open_load(shipper), going_home(carrier)
    answer = _claim(ApiClient(carrier), load, leg, load_version=1)
    assert answer.status_code == 201, answer.content
    body = answer.json()
    assert (body["status"], body["loads"][0]["load"]) == ("booked", load.public_id)
    assert answer["Location"].endswith(f"/api/v1/claims/{body['id']}")
    booking = ApiClient(carrier).get(f"/api/v1/bookings/{body['loads'][0]['booking']}")
    assert booking.json()["rate"] == RATE


def test_the_same_key_again_gives_the_same_answer_and_one_booking(shipper: Organization, carrier: Organization) -> None:
    load, leg, client = open_load(shipper), going_home(carrier), ApiClient(carrier)
    first, second = _claim(client, load, leg), _claim(client, load, leg)
    assert (second.status_code, second["Idempotent-Replayed"]) == (201, "true")
    assert first.json() == second.json()
    assert Booking.objects.count() == 1


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"rate": {"amount": "2300.00", "currency": "USD"}}, 409, "load_changed"),
        ({"load_version": 4}, 409, "load_changed"),
        ({"truck": "trk_" + "0" * 26}, 422, "invalid"),
        ({"truck": "load_" + "0" * 26}, 400, "malformed"),
        ({"surprise": 1}, 400, "malformed"),
    ],
)
def test_a_claim_that_cannot_be_is_refused_with_its_reason(
    shipper: Organization, carrier: Organization, body: dict[str, Any], status: int, code: str
) -> None:
    answer = _claim(ApiClient(carrier), open_load(shipper), going_home(carrier), **body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert not Claim.objects.exists()


def test_a_claim_needs_a_key_a_scope_and_its_rate(shipper: Organization, carrier: Organization) -> None:
    load, leg = open_load(shipper), going_home(carrier)
    path = f"/api/v1/loads/{load.public_id}/claims"
    given = {"truck": leg.truck.public_id, "leg": leg.public_id}
    assert ApiClient(carrier).post(path, given | {"rate": RATE}).json()["code"] == "idempotency_key_missing"
    no_rate = ApiClient(carrier).post(path, given, headers={"Idempotency-Key": "k"})
    assert (no_rate.status_code, no_rate.json()["errors"][0]["pointer"]) == (400, "/rate")
    reader = ApiClient(carrier, scopes=["bookings:read"])
    assert _claim(reader, load, leg).status_code == 403


def test_with_a_broker_between_nobody_reads_the_others_rate(
    shipper: Organization, carrier: Organization, broker: Organization
) -> None:
    load = _brokered(shipper, broker)
    booking_id = claim(carrier, load, going_home(carrier)).loads.get().booking.public_id
    seen = {
        name: ApiClient(who).get(f"/api/v1/bookings/{booking_id}")
        for name, who in (("carrier", carrier), ("shipper", shipper), ("broker", broker))
    }
    assert {name: answer.json()["role"] for name, answer in seen.items()} == {name: name for name in seen}
    assert not stands_in("2700", seen["carrier"].content.decode())
    assert not stands_in("2400", seen["shipper"].content.decode())
    assert "terms" not in seen["shipper"].json()
    assert seen["shipper"].json()["rate"]["amount"] == "2700.00"
    assert seen["broker"].json()["shipper_rate"]["amount"] == "2700.00"
    assert "300.00" not in "".join(answer.content.decode() for answer in seen.values())
    told = {
        entry.organization_id: json.dumps(entry.payload)
        for entry in FeedEntry.objects.filter(event__name="booking.made")
    }
    assert set(told) == {carrier.public_id, shipper.public_id, broker.public_id}
    assert not stands_in("2700", told[carrier.public_id])
    assert not stands_in("2400", told[shipper.public_id])


def test_the_fact_carries_what_market_rates_are_made_of(shipper: Organization, carrier: Organization) -> None:
    load = open_load(shipper)
    claim(carrier, load, going_home(carrier))
    entry = FeedEntry.objects.get(event__name="booking.made", organization_id=carrier.public_id)
    fact = entry.payload
    assert (fact["role"], fact["load"], fact["seller"], fact["rate"]) == (
        "carrier",
        load.public_id,
        shipper.public_id,
        RATE,
    )
    assert fact["booked_at"].endswith("Z")


def test_strangers_find_no_booking_claim_or_tour(shipper: Organization, carrier: Organization) -> None:
    made = claim(carrier, open_load(shipper), going_home(carrier))
    booking = made.loads.get().booking
    stranger = ApiClient(make_organization(hauls=True))
    for path in (
        f"bookings/{booking.public_id}",
        f"claims/{made.public_id}",
        f"tours/{booking.tour.public_id}",
    ):
        assert stranger.get(f"/api/v1/{path}").status_code == 404
    assert ApiClient(shipper).get(f"/api/v1/claims/{made.public_id}").status_code == 404
    assert ApiClient(shipper).get(f"/api/v1/tours/{booking.tour.public_id}").status_code == 404
    for path in ("bookings", "claims", "tours"):
        assert stranger.get(f"/api/v1/{path}").json()["items"] == []


def test_the_planned_times_are_the_carriers_own(shipper: Organization, carrier: Organization) -> None:
    booking = claim(carrier, open_load(shipper), going_home(carrier)).loads.get().booking
    mine, theirs = (ApiClient(who).get(f"/api/v1/bookings/{booking.public_id}").json() for who in (carrier, shipper))
    assert "planned" in mine["stops"][0]
    assert "planned" not in theirs["stops"][0]
    assert theirs["contacts"]["carrier"]["email"] == carrier.contact_email


def test_a_driver_reads_his_own_tours_without_money(client: Any, shipper: Organization, carrier: Organization) -> None:
    person = make_person(carrier, "driver")
    driver = make_driver(carrier, person=person, phone="312-555-0155")
    mine = claim(carrier, open_load(shipper), going_home(carrier, truck=make_truck(carrier, usual_driver=driver)))
    other = claim(carrier, open_load(shipper), going_home(carrier))
    client.force_login(person)
    items = client.get("/api/v1/tours").json()["items"]
    assert [item["id"] for item in items] == [mine.loads.get().booking.tour.public_id]
    assert not stands_in("2400", json.dumps(items))
    assert "rate" not in json.dumps(items)
    assert client.get(f"/api/v1/tours/{other.loads.get().booking.tour.public_id}").status_code == 404
    assert client.get("/api/v1/bookings").status_code == 403


def test_lists_are_narrowed_by_status_load_and_role(shipper: Organization, carrier: Organization) -> None:
    load = open_load(shipper)
    claim(carrier, load, going_home(carrier))
    api = ApiClient(carrier)
    for path, count in (
        ("bookings?role=carrier", 1),
        ("bookings?role=broker,shipper", 0),
        ("bookings?status=cancelled", 0),
        (f"bookings?load={load.public_id}", 1),
        ("claims?status=booked", 1),
        (f"claims?load={load.public_id}", 1),
        ("tours?status=planned", 1),
    ):
        assert len(api.get(f"/api/v1/{path}").json()["items"]) == count, path
    assert api.get("/api/v1/bookings?role=driver").status_code == 400


def test_a_booking_is_cancelled_by_rest_on_the_version_that_was_read(
    shipper: Organization, carrier: Organization
) -> None:
    booking = claim(carrier, open_load(shipper), going_home(carrier)).loads.get().booking
    api, path = ApiClient(shipper), f"/api/v1/bookings/{booking.public_id}/cancellation"
    stale = api.post(path, {"reason": "mistake", "version": 2}, headers={"Idempotency-Key": "a"})
    assert (stale.status_code, stale.json()["code"]) == (412, "stale")
    done = api.post(path, {"reason": "mistake", "version": 1}, headers={"Idempotency-Key": "b"})
    assert (done.status_code, done.json()["status"]) == (200, "cancelled"), done.content
    again = api.post(path, {"reason": "mistake", "version": 2}, headers={"Idempotency-Key": "c"})
    assert again.status_code == 409


# --- On hold ----------------------------------------------------------------------------------------------------------


def test_a_claim_that_trust_holds_reserves_the_load(
    shipper: Organization, carrier: Organization, held: dict[str, str]
) -> None:
    load, leg = open_load(shipper), going_home(carrier)
    answer = _claim(ApiClient(carrier), load, leg)
    assert (answer.status_code, answer.json()["status"]) == (202, "pending")
    held["result"] = "pass"
    rival = make_organization("Second Haulers", hauls=True)
    refused = _claim(ApiClient(rival), load, going_home(rival))
    assert (refused.status_code, refused.json()["code"]) == (409, "load_reserved")
    load.refresh_from_db()
    assert load.status == Status.OPEN
    told = FeedEntry.objects.get(event__name="claim.pending", organization_id=shipper.public_id).payload
    assert told["load"] == load.public_id
    assert carrier.public_id not in json.dumps(told)
    assert carrier.name not in json.dumps(told)


def test_a_held_claim_is_booked_once_trust_is_there(
    shipper: Organization, carrier: Organization, held: dict[str, str]
) -> None:
    made = claim(carrier, open_load(shipper), going_home(carrier))
    assert settle_claim(claim_id=made.public_id).status == ClaimStatus.PENDING
    held["result"] = "pass"
    settled = settle_claim(claim_id=made.public_id)
    assert settled.status == ClaimStatus.BOOKED
    assert settled.loads.get().booking == Booking.objects.get()
    assert settle_claim(claim_id=made.public_id) == settled
    assert Booking.objects.count() == 1


def test_a_held_claim_is_released_when_trust_forbids_it_or_the_time_is_over(
    shipper: Organization, carrier: Organization, held: dict[str, str]
) -> None:
    first = claim(carrier, open_load(shipper), going_home(carrier))
    held["result"] = "block"
    assert settle_claim(claim_id=first.public_id).status == ClaimStatus.RELEASED
    held["result"] = "hold"
    second = claim(carrier, open_load(shipper), going_home(carrier))
    earlier = now() - timedelta(hours=1)
    Claim.objects.filter(pk=second.pk).update(made_at=earlier, held_until=earlier + timedelta(minutes=10))
    assert Claim.objects.get(pk=second.pk).held_until < now()
    assert release_due_claims() == 1
    second.refresh_from_db()
    assert (second.status, second.outcome[:9]) == (ClaimStatus.RELEASED, "The check")
    assert not second.loads.get().is_held


def test_a_held_claim_whose_load_changed_is_released(
    shipper: Organization, carrier: Organization, held: dict[str, str]
) -> None:
    load = open_load(shipper)
    made = claim(carrier, load, going_home(carrier))
    Load.objects.filter(pk=load.pk).update(rate_cents=2_200_00, version=2)
    held["result"] = "pass"
    settled = settle_claim(claim_id=made.public_id)
    assert settled.status == ClaimStatus.RELEASED
    assert "rate changed" in settled.outcome
    assert not Booking.objects.exists()
