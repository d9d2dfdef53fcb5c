"""The document of a rate confirmation goes with its mail: the stored bytes, to who may read it, and once."""

import hashlib

import pytest
from django.core import mail as django_mail
from django.core.mail import EmailMessage

from brokers.models import Booking, RateConfirmation
from brokers.services import notices
from foundation.accounts.models import Organization, Person, Role
from foundation.events.digests import save_wishes
from foundation.events.models import Attachment, DigestItem, Mail, Reaction
from foundation.trade.errors import NotFound
from foundation.trade.news import NewsKind
from tests.brokers.papers import make_booking
from tests.brokers.test_confirmation_documents import change_the_document, made
from tests.builders import make_organization, make_person
from tests.events.pump import pump, run_task

pytestmark = pytest.mark.django_db


def _wish(company: Organization, person: Person, how: str) -> None:
    save_wishes(
        organization_id=company.public_id,
        person_id=person.public_id,
        deliveries={NewsKind.PAPER: how},
        period="hour",
        hour=7,
    )


def _sent_to(person: Person) -> list[EmailMessage]:
    return [message for message in django_mail.outbox if message.to == [person.email]]


def _files(person: Person) -> list[tuple[str, bytes, str]]:
    return [tuple(each) for message in _sent_to(person) for each in message.attachments]


def _brokered() -> Booking:
    return make_booking(broker=make_organization("Lakeside Brokers", brokers=True, ships=False))


def test_each_side_is_mailed_the_stored_document_whose_hash_the_mail_names() -> None:
    booking = make_booking()
    people = [make_person(side) for side in (booking.shipper, booking.carrier)]
    row = made(booking)
    pump()
    for person in people:
        (message,) = _sent_to(person)
        ((name, body, content_type),) = _files(person)
        assert (name, content_type) == (f"rate-confirmation-{row.number}.pdf", "application/pdf")
        assert body == bytes(row.document.pdf)
        assert hashlib.sha256(body).hexdigest() == row.sha256
        assert f"SHA-256: {row.sha256}" in message.body
        assert f"Attached: {name}" in message.body
        assert f"/rate-confirmations/{row.public_id}/" in message.body
        assert name in message.alternatives[0][0]
    assert Attachment.objects.count() == 1, "kept once for both sides"


def test_in_a_brokered_sale_nobody_is_mailed_the_paper_of_the_others() -> None:
    booking = _brokered()
    shipper, broker, carrier = (make_person(side) for side in (booking.shipper, booking.seller, booking.carrier))
    carriage = made(booking)
    sale = RateConfirmation.objects.get(booking=booking, agreement="sale")
    pump()
    papers = {bytes(carriage.document.pdf): "carriage", bytes(sale.document.pdf): "sale"}
    mailed = {person: sorted(papers[body] for _, body, _ in _files(person)) for person in (shipper, broker, carrier)}
    assert mailed == {shipper: ["sale"], broker: ["carriage", "sale"], carrier: ["carriage"]}


def test_a_digest_keeps_the_link_and_who_wants_no_mail_or_drives_has_none() -> None:
    booking = make_booking()
    company = booking.carrier
    later, never, driver = make_person(company), make_person(company), make_person(company, Role.DRIVER)
    _wish(company, later, "digest")
    _wish(company, never, "none")
    row = made(booking)
    pump()
    assert not _sent_to(later) + _sent_to(never) + _sent_to(driver)
    item = DigestItem.objects.get(person_id=later.public_id)
    assert item.url == f"/rate-confirmations/{row.public_id}/"
    assert not Attachment.objects.exists(), "no mail at once, so nothing is kept for one"


def test_running_twice_mails_the_document_once() -> None:
    booking = make_booking()
    person = make_person(booking.carrier)
    row = made(booking)
    pump()
    Reaction.objects.filter(task="brokers.write_notices").update(done_at=None)
    run_task("brokers.write_notices", [row.public_id], 1)
    pump()
    assert len(_files(person)) == 1
    assert Mail.objects.filter(recipient=person.email, kind=NewsKind.PAPER).count() == 1


def test_each_revision_is_mailed_with_its_own_document() -> None:
    booking = make_booking()
    person = make_person(booking.carrier)
    rows = [made(booking), made(booking)]
    pump()
    files = {name: body for name, body, _ in _files(person)}
    assert files == {f"rate-confirmation-{row.number}.pdf": bytes(row.document.pdf) for row in rows}


def test_a_document_that_was_changed_is_not_mailed_and_the_link_is() -> None:
    booking = make_booking()
    person = make_person(booking.carrier)
    row = made(booking)
    change_the_document(row)
    pump()
    (message,) = _sent_to(person)
    assert (message.attachments, "Attached:" in message.body) == ([], False)
    assert f"/rate-confirmations/{row.public_id}/" in message.body


def test_who_may_not_read_the_paper_any_more_is_mailed_no_document(monkeypatch: pytest.MonkeyPatch) -> None:
    booking = make_booking()
    person = make_person(booking.carrier)
    made(booking)

    def refuse(viewer: Organization, public_id: str) -> None:
        raise NotFound(f"{viewer} reads no {public_id}.")

    monkeypatch.setattr(notices, "document_of", refuse)
    pump()
    (message,) = _sent_to(person)
    assert message.attachments == []


def test_a_signature_is_told_without_the_document() -> None:
    booking = make_booking()
    person = make_person(booking.carrier)
    made(booking)
    pump()
    mails = Mail.objects.filter(recipient=person.email)
    assert mails.filter(attachment__isnull=False).count() == 1
    assert not mails.exclude(kind=NewsKind.PAPER).filter(attachment__isnull=False).exists()
