"""Writing notices: what a task hears becomes one notice an organization and one mail or digest line a person."""

from collections.abc import Callable, Mapping

from django.conf import settings
from django.db import transaction
from django.template.loader import render_to_string

from brokers.notices import bookings, contentions, offers, papers, proposals
from brokers.notices.notes import Note, Paper, Payload, Reader
from brokers.papers.verifying import digest_of_bytes
from brokers.services.documents import document_of
from foundation.accounts.mail_wishes import default_delivery
from foundation.accounts.models import Organization
from foundation.accounts.queries import mail_readers
from foundation.events.digests import delivery_of, put_in_digest, wishes_of
from foundation.events.mails import PREFERENCES_URL
from foundation.events.models import Attachment, Delivery, FeedEntry
from foundation.events.queries import untold
from foundation.events.reactions import Settle
from foundation.events.services import keep_attachment, notify, queue_mail
from foundation.trade import clock
from foundation.trade.errors import Conflict, NotFound

Writer = Callable[[Payload, Reader], Note | None]

WRITERS: Mapping[str, Writer] = {
    "offer.made": offers.offer_made,
    "offer.closed": offers.offer_closed,
    "offer.held": offers.offer_held,
    "offer.released": offers.offer_released,
    "thread.closed": offers.thread_closed,
    "thread.split": offers.thread_split,
    "claim.pending": bookings.claim_pending,
    "claim.closed": bookings.claim_closed,
    "booking.made": bookings.booking_made,
    "booking.amended": bookings.booking_amended,
    "booking.cancelled": bookings.booking_cancelled,
    "amendment.made": papers.amendment_made,
    "amendment.closed": papers.amendment_closed,
    "contention.made": contentions.contention_made,
    "contention.closed": contentions.contention_closed,
    "contention.withdrawn": contentions.contention_withdrawn,
    "confirmation.ready": papers.confirmation_ready,
    "confirmation.signed": papers.confirmation_signed,
    "record.asked": papers.record_asked,
    "proposal.made": proposals.proposal_made,
}
"""Which words each fact has; every fact that wakes the task stands here."""


def write_notices(*, subjects: list[str], settle: Settle) -> None:
    """Write what is untold of these subjects: from each hearer's own copy of the fact, so that nothing else can leak.

    Notices, mails and digest lines are unique by event and recipient: running twice, also at once, writes none again.
    """
    for subject in subjects:
        with transaction.atomic():
            entries = [entry for entry in untold(settle.task, subject) if entry.event.name in WRITERS]
            names = {entry.organization_id for entry in entries}
            readers = {row.public_id: row for row in Organization.objects.filter(public_id__in=names)}
            for entry in entries:
                if entry.organization_id in readers:
                    _write(entry, readers[entry.organization_id])
            settle(subject)


def _write(entry: FeedEntry, organization: Organization) -> None:
    reader = Reader(id=organization.public_id, name=organization.name, time_zone=organization.time_zone)
    note = WRITERS[entry.event.name](entry.payload, reader)
    if note is None:
        return
    if note.is_in_page:
        written = notify(event=entry.event, organization_id=reader.id, text=_short(note.text), url=note.url)
        if written is None:
            return  # the mails were written with it
    _mail(entry, note, organization)


def _mail(entry: FeedEntry, note: Note, organization: Organization) -> None:
    members = mail_readers(organization)
    wishes = wishes_of(organization.public_id, [member.person.public_id for member in members])
    now = clock.now()
    text, html, attachment = "", "", None
    for member in members:
        person_id = member.person.public_id
        wish = wishes.get(person_id)
        how = delivery_of(wish, note.kind, default_delivery(member.role, note.kind))
        if how == Delivery.AT_ONCE:
            if not text:
                attachment = _attached(note.paper, organization) if note.paper else None
                text, html = _rendered(note, organization, attachment)
            queue_mail(
                organization_id=organization.public_id,
                to=member.person.email,
                subject=note.subject,
                text=text,
                html=html,
                kind=note.kind,
                event=entry.event,
                attachment=attachment,
            )
        elif how == Delivery.DIGEST:
            put_in_digest(
                key=entry.event.public_id,
                organization_id=organization.public_id,
                person_id=person_id,
                recipient=member.person.email,
                time_zone=organization.time_zone,
                kind=note.kind,
                text=_short(note.text),
                url=note.url,
                wish=wish,
                now=now,
            )


def _attached(paper: Paper, organization: Organization) -> Attachment | None:
    """Keep a paper's document for an organization's mails: the very bytes whose hash its mail names.

    None where the organization may not read the paper any more, or the document was changed: its page says so.
    """
    try:
        row, pdf = document_of(organization, paper.id)
    except (NotFound, Conflict):
        return None
    if digest_of_bytes([pdf]) != paper.sha256:
        return None
    return keep_attachment(name=f"rate-confirmation-{row.number}.pdf", content_type="application/pdf", body=pdf)


def _rendered(note: Note, organization: Organization, attachment: Attachment | None) -> tuple[str, str]:
    """Return a note as a mail's text and HTML."""
    context = {
        "note": note,
        "rows": (*note.rows, ("Attached", attachment.name)) if attachment else note.rows,
        "subject": note.subject,
        "organization": organization,
        "link": f"{settings.BASE_URL}{note.url}",
        "preferences_url": f"{settings.BASE_URL}{PREFERENCES_URL}",
    }
    text = render_to_string(f"brokers/mail/{note.kind}.txt", context)
    return text, render_to_string(f"brokers/mail/{note.kind}.html", context)


def _short(text: str) -> str:
    return text if len(text) <= 300 else f"{text[:299]}…"
