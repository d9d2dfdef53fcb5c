"""Two at once; each race has a control that shows it with the guard taken away."""

import threading
from collections.abc import Callable

import pytest
from django.db import connection

from foundation.accounts.models import Invitation, Membership, Organization, Role
from foundation.accounts.services import accept_invitation, change_role, create_key, invite_colleague, people
from foundation.trade.errors import TradeError
from tests.accounts.test_people import mailed_token
from tests.builders import make_actor, make_organization, make_person

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*calls: Callable[[], object]) -> list[object]:
    """Run the calls in threads that start together; return each one's result or refusal."""
    gate = threading.Barrier(len(calls))
    results: list[object] = [None] * len(calls)

    def run(place: int, call: Callable[[], object]) -> None:
        gate.wait()
        try:
            results[place] = call()
        except TradeError as error:
            results[place] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return results


def two_owners_demote_each_other() -> int:
    organization = make_organization()
    one, two = make_actor(organization), make_actor(organization)
    at_once(
        lambda: change_role(actor=one, person_public_id=two.person.public_id, role=Role.VIEWER),
        lambda: change_role(actor=two, person_public_id=one.person.public_id, role=Role.VIEWER),
    )
    return Membership.objects.filter(organization=organization, role=Role.OWNER).count()


def test_two_owners_who_demote_each_other_leave_one():
    assert [two_owners_demote_each_other() for _ in range(5)] == [1] * 5


def test_control_without_the_lock_both_owners_are_gone(monkeypatch):
    meeting = threading.Barrier(2)

    def unlocked(organization):
        return Organization.objects.get(pk=organization.pk)

    kept = people._keep_an_owner

    def keep_and_wait(membership):
        kept(membership)
        meeting.wait(30)

    monkeypatch.setattr(people, "locked", unlocked)
    monkeypatch.setattr(people, "_keep_an_owner", keep_and_wait)
    assert two_owners_demote_each_other() == 0


def test_an_invitation_accepted_twice_at_once_makes_one_member():
    owner = make_actor(make_organization())
    invite_colleague(actor=owner, email="pat@example.com", role=Role.VIEWER)
    token = mailed_token("pat@example.com")
    pat = make_person(email="pat@example.com")
    results = at_once(*[lambda: accept_invitation(person=pat, token=token)] * 4)
    assert sum(isinstance(result, Membership) for result in results) == 1
    assert Membership.objects.filter(person=pat).count() == 1
    assert Invitation.objects.get().accepted_at is not None


def test_a_name_never_gets_three_live_keys():
    owner = make_actor(make_organization())
    results = at_once(*[lambda: create_key(actor=owner, name="TMS", scopes=["loads:read"])] * 4)
    assert sum(isinstance(result, tuple) for result in results) == 2
