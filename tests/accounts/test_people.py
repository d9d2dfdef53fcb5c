import re
from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress

from foundation.accounts.models import Invitation, Membership, Role
from foundation.accounts.services import (
    accept_invitation,
    change_role,
    invite_colleague,
    people,
    remove_member,
    revoke_invitation,
    switch_organization,
)
from foundation.accounts.services.people import hash_of_token
from foundation.events.models import AuditEntry, Mail
from foundation.trade import clock
from foundation.trade.errors import Conflict, Forbidden, Invalid, NotFound
from tests.builders import make_actor, make_organization, make_person

pytestmark = pytest.mark.django_db


def mailed_token(recipient: str) -> str:
    mail = Mail.objects.filter(recipient=recipient).latest("pk")
    return re.search(r"/organization/invitations/([^/]+)/", mail.text)[1]


@pytest.fixture
def owner():
    return make_actor(make_organization("Prairie Freight"))


def test_an_invited_colleague_becomes_a_member_once(owner):
    invite_colleague(actor=owner, email="Pat@Example.com", role=Role.DISPATCHER)
    token = mailed_token("pat@example.com")
    pat = make_person(email="pat@example.com", confirmed=False)
    membership = accept_invitation(person=pat, token=token)
    assert (membership.organization, membership.role) == (owner.organization, Role.DISPATCHER)
    assert EmailAddress.objects.get(user=pat).verified
    with pytest.raises(NotFound, match="no longer good"):
        accept_invitation(person=pat, token=token)


def test_only_a_hash_of_the_token_is_stored(owner):
    invitation = invite_colleague(actor=owner, email="pat@example.com", role=Role.VIEWER)
    token = mailed_token("pat@example.com")
    assert invitation.token_hash == hash_of_token(token) != token


def test_an_invitation_is_for_its_address_only(owner):
    invite_colleague(actor=owner, email="pat@example.com", role=Role.OWNER)
    with pytest.raises(Forbidden, match=r"for pat@example\.com"):
        accept_invitation(person=make_person(email="eve@example.com"), token=mailed_token("pat@example.com"))
    assert not Membership.objects.filter(person__email="eve@example.com").exists()


def test_an_invitation_ends_after_a_week_and_when_taken_back(owner, monkeypatch):
    pat = make_person(email="pat@example.com")
    invite_colleague(actor=owner, email=pat.email, role=Role.VIEWER)
    token = mailed_token(pat.email)
    real = clock.now
    with monkeypatch.context() as later:
        later.setattr(clock, "now", lambda: real() + timedelta(days=7, seconds=1))
        with pytest.raises(NotFound):
            accept_invitation(person=pat, token=token)
    revoke_invitation(actor=owner, invitation_id=Invitation.objects.get().public_id)
    with pytest.raises(NotFound):
        accept_invitation(person=pat, token=token)


def test_a_second_click_sends_one_mail_and_another_role_replaces_the_invitation(owner):
    first = invite_colleague(actor=owner, email="pat@example.com", role=Role.VIEWER)
    assert invite_colleague(actor=owner, email="pat@example.com", role=Role.VIEWER) == first
    assert Mail.objects.count() == 1
    old = mailed_token("pat@example.com")
    invite_colleague(actor=owner, email="pat@example.com", role=Role.DISPATCHER)
    with pytest.raises(NotFound):
        accept_invitation(person=make_person(email="pat@example.com"), token=old)


@pytest.mark.parametrize("email", ["", "pat", "pat@", "a b@example.com"])
def test_a_bad_address_is_said(owner, email):
    with pytest.raises(Invalid, match="Enter an address"):
        invite_colleague(actor=owner, email=email, role=Role.VIEWER)


def test_who_has_not_confirmed_their_own_address_invites_nobody(owner):
    newcomer = make_actor(owner.organization, email_confirmed=False)
    with pytest.raises(Forbidden, match="Confirm your e-mail address"):
        invite_colleague(actor=newcomer, email="pat@example.com", role=Role.VIEWER)
    assert not Mail.objects.exists()


def test_invitations_are_not_a_mailing_list(owner, monkeypatch):
    monkeypatch.setattr(people, "OPEN_INVITATIONS", 2)
    for name in ("one", "two"):
        invite_colleague(actor=owner, email=f"{name}@example.com", role=Role.VIEWER)
    with pytest.raises(Conflict, match="2 invitations are open"):
        invite_colleague(actor=owner, email="three@example.com", role=Role.VIEWER)


def test_a_member_is_not_invited_again(owner):
    with pytest.raises(Invalid, match="belongs to Prairie Freight already"):
        invite_colleague(actor=owner, email=owner.person.email.upper(), role=Role.VIEWER)


def test_the_last_owner_stays(owner):
    with pytest.raises(Conflict, match="last owner"):
        change_role(actor=owner, person_public_id=owner.person.public_id, role=Role.VIEWER)
    with pytest.raises(Conflict, match="last owner"):
        remove_member(actor=owner, person_public_id=owner.person.public_id)


def test_an_owner_whose_account_is_disabled_does_not_count(owner):
    make_person(owner.organization, Role.OWNER, is_active=False)
    with pytest.raises(Conflict, match="last owner"):
        remove_member(actor=owner, person_public_id=owner.person.public_id)


def test_an_owner_who_was_demoted_a_moment_ago_changes_nothing(owner):
    second = make_actor(owner.organization)
    change_role(actor=owner, person_public_id=second.person.public_id, role=Role.VIEWER)
    with pytest.raises(Forbidden, match="no longer an owner"):
        change_role(actor=second, person_public_id=owner.person.public_id, role=Role.VIEWER)


@pytest.mark.parametrize("role", ["dispatcher", "viewer", "driver"])
def test_only_owners_manage_people_but_anybody_may_leave(owner, role):
    colleague = make_actor(owner.organization, role)
    with pytest.raises(Forbidden):
        invite_colleague(actor=colleague, email="pat@example.com", role=Role.VIEWER)
    with pytest.raises(Forbidden):
        remove_member(actor=colleague, person_public_id=owner.person.public_id)
    remove_member(actor=colleague, person_public_id=colleague.person.public_id)
    assert not Membership.objects.filter(person=colleague.person).exists()


def test_another_organizations_people_and_invitations_are_not_found(owner):
    stranger = make_actor(make_organization("Lakeside"))
    invitation = invite_colleague(actor=stranger, email="pat@example.com", role=Role.VIEWER)
    with pytest.raises(NotFound):
        change_role(actor=owner, person_public_id=stranger.person.public_id, role=Role.VIEWER)
    with pytest.raises(NotFound):
        remove_member(actor=owner, person_public_id=stranger.person.public_id)
    with pytest.raises(NotFound):
        revoke_invitation(actor=owner, invitation_id=invitation.public_id)
    with pytest.raises(NotFound):
        switch_organization(person=owner.person, organization_public_id=stranger.organization.public_id)


def test_every_change_of_people_is_written_down(owner):
    colleague = make_person(owner.organization, Role.VIEWER)
    change_role(actor=owner, person_public_id=colleague.public_id, role=Role.DISPATCHER)
    remove_member(actor=owner, person_public_id=colleague.public_id)
    entries = AuditEntry.objects.filter(action="membership.changed", subject=colleague.public_id).order_by("pk")
    assert [entry.changes["role"] for entry in entries] == [["viewer", "dispatcher"], ["dispatcher", None]]
    assert {entry.actor for entry in entries} == {owner.person.public_id}
