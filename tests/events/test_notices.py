"""The bell: an organization's notices, read by each person for themselves."""

import pytest
from django.db import transaction
from django.test import Client

from foundation.accounts.models import Role
from foundation.events.models import NoticeReader
from foundation.events.services import notify
from tests.builders import make_organization, make_person

pytestmark = pytest.mark.django_db


def _client(person) -> Client:
    client = Client()
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return client


def _notify(organization, key: str, text: str):
    with transaction.atomic():
        return notify(organization_id=organization.public_id, key=key, text=text, url="/loads/load_1/")


def test_a_notice_is_new_until_its_reader_has_read_it_and_new_for_others_still() -> None:
    ours, other = make_organization(), make_organization()
    owner, colleague, stranger = (_client(make_person(each)) for each in (ours, ours, other))
    _notify(ours, "one", "Still open? <script>")
    last = _notify(ours, "two", "Confirm Chicago to Dallas")
    fragment = owner.get("/events/notices", headers={"HX-Request": "true"}).content.decode()
    assert 'data-unread="2"' in fragment
    assert "<html" not in fragment
    assert "Still open? &lt;script&gt;" in fragment
    answer = owner.post("/events/notices/read", {"last": last.public_id}, headers={"HX-Request": "true"})
    assert "data-unread" not in answer.content.decode()
    assert answer["HX-Trigger"] == "backhaul:notices.read"
    assert 'data-unread="2"' in colleague.get("/events/bell").content.decode()
    assert "Chicago" not in stranger.get("/events/notices").content.decode()
    assert "<html" in owner.get("/events/notices").content.decode()


def test_what_comes_after_reading_is_new_again_and_reading_goes_no_way_back() -> None:
    ours = make_organization()
    owner = _client(make_person(ours))
    first, second = _notify(ours, "one", "One"), _notify(ours, "two", "Two")
    owner.post("/events/notices/read", {"last": second.public_id})
    owner.post("/events/notices/read", {"last": first.public_id})
    assert "data-unread" not in owner.get("/events/bell").content.decode()
    _notify(ours, "three", "Three")
    assert 'data-unread="1"' in owner.get("/events/bell").content.decode()


def test_another_organizations_notice_marks_nothing_as_read() -> None:
    ours, other = make_organization(), make_organization()
    _notify(ours, "one", "One")
    theirs = _notify(other, "one", "Theirs")
    owner = _client(make_person(ours))
    owner.post("/events/notices/read", {"last": theirs.public_id})
    assert not NoticeReader.objects.exists()
    assert 'data-unread="1"' in owner.get("/events/bell").content.decode()


def test_reading_leads_back_to_the_page_and_nowhere_else() -> None:
    owner = _client(make_person(make_organization()))
    assert owner.post("/events/notices/read", {"next": "/loads/"})["Location"] == "/loads/"
    assert owner.post("/events/notices/read", {"next": "//evil.example/"})["Location"] == "/events/notices"
    assert Client().get("/events/bell").status_code == 204


def test_a_driver_has_no_bell_and_reads_no_notices_for_these_name_rates() -> None:
    ours = make_organization(hauls=True)
    driver = _client(make_person(ours, Role.DRIVER))
    last = _notify(ours, "one", "Booked: Chicago to Dallas at $2,400.00.")
    answers = [
        driver.get("/events/notices"),
        driver.get("/events/notices", headers={"HX-Request": "true"}),
        driver.get("/events/bell"),
        driver.post("/events/notices/read", {"last": last.public_id}),
        driver.post("/events/notices/read", {"last": last.public_id}, headers={"HX-Request": "true"}),
    ]
    assert [answer.status_code for answer in answers] == [403, 403, 204, 403, 403]
    assert not any("2,400" in answer.content.decode() for answer in answers)
