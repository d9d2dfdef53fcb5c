"""The pages as each of the cast finds them."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from foundation.accounts.actor import SCOPES_BY_ROLE, Actor
from foundation.accounts.models import ApiKey, Membership, Organization, RelationshipRequest, Role
from foundation.accounts.services import ask_for_relationship, create_key, invite_colleague, set_relationship
from tests.accounts.test_people import mailed_token
from tests.builders import make_actor, make_organization, make_person

OWNERS = ["owner"]
MEMBERS = ["owner", "dispatcher", "viewer"]
ALL = [*MEMBERS, "driver"]
PAGES = {
    "/organization/": ALL,
    "/organization/edit/": OWNERS,
    "/organization/new/": ALL,
    "/organization/people/": OWNERS,
    "/organization/relationships/": MEMBERS,
    "/organization/keys/": OWNERS,
    "/accounts/profile/": ALL,
    "/accounts/email/": ALL,
    "/accounts/password/change/": ALL,
    "/accounts/2fa/": ALL,
}


def details(**changes) -> dict[str, str]:
    given = {"name": "Prairie Freight", "ships": "on", "hauls": "on", "usdot_number": "1234567", "version": "1"}
    return {**given, "time_zone": "America/Chicago", **changes}


@pytest.mark.parametrize("role", ALL)
def test_every_page_opens_for_the_roles_it_is_for_and_no_other(cast, signed_in, role):
    client = signed_in(cast.people[role])
    answers = {page: client.get(page).status_code for page in PAGES}
    assert answers == {page: 200 if role in roles else 403 for page, roles in PAGES.items()}


def test_strangers_to_the_house_are_sent_to_sign_in(db, client):
    for page in PAGES:
        response = client.get(page)
        assert response.status_code == 302
        assert response.url.startswith("/accounts/login/?next=")


def test_somebody_without_an_organization_is_sent_to_set_one_up(db, signed_in):
    client = signed_in(make_person())
    assert client.get("/").url == "/organization/new/"
    assert client.get("/organization/").url == "/organization/new/"
    fragment = client.get("/organization/", headers={"HX-Request": "true"})
    assert fragment.headers["HX-Redirect"] == "/organization/new/"


@pytest.mark.parametrize(
    ("what", "page"),
    [
        ({"brokers": True}, "/desk/"),
        ({"ships": True}, "/loads/"),
        ({"hauls": True}, "/legs/"),
        ({"ships": True, "brokers": True}, "/desk/"),
    ],
)
def test_the_day_begins_where_the_work_is(db, signed_in, what, page):
    assert signed_in(make_person(make_organization(**what))).get("/").url == page


def test_a_driver_finds_a_page_of_their_own(cast, signed_in):
    assert b"Your tours" in signed_in(cast.people["driver"]).get("/", follow=True).content


def test_a_script_in_a_name_is_only_text(cast, signed_in):
    Organization.objects.update(name="<script>alert(1)</script>")
    for page in PAGES:
        assert b"<script>alert" not in signed_in(cast.people["owner"]).get(page).content


def test_no_page_carries_inline_script_or_style(cast, signed_in):
    client = signed_in(cast.people["owner"])
    for page in [*PAGES, "/accounts/2fa/webauthn/", "/accounts/logout/", "/nowhere/"]:
        html = client.get(page).content.decode()
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", html), page
        assert not re.search(r"<script(?![^>]*(src=|type=\"application/json\"))", html), page


def test_setting_up_makes_an_organization_and_bad_input_stays_in_the_form(db, signed_in):
    person = make_person(full_name="Pat")
    client = signed_in(person)
    bad = client.post("/organization/new/", details(usdot_number="USDOT 12"))
    assert bad.status_code == 422
    assert b"no letters" in bad.content
    assert b'value="USDOT 12"' in bad.content
    assert client.post("/organization/new/", details()).url == "/"
    organization = Organization.objects.get()
    assert Membership.objects.get(organization=organization).person == person
    page = client.get("/organization/").content.decode()
    assert "not verified yet" in page


def test_a_stale_edit_shows_both_and_saves_nothing(cast, signed_in):
    client = signed_in(cast.people["owner"])
    assert client.post("/organization/edit/", details(contact_name="First")).status_code == 302
    stale = client.post("/organization/edit/", details(contact_name="Second"))
    assert stale.status_code == 412
    page = stale.content.decode()
    assert "First" in page
    assert "Second" in page
    assert 'name="version" value="2"' in page
    assert Organization.objects.get(pk=cast.organization.pk).contact_name == "First"


def test_a_new_usdot_number_is_asked_about_before_it_is_saved(cast, signed_in):
    client = signed_in(cast.people["owner"])
    first = client.post("/organization/edit/", details(usdot_number="7777777"))
    assert first.status_code == 422
    assert b"Tick the box" in first.content
    assert b'name="accepts_revocation"' in first.content
    client.post("/organization/edit/", details(usdot_number="7777777", accepts_revocation="on"))
    cast.organization.refresh_from_db()
    assert (cast.organization.usdot_number, cast.organization.is_verified) == ("7777777", False)


def test_a_person_of_two_organizations_switches_and_an_old_tab_is_stopped(cast, signed_in):
    pat = cast.people["owner"]
    Membership.objects.create(organization=cast.other, person=pat, role=Role.OWNER)
    client = signed_in(pat)
    assert b"Prairie Freight" in client.get("/organization/").content
    client.post("/organization/switch/", {"organization": cast.other.public_id})
    assert b"Lakeside Brokers" in client.get("/organization/").content
    old_tab = client.post("/organization/edit/", details(_organization=cast.organization.public_id))
    assert old_tab.status_code == 409
    assert b"In another tab" in old_tab.content
    assert client.post("/organization/switch/", {"organization": make_organization().public_id}).status_code == 404


def test_who_is_removed_is_out_at_the_next_click(cast, signed_in):
    viewer = signed_in(cast.people["viewer"])
    assert viewer.get("/organization/").status_code == 200
    owner = signed_in(cast.people["owner"])
    owner.post(f"/organization/people/{cast.people['viewer'].public_id}/removal/")
    assert viewer.get("/organization/").url == "/organization/new/"


def test_an_invitation_is_accepted_through_its_page(cast, signed_in, client):
    signed_in(cast.people["owner"]).post("/organization/people/", {"email": "pat@example.com", "role": "dispatcher"})
    page = f"/organization/invitations/{mailed_token('pat@example.com')}/"
    assert b"Sign up with this address" in client.get(page).content
    assert b"Sign out" in signed_in(cast.stranger).get(page).content
    assert signed_in(cast.stranger).post(page).status_code == 403
    pat = signed_in(make_person(email="pat@example.com", confirmed=False))
    assert pat.post(page).url == "/"
    assert b"Prairie Freight" in pat.get("/organization/").content
    assert client.get(page).status_code == 404


def test_a_key_is_shown_once(cast, signed_in):
    client = signed_in(cast.people["owner"])
    made = client.post("/organization/keys/", {"name": "TMS", "scopes": ["loads:read"]})
    text = re.search(r"bh_live_[0-9a-z]{26}_[0-9a-f]{48}", made.content.decode())[0]
    assert text not in client.get("/organization/keys/").content.decode()
    assert "no-store" in made.headers["Cache-Control"]
    key = ApiKey.objects.get()
    client.post(f"/organization/keys/{key.public_id}/revocation/")
    assert b"revoked" in client.get("/organization/keys/").content


def test_a_request_is_granted_on_the_page(cast, signed_in):
    asker = make_actor(cast.other)
    ask_for_relationship(actor=asker, giver_public_id="1234567", kind="represents", message="<b>Hello</b>")
    client = signed_in(cast.people["owner"])
    page = client.get("/organization/relationships/").content.decode()
    assert "&lt;b&gt;Hello" in page
    request = RelationshipRequest.objects.get()
    viewer = signed_in(cast.people["viewer"])
    answer = f"/organization/relationships/requests/{request.public_id}/answer/"
    assert viewer.post(answer, {"answer": "grant"}).status_code == 403
    client.post(answer, {"answer": "grant"})
    assert "May act for us" in client.get("/organization/relationships/").content.decode()


def test_a_strangers_objects_are_not_found(cast, signed_in):
    owner = cast.people["owner"]
    actor = Actor(cast.organization, SCOPES_BY_ROLE["owner"], person=owner, role="owner")
    key, _ = create_key(actor=actor, name="TMS", scopes=["loads:read"])
    invitation = invite_colleague(actor=actor, email="pat@example.com", role="viewer")
    given = set_relationship(actor=actor, taker_public_id=cast.other.public_id, kind="blocked")
    stranger = signed_in(cast.stranger)
    for path in (
        f"/organization/keys/{key.public_id}/revocation/",
        f"/organization/people/{owner.public_id}/role/",
        f"/organization/people/{owner.public_id}/removal/",
        f"/organization/people/invitations/{invitation.public_id}/revocation/",
        f"/organization/relationships/{given.public_id}/end/",
        "/organization/invitations/nothing/",
    ):
        assert stranger.post(path, {"role": "viewer"}).status_code == 404, path
    assert b"Prairie" not in stranger.get("/organization/relationships/").content


def test_changes_need_a_csrf_token(cast):
    client = Client(enforce_csrf_checks=True)
    client.force_login(cast.people["owner"])
    response = client.post("/organization/keys/", {"name": "TMS", "scopes": ["loads:read"]})
    assert response.status_code == 403
    assert b"open for too long" in response.content


def test_a_page_costs_few_queries(cast, signed_in, django_assert_max_num_queries):
    client = signed_in(cast.people["owner"])
    client.get("/organization/")
    with django_assert_max_num_queries(4):  # session, person, memberships with the address, verifications
        client.get("/organization/")


def test_the_market_of_the_sandbox_is_named(db, signed_in):
    client = signed_in(make_person(make_organization(market="sandbox")))
    assert b"Nothing here reaches the live market" in client.get("/organization/").content


def test_a_last_day_is_shown_as_it_was_typed(cast, signed_in):
    broker = make_organization("Lakeside Brokers", brokers=True)
    client, page = signed_in(cast.people["owner"]), "/organization/relationships/"
    typed = {"kind": "represents", "taker": broker.public_id, "valid_until": "2099-11-30"}
    assert client.post(page, typed).status_code == 302
    assert "Nov 30, 2099" in client.get(page).content.decode()
    assert client.post("/organization/keys/", {"name": "TMS", "scopes": "loads:read", "expires_at": "2099-03-08"})
    assert "Mar 8, 2099" in client.get("/organization/keys/").content.decode()


def test_a_day_is_the_one_on_which_it_was_in_the_office(cast, signed_in):
    evening = datetime(2026, 11, 24, 5, 59, tzinfo=UTC)  # 23:59 of the day before in Chicago
    for instant, day in ((evening, "Nov 23, 2026"), (evening + timedelta(minutes=1), "Nov 24, 2026")):
        Organization.objects.filter(pk=cast.organization.pk).update(verified_at=instant)
        assert f"Verified since {day}." in signed_in(cast.people["owner"]).get("/organization/").content.decode()
