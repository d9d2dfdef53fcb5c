"""Reads of papers; the organization that asks comes first and sees the agreements of which it is a side."""

from datetime import datetime

from django.db.models import F, Q, QuerySet

from brokers.acting import kept_by
from brokers.models import Agreement, Booking, BookingStatus, RateConfirmation
from foundation.accounts.models import Decision, Organization
from foundation.accounts.queries import represented_by
from foundation.trade import clock
from foundation.trade.errors import NotFound


def confirmations_of(viewer: Organization, now: datetime | None = None) -> QuerySet[RateConfirmation]:
    """Return the papers of which the viewer is payer or payee, or of carriage for whom it acts; newest first.

    In a sale nobody is represented: other brokers are rivals. A shipper whose load a broker sold reads nothing of the
    carriage, also where it acts for the carrier.
    """
    givers = represented_by(viewer, now or clock.now()).values("pk")
    acted = Q(agreement=Agreement.CARRIAGE) & (Q(payer__in=givers) | Q(payee__in=givers))
    sold_for = Q(booking__shipper=viewer) & ~Q(booking__seller=F("booking__shipper"))
    mine = Q(payer=viewer) | Q(payee=viewer) | (acted & ~sold_for)
    return _whole(RateConfirmation.objects.filter(mine)).order_by("-pk")


def confirmation_of(viewer: Organization, public_id: str) -> RateConfirmation:
    """Return a paper that the viewer may read; raises `NotFound`."""
    row = confirmations_of(viewer).filter(public_id=public_id).first()
    if row is None:
        raise NotFound("There is no such rate confirmation here.")
    return row


def papers_of(viewer: Organization, booking_id: str) -> list[RateConfirmation]:
    """Return the papers of a booking that the viewer may read, those in force in front."""
    rows = confirmations_of(viewer).filter(booking__public_id=booking_id)
    return list(rows.order_by(F("superseded_at").desc(nulls_first=True), "agreement", "-revision"))


def side_of(confirmation: RateConfirmation, viewer: Organization) -> str:
    """Return which side the viewer is, "payer" or "payee"; "" for a broker that acts for one."""
    if confirmation.payer_id == viewer.pk:
        return "payer"
    return "payee" if confirmation.payee_id == viewer.pk else ""


def signs_for(confirmation: RateConfirmation, viewer: Organization, now: datetime) -> list[Organization]:
    """Return the sides for which the viewer's people may sign and have not yet: its own, else those it acts for."""
    signed = {signature.organization_id for signature in confirmation.signatures.all()}
    sides = [confirmation.payer, confirmation.payee]
    own = [side for side in sides if side.pk == viewer.pk]
    if not own and confirmation.agreement == Agreement.CARRIAGE:
        acted = set(represented_by(viewer, now).filter(pk__in=[side.pk for side in sides]).values_list("pk", flat=True))
        own = [side for side in sides if side.pk in acted and Decision.ACCEPTANCE not in kept_by(side, viewer, now)]
    return [side for side in own if side.pk not in signed]


def standing_of(confirmation: RateConfirmation) -> str:
    """Return where a paper stands: `void` with its booking, `superseded`, `being_made`, or `in_force`."""
    booking: Booking = confirmation.booking
    if booking.status != BookingStatus.BOOKED:
        return "void"
    if confirmation.superseded_at is not None:
        return "superseded"
    return "in_force" if confirmation.sha256 else "being_made"


def waiting_for_document(booking_id: str) -> QuerySet[RateConfirmation]:
    """Return the papers of a booking whose document is still to be made: for the task, whoever asks."""
    return _whole(RateConfirmation.objects.filter(booking__public_id=booking_id, sha256="")).order_by("pk")


def _whole(rows: QuerySet[RateConfirmation]) -> QuerySet[RateConfirmation]:
    related = ("payer", "payee", "booking__load", "booking__shipper", "booking__seller", "booking__carrier")
    return rows.select_related(*related).prefetch_related(
        "signatures__organization", "signatures__signed_by_organization"
    )
