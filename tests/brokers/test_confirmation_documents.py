"""The document of a rate confirmation: the same bytes each time, signed as seen, and loud when it was changed."""

import io
from typing import Any

import pypdf
import pytest
from django.db import IntegrityError, connection, transaction

from brokers.models import Booking, ConfirmationDocument, RateConfirmation, Signature
from brokers.papers.document import draw
from brokers.papers.queries import confirmation_of, standing_of
from brokers.papers.verifying import check, digest_of_bytes
from brokers.services.confirmations import issue_confirmation
from brokers.services.documents import document_of, make_documents, sign_confirmation
from foundation.accounts.actor import Actor
from foundation.accounts.models import Decision, Organization, RelationshipKind
from foundation.accounts.services.payments import PaymentTerms, set_payment_account
from foundation.events.models import Event, FeedEntry
from foundation.events.reactions import Settle
from foundation.trade.errors import Conflict, Forbidden, Invalid, NotFound
from tests.brokers.papers import make_booking, paper_load
from tests.builders import make_actor, make_organization, make_relationship, now, stop_terms

pytestmark = pytest.mark.django_db


def made(booking: Booking) -> RateConfirmation:
    row = issue_confirmation(booking=booking, actor="system", now=now())
    make_documents(subjects=[booking.public_id], settle=Settle("brokers.make_documents", 0))
    return confirmation_of(row.payer, row.public_id)


def sign(actor: Actor, row: RateConfirmation, **fields: Any) -> RateConfirmation:
    given = {"sha256": row.sha256, "name": "Ana Ruiz", "address": "192.0.2.7"} | fields
    return sign_confirmation(actor=actor, confirmation_id=row.public_id, **given)


def text_of(pdf: bytes) -> str:
    return "\n".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(pdf)).pages)


def change_the_document(row: RateConfirmation) -> None:
    """Change a stored document behind every rule's back."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE brokers_confirmationdocument DISABLE TRIGGER documents_never_change")
        cursor.execute(
            "UPDATE brokers_confirmationdocument SET pdf = pdf || '\\x20'::bytea WHERE confirmation_id = %s", [row.pk]
        )
        cursor.execute("ALTER TABLE brokers_confirmationdocument ENABLE TRIGGER documents_never_change")


def test_the_same_content_is_the_same_document_byte_for_byte() -> None:
    row = made(make_booking())
    assert draw(row.content) == draw(row.content) == bytes(row.document.pdf)
    assert digest_of_bytes([bytes(row.document.pdf)]) == row.sha256


def test_the_document_says_parties_stops_terms_references_and_instructions() -> None:
    row = made(make_booking())
    said = text_of(bytes(row.document.pdf))
    for words in ("Rate Confirmation", row.number, "Cascade Foods", "Ruiz Trucking", "USDOT 1234567, MC 765432"):
        assert words in said
    for words in ("$2,400.00", "Lakeside Cold Store", "9 Elm Street", "Chicago, IL 60601", "PO-7741", "Door 4."):
        assert words in said
    assert "Call two hours ahead." in said
    assert "America/Chicago" in said
    assert "Page 1 of 1" in said


def test_a_carriers_document_holds_neither_the_shippers_rate_nor_its_name() -> None:
    broker = make_organization("Lakeside Brokers", brokers=True, ships=False)
    booking = make_booking(broker=broker, rate_cents=2_412_34, shipper_rate_cents=2_956_78)
    carriage = made(booking)
    sale = RateConfirmation.objects.get(booking=booking, agreement="sale")
    said, sold = text_of(bytes(carriage.document.pdf)), text_of(bytes(sale.document.pdf))
    assert ("$2,412.34" in said, "$2,956.78" in said, "Cascade" in said) == (True, False, False)
    assert ("$2,412.34" in sold, "$2,956.78" in sold, "Hauled by Ruiz Trucking" in sold) == (False, True, True)


def test_many_stops_and_long_texts_flow_over_pages() -> None:
    first = now()
    stops = tuple(
        stop_terms(
            "60601" if index < 9 else "75201",
            first,
            kind="pickup" if index < 9 else "delivery",
            facility="F" * 120,
            address="A" * 200,
            instructions="line\n" * 99,
        )
        for index in range(10)
    )
    shipper = make_organization("Ł. Ørsted & <Söhne> 漢字 \u200b🚚 Foods")
    load = paper_load(shipper, stops=stops, instructions="word " * 399, notes="x" * 2000)
    row = made(make_booking(shipper, load=load))
    reader = pypdf.PdfReader(io.BytesIO(bytes(row.document.pdf)))
    assert len(reader.pages) > 10
    assert reader.pages[0].mediabox[2:] == [612, 792]
    assert f"Page {len(reader.pages)} of {len(reader.pages)}" in reader.pages[-1].extract_text()
    assert "Ørsted & <Söhne> 漢字" in text_of(bytes(row.document.pdf))


def test_both_sides_hear_once_that_the_document_is_ready_and_a_second_run_changes_nothing() -> None:
    booking = make_booking()
    row = made(booking)
    make_documents(subjects=[booking.public_id], settle=Settle("brokers.make_documents", 0))
    told = FeedEntry.objects.filter(event__name="confirmation.ready", event__subject=row.public_id)
    assert {entry.organization_id for entry in told} == {booking.shipper.public_id, booking.carrier.public_id}
    assert Event.objects.filter(name="confirmation.ready").count() == 1
    assert ConfirmationDocument.objects.count() == 1


def test_each_side_signs_once_with_name_time_and_address_on_what_it_saw() -> None:
    booking = make_booking()
    row = made(booking)
    carrier, shipper = make_actor(booking.carrier), make_actor(booking.shipper)
    signed = sign(carrier, row)
    with pytest.raises(Conflict, match="has signed this document already"):
        sign(carrier, row)
    sign(shipper, row, name="  Bo Cascade ", address="2001:db8::1")
    first, second = confirmation_of(booking.shipper, row.public_id).signatures.all()
    assert signed.pk == row.pk
    assert (first.organization, first.name, first.address) == (booking.carrier, "Ana Ruiz", "192.0.2.7")
    assert (second.name, second.sha256) == ("Bo Cascade", row.sha256)
    assert Event.objects.filter(name="confirmation.signed").count() == 2


def test_a_signature_is_refused_on_another_document_than_the_one_in_force() -> None:
    booking = make_booking()
    row = made(booking)
    carrier = make_actor(booking.carrier)
    with pytest.raises(Conflict, match="not the document that stands here"):
        sign(carrier, row, sha256="0" * 64)
    with pytest.raises(Invalid, match="name"):
        sign(carrier, row, name=" ")
    newer = made(booking)
    with pytest.raises(Conflict, match="An amendment has replaced this document"):
        sign(carrier, row)
    Booking.objects.filter(pk=booking.pk).update(status="cancelled", cancelled_at=now(), cancel_reason="mistake")
    with pytest.raises(Conflict, match="The booking fell through"):
        sign(carrier, newer)
    assert standing_of(confirmation_of(booking.carrier, newer.public_id)) == "void"


def test_a_paper_whose_document_is_still_being_made_cannot_be_read_or_signed() -> None:
    booking = make_booking()
    row = issue_confirmation(booking=booking, actor="system", now=now())
    with pytest.raises(Conflict, match="being made"):
        document_of(booking.carrier, row.public_id)
    with pytest.raises(Conflict, match="being made"):
        sign(make_actor(booking.carrier), row, sha256="")


def test_strangers_viewers_and_the_other_agreements_side_do_not_sign_or_read() -> None:
    broker = make_organization("Lakeside Brokers", brokers=True, ships=False)
    booking = make_booking(broker=broker)
    row = made(booking)
    for outsider in (booking.shipper, make_organization("Rival")):
        with pytest.raises(NotFound):
            sign(make_actor(outsider), row)
    with pytest.raises(Forbidden, match="bookings:write"):
        sign(make_actor(booking.carrier, "viewer"), row)
    sale = RateConfirmation.objects.get(booking=booking, agreement="sale")
    with pytest.raises(NotFound):
        confirmation_of(booking.carrier, sale.public_id)


def test_a_broker_signs_for_a_carrier_that_it_represents_unless_the_carrier_keeps_that_to_itself() -> None:
    booking = make_booking()
    agent = make_organization("Two Rivers", brokers=True, ships=False)
    standing = make_relationship(booking.carrier, agent, "represents", keeps=[Decision.ACCEPTANCE])
    row = made(booking)
    with pytest.raises(Forbidden, match="keeps accepting and declining offers for itself"):
        sign(make_actor(agent), row)
    standing.keeps = []
    standing.save()
    sign(make_actor(agent), row, name="Tom Agent")
    signature = Signature.objects.get()
    assert (signature.organization, signature.signed_by_organization) == (booking.carrier, agent)


def test_a_broker_that_acts_for_the_shipper_reads_nothing_of_its_rivals_sale() -> None:
    booking = make_booking(broker=make_organization("Lakeside Brokers", brokers=True, ships=False))
    agent = make_organization("Two Rivers", brokers=True, ships=False)
    make_relationship(booking.shipper, agent, "represents")
    row = made(booking)
    sale = RateConfirmation.objects.get(booking=booking, agreement="sale")
    for paper in (row, sale):
        with pytest.raises(NotFound):
            confirmation_of(agent, paper.public_id)


def test_a_changed_document_no_longer_verifies_and_cannot_be_signed() -> None:
    booking = make_booking()
    row = made(booking)
    sign(make_actor(booking.carrier), row)
    row = confirmation_of(booking.shipper, row.public_id)
    assert check(row).holds
    change_the_document(row)
    found = check(row)
    assert not found.holds
    assert any("The stored document was changed" in problem for problem in found.problems)
    assert any("signed for Ruiz Trucking another document" in problem for problem in found.problems)
    with pytest.raises(Conflict, match="does not verify"):
        sign(make_actor(booking.shipper), row)


def test_changing_document_and_hash_together_is_told_by_signature_and_audit() -> None:
    booking = make_booking()
    row = made(booking)
    change_the_document(row)
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE brokers_rateconfirmation DISABLE TRIGGER confirmations_never_change")
        cursor.execute(
            "UPDATE brokers_rateconfirmation SET sha256 = encode(sha256(d.pdf), 'hex') "
            "FROM brokers_confirmationdocument d WHERE d.confirmation_id = brokers_rateconfirmation.id"
        )
        cursor.execute("ALTER TABLE brokers_rateconfirmation ENABLE TRIGGER confirmations_never_change")
    found = check(confirmation_of(booking.shipper, row.public_id))
    assert found.problems == ("The audit wrote down another document than this one.",)


@pytest.mark.parametrize("table", ["brokers_confirmationdocument", "brokers_signature"])
def test_documents_and_signatures_are_neither_changed_nor_deleted(table: str) -> None:
    booking = make_booking()
    sign(make_actor(booking.carrier), made(booking))
    for statement in (f"DELETE FROM {table}", f"UPDATE {table} SET id = id + 1"):
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)


@pytest.mark.parametrize(
    ("name", "printed"),
    [
        ("山本太郎", "山本太郎"),
        ("大连货运有限公司", "大连货运有限公司"),
        ("한국 물류", "한국"),
        ("やまと運輸", "やまと運輸"),
        ("Łukasz Dvořák", "Łukasz Dvo"),
        ("Иван Петренко", "[Ivan Petrenko]"),
        ("Ελλάς", "[Ellas]"),
        ("ਗੁਰਪ੍ਰੀਤ ਸਿੰਘ", "[gurapriita singha]"),
        ("محمد", "[mhmd]"),
        ("ก 12", "[U+0E01] 12"),
    ],
)
def test_names_in_any_common_script_are_printed_or_spelled_and_never_become_question_marks(
    name: str, printed: str
) -> None:
    carrier = make_organization("Ruiz Trucking", hauls=True, contact_name=name)
    row = made(make_booking(carrier=carrier, load=paper_load(make_organization("Prairie"), instructions=name * 20)))
    pdf = bytes(row.document.pdf)
    assert draw(row.content) == pdf
    said = text_of(pdf)
    assert printed in said
    assert "?" not in said


def test_a_long_note_without_spaces_stays_on_the_page() -> None:
    row = made(make_booking(load=paper_load(make_organization("Prairie"), instructions="山" * 400)))
    seen: list[tuple[float, str]] = []
    for page in pypdf.PdfReader(io.BytesIO(bytes(row.document.pdf))).pages:
        page.extract_text(visitor_text=lambda text, _, matrix, *rest: seen.append((matrix[4], text)))
    lines = [text for _, text in seen if "山" in text]
    assert sum(text.count("山") for text in lines) == 400
    assert max(len(line.strip()) for line in "".join(lines).split("\n")) <= 60


def paid_on(carrier: Organization, number: str = "123456789") -> Actor:
    """Let a carrier enter where it is paid, and return its owner."""
    owner = make_actor(carrier, "owner")
    terms = PaymentTerms(kind="bank", name="Ruiz Trucking LLC", routing_number="021000021", account_number=number)
    set_payment_account(actor=owner, terms=terms)
    return owner


def test_the_carriages_paper_says_where_the_carrier_is_paid_by_its_end_alone() -> None:
    booking = make_booking(broker=make_organization("Lakeside", brokers=True))
    paid_on(booking.carrier)
    row = made(booking)
    said = text_of(bytes(row.document.pdf))
    assert "Paid to: account of Ruiz Trucking LLC ending in 6789" in said
    assert "see on the booking's page whether it has changed since" in " ".join(said.split())
    assert row.content["pays_to"] == {"kind": "bank", "name": "Ruiz Trucking LLC", "last_four": "6789"}
    for number in ("123456789", "021000021", "23456789"):
        assert number not in said
        assert number not in str(row.content)
    sale = booking.confirmations.get(agreement="sale")
    assert sale.content["pays_to"] is None, "the shipper pays the broker"
    assert "ending in" not in text_of(bytes(sale.document.pdf))


def test_a_carrier_that_has_not_said_where_it_is_paid_has_a_paper_without() -> None:
    row = made(make_booking())
    assert row.content["pays_to"] is None
    assert "Paid to" not in text_of(bytes(row.document.pdf))


def test_a_factoring_company_is_named_and_has_no_digits() -> None:
    booking = make_booking()
    owner = make_actor(booking.carrier, "owner")
    set_payment_account(actor=owner, terms=PaymentTerms(kind="factor", name="Prairie Factors"))
    said = " ".join(text_of(bytes(made(booking).document.pdf)).split())
    assert "Paid to: Prairie Factors, a factoring company, by notice of assignment" in said


@pytest.mark.parametrize("giver", ["carrier", "seller"])
def test_where_a_broker_acts_for_a_side_the_paper_that_it_reads_says_no_account(giver: str) -> None:
    booking = make_booking()
    paid_on(booking.carrier)
    agent = make_organization("Two Rivers Agency", brokers=True)
    make_relationship(getattr(booking, giver), agent, RelationshipKind.REPRESENTS)
    row = made(booking)
    assert confirmation_of(agent, row.public_id) == row
    assert row.content["pays_to"] is None


def test_a_paper_keeps_the_account_that_stood_when_it_was_made() -> None:
    booking = make_booking()
    owner = paid_on(booking.carrier)
    row = made(booking)
    set_payment_account(
        actor=owner,
        terms=PaymentTerms(
            kind="bank", name="Ruiz Trucking LLC", routing_number="021000021", account_number="99990000"
        ),
    )
    row.refresh_from_db()
    assert row.content["pays_to"]["last_four"] == "6789"
    assert check(row).holds
    assert made(booking).content["pays_to"]["last_four"] == "0000", "the next revision says what stands then"


def test_both_papers_say_who_acts_for_both_sides() -> None:
    broker = make_organization("Lakeside", brokers=True)
    sentence = "Lakeside acts for both sides of this booking."
    booking = make_booking(broker=broker, both_sides=sentence)
    made(booking)
    for row in booking.confirmations.all():
        assert sentence in text_of(bytes(row.document.pdf))


def test_where_nobody_acts_for_both_sides_nothing_is_said_of_it() -> None:
    assert "both sides" not in text_of(bytes(made(make_booking()).document.pdf))


def test_a_paper_of_the_first_form_is_drawn_as_it_was_and_still_verifies() -> None:
    row = made(make_booking())
    old = {name: value for name, value in row.content.items() if name not in ("both_sides", "pays_to")} | {"form": 1}
    assert text_of(draw(old)) == text_of(bytes(row.document.pdf)), "nothing to say, nothing said"
    assert draw(old) == bytes(row.document.pdf), "byte for byte"
