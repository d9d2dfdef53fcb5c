import pytest
from django.core.management import CommandError, call_command

from foundation.accounts.models import Organization, Verification
from foundation.accounts.services import (
    create_organization,
    revoke_verification,
    update_organization,
    verify_organization,
)
from foundation.accounts.terms import OrganizationTerms, terms_of
from foundation.events.models import AuditEntry, Event
from foundation.trade.errors import Conflict, Forbidden, Invalid, NotFound, Stale
from tests.builders import make_actor, make_organization, make_person

pytestmark = pytest.mark.django_db


def carrier(**changes) -> OrganizationTerms:
    return OrganizationTerms(**{"name": "Prairie Freight", "hauls": True, "usdot_number": "1234567", **changes})


def fields_of(error: Invalid) -> set[str]:
    return {problem.field for problem in error.problems}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "x" * 121}, "name"),
        ({"name": "Bad\x00Name"}, "name"),
        ({"hauls": False}, "ships"),
        ({"usdot_number": ""}, "usdot_number"),
        ({"usdot_number": "USDOT12"}, "usdot_number"),
        ({"usdot_number": "0123"}, "usdot_number"),
        ({"usdot_number": "123456789"}, "usdot_number"),
        ({"usdot_number": "١٢٣"}, "usdot_number"),
        ({"mc_number": "12A"}, "mc_number"),
        ({"scac": "A"}, "scac"),
        ({"scac": "AB1"}, "scac"),
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
        ({"contact_phone": "call me"}, "contact_phone"),
        ({"contact_email": "nobody"}, "contact_email"),
    ],
)
def test_a_rule_that_is_broken_is_said_beside_its_field(changes, field):
    with pytest.raises(Invalid) as caught:
        create_organization(person=make_person(), terms=carrier(**changes))
    assert fields_of(caught.value) == {field}


def test_a_broker_gives_either_number():
    person = make_person()
    by_mc = carrier(hauls=False, brokers=True, usdot_number="", mc_number="MC-123456")
    assert create_organization(person=person, terms=by_mc).mc_number == "123456"
    with pytest.raises(Invalid):
        create_organization(person=person, terms=carrier(hauls=False, brokers=True, usdot_number=""))


def test_the_person_who_sets_it_up_owns_it_and_the_audit_knows():
    person = make_person()
    organization = create_organization(person=person, terms=carrier(scac=" abcd "))
    assert organization.scac == "ABCD"
    assert not organization.is_verified
    assert organization.memberships.get().role == "owner"
    entry = AuditEntry.objects.get(organization_id=organization.public_id)
    assert (entry.action, entry.actor) == ("organization.created", person.public_id)


def test_the_operator_verifies_by_name_and_the_decision_is_kept():
    organization = make_organization("Prairie Freight", verified=False, hauls=True, usdot_number="1234567")
    verify_organization(public_id_or_name="prairie freight", decided_by="ops", reason="checked")
    verify_organization(public_id_or_name=organization.public_id, decided_by="ops")
    organization.refresh_from_db()
    assert organization.is_verified
    decision = Verification.objects.get(organization=organization)
    assert (decision.decision, decision.decided_by, decision.reason) == ("verified", "ops", "checked")
    assert Event.objects.filter(name="organization.verified", subject=organization.public_id).count() == 1


def test_one_verified_organization_per_usdot_number_and_market():
    make_organization("First", hauls=True, usdot_number="1234567")
    second = make_organization("Second", verified=False, hauls=True, usdot_number="1234567")
    sandbox = make_organization("Third", verified=False, hauls=True, usdot_number="1234567", market="sandbox")
    with pytest.raises(Conflict, match=r"First .* is verified with USDOT number 1234567 already"):
        verify_organization(public_id_or_name=second.public_id, decided_by="ops")
    assert verify_organization(public_id_or_name=sandbox.public_id, decided_by="ops").is_verified


def test_verifying_asks_back_when_a_name_means_several_and_refuses_an_unknown_one():
    make_organization("Twin", verified=False)
    make_organization("Twin", verified=False)
    with pytest.raises(Conflict, match="Name one by its id"):
        verify_organization(public_id_or_name="Twin", decided_by="ops")
    with pytest.raises(NotFound):
        verify_organization(public_id_or_name="Nobody", decided_by="ops")


def test_the_command_prints_what_it_did_or_why_not(capsys):
    organization = make_organization("Prairie Freight", verified=False)
    call_command("verify", "Prairie Freight", "--by", "pat", "--reason", "called them")
    assert "is verified" in capsys.readouterr().out
    call_command("verify", organization.public_id, "--revoke")
    assert "is not verified" in capsys.readouterr().out
    assert Verification.objects.earliest("pk").decided_by == "pat"
    with pytest.raises(CommandError, match="No organization"):
        call_command("verify", "Nobody")


def test_changes_need_the_version_that_was_seen():
    actor = make_actor(make_organization("Prairie Freight", hauls=True, usdot_number="1234567"))
    update_organization(actor=actor, version=1, terms=carrier(contact_name="Pat"))
    with pytest.raises(Stale):
        update_organization(actor=actor, version=1, terms=carrier(contact_name="Sam"))
    assert Organization.objects.get().contact_name == "Pat"


def test_a_new_usdot_number_ends_the_verification_but_only_when_accepted():
    organization = make_organization("Prairie Freight", hauls=True, usdot_number="1234567")
    actor = make_actor(organization)
    with pytest.raises(Invalid) as caught:
        update_organization(actor=actor, version=1, terms=carrier(usdot_number="7777777"))
    assert fields_of(caught.value) == {"accepts_revocation"}
    organization.refresh_from_db()
    assert organization.is_verified
    update_organization(actor=actor, version=1, terms=carrier(usdot_number="7777777"), accepts_revocation=True)
    organization.refresh_from_db()
    assert (organization.usdot_number, organization.is_verified) == ("7777777", False)
    assert Verification.objects.get(organization=organization).decision == "revoked"
    assert Event.objects.filter(name="organization.unverified").count() == 1


def test_a_verified_shipper_does_not_make_itself_a_broker():
    organization = make_organization("Prairie Freight", usdot_number="1234567")
    with pytest.raises(Invalid, match="has to be verified"):
        update_organization(
            actor=make_actor(organization), version=1, terms=carrier(hauls=False, ships=True, brokers=True)
        )


def test_only_owners_change_details():
    organization = make_organization("Prairie Freight")
    for role in ("dispatcher", "viewer", "driver"):
        with pytest.raises(Forbidden):
            update_organization(actor=make_actor(organization, role), version=1, terms=terms_of(organization))


def test_revoking_twice_is_one_decision():
    organization = make_organization("Prairie Freight")
    revoke_verification(public_id_or_name=organization.public_id, decided_by="ops")
    revoke_verification(public_id_or_name=organization.public_id, decided_by="ops")
    assert Verification.objects.filter(organization=organization, decision="revoked").count() == 1
