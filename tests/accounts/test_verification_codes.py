"""A code from the federal record verifies an organization, and everything that somebody may try against it."""

import re
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command

from foundation.accounts.federal.lookups import refresh_record
from foundation.accounts.models import FederalRecord, Organization, Role, VerificationCode
from foundation.accounts.services import ask_record, enter_code, send_code, update_organization
from foundation.accounts.terms import terms_of
from foundation.events.models import AuditEntry, Event, Mail
from foundation.trade.errors import Conflict, Forbidden, Invalid
from tests.builders import make_actor, make_organization, make_record, now

pytestmark = pytest.mark.django_db

FEDERAL = "boss@ruiz.example"


@pytest.fixture(autouse=True)
def asking(settings):
    settings.FMCSA_WEB_KEY = "key"


def newcomer(**columns):
    columns = {
        "hauls": True,
        "verified": False,
        "usdot_number": "1234567",
        "contact_email": "typed@evil.example",
    } | columns
    return make_organization("Ruiz Trucking", **columns)


def ready(**columns):
    organization = newcomer(**columns.pop("organization", {}))
    make_record(organization, **{"email": FEDERAL, **columns})
    return make_actor(organization)


def mailed():
    sent = Mail.objects.latest("pk")
    return sent, re.search(r"^(\d{4}-\d{4})$", sent.text, re.MULTILINE).group(1)


def wrong_for(code):
    return "0000-0000" if code != "0000-0000" else "1111-1111"


def test_the_code_goes_to_the_federal_contact_and_verifies():
    actor = ready()
    code = send_code(actor=actor)
    sent, text = mailed()
    assert sent.recipient == FEDERAL
    assert code.sent_to == "b•••@ruiz.example"
    organization = enter_code(actor=actor, text=text.replace("-", " "))
    assert organization.is_verified
    decision = organization.verifications.get()
    assert "USDOT 1234567" in decision.reason
    assert Event.objects.filter(name="organization.verified", subject=organization.public_id).exists()
    actions = AuditEntry.objects.filter(organization_id=organization.public_id).values_list("action", flat=True)
    assert {"organization.code_sent", "organization.code_entered", "organization.verified"} <= set(actions)


def test_a_contact_that_was_typed_in_never_gets_a_code():
    actor = ready()
    terms = terms_of(actor.organization)
    update_organization(
        actor=actor,
        version=actor.organization.version,
        terms=type(terms)(**{**terms.values(), "contact_email": "other@evil.example", "contact_phone": "555-010-0199"}),
    )
    send_code(actor=actor)
    assert set(Mail.objects.values_list("recipient", flat=True)) == {FEDERAL}


def test_the_code_stands_in_no_page_of_mails_and_in_no_row():
    actor = ready()
    code = send_code(actor=actor)
    sent, text = mailed()
    assert sent.organization_id == ""
    assert sent.kind == "sign_in"
    kept = [str(value) for value in VerificationCode.objects.filter(pk=code.pk).values().get().values()]
    kept += [str(entry.changes) for entry in AuditEntry.objects.all()]
    assert not any(text in each or text.replace("-", "") in each or FEDERAL in each for each in kept)


def test_five_wrong_tries_end_a_code_even_for_who_knows_it_then():
    actor = ready()
    send_code(actor=actor)
    _, text = mailed()
    for left in (4, 3, 2, 1):
        with pytest.raises(Invalid) as caught:
            enter_code(actor=actor, text=wrong_for(text))
        assert f"{left} tr" in caught.value.sentence
    with pytest.raises(Invalid, match="last try"):
        enter_code(actor=actor, text=wrong_for(text))
    with pytest.raises(Conflict, match="No code is good"):
        enter_code(actor=actor, text=text)
    assert not Organization.objects.get(pk=actor.organization.pk).is_verified


@pytest.mark.parametrize("text", ["", "1234", "12345678901234", "١٢٣٤٥٦٧٨", "<script>"])
def test_what_is_no_code_is_a_wrong_code(text):
    actor = ready()
    send_code(actor=actor)
    with pytest.raises(Invalid):
        enter_code(actor=actor, text=text)


def test_a_code_is_good_for_fifteen_minutes():
    actor = ready()
    code = send_code(actor=actor)
    _, text = mailed()
    assert code.expires_at - code.asked_at == timedelta(minutes=15)
    VerificationCode.objects.update(asked_at=now() - timedelta(minutes=16), expires_at=now() - timedelta(seconds=1))
    with pytest.raises(Conflict, match="No code is good"):
        enter_code(actor=actor, text=text)


def test_a_new_code_ends_the_one_before():
    actor = ready()
    send_code(actor=actor)
    _, first = mailed()
    VerificationCode.objects.update(asked_at=now() - timedelta(minutes=2))
    send_code(actor=actor)
    _, second = mailed()
    if first != second:
        with pytest.raises(Invalid):
            enter_code(actor=actor, text=first)
    assert VerificationCode.objects.filter(closed_at__isnull=True).count() == 1
    assert enter_code(actor=actor, text=second).is_verified


def test_codes_are_sent_at_a_measured_pace():
    actor = ready()
    send_code(actor=actor)
    with pytest.raises(Conflict, match="may be sent from"):
        send_code(actor=actor)
    for _ in range(2):
        VerificationCode.objects.filter(asked_at__gt=now() - timedelta(minutes=1)).update(
            asked_at=now() - timedelta(minutes=5)
        )
        send_code(actor=actor)
    VerificationCode.objects.update(asked_at=now() - timedelta(minutes=5))
    with pytest.raises(Conflict, match="may be sent from"):
        send_code(actor=actor)


def test_many_accounts_cannot_flood_the_contact_of_one_number():
    ready()
    record = FederalRecord.objects.get()
    for _ in range(5):
        send_code(actor=make_actor(newcomer()))
    with pytest.raises(Conflict, match="may be sent from"):
        send_code(actor=make_actor(newcomer()))
    assert Mail.objects.filter(recipient=record.email).count() == 5


def test_another_organizations_code_is_no_good_here():
    victim = ready()
    send_code(actor=victim)
    _, text = mailed()
    attacker = make_actor(newcomer())
    with pytest.raises(Conflict, match="No code is good"):
        enter_code(actor=attacker, text=text)


def test_a_code_for_a_number_that_was_changed_since_is_good_no_longer():
    actor = ready()
    send_code(actor=actor)
    _, text = mailed()
    Organization.objects.update(usdot_number="7654321")
    with pytest.raises(Conflict, match="No code is good"):
        enter_code(actor=actor, text=text)


def test_unverified_duplicates_block_nobody_and_the_first_to_prove_it_has_the_number():
    first, second = ready(), make_actor(newcomer())
    send_code(actor=first)
    _, text_of_first = mailed()
    send_code(actor=second)
    _, text_of_second = mailed()
    assert enter_code(actor=second, text=text_of_second).is_verified
    with pytest.raises(Conflict, match="verified with USDOT number 1234567 already"):
        enter_code(actor=first, text=text_of_first)
    with pytest.raises(Conflict, match="Ask its owner to invite you"):
        send_code(actor=first)


def test_only_an_owner_with_a_confirmed_address_asks_and_enters():
    actor = ready()
    for role in (Role.DISPATCHER, Role.VIEWER, Role.DRIVER):
        with pytest.raises(Forbidden):
            send_code(actor=make_actor(actor.organization, role))
        with pytest.raises(Forbidden):
            enter_code(actor=make_actor(actor.organization, role), text="1")
        with pytest.raises(Forbidden):
            ask_record(actor=make_actor(actor.organization, role))
    with pytest.raises(Forbidden, match="Confirm your e-mail"):
        send_code(actor=make_actor(actor.organization, email_confirmed=False))
    with pytest.raises(Forbidden, match="key cannot"):
        send_code(actor=make_actor(actor.organization, person=None, key_id="key_1"))


@pytest.mark.parametrize(
    ("organization", "record", "why"),
    [
        ({}, {"email": ""}, "names no e-mail address"),
        ({}, {"email": "", "phone": "2145550101"}, "operator of this market"),
        ({}, {"fetched_at": timedelta(hours=25)}, "older than a day"),
        ({}, {"outcome": "not_found", "is_allowed_to_operate": None}, "knows no USDOT number"),
        ({}, {"outcome": "failed", "fetched_at": None}, "has not answered yet"),
        ({}, {"is_out_of_service": True}, "out of service"),
        ({}, {"is_allowed_to_operate": False}, "not allowed to operate"),
        ({}, {"common_authority": "I"}, "revoked or has lapsed"),
        ({"brokers": True, "hauls": False}, {"broker_authority": "I"}, "no active broker authority"),
        ({"brokers": True, "hauls": False}, {"bond_on_file_cents": 10_000_00}, "$75,000.00"),
        ({"brokers": True, "hauls": False}, {"bond_on_file_cents": None}, "none is on file"),
    ],
)
def test_a_record_that_is_not_in_order_sends_no_code_and_says_why(organization, record, why):
    ago = {name: now() - value for name, value in record.items() if isinstance(value, timedelta)}
    actor = ready(organization=organization, **{**record, **ago})
    with pytest.raises(Conflict) as caught:
        send_code(actor=actor)
    assert why in caught.value.sentence
    assert not Mail.objects.exists()


def test_a_private_fleet_without_authority_to_haul_for_others_is_verified():
    actor = ready(organization={"ships": True}, common_authority="N", contract_authority="N")
    send_code(actor=actor)
    assert enter_code(actor=actor, text=mailed()[1]).is_verified


def test_a_record_that_turned_bad_meanwhile_verifies_nobody_and_costs_no_try():
    actor = ready()
    send_code(actor=actor)
    FederalRecord.objects.update(is_out_of_service=True)
    with pytest.raises(Conflict, match="out of service"):
        enter_code(actor=actor, text=mailed()[1])
    FederalRecord.objects.update(is_out_of_service=False)
    assert enter_code(actor=actor, text=mailed()[1]).is_verified


def test_an_installation_without_the_registry_leaves_it_to_the_operator(settings):
    settings.FMCSA_WEB_KEY = ""
    actor = ready()
    for attempt in (ask_record, send_code):
        with pytest.raises(Conflict, match="operator"):
            attempt(actor=actor)


def test_the_registry_is_asked_once_a_minute_at_most():
    actor = make_actor(newcomer())
    assert ask_record(actor=actor)
    assert Event.objects.filter(name="organization.record_asked", subject=actor.organization.public_id).count() == 1
    make_record(actor.organization)
    assert not ask_record(actor=actor)


def test_a_failed_try_leaves_what_was_known_and_a_later_answer_counts(settings, tmp_path):
    settings.FEDERAL_ANSWERS = str(tmp_path)
    organization = newcomer()
    make_record(organization, email=FEDERAL)
    (tmp_path / "1234567.json").write_text('{"fails": "It did not answer."}')
    record = refresh_record(market="live", usdot_number="1234567")
    assert (record.outcome, record.failures, record.email) == ("found", 1, FEDERAL)
    (tmp_path / "1234567.json").unlink()
    record = refresh_record(market="live", usdot_number="1234567")
    assert (record.outcome, record.failures, record.email) == ("not_found", 0, "")
    assert Event.objects.filter(name="organization.checked", subject=organization.public_id).count() == 2


def test_the_pages_go_from_asking_to_verified(client):
    actor = ready(fetched_at=now() - timedelta(hours=30))
    client.force_login(actor.person)
    page = client.get("/organization/verification/").content.decode()
    assert "older than a day" in page
    assert client.post("/organization/verification/record/").status_code == 302
    FederalRecord.objects.update(fetched_at=now())
    page = client.get("/organization/verification/").content.decode()
    assert "b•••@ruiz.example" in page
    assert FEDERAL not in page
    client.post("/organization/verification/code/")
    _, text = mailed()
    assert client.post("/organization/verification/entry/", {"code": wrong_for(text)}).status_code == 422
    page = client.get("/organization/verification/").content.decode()
    assert text not in page
    assert "Eight digits" in page
    assert client.post("/organization/verification/entry/", {"code": text}).status_code == 302
    assert "is verified" in client.get("/organization/verification/").content.decode()
    assert client.post("/organization/verification/entry/", {"code": text}).status_code == 302
    assert Organization.objects.get(pk=actor.organization.pk).verifications.count() == 1


def test_the_operator_sees_the_record_before_deciding_and_may_decide_against_it(capsys):
    organization = newcomer()
    make_record(organization, email=FEDERAL, common_authority="I", failures=2, failure="It did not answer.")
    call_command("verify", organization.public_id, "--show")
    said = capsys.readouterr().out
    for words in (
        "RUIZ TRUCKING",
        "common I",
        FEDERAL,
        "answered 0.0 hours ago",
        "last 2 tries",
        "revoked or has lapsed",
    ):
        assert words in said
    assert not Organization.objects.get().is_verified
    call_command("verify", organization.public_id, "--reason", "Called the number on record")
    assert Organization.objects.get().is_verified


def test_the_operator_clears_a_look_alike_domain_once_for_that_domain(capsys):
    organization = newcomer(contact_email="boss@homevvard-trucking.example")
    for _ in range(2):
        call_command("verify", organization.public_id, "--clear", "lookalike_domain", "--by", "pat")
    decision = organization.verifications.get()
    assert (decision.decision, decision.about) == ("cleared", "homevvard-trucking.example")
    assert not Organization.objects.get().is_verified
    Organization.objects.update(contact_email="")
    with pytest.raises(CommandError, match="nothing that this rule"):
        call_command("verify", organization.public_id, "--clear", "lookalike_domain")


def test_the_command_asks_the_registry_where_there_is_one(settings, tmp_path, capsys):
    settings.FEDERAL_ANSWERS = str(tmp_path)
    organization = newcomer()
    call_command("verify", organization.public_id, "--show", "--ask")
    assert "no such number" in capsys.readouterr().out
    settings.FEDERAL_ANSWERS = settings.FMCSA_WEB_KEY = ""
    with pytest.raises(CommandError, match="FMCSA_WEB_KEY"):
        call_command("verify", organization.public_id, "--ask")
