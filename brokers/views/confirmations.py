"""Pages of rate confirmations: one with its document, its check and its signatures; all; and what a booking has."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from brokers.booking_queries import booking_for
from brokers.models import BookingStatus, RateConfirmation
from brokers.papers.amending import subjects_for
from brokers.papers.amendment_queries import amendments_about
from brokers.papers.queries import confirmation_of, confirmations_of, papers_of, signs_for, standing_of
from brokers.papers.record_queries import open_margin_cents, own_record_of_booking, records_to_ask_for, requests_of
from brokers.papers.verifying import Check, check, digest_of_bytes
from brokers.papers.words import (
    ACCOUNT_NOTE,
    LABELS,
    SUBJECT_WORDS,
    accessorial_rows,
    equipment_words,
    freight_rows,
    paid_to_words,
    window_words,
)
from brokers.services.documents import document_of, sign_confirmation
from foundation.accounts.access import actor_of, is_fragment, scope_required
from foundation.accounts.models import Organization
from foundation.rest.throttling import client_address
from foundation.trade import clock
from foundation.trade.errors import Conflict, Forbidden, Invalid

PAPERS_ON_A_PAGE = 40
LARGEST_UPLOAD_BYTES = 10_000_000

STANDING_WORDS = {
    "in_force": "In force",
    "superseded": "Replaced by an amendment",
    "void": "Void: the booking fell through",
    "being_made": "Being made",
}


@dataclass(frozen=True, slots=True)
class PaperRow:
    """A paper as one of its sides lists it."""

    paper: RateConfirmation
    standing: str
    other: Organization

    @property
    def title(self) -> str:
        """What kind of paper it is."""
        return LABELS[self.paper.agreement].title

    @property
    def words(self) -> str:
        """Where it stands, in words."""
        return STANDING_WORDS[self.standing]

    @property
    def lane(self) -> str:
        """From the first stop to the last."""
        first, last = self.paper.content["stops"][0], self.paper.content["stops"][-1]
        return f"{first['city']}, {first['state']} to {last['city']}, {last['state']}"

    @property
    def rate_cents(self) -> int:
        """The all-in rate of its agreement."""
        return int(self.paper.content["terms"]["rate_cents"])


def paper_row(paper: RateConfirmation, viewer: Organization) -> PaperRow:
    """Return a paper as the viewer lists it."""
    return PaperRow(paper, standing_of(paper), paper.payee if paper.payer_id == viewer.pk else paper.payer)


@never_cache
@require_safe
@scope_required("bookings:read")
def confirmations_page(request: HttpRequest) -> HttpResponse:
    """List the organization's rate confirmations, newest first."""
    viewer = actor_of(request).organization
    page = Paginator(confirmations_of(viewer), PAPERS_ON_A_PAGE).get_page(request.GET.get("page"))
    context = {"page": page, "rows": [paper_row(each, viewer) for each in page], "zone": viewer.time_zone}
    return render(request, "brokers/confirmations.html", context)


@never_cache
@require_safe
@scope_required("bookings:read")
def booking_papers(request: HttpRequest, booking_id: str) -> HttpResponse:
    """Show a booking's papers: confirmations, amendments, the transaction record."""
    actor, now = actor_of(request), clock.now()
    viewer = actor.organization
    booking = booking_for(viewer, booking_id, now)
    may_write = actor.may("bookings:write")
    live = booking.status == BookingStatus.BOOKED
    amendments = amendments_about(viewer, booking_id)
    busy = {each.subject for each in amendments if each.status == "open"}
    subjects = subjects_for(booking, viewer) if live and may_write else []
    context = {
        "booking": booking,
        "rows": [paper_row(each, viewer) for each in papers_of(viewer, booking_id)],
        "amendments": amendments,
        "proposals": [(subject, SUBJECT_WORDS[subject]) for subject in subjects if subject not in busy],
        "own_record": own_record_of_booking(viewer, booking_id),
        "records_to_ask_for": records_to_ask_for(viewer, booking_id),
        "requests": requests_of(viewer, booking_id),
        "margin_cents": open_margin_cents(viewer, booking),
        "viewer": viewer,
        "zone": viewer.time_zone,
    }
    fragment = is_fragment(request)
    return render(request, "brokers/_papers.html" if fragment else "brokers/papers.html", context)


@never_cache
@require_safe
@scope_required("bookings:read")
def confirmation_page(request: HttpRequest, confirmation_id: str) -> HttpResponse:
    """Show one rate confirmation."""
    return _show(request, confirmation_id)


def _show(request: HttpRequest, confirmation_id: str, *, status: int = 200, **more: Any) -> HttpResponse:
    actor, now = actor_of(request), clock.now()
    viewer = actor.organization
    paper = confirmation_of(viewer, confirmation_id)
    standing = standing_of(paper)
    found = check(paper) if paper.sha256 else None
    may_sign = actor.may("bookings:write") and standing == "in_force" and found is not None and found.holds
    content = paper.content
    context = {
        "paper": paper,
        "content": content,
        "row": paper_row(paper, viewer),
        "standing": standing,
        "labels": LABELS[paper.agreement],
        "check": found,
        "signs_for": signs_for(paper, viewer, now) if may_sign else [],
        "stops": [(stop, window_words(stop)) for stop in content["stops"]],
        "equipment": equipment_words(content["equipment"]),
        "freight": freight_rows(content["freight"]),
        "accessorials": accessorial_rows(content["terms"]),
        "paid_to": paid_to_words(content),
        "account_note": ACCOUNT_NOTE,
        "newest": _newest(viewer, paper),
        "viewer": viewer,
        "zone": viewer.time_zone,
        "signer_name": str(actor.person.full_name) if actor.person else "",
    }
    fragment = is_fragment(request)
    template = "brokers/_confirmation.html" if fragment else "brokers/confirmation.html"
    return render(request, template, context | more, status=status)


def _newest(viewer: Organization, paper: RateConfirmation) -> RateConfirmation | None:
    """Return the paper that has replaced this one."""
    if paper.superseded_at is None:
        return None
    rows = confirmations_of(viewer).filter(booking=paper.booking_id, agreement=paper.agreement)
    return rows.filter(superseded_at__isnull=True).first()


@never_cache
@require_safe
@scope_required("bookings:read")
def document(request: HttpRequest, confirmation_id: str) -> HttpResponse:
    """Give the document itself; `?download=1` saves it."""
    paper, pdf = document_of(actor_of(request).organization, confirmation_id)
    response = HttpResponse(pdf, content_type="application/pdf")
    manner = "attachment" if request.GET.get("download") else "inline"
    response["Content-Disposition"] = f'{manner}; filename="{paper.number}.pdf"'
    response["ETag"] = f'"{paper.sha256}"'
    response["X-Content-Type-Options"] = "nosniff"
    return response


@require_POST
@scope_required("bookings:write")
def sign(request: HttpRequest, confirmation_id: str) -> HttpResponse:
    """Sign the document that was seen."""
    try:
        sign_confirmation(
            actor=actor_of(request),
            confirmation_id=confirmation_id,
            sha256=request.POST.get("sha256", "")[:64],
            name=request.POST.get("name", ""),
            address=client_address(request),
            signs_as=request.POST.get("signs_as", "")[:40],
        )
    except (Conflict, Forbidden, Invalid) as error:
        status = 422 if isinstance(error, Invalid) else 403 if isinstance(error, Forbidden) else 409
        said = {"sign_error": error.sentence, "signer_name": request.POST.get("name", "")[:120]}
        return _show(request, confirmation_id, status=status, **said)
    messages.success(request, "Signed. The other side has been told.")
    return HttpResponseRedirect(reverse("brokers:confirmation", args=[confirmation_id]))


@require_POST
@scope_required("bookings:read")
def verify(request: HttpRequest, confirmation_id: str) -> HttpResponse:
    """Say whether a file, or a hash, is this document; an earlier or later revision is named."""
    paper = confirmation_of(actor_of(request).organization, confirmation_id)
    given, problem = _given(request)
    if problem:
        return _show(request, confirmation_id, status=422, compare_error=problem)
    return _show(request, confirmation_id, compared=compared(actor_of(request).organization, paper, given))


def _given(request: HttpRequest) -> tuple[str, str]:
    """Return the hash of the file that was sent, or the hash that was typed, else what is wrong."""
    upload = request.FILES.get("file")
    if isinstance(upload, UploadedFile):
        if (upload.size or 0) > LARGEST_UPLOAD_BYTES:
            return "", "That file is larger than 10 MB: no document of ours is. Choose the PDF."
        return digest_of_bytes(upload.chunks()), ""
    typed = "".join(request.POST.get("sha256", "").split()).lower()
    if len(typed) == 64 and set(typed) <= set("0123456789abcdef"):
        return typed, ""
    return "", "Choose the PDF, or paste its SHA-256: 64 digits and letters a to f."


@dataclass(frozen=True, slots=True)
class Compared:
    """What a comparison found: whether the hash is this document's, else the paper whose it is."""

    sha256: str
    is_this: bool
    holds: bool
    other: RateConfirmation | None


def compared(viewer: Organization, paper: RateConfirmation, sha256: str) -> Compared:
    """Compare a hash with a paper that the viewer reads, and with the other papers of its booking that it reads."""
    found: Check | None = check(paper) if paper.sha256 else None
    if sha256 == paper.sha256:
        return Compared(sha256, True, found is not None and found.holds, None)
    other = confirmations_of(viewer).filter(booking=paper.booking_id, sha256=sha256).first()
    return Compared(sha256, False, found is not None and found.holds, other)
