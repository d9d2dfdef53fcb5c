"""Sign-up, sign-in, reset, confirmation, second factors."""

import re

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    generate_totp_secret,
    hotp_value,
    yield_hotp_counters_from_time,
)
from django.test import Client

from backhaul.admin import operator_site
from foundation.accounts.models import Person
from foundation.events.models import Mail
from tests.builders import PASSWORD, make_organization, make_person

pytestmark = pytest.mark.usefixtures("db", "empty_cache")


def sign_up(client: Client, email: str = "pat@example.com"):
    data = {
        "full_name": "Pat Prairie",
        "email": email,
        "password1": "a long road home",
        "password2": "a long road home",
    }
    return client.post("/accounts/signup/", data)


def sign_in(client: Client, email: str, password: str = PASSWORD):
    return client.post("/accounts/login/", {"login": email, "password": password})


def link_in_mail(recipient: str) -> str:
    mail = Mail.objects.filter(recipient=recipient).latest("pk")
    return re.search(r"https?://[^/]+(/accounts/\S+)", mail.text)[1]


def test_signing_up_signs_in_asks_to_confirm_and_leads_to_set_up(client):
    assert sign_up(client).url == "/"
    person = Person.objects.get()
    assert (person.email, person.full_name) == ("pat@example.com", "Pat Prairie")
    assert client.get("/").url == "/organization/new/"
    assert not EmailAddress.objects.get(user=person).verified
    assert client.post(link_in_mail("pat@example.com")).status_code == 302
    assert EmailAddress.objects.get(user=person).verified


def test_a_link_used_twice_says_that_nothing_may_be_left_to_do(client):
    sign_up(client)
    link = link_in_mail("pat@example.com")
    assert b"Yes, confirm it" in client.get(link).content
    client.post(link)
    assert b"This link was used already" in client.get(link).content


def test_an_unconfirmed_address_is_said_on_every_page_until_it_is_confirmed(client):
    person = make_person(make_organization(), confirmed=False)
    client.force_login(person)
    assert b"Confirm your e-mail address" in client.get("/organization/").content
    EmailAddress.objects.update(verified=True)
    assert b"Confirm your e-mail address" not in client.get("/organization/").content


def test_an_address_signs_up_once_whatever_its_case(client):
    make_person(email="pat@example.com")
    assert sign_up(client, "PAT@example.com").status_code == 200
    assert Person.objects.count() == 1


@pytest.mark.parametrize("password", ["short", "password123", "12345678901"])
def test_a_weak_password_is_refused(client, password):
    data = {"full_name": "Pat", "email": "pat@example.com", "password1": password, "password2": password}
    assert b"password" in client.post("/accounts/signup/", data).content.lower()
    assert not Person.objects.exists()


def test_signing_in_by_address_lands_where_the_work_is(client):
    person = make_person(make_organization(brokers=True))
    assert sign_in(client, person.email.upper()).url == "/"
    assert client.get("/").url == "/desk/"


def test_sign_in_leads_back_but_never_to_another_site(client):
    person = make_person(make_organization())
    data = {"login": person.email, "password": PASSWORD}
    assert (
        client.post("/accounts/login/?next=/organization/", {**data, "next": "/organization/"}).url == "/organization/"
    )
    assert Client().post("/accounts/login/", {**data, "next": "https://evil.example/"}).url == "/"


def test_a_wrong_password_and_an_unknown_address_read_the_same(client):
    person = make_person()
    answers = [
        sign_in(client, email, "not the password").content.decode() for email in (person.email, "nobody@example.com")
    ]
    sentences = [re.findall(r"role=\"alert\".*?</div>\s*</div>", answer, re.DOTALL) for answer in answers]
    assert sentences[0] == sentences[1] != []


def test_a_disabled_person_does_not_come_in(client):
    person = make_person(make_organization(), is_active=False)
    sign_in(client, person.email)
    assert client.get("/").url == "/accounts/login/"


def test_guessing_is_stopped(client):
    person = make_person(make_organization())
    for _ in range(6):
        sign_in(client, person.email, "wrong")
    assert sign_in(client, person.email).status_code == 200
    assert b"Too many" in sign_in(client, person.email).content


def test_a_reset_answers_the_same_for_everybody_and_its_link_names_our_host(client, settings):
    person = make_person(make_organization())
    answers = [
        client.post("/accounts/password/reset/", {"email": email}) for email in (person.email, "nobody@example.com")
    ]
    assert answers[0].url == answers[1].url
    mail = Mail.objects.get(recipient=person.email)
    assert settings.BASE_URL in mail.text
    assert mail.kind == "sign_in"
    page = client.get(link_in_mail(person.email), follow=True)
    new = {"password1": "another long road", "password2": "another long road"}
    client.post(page.request["PATH_INFO"], new)
    assert sign_in(Client(), person.email, "another long road").url == "/"
    assert sign_in(Client(), person.email).status_code == 200


def test_mails_wait_in_the_outbox_and_not_for_a_mail_server(client, mailoutbox):
    sign_up(client)
    assert mailoutbox == []
    assert Mail.objects.filter(recipient="pat@example.com").exists()


def with_second_factor(person: Person) -> str:
    secret = generate_totp_secret()
    TOTP.activate(person, secret)
    RecoveryCodes.activate(person)
    return secret


def test_who_has_a_second_factor_is_asked_for_it(client):
    person = make_person(make_organization())
    secret = with_second_factor(person)
    assert sign_in(client, person.email).url == "/accounts/2fa/authenticate/"
    assert client.get("/").url == "/accounts/login/"
    assert b"authenticator code" in client.get("/accounts/2fa/authenticate/").content
    counter = next(iter(yield_hotp_counters_from_time()))
    code = format_hotp_value(hotp_value(secret, counter))
    assert client.post("/accounts/2fa/authenticate/", {"code": code}).url == "/"


def test_the_pages_of_second_factors_open_after_the_password_was_asked_again(client):
    person = make_person(make_organization())
    sign_in(client, person.email)
    asked = client.get("/accounts/2fa/totp/activate/").url
    assert client.get(asked).status_code == 200
    client.post(asked, {"password": PASSWORD})
    for page in ("/accounts/2fa/totp/activate/", "/accounts/2fa/webauthn/add/"):
        assert client.get(page).status_code == 200
    with_second_factor(person)
    assert client.get("/accounts/2fa/recovery-codes/").status_code == 200
    assert Authenticator.objects.filter(user=person).count() == 2


def test_the_admin_is_off_by_default(client):
    client.force_login(make_person(is_superuser=True, is_staff=True))
    assert client.get("/admin/").status_code == 404


def test_the_admin_wants_a_superuser_with_a_second_factor_and_never_writes(rf):
    site = operator_site()
    request = rf.get("/admin/")
    request.user = make_person(is_staff=True, is_superuser=True)
    assert not site.has_permission(request)
    with_second_factor(request.user)
    assert site.has_permission(request)
    assert all(
        not (
            each.has_add_permission(request)
            or each.has_change_permission(request)
            or each.has_delete_permission(request)
        )
        for each in site._registry.values()
    )
    assert "password" not in site._registry[Person].get_fields(request)
    request.user = make_person(is_staff=True)
    assert not site.has_permission(request)
