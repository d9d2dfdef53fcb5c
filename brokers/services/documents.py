"""Making the documents of rate confirmations, and signing them."""

from django.db import transaction

from brokers.acting import represents, require_acting
from brokers.models import Agreement, BookingStatus, ConfirmationDocument, RateConfirmation, Signature
from brokers.papers.document import draw
from brokers.papers.facts import tell_of_paper
from brokers.papers.queries import confirmation_of, side_of, signs_for, waiting_for_document
from brokers.papers.verifying import check, digest_of_bytes
from foundation.accounts.actor import Actor
from foundation.accounts.models import Decision, Organization
from foundation.events.reactions import Settle
from foundation.events.services import SYSTEM
from foundation.trade import clock
from foundation.trade.constraints import refusing
from foundation.trade.errors import Conflict, FieldProblem, Forbidden, Invalid, NotFound
from foundation.trade.rules import Problems

LONGEST_NAME = 120


def make_documents(*, subjects: list[str], settle: Settle) -> None:
    """Draw and store the documents of these bookings' papers that have none; both sides hear that they are ready.

    Drawing takes no lock. Run twice, also at once, it stores one document and tells it once.
    """
    for subject in subjects:
        drawn = [(row, draw(row.content)) for row in waiting_for_document(subject)]
        with transaction.atomic():
            for row, pdf in drawn:
                _store(row, pdf)
            settle(subject)


def _store(row: RateConfirmation, pdf: bytes) -> None:
    sha256 = digest_of_bytes([pdf])
    if not RateConfirmation.objects.filter(pk=row.pk, sha256="").update(sha256=sha256):
        return  # another worker was first
    ConfirmationDocument.objects.create(confirmation=row, pdf=pdf, made_at=clock.now())
    tell_of_paper("confirmation.ready", row, SYSTEM, {"number": [None, row.number], "sha256": [None, sha256]})


def document_of(viewer: Organization, public_id: str) -> tuple[RateConfirmation, bytes]:
    """Return a paper that the viewer may read with the bytes of its document.

    Raises `NotFound`, `Conflict` while the document is being made.
    """
    row = confirmation_of(viewer, public_id)
    document = ConfirmationDocument.objects.filter(confirmation=row).first()
    if document is None:
        raise Conflict("being_made", "The document is being made. It is there in a few seconds; ask again then.")
    return row, bytes(document.pdf)


def sign_confirmation(
    *, actor: Actor, confirmation_id: str, sha256: str, name: str, address: str, signs_as: str = ""
) -> RateConfirmation:
    """Sign the document that was seen, for the actor's side or one that it acts for; each side signs once.

    `sha256` is that of the document seen; `signs_as` names the side where the actor acts for both. Raises `NotFound`,
    `Forbidden`, `Invalid`, `Conflict` for a document that is not in force, was changed or is signed already.
    """
    actor.require("bookings:write")
    row = confirmation_of(actor.organization, confirmation_id)
    problems = Problems()
    problems.text("name", name, longest=LONGEST_NAME, label="Your name", required=True)
    problems.settle()
    with transaction.atomic():
        RateConfirmation.objects.select_for_update(no_key=True).get(pk=row.pk)
        row = confirmation_of(actor.organization, confirmation_id)
        now = clock.now()
        side = _side(actor, row, signs_as)
        _check_signable(row, sha256.strip().lower())
        taken = Conflict("signed_already", f"{side} has signed this document already.")
        with refusing({"one_signature_per_side": taken}):
            Signature.objects.create(
                confirmation=row,
                organization=side,
                signed_by_organization=actor.organization,
                signed_by=actor.label,
                name=name.strip(),
                address=address,
                sha256=row.sha256,
                signed_at=now,
            )
        changes = {"signed_for": [None, side.public_id], "name": [None, name.strip()], "sha256": [None, row.sha256]}
        tell_of_paper("confirmation.signed", row, actor, changes)
    return confirmation_of(actor.organization, confirmation_id)


def _side(actor: Actor, row: RateConfirmation, signs_as: str) -> Organization:
    """Return the side for which the actor signs; raises as `sign_confirmation` does."""
    now = clock.now()
    sides = {side.public_id: side for side in (row.payer, row.payee)}
    if signs_as and signs_as not in sides:
        raise NotFound("That company is no side of this document.")
    own = side_of(row, actor.organization)
    if own or signs_as:
        side = sides[signs_as] if signs_as else (row.payer if own == "payer" else row.payee)
        if row.agreement == Agreement.SALE and side.pk != actor.organization.pk:
            raise Forbidden("not_your_side", "Only the company whose side it is can sign a sale.")
        require_acting(actor, side, Decision.ACCEPTANCE, now)
        return side
    may = signs_for(row, actor.organization, now)
    if len(may) > 1:
        problem = FieldProblem("signs_as", "required", "You act for both sides. Say for which of them you sign.")
        raise Invalid([problem])
    if may:
        return may[0]
    acted = [side for side in sides.values() if represents(actor.organization, side, now)]
    for side in acted or [row.payee]:
        require_acting(actor, side, Decision.ACCEPTANCE, now)
    raise Conflict("signed_already", "The side that you act for has signed this document already.")


def _check_signable(row: RateConfirmation, sha256: str) -> None:
    if row.booking.status != BookingStatus.BOOKED:
        raise Conflict("void", "The booking fell through, so there is nothing left to sign.")
    if row.superseded_at is not None:
        raise Conflict("superseded", "An amendment has replaced this document. Sign the newest revision.")
    if not row.sha256:
        raise Conflict("being_made", "The document is being made. Read it when it is there, then sign.")
    if sha256 != row.sha256:
        raise Conflict("another_document", "That is not the document that stands here. Open it again, then sign.")
    found = check(row)
    if not found.holds:
        raise Conflict("document_changed", f"This document does not verify, so nobody can sign it. {found.problems[0]}")
