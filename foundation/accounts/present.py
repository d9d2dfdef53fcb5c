"""Who acts, as it stands at this moment: a person by the membership, a key by what it and its maker may still do."""

from datetime import datetime
from typing import Any

from allauth.account.models import EmailAddress
from django.db.models import Exists, OuterRef, QuerySet, Subquery

from foundation.accounts.actor import SCOPES_BY_ROLE, Actor
from foundation.accounts.models import ApiKey, Membership, Organization, Person


def keys_named(public_id: Any) -> QuerySet[ApiKey]:
    """Return the key of a public id with its organization, its maker, the maker's role there (`creator_role`, None for
    one who left) and whether the maker's e-mail address is confirmed (`email_confirmed`).
    """
    membership = Membership.objects.filter(organization=OuterRef("organization"), person=OuterRef("created_by"))
    confirmed = EmailAddress.objects.filter(user=OuterRef("created_by"), primary=True, verified=True)
    rows = ApiKey.objects.filter(public_id=public_id).select_related("organization", "created_by")
    return rows.annotate(creator_role=Subquery(membership.values("role")[:1]), email_confirmed=Exists(confirmed))


def actor_by_key(key: ApiKey, now: datetime) -> Actor | None:
    """Return the actor that a key of `keys_named` makes, None for one that is revoked or over.

    A key never may more than the person who made it: it stops with their account or membership, and loses the
    scopes that their role loses.
    """
    role: str | None = key.creator_role  # type: ignore[attr-defined]
    if not key.is_active(now) or not key.created_by.is_active or role is None:
        return None
    return Actor(
        organization=key.organization,
        scopes=frozenset(key.scopes) & SCOPES_BY_ROLE[role],
        key_id=key.public_id,
        email_confirmed=key.email_confirmed,  # type: ignore[attr-defined]
    )


def actor_now(*, organization: Organization, person: Person | None, key_id: str, now: datetime) -> Actor:
    """Return who did something for an organization earlier, a person or else a key, with what it may do there now.

    It holds no scope at all where the person has left or was shut out, or the key was revoked or is over.
    """
    gone = Actor(organization=organization, scopes=frozenset(), person=person, key_id=key_id)
    if person is None:
        key = keys_named(key_id).filter(organization=organization).first()
        return (actor_by_key(key, now) if key is not None else None) or gone
    confirmed = EmailAddress.objects.filter(user=OuterRef("person"), primary=True, verified=True)
    rows = Membership.objects.filter(organization=organization, person=person, person__is_active=True)
    membership = rows.annotate(email_confirmed=Exists(confirmed)).first()
    if membership is None:
        return gone
    return Actor(
        organization=organization,
        scopes=SCOPES_BY_ROLE[membership.role],
        person=person,
        role=membership.role,
        email_confirmed=membership.email_confirmed,
    )
