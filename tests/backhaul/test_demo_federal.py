"""The demo's companies are in order with the federal registry, but for a few."""

import pytest

from backhaul.demo.cast import BROKERS, CARRIERS, SHIPPERS, _phone
from backhaul.demo.federal import FREE_NUMBERS, ODD_ANSWERS, record_answers
from brokers.trust import judge_claim
from foundation.accounts.federal.standing import refusal
from foundation.accounts.models import FederalRecord, Organization
from tests.builders import make_actor, make_load, make_organization, now

pytestmark = pytest.mark.django_db


def test_the_demo_plays_recorded_answers_for_its_companies(settings, tmp_path):
    settings.FEDERAL_ANSWERS = str(tmp_path / "federal")
    names = ["Homeward Trucking", *ODD_ANSWERS]
    carriers = [
        make_actor(
            make_organization(
                name,
                hauls=True,
                usdot_number=str(3_100_000 + place),
                contact_email=f"x@{name.split()[0].lower()}-of-the-demo.example",
                contact_phone=_phone(name),
                verified_at=now(),
            )
        )
        for place, name in enumerate(names)
    ]
    broker = make_actor(make_organization("Fullway Brokerage", brokers=True, usdot_number="3200000"))
    record_answers([*carriers, broker])
    load, found = make_load(), {}
    for actor in carriers:
        who = Organization.objects.get(pk=actor.organization.pk)
        results = judge_claim(carrier=who, loads=[load], now=now()).results
        found[who.name] = {each.rule: each.result for each in results if each.result != "pass"}
    assert found == {
        "Homeward Trucking": {},
        "Wagon Trail Transport": {"record": "hold"},
        "Steady Wheel Transport": {"out_of_service": "block", "authority": "block"},
        "Canyon Run Carriers": {"insurance": "block"},
        "Harvest Moon Trucking": {"authority": "block"},
        "Foxglove Freight": {"young_authority": "flag"},
    }
    record = FederalRecord.objects.get(usdot_number="3200000")
    assert refusal(broker.organization, record, now()) == ""
    assert {path.stem for path in (tmp_path / "federal").glob("33*.json")} == set(FREE_NUMBERS)


def test_a_seeding_without_recorded_answers_writes_none(settings, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    settings.FEDERAL_ANSWERS = ""
    record_answers([make_actor(make_organization("Homeward Trucking", hauls=True, usdot_number="3100000"))])
    assert list(tmp_path.iterdir()) == []
    assert not FederalRecord.objects.exists()


def test_every_company_of_the_demo_has_a_phone_of_its_own():
    names = (*SHIPPERS, *CARRIERS, *BROKERS)
    assert len({_phone(name) for name in names}) == len(names)
    assert set(ODD_ANSWERS) <= set(CARRIERS)
