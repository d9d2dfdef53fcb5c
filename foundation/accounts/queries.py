"""Reads of accounts; the first argument is who asks."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from allauth.account.models import EmailAddress
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet

from foundation.accounts.audience import standing
from foundation.accounts.models import (
    ApiKey,
    FederalRecord,
    Invitation,
    Membership,
    Organization,
    PaymentAccount,
    Person,
    Relationship,
    RelationshipKind,
    RelationshipRequest,
    Role,
    Verification,
    VerificationCode,
)
from foundation.trade import clock
from foundation.trade.errors import NotFound
from foundation.trade.statements import rows_of

_EVER = "SELECT EXISTS (SELECT 1 FROM accounts_relationship WHERE giver_id = %(giver)s AND kind = %(kind)s)"


def organizations_of(person: Person) -> list[Membership]:
    """Return a person's memberships with their organizations, oldest first.

    Each carries `email_confirmed`: whether the person's primary address is confirmed.
    """
    confirmed = EmailAddress.objects.filter(user=OuterRef("person"), primary=True, verified=True)
    return list(
        Membership.objects.filter(person=person)
        .select_related("organization")
        .annotate(email_confirmed=Exists(confirmed))
        .order_by("pk")
    )


def members_of(organization: Organization) -> QuerySet[Membership]:
    """Return an organization's members, each with `keys_made`: how many live API keys would stop with them."""
    live = Q(
        person__made_keys__organization=organization,
        person__made_keys__revoked_at__isnull=True,
    )
    return (
        Membership.objects.filter(organization=organization)
        .select_related("person")
        .annotate(keys_made=Count("person__made_keys", filter=live))
        .order_by("created_at", "pk")
    )


def mail_readers(organization: Organization) -> list[Membership]:
    """Return the members to whom an organization's news may go by mail: confirmed addresses, no drivers."""
    own = EmailAddress.objects.filter(user=OuterRef("person"), email__iexact=OuterRef("person__email"), verified=True)
    rows = Membership.objects.filter(Exists(own), organization=organization, person__is_active=True)
    return list(rows.exclude(role=Role.DRIVER).select_related("person").order_by("pk"))


def pending_invitations_of(organization: Organization, now: datetime) -> QuerySet[Invitation]:
    """Return the invitations that can still be accepted."""
    return Invitation.objects.filter(
        organization=organization, accepted_at__isnull=True, revoked_at__isnull=True, expires_at__gt=now
    ).order_by("created_at")


def keys_of(organization: Organization) -> QuerySet[ApiKey]:
    """Return an organization's API keys, revoked ones last, newest first."""
    return (
        ApiKey.objects.filter(organization=organization)
        .select_related("created_by")
        .order_by(F("revoked_at").desc(nulls_first=True), "name", "-created_at")
    )


def payment_account_of(organization: Organization) -> PaymentAccount | None:
    """Return where an organization is paid now, None where it has not said so."""
    return PaymentAccount.objects.filter(organization=organization, ended_at__isnull=True).first()


def relationships_in_force(organization: Organization, now: datetime) -> QuerySet[Relationship]:
    """Return the relationships in force in which the organization gives or takes.

    That somebody blocks it is the blocker's own business and is left out.
    """
    mine = Q(giver=organization) | (Q(taker=organization) & ~Q(kind=RelationshipKind.BLOCKED))
    return standing(now).filter(mine).select_related("giver", "taker")


def relationships_of(organization: Organization, now: datetime) -> list[Relationship]:
    """Return the same by kind, the oldest first."""
    return list(relationships_in_force(organization, now).order_by("kind", "pk"))


def requests_of(organization: Organization) -> list[RelationshipRequest]:
    """Return the open requests that the organization has to decide or has made."""
    return list(
        RelationshipRequest.objects.filter(Q(giver=organization) | Q(taker=organization), decided_at__isnull=True)
        .select_related("giver", "taker", "asked_by")
        .order_by("pk")
    )


def represented_by(broker: Organization, now: datetime | None = None) -> QuerySet[Organization]:
    """Return the organizations that let a verified broker act for them, minus those that block it."""
    if not (broker.brokers and broker.is_verified):
        return Organization.objects.none()
    rows = standing(now or clock.now()).filter(taker=broker, giver=OuterRef("pk"))
    return Organization.objects.filter(
        Exists(rows.filter(kind=RelationshipKind.REPRESENTS)),
        ~Exists(rows.filter(kind=RelationshipKind.BLOCKED)),
        market=broker.market,
    ).order_by("name", "pk")


def brokers_representing(organization: Organization, now: datetime | None = None) -> QuerySet[Organization]:
    """Return the verified brokers that may act for an organization, minus those it blocks."""
    rows = standing(now or clock.now()).filter(giver=organization, taker=OuterRef("pk"))
    return Organization.objects.filter(
        Exists(rows.filter(kind=RelationshipKind.REPRESENTS)),
        ~Exists(rows.filter(kind=RelationshipKind.BLOCKED)),
        brokers=True,
        verified_at__isnull=False,
        market=organization.market,
    ).order_by("name", "pk")


def is_represented(organization: Organization) -> bool:
    """Say whether an organization ever let a broker act for it: asked before who does, since few ever do."""
    values = {"giver": organization.pk, "kind": RelationshipKind.REPRESENTS.value}
    return bool(rows_of(_EVER, values)[0][0])


def preferred_by(organization: Organization, now: datetime | None = None) -> frozenset[int]:
    """Return the keys of the organizations that this one prefers: its own note, which nobody else reads."""
    rows = standing(now or clock.now()).filter(giver=organization, kind=RelationshipKind.PREFERRED)
    return frozenset(rows.values_list("taker", flat=True))


def counterpart(organization: Organization, text: str) -> Organization:
    """Return the organization of the same market that a text names by its public id or USDOT number.

    An unverified organization is found by its public id only: anybody may type any USDOT number. Raises `NotFound`.
    """
    wanted = text.strip()
    named = Q(public_id=wanted)
    if wanted.isdigit() and wanted.isascii():
        named |= Q(usdot_number=wanted.lstrip("0"), verified_at__isnull=False) & ~Q(usdot_number="")
    found = Organization.objects.filter(named, market=organization.market).exclude(pk=organization.pk)
    other = found.first() if wanted else None
    if other is None:
        raise NotFound(
            "No company here has this number. Enter its USDOT number, or its organization id (org_…) "
            "as it stands on its Organization page."
        )
    return other


def blocks_either_way(one: Organization, other: Organization, now: datetime) -> bool:
    """Say whether either of two organizations blocks the other."""
    pair = Q(giver=one, taker=other) | Q(giver=other, taker=one)
    return standing(now).filter(pair, kind=RelationshipKind.BLOCKED).exists()


def blocks_any(giver: Organization, others: Iterable[int], now: datetime) -> bool:
    """Say whether an organization blocks any of the others, given by key."""
    return standing(now).filter(giver=giver, taker__in=list(others), kind=RelationshipKind.BLOCKED).exists()


def is_blocked_by(taker: Organization, givers: Iterable[int], now: datetime) -> bool:
    """Say whether any of the others, given by key, blocks an organization."""
    return standing(now).filter(giver__in=list(givers), taker=taker, kind=RelationshipKind.BLOCKED).exists()


def verifications_of(organization: Organization) -> Sequence[Verification]:
    """Return the decisions about an organization, newest first."""
    return list(Verification.objects.filter(organization=organization).order_by("-decided_at", "-pk"))


def record_of(organization: Organization) -> FederalRecord | None:
    """Return the registry's record of an organization's number in its market, None for none yet."""
    if not organization.usdot_number:
        return None
    rows = FederalRecord.objects.filter(market=organization.market, usdot_number=organization.usdot_number)
    return rows.first()


def holder_of_number(organization: Organization) -> Organization | None:
    """Return the other organization of the market that is verified with this one's USDOT number, None for none."""
    if not organization.usdot_number:
        return None
    rows = Organization.objects.filter(
        market=organization.market, usdot_number=organization.usdot_number, verified_at__isnull=False
    )
    return rows.exclude(pk=organization.pk).first()


def live_code_of(organization: Organization, now: datetime) -> VerificationCode | None:
    """Return the code that the organization may still enter, None for none."""
    rows = VerificationCode.objects.filter(organization=organization, closed_at__isnull=True, expires_at__gt=now)
    return rows.first()


def by_id_or_name(text: str) -> list[Organization]:
    """Return the organizations that the operator may mean by a public id or a name, whatever their market."""
    return list(Organization.objects.filter(Q(public_id=text) | Q(name__iexact=text)).order_by("pk")[:10])


def others_in_audit(viewer: Organization, actors: Collection[str]) -> dict[str, str]:
    """Return the names of the other organizations among the actors of the viewer's own audit, by public id.

    They booked something with the viewer, cancelled it, or acted for it, so that it knows them by then.
    """
    rows = Organization.objects.filter(public_id__in=actors, market=viewer.market).exclude(pk=viewer.pk)
    return dict(rows.values_list("public_id", "name"))
