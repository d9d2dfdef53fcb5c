"""What the registry's answers say: the traps of QCMobile, and an adapter that gives up in words."""

import json
from datetime import date
from io import BytesIO

import pytest
import requests

from foundation.accounts.federal import qcmobile
from foundation.accounts.federal.facts import RegistryFailed, read_facts
from foundation.accounts.federal.qcmobile import TRIES, QcMobile
from foundation.accounts.federal.recorded import SANDBOX_ANSWERS, RecordedAnswers
from foundation.accounts.federal.sources import source_for

KEY = "secret-web-key"


def carrier(**said):
    return {"content": {"carrier": {"allowedToOperate": "Y", "legalName": "RUIZ TRUCKING", **said}}}


@pytest.mark.parametrize(
    ("said", "field", "read"),
    [
        ({"allowedToOperate": "N"}, "is_allowed_to_operate", False),
        ({"allowedToOperate": None, "allowToOperate": "Y"}, "is_allowed_to_operate", True),
        ({"statusCode": "I"}, "is_allowed_to_operate", False),
        ({"bipdInsuranceOnFile": "1000"}, "bipd_on_file_cents", 1_000_000_00),
        ({"bipdInsuranceOnFile": "750"}, "bipd_on_file_cents", 750_000_00),
        ({"bipdInsuranceOnFile": 750}, "bipd_on_file_cents", 750_000_00),
        ({"bipdInsuranceOnFile": "0"}, "bipd_on_file_cents", 0),
        ({"bipdInsuranceOnFile": None}, "bipd_on_file_cents", None),
        ({"bipdInsuranceOnFile": ""}, "bipd_on_file_cents", None),
        ({"bipdRequiredAmount": "5,000"}, "bipd_required_cents", 5_000_000_00),
        ({"bondInsuranceOnFile": "75"}, "bond_on_file_cents", 75_000_00),
        ({"oosDate": "2026-03-12"}, "out_of_service_since", date(2026, 3, 12)),
        ({"oosDate": "03/12/2026"}, "out_of_service_since", date(2026, 3, 12)),
        ({"oosDate": "some day"}, "is_out_of_service", True),
        ({"oosDate": None}, "is_out_of_service", False),
        ({"commonAuthorityStatus": "A"}, "common_authority", "A"),
        ({"commonAuthorityStatus": "X"}, "common_authority", ""),
        ({"legalName": "A\x00B\n C"}, "legal_name", "A B C"),
        ({"phyStreet": "1 MAIN ST", "phyCity": "DALLAS", "phyState": "TX"}, "address", "1 MAIN ST, DALLAS, TX"),
    ],
)
def test_the_traps_of_an_answer_are_read_as_they_are_meant(said, field, read):
    facts = read_facts({"carrier": carrier(**said)})
    assert facts is not None
    assert getattr(facts, field) == read


@pytest.mark.parametrize(
    "answer",
    [
        None,
        [],
        {},
        {"content": "down for maintenance"},
        {"content": {"carrier": {"legalName": "X"}}},
        {"content": {"carrier": {"allowedToOperate": "maybe"}}},
        carrier(bipdInsuranceOnFile="Y"),
        carrier(bipdInsuranceOnFile="-750"),
        carrier(bipdInsuranceOnFile="99999999999"),
    ],
)
def test_what_cannot_be_read_is_a_failure_and_no_verdict(answer):
    with pytest.raises(RegistryFailed):
        read_facts({"carrier": answer})


@pytest.mark.parametrize("content", [None, []])
def test_no_content_means_that_the_number_is_not_known(content):
    assert read_facts({"carrier": {"content": content}}) is None


def test_one_active_docket_is_enough():
    rows = [{"carrierAuthority": {"commonAuthorityStatus": status}} for status in ("I", "A", "N")]
    facts = read_facts({"carrier": carrier(), "authority": {"content": rows}})
    assert facts is not None
    assert facts.common_authority == "A"


@pytest.mark.parametrize(
    ("written", "day"),
    [("01-JUN-74", date(1974, 6, 1)), ("20240105", date(2024, 1, 5)), ("2024-01-05T00:00:00.000", date(2024, 1, 5))],
)
def test_the_census_gives_contact_and_day_of_registration(written, day):
    census = [{"email_address": "Boss@Ruiz.Example", "telephone": "(214) 555-0101", "add_date": written}]
    facts = read_facts({"carrier": carrier(), "census": census})
    assert facts is not None
    assert facts.contact is not None
    assert (facts.contact.email, facts.contact.phone) == ("boss@ruiz.example", "(214) 555-0101")
    assert facts.contact.registered_on == day


class Site:
    """Answers requests from a list; an exception in it is raised."""

    def __init__(self, monkeypatch, *answers):
        self.answers, self.asked = list(answers), []
        monkeypatch.setattr(qcmobile.requests, "get", self.get)

    def get(self, url, **options):
        self.asked.append((url, options))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        response = requests.Response()
        response.status_code, body = answer
        response.raw = BytesIO(body.encode() if isinstance(body, str) else json.dumps(body).encode())
        return response


def service(**options):
    return QcMobile(url="https://registry.example/qc/services/", web_key=KEY, sleep=lambda _: None, **options)


GOOD = carrier(commonAuthorityStatus="A")


def test_the_service_is_asked_with_the_key_short_limits_and_no_redirects(monkeypatch):
    site = Site(monkeypatch, (200, GOOD), (200, [{"email_address": "boss@ruiz.example"}]))
    answers = service(census_url="https://census.example/rows.json").ask("1234567")
    assert read_facts(answers).contact.email == "boss@ruiz.example"
    (url, options), (census_url, census_options) = site.asked
    assert url == "https://registry.example/qc/services/carriers/1234567"
    assert options["params"] == {"webKey": KEY}
    assert sum(options["timeout"]) <= 6
    assert options["allow_redirects"] is False
    assert census_url == "https://census.example/rows.json"
    assert KEY not in str(census_options)


def test_a_service_that_stumbles_is_asked_again_and_one_that_is_down_is_given_up(monkeypatch):
    Site(monkeypatch, requests.Timeout("slow"), (503, ""), (200, GOOD))
    assert read_facts(service().ask("1")) is not None
    site = Site(monkeypatch, *[requests.ConnectionError(f"https://x/?webKey={KEY}")] * TRIES)
    with pytest.raises(RegistryFailed) as caught:
        service().ask("1")
    assert len(site.asked) == TRIES
    assert KEY not in str(caught.value)


@pytest.mark.parametrize("answer", [(401, ""), (403, {}), (302, ""), (404, "<html>"), (200, "<html>")])
def test_what_will_not_mend_by_itself_is_not_asked_again(monkeypatch, answer):
    site = Site(monkeypatch, answer)
    with pytest.raises(RegistryFailed):
        service().ask("1")
    assert len(site.asked) == 1


def test_a_census_that_is_down_leaves_authority_and_insurance_standing(monkeypatch):
    Site(monkeypatch, (200, GOOD), *[(500, "")] * TRIES)
    facts = read_facts(service(census_url="https://census.example/").ask("1"))
    assert facts.is_allowed_to_operate
    assert facts.contact is None


def test_the_authorities_are_asked_for_where_the_carrier_says_none(monkeypatch):
    rows = {"content": [{"carrierAuthority": {"contractAuthorityStatus": "A"}}]}
    site = Site(monkeypatch, (200, carrier()), (200, rows))
    assert read_facts(service().ask("77")).contract_authority == "A"
    assert site.asked[1][0].endswith("/carriers/77/authority")


def test_a_number_that_is_none_goes_into_no_address(monkeypatch):
    site = Site(monkeypatch)
    for text in ("../admin", "12?x=1", "", "١٢"):
        with pytest.raises(RegistryFailed):
            service().ask(text)
    assert site.asked == []


def test_recorded_answers_are_played_and_unknown_numbers_are_not_known(tmp_path):
    (tmp_path / "1.json").write_text(json.dumps({"carrier": GOOD}))
    (tmp_path / "2.json").write_text('{"fails": "It did not answer."}')
    (tmp_path / "3.json").write_text("broken")
    played = RecordedAnswers(tmp_path)
    assert read_facts(played.ask("1")).common_authority == "A"
    assert read_facts(played.ask("9")) is None
    for number in ("2", "3", "../1"):
        with pytest.raises(RegistryFailed):
            played.ask(number)


def test_the_sandbox_never_asks_the_real_service(settings):
    settings.FMCSA_WEB_KEY = KEY
    assert source_for("live").name == "qcmobile"
    assert source_for("sandbox").name == "recorded"
    settings.FMCSA_WEB_KEY = ""
    assert source_for("live") is None


def test_every_answer_of_the_sandbox_can_be_read():
    for path in SANDBOX_ANSWERS.glob("9*.json"):
        if path.stem == "90000006":
            continue
        facts = read_facts(RecordedAnswers(SANDBOX_ANSWERS).ask(path.stem))
        assert (facts is None) == (path.stem == "90000007")
