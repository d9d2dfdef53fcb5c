"""The page on which somebody chooses what comes by mail."""

import pytest
from allauth.account.models import EmailAddress
from django.test import Client

from foundation.accounts.mail_wishes import default_delivery
from foundation.accounts.models import Role
from foundation.accounts.queries import mail_readers
from foundation.accounts.services import change_role, remove_member
from foundation.events.digests import wishes_of
from foundation.events.models import Delivery
from foundation.trade.news import WORDING, NewsKind
from tests.builders import make_actor, make_organization, make_person

pytestmark = pytest.mark.django_db
ALL_OFF = {kind.value: "none" for kind in WORDING} | {"period": "hour", "hour": "7"}


def _client(person) -> Client:
    client = Client()
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return client


def test_owners_and_dispatchers_hear_at_once_what_waits_for_them_and_the_rest_in_the_digest() -> None:
    for role in (Role.OWNER, Role.DISPATCHER):
        assert default_delivery(role, NewsKind.OFFER) == Delivery.AT_ONCE
        assert default_delivery(role, NewsKind.ENDED) == Delivery.DIGEST
    assert {default_delivery(Role.VIEWER, kind) for kind in NewsKind} == {Delivery.NONE}


def test_news_go_by_mail_to_confirmed_addresses_of_those_who_are_not_drivers() -> None:
    ours = make_organization()
    owner, viewer = make_person(ours), make_person(ours, Role.VIEWER)
    make_person(ours, Role.DRIVER)
    make_person(ours, confirmed=False)
    make_person(ours, is_active=False)
    make_person(make_organization())
    moved = make_person(ours)
    EmailAddress.objects.filter(user=moved).update(email="elsewhere@example.com")
    assert [each.person for each in mail_readers(ours)] == [owner, viewer]


def test_the_page_shows_the_defaults_and_keeps_what_is_chosen_for_one_person_alone() -> None:
    ours = make_organization()
    owner, colleague = make_person(ours), make_person(ours, Role.DISPATCHER)
    page = _client(owner).get("/accounts/notices/").content.decode()
    assert page.count('<option value="at_once" selected>') == 4
    assert owner.email in page
    answer = _client(owner).post("/accounts/notices/", ALL_OFF)
    assert answer.status_code == 302
    wish = wishes_of(ours.public_id, [owner.public_id, colleague.public_id])
    assert set(wish) == {owner.public_id}
    assert (wish[owner.public_id].period, set(wish[owner.public_id].deliveries.values())) == ("hour", {"none"})
    assert _client(owner).get("/accounts/notices/").content.decode().count('<option value="none" selected>') == 7


@pytest.mark.parametrize("wrong", [{"offer": "pigeon"}, {"period": "year"}, {"hour": "24"}, {"ended": ""}])
def test_nonsense_is_refused_beside_its_field(wrong) -> None:
    ours = make_organization()
    owner = make_person(ours)
    answer = _client(owner).post("/accounts/notices/", ALL_OFF | wrong)
    assert answer.status_code == 422
    assert f"id_{next(iter(wrong))}_error" in answer.content.decode()
    assert wishes_of(ours.public_id, [owner.public_id]) == {}


def test_wishes_end_with_the_membership() -> None:
    ours = make_organization()
    boss = make_actor(ours)
    for leave in (
        lambda who: remove_member(actor=boss, person_public_id=who),
        lambda who: change_role(actor=boss, person_public_id=who, role=Role.DRIVER),
    ):
        person = make_person(ours)
        _client(person).post("/accounts/notices/", ALL_OFF)
        leave(person.public_id)
        assert wishes_of(ours.public_id, [person.public_id]) == {}
