"""Mails: sent at least once, never lost, and without a key to the house on any page."""

import hashlib
import re
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from django.core import mail as django_mail
from django.db import IntegrityError, transaction
from django.db.transaction import TransactionManagementError
from django.test import Client

from backhaul.wiring import FACTS
from foundation.accounts.models import Role
from foundation.events.mails import without_links
from foundation.events.models import Attachment, Mail, Reaction
from foundation.events.queries import mails_of
from foundation.events.relay.placing import place_batch
from foundation.events.services import keep_attachment, queue_mail
from tests.builders import make_organization, make_person
from tests.events.pump import pump, run_task

pytestmark = pytest.mark.django_db
LINK = "https://backhaul.example/accounts/confirm-email/Mg:1abc:secret/"


def _queue(**fields) -> Mail:
    given = {
        "organization_id": None,
        "to": "ann@example.com",
        "subject": "Hello",
        "text": f"Open {LINK} now.",
        "kind": "posting",
    }
    with transaction.atomic():
        return queue_mail(**{**given, **fields})


def test_a_mail_is_sent_once_with_both_its_parts() -> None:
    mail = _queue(html="<p>Hello</p>")
    assert pump() == ["mail.queued"]
    sent = django_mail.outbox
    assert [(each.to, each.subject, each.body) for each in sent] == [
        (["ann@example.com"], "Hello", f"Open {LINK} now.")
    ]
    assert sent[0].alternatives[0] == ("<p>Hello</p>", "text/html")
    assert sent[0].extra_headers["Message-ID"].startswith(f"<{mail.public_id}@")
    mail.refresh_from_db()
    assert mail.sent_at is not None
    run_task("events.send_mail", [mail.public_id], 1)
    assert len(sent) == 1


def test_a_mail_that_the_server_refuses_is_tried_again_and_holds_up_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    refused, fine = _queue(to="refused@example.com"), _queue(to="fine@example.com")
    place_batch(FACTS)
    send = django_mail.EmailMultiAlternatives.send

    def fail(message, *args, **kwargs):
        if message.to == ["refused@example.com"]:
            raise OSError("connection refused")
        return send(message, *args, **kwargs)

    with monkeypatch.context() as broken:
        broken.setattr(django_mail.EmailMultiAlternatives, "send", fail)
        with pytest.raises(OSError, match="refused"):
            run_task("events.send_mail", [refused.public_id, fine.public_id], 2)
    assert [message.to for message in django_mail.outbox] == [["fine@example.com"]]
    assert Reaction.objects.get(done_at=None).subject == refused.public_id
    run_task("events.send_mail", [refused.public_id], 2)
    assert len(django_mail.outbox) == 2


def test_a_mail_that_lets_somebody_in_is_wiped_once_it_is_sent() -> None:
    mail = _queue(kind="sign_in", text=f"Confirm: {LINK}\n\n  AB12-CD34\n", html=f'<a href="{LINK}">x</a>')
    pump()
    assert LINK in django_mail.outbox[0].body
    mail.refresh_from_db()
    assert (mail.text.split(), mail.html) == (["Confirm:", "[link", "removed]", "[code", "removed]"], "")


@pytest.mark.parametrize("text", [LINK, f"<{LINK}>", f"({LINK})", LINK.replace("https", "http"), LINK.upper()])
def test_no_link_survives_whatever_stands_round_it(text: str) -> None:
    assert not re.search("secret", without_links(f"Open {text} now"), re.IGNORECASE)


def test_the_demo_shows_mails_and_sends_those_only_that_let_somebody_in(settings) -> None:
    settings.MAIL_DELIVERY = "page"
    shown, letting_in = _queue(), _queue(kind="sign_in", to="newcomer@example.com")
    pump()
    shown.refresh_from_db()
    letting_in.refresh_from_db()
    assert shown.sent_at is not None
    assert letting_in.sent_at is not None
    assert [message.to for message in django_mail.outbox] == [["newcomer@example.com"]]


def _get(person, path: str = "/events/mails/"):
    client = Client()
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return client.get(path)


def test_the_page_shows_the_organizations_mails_to_owners_and_dispatchers_only() -> None:
    ours, other = make_organization(), make_organization()
    _queue(organization_id=ours.public_id, subject="Ours <b>bold</b>")
    _queue(organization_id=ours.public_id, subject="Sign in", kind="sign_in")
    _queue(organization_id=other.public_id, subject="Theirs")
    _queue(subject="Nobody's")
    for role in (Role.OWNER, Role.DISPATCHER):
        page = _get(make_person(ours, role)).content.decode()
        assert "Ours &lt;b&gt;bold" in page
        assert "Theirs" not in page
        assert "Nobody" not in page
        assert page.count(LINK) == 1, "the posting's, not the sign-in's"
    for role in (Role.VIEWER, Role.DRIVER):
        assert _get(make_person(ours, role)).status_code == 403
    assert Client().get("/events/mails/").status_code == 302


def test_the_page_of_mails_has_pages() -> None:
    ours = make_organization()
    for number in range(51):
        _queue(organization_id=ours.public_id, subject=f"Mail {number:02}")
    owner = make_person(ours)
    assert "Mail 00" not in _get(owner).content.decode()
    assert "Mail 00" in _get(owner, "/events/mails/?page=2").content.decode()
    assert _get(owner, "/events/mails/?page=drop").status_code == 200


PDF = b"%PDF-1.7\n\x00\xff of a paper\n"


def _queue_with_file(body: bytes = PDF, name: str = "paper.pdf", **fields) -> Mail:
    with transaction.atomic():
        kept = keep_attachment(name=name, content_type="application/pdf", body=body)
        return _queue(attachment=kept, **fields)


def test_a_file_goes_with_a_mail_byte_for_byte_and_once_however_often_it_is_tried() -> None:
    mail = _queue_with_file(html="<p>Hello</p>")
    pump()
    run_task("events.send_mail", [mail.public_id], 1)
    (sent,) = django_mail.outbox
    assert [tuple(each) for each in sent.attachments] == [("paper.pdf", PDF, "application/pdf")]
    assert sent.alternatives[0] == ("<p>Hello</p>", "text/html")


def test_the_same_file_is_kept_once_for_all_mails_and_another_name_or_content_apart() -> None:
    first, second = _queue_with_file(to="a@example.com"), _queue_with_file(to="b@example.com")
    assert first.attachment_id == second.attachment_id
    other = _queue_with_file(PDF + b"2").attachment
    renamed = _queue_with_file(name="other.pdf").attachment
    assert Attachment.objects.count() == 3
    assert other.sha256 == hashlib.sha256(PDF + b"2").hexdigest()
    assert renamed.sha256 == first.attachment.sha256
    assert bytes(Attachment.objects.get(pk=first.attachment_id).body) == PDF


def test_a_file_is_what_its_hash_says_and_is_kept_in_the_transaction_of_its_mail(transactional_db: None) -> None:
    with pytest.raises(TransactionManagementError, match="An attachment belongs in the transaction"):
        keep_attachment(name="paper.pdf", content_type="application/pdf", body=PDF)
    kept = _queue_with_file().attachment
    with pytest.raises(IntegrityError, match="attachment_is_what_its_hash_says"):
        Attachment.objects.filter(pk=kept.pk).update(body=b"another")
    with pytest.raises(IntegrityError, match="foreign key"):
        Attachment.objects.filter(pk=kept.pk).delete()


def test_a_mail_written_to_a_folder_has_its_file_with_it(settings, tmp_path: Path) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    settings.EMAIL_FILE_PATH = str(tmp_path)
    _queue_with_file()
    pump()
    (written,) = tmp_path.iterdir()
    raw = written.read_bytes().partition(b"-" * 79)[0]
    (part,) = message_from_bytes(raw, policy=policy.default).iter_attachments()
    assert (part.get_filename(), part.get_content_type()) == ("paper.pdf", "application/pdf")
    assert part.get_content() == PDF


def test_the_page_of_mails_gives_the_file_to_whom_it_shows_the_mail_and_to_nobody_else(settings) -> None:
    settings.MAIL_DELIVERY = "page"
    ours, other = make_organization(), make_organization()
    mail = _queue_with_file(organization_id=ours.public_id)
    bare = _queue(organization_id=ours.public_id)
    pump()
    assert django_mail.outbox == []
    path = f"/events/mails/{mail.public_id}/attachment"
    for role in (Role.OWNER, Role.DISPATCHER):
        person = make_person(ours, role)
        page = _get(person).content.decode()
        assert page.count("paper.pdf") == 1
        assert path in page
        given = _get(person, path)
        assert (given.content, given["Content-Type"]) == (PDF, "application/pdf")
        assert given["Content-Disposition"] == 'attachment; filename="paper.pdf"'
        assert given["X-Content-Type-Options"] == "nosniff"
        assert _get(person, f"/events/mails/{bare.public_id}/attachment").status_code == 404
    for role in (Role.VIEWER, Role.DRIVER):
        assert _get(make_person(ours, role), path).status_code == 403
    assert _get(make_person(other), path).status_code == 404
    assert Client().get(path).status_code == 302


def test_a_page_of_mails_reads_no_bytes_of_what_is_attached(django_assert_num_queries) -> None:
    ours = make_organization()
    for number in range(3):
        _queue_with_file(PDF + bytes([number]), organization_id=ours.public_id)
    with django_assert_num_queries(1) as asked:
        assert [mail.attachment.name for mail in mails_of(ours.public_id)] == ["paper.pdf"] * 3
    assert "body" not in asked[0]["sql"]
