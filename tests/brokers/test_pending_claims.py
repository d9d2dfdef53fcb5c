"""A claim on hold: reserved, checked again, then booked or released; crashes and repetitions change nothing."""

from datetime import timedelta

import pytest

from brokers.models import Booking, Claim, ClaimedLoad, ClaimStatus
from brokers.services.claims import release_due_claims, settle_claim
from brokers.services.pending import check_waiting_claims
from foundation.accounts.federal import lookups
from foundation.accounts.models import FederalRecord, Organization
from foundation.events.models import Event
from foundation.trade.errors import Conflict
from foundation.trade.posting import Status
from tests.brokers.booked import claim, going_home, local_load, open_load
from tests.builders import make_organization, make_record, make_truck, now
from tests.events.pump import pump


@pytest.fixture
def registry(settings, monkeypatch, tmp_path):
    """Let the tests say what the registry answers: a text in the file of the number, nothing for not known."""
    settings.FEDERAL_ANSWERS = str(tmp_path)
    return tmp_path


@pytest.fixture
def held(registry, shipper, carrier, straight_roads):
    """Put a claim on hold: the registry has not answered yet."""
    answer(registry, carrier, fails=True)
    return claim(carrier, open_load(shipper), going_home(carrier))


def answer(registry, carrier: Organization, *, fails: bool = False, bipd: str = "1000") -> None:
    if not carrier.usdot_number:
        carrier.usdot_number = "1234567"
        carrier.save()
    number = carrier.usdot_number
    good = (
        '{"carrier": {"content": {"carrier": {"allowedToOperate": "Y", "commonAuthorityStatus": "A", '
        f'"bipdInsuranceOnFile": "{bipd}", "legalName": "X"}}}}}}}}'
    )
    (registry / f"{number}.json").write_text('{"fails": "It did not answer."}' if fails else good)
    FederalRecord.objects.update(tried_at=now() - timedelta(minutes=5))


def test_a_claim_that_cannot_be_checked_is_held_and_reserves_its_load(held, shipper):
    assert held.status == ClaimStatus.PENDING
    assert held.held_until - held.made_at <= timedelta(minutes=10)
    assert {each["rule"] for each in held.checks if each["result"] == "hold"} == {"record"}
    assert not Booking.objects.exists()
    rival = make_organization("Rival", hauls=True, usdot_number="555")
    make_record(rival)
    with pytest.raises(Conflict):
        claim(rival, held.loads.get().load, going_home(rival))


def test_the_check_that_passes_books_the_claim(held, registry, carrier):
    answer(registry, carrier)
    assert check_waiting_claims() == 1
    held.refresh_from_db()
    assert held.status == ClaimStatus.BOOKED
    assert {each["result"] for each in held.checks} == {"pass"}
    booking = Booking.objects.get()
    assert held.loads.get().booking == booking
    assert booking.load.status == Status.COVERED
    assert not ClaimedLoad.objects.filter(is_held=True).exists()


def test_the_check_that_finds_something_releases_it_and_says_what(held, registry, carrier):
    answer(registry, carrier, bipd="300")
    assert check_waiting_claims() == 1
    held.refresh_from_db()
    assert held.status == ClaimStatus.RELEASED
    assert "$750,000.00" in held.outcome
    load = held.loads.get().load
    load.refresh_from_db()
    assert (load.status, Booking.objects.count()) == (Status.OPEN, 0)


def test_while_the_registry_is_away_the_claim_waits_and_is_released_in_time(held, registry, carrier):
    assert check_waiting_claims() == 0
    assert FederalRecord.objects.get().failures == 1
    held.refresh_from_db()
    assert held.status == ClaimStatus.PENDING
    Claim.objects.update(made_at=now() - timedelta(minutes=11), held_until=now() - timedelta(seconds=1))
    assert check_waiting_claims() == 1
    held.refresh_from_db()
    assert held.status == ClaimStatus.RELEASED
    assert "did not come back in time" in held.outcome


def test_the_release_does_not_wait_for_the_queue_of_the_registry(held):
    Claim.objects.update(made_at=now() - timedelta(minutes=11), held_until=now() - timedelta(seconds=1))
    assert release_due_claims() == 1
    held.refresh_from_db()
    assert held.status == ClaimStatus.RELEASED


def test_who_watches_the_load_is_told_that_it_is_reserved_and_free_again_and_nobody_else(held, registry, carrier):
    def told() -> list[str]:
        facts = Event.objects.filter(subject=held.loads.get().load.public_id).exclude(feed_entries__isnull=False)
        return list(facts.order_by("id").values_list("name", flat=True))

    assert told() == ["load.reserved"]
    answer(registry, carrier, bipd="300")
    check_waiting_claims()
    assert told() == ["load.reserved", "load.freed"]


def test_running_it_again_changes_nothing(held, registry, carrier):
    answer(registry, carrier)
    check_waiting_claims()
    settle_claim(claim_id=held.public_id)
    assert check_waiting_claims() == 0
    assert Booking.objects.count() == 1
    assert Event.objects.filter(name="claim.closed", subject=held.public_id).count() == 1


def test_a_crash_after_the_answer_loses_nothing(held, registry, carrier, monkeypatch):
    answer(registry, carrier)
    monkeypatch.setattr("brokers.services.pending.settle_claim", lambda **_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        check_waiting_claims()
    monkeypatch.undo()
    held.refresh_from_db()
    assert held.status == ClaimStatus.PENDING
    assert check_waiting_claims() == 1


def test_the_fact_alone_has_it_checked(held, registry, carrier):
    answer(registry, carrier)
    pump()
    held.refresh_from_db()
    assert held.status == ClaimStatus.BOOKED


def test_a_registry_that_is_away_is_asked_about_one_carrier_and_not_the_others(held, registry, shipper, monkeypatch):
    other = make_organization("Other", hauls=True, usdot_number="777")
    claim(other, open_load(shipper), going_home(other))
    answer(registry, other, fails=True)
    asked = []
    real = lookups.refresh_record
    clock = iter([0.0, 0.0, 0.0, 100.0, 200.0])
    monkeypatch.setattr("brokers.services.pending.time.monotonic", lambda: next(clock))
    monkeypatch.setattr(
        "brokers.services.pending.refresh_record", lambda **words: asked.append(words["usdot_number"]) or real(**words)
    )
    assert check_waiting_claims() == 0
    assert len(asked) == 1


def test_the_registry_is_left_alone_between_two_tries(held, registry):
    check_waiting_claims()
    check_waiting_claims()
    assert FederalRecord.objects.get().failures == 1


def test_the_fourth_hold_of_a_day_is_refused_and_the_third_still_books(held, registry, shipper, carrier):
    for _ in range(2):
        truck = make_truck(carrier)
        third = claim(carrier, open_load(shipper), going_home(carrier, truck=truck))
    assert third.status == ClaimStatus.PENDING
    with pytest.raises(Conflict, match="claim may be held"):
        claim(carrier, local_load(shipper), going_home(carrier, truck=make_truck(carrier)))
    answer(registry, carrier)
    assert check_waiting_claims() == 3
    assert set(Claim.objects.values_list("status", flat=True)) == {ClaimStatus.BOOKED}
