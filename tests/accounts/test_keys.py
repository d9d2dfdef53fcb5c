import json
from datetime import timedelta

import pytest
from django.conf import settings
from rest_framework.exceptions import AuthenticationFailed, ParseError
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from foundation.accounts.actor import KEY_SCOPES
from foundation.accounts.authentication import KeyAuthentication, actor_of_key
from foundation.accounts.forms import SCOPE_LABELS
from foundation.accounts.models import ApiKey, Membership
from foundation.accounts.services import create_key, revoke_key
from foundation.trade import clock
from foundation.trade.errors import Conflict, Forbidden, Invalid, NotFound
from tests.builders import make_actor, make_organization

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner():
    return make_actor(make_organization("Prairie Freight"))


def make_key(owner, **fields):
    return create_key(**{"actor": owner, "name": "TMS", "scopes": ["loads:read", "loads:write"], **fields})


def ask(header: str | None = None, path: str = "/api/v1/loads") -> Request:
    headers = {"HTTP_AUTHORIZATION": header} if header is not None else {}
    return Request(APIRequestFactory().get(path, **headers))


def test_a_key_acts_for_its_organization_with_its_scopes(owner):
    key, text = make_key(owner)
    assert text.startswith("bh_live_")
    request = ask(f"Bearer {text}")
    assert KeyAuthentication().authenticate(request) == (owner.person, key)
    actor = request._request.actor
    assert (actor.organization, actor.scopes) == (owner.organization, {"loads:read", "loads:write"})
    assert (actor.label, actor.person, actor.email_confirmed) == (key.public_id, None, True)


def test_only_a_hash_is_stored(owner):
    key, text = make_key(owner)
    assert text.rpartition("_")[2] not in str(ApiKey.objects.filter(pk=key.pk).values().get())


def test_sandbox_keys_say_so_and_do_not_pass_as_live_ones():
    _, text = make_key(make_actor(make_organization("Sandy", market="sandbox")))
    assert text.startswith("bh_test_")
    assert actor_of_key(text) is not None
    assert actor_of_key(text.replace("bh_test_", "bh_live_")) is None


def with_another_last_digit(text: str) -> str:
    return text[:-1] + ("0" if text[-1] != "0" else "1")


@pytest.mark.parametrize(
    "damage", [with_another_last_digit, str.upper, lambda text: text[:-1], lambda text: "", lambda text: text + " x"]
)
def test_a_damaged_key_is_refused(owner, damage):
    _, text = make_key(owner)
    with pytest.raises(AuthenticationFailed):
        KeyAuthentication().authenticate(ask(f"Bearer {damage(text)}"))


def test_other_schemes_are_refused_and_no_header_is_nobody():
    assert KeyAuthentication().authenticate(ask()) is None
    with pytest.raises(AuthenticationFailed, match="Bearer"):
        KeyAuthentication().authenticate(ask("Basic abc"))


def test_a_key_in_an_address_is_refused(owner):
    _, text = make_key(owner)
    with pytest.raises(ParseError):
        KeyAuthentication().authenticate(ask(path=f"/api/v1/loads?key={text}"))


def test_a_revoked_or_expired_key_stops_at_once(owner, monkeypatch):
    key, text = make_key(owner, expires_at=clock.now() + timedelta(days=1))
    real = clock.now
    with monkeypatch.context() as later:
        later.setattr(clock, "now", lambda: real() + timedelta(days=1, seconds=1))
        assert actor_of_key(text) is None
    assert actor_of_key(text) is not None
    revoke_key(actor=owner, key_id=key.public_id)
    revoke_key(actor=owner, key_id=key.public_id)
    assert actor_of_key(text) is None


def test_a_key_never_may_more_than_who_made_it(owner):
    _, text = make_key(owner, scopes=sorted(KEY_SCOPES))
    membership = Membership.objects.get(person=owner.person)
    membership.role = "viewer"
    membership.save()
    assert actor_of_key(text)[1].may("loads:read")
    assert not actor_of_key(text)[1].may("loads:write")
    membership.delete()
    assert actor_of_key(text) is None


def test_a_key_is_offered_what_some_address_asks_for_and_nothing_else():
    written = json.loads((settings.BASE_DIR / "docs" / "openapi.json").read_text())
    asked = {each.get("x-required-scope") for path in written["paths"].values() for each in path.values()}
    assert asked - {None, ""} == KEY_SCOPES == SCOPE_LABELS.keys()


def test_an_address_for_people_alone_offers_itself_to_no_key():
    written = json.loads((settings.BASE_DIR / "docs" / "openapi.json").read_text())
    for operation in written["paths"]["/api/v1/payment-account"].values():
        assert operation["security"] == [{"session": []}]
        assert "which no key holds" in operation["description"]


def test_a_key_that_was_given_a_permission_which_is_gone_keeps_the_others(owner):
    key, text = make_key(owner, scopes=["loads:read"])
    ApiKey.objects.filter(pk=key.pk).update(scopes=["loads:read", "webhooks:manage"])
    actor = actor_of_key(text)[1]
    assert actor.scopes == {"loads:read"}


def test_a_key_stops_with_the_account_of_who_made_it(owner):
    _, text = make_key(owner)
    owner.person.is_active = False
    owner.person.save()
    assert actor_of_key(text) is None


def test_the_last_use_is_written_once_a_minute(owner, django_assert_num_queries, monkeypatch):
    key, text = make_key(owner)
    actor_of_key(text)
    first = ApiKey.objects.get(pk=key.pk).last_used_at
    with django_assert_num_queries(2):
        actor_of_key(text)
    assert ApiKey.objects.get(pk=key.pk).last_used_at == first
    real = clock.now
    monkeypatch.setattr(clock, "now", lambda: real() + timedelta(seconds=61))
    actor_of_key(text)
    assert ApiKey.objects.get(pk=key.pk).last_used_at > first


def test_two_keys_of_a_name_live_side_by_side_and_no_third(owner):
    first, _ = make_key(owner)
    make_key(owner, name="tms")
    with pytest.raises(Conflict, match="Two keys called TMS"):
        make_key(owner)
    revoke_key(actor=owner, key_id=first.public_id)
    make_key(owner)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"name": " "}, "name"),
        ({"scopes": []}, "scopes"),
        ({"scopes": ["loads:everything"]}, "scopes"),
        ({"scopes": ["keys:manage"]}, "scopes"),
    ],
)
def test_what_is_wrong_with_a_key_is_said(owner, fields, field):
    with pytest.raises(Invalid) as caught:
        make_key(owner, **fields)
    assert [problem.field for problem in caught.value.problems] == [field]


def test_only_owners_make_and_revoke_keys(owner):
    key, _ = make_key(owner)
    dispatcher = make_actor(owner.organization, "dispatcher")
    with pytest.raises(Forbidden):
        make_key(dispatcher)
    with pytest.raises(Forbidden):
        revoke_key(actor=dispatcher, key_id=key.public_id)
    with pytest.raises(NotFound):
        revoke_key(actor=make_actor(make_organization()), key_id=key.public_id)
