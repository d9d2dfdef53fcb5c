"""API keys: made by owners, shown once, rotated, revoked."""

import secrets
from collections.abc import Collection
from datetime import datetime

from django.db import transaction
from django.db.models import Q

from foundation.accounts.actor import KEY_SCOPES, Actor
from foundation.accounts.authentication import hash_of, key_text
from foundation.accounts.models import ApiKey
from foundation.accounts.services.organizations import locked
from foundation.events.services import record_audit
from foundation.trade import clock
from foundation.trade.errors import Conflict, FieldProblem, Forbidden, Invalid, NotFound

ACTIVE_PER_NAME = 2  # the one in use and its successor, while a program is moved over
ACTIVE_PER_ORGANIZATION = 20
_LONGEST_NAME = 80


def create_key(
    *, actor: Actor, name: str, scopes: Collection[str], expires_at: datetime | None = None
) -> tuple[ApiKey, str]:
    """Make a key and return it with its text, which nobody can read again.

    Raises `Forbidden` for who is not an owner, `Invalid`, and `Conflict` when two live keys have the name already.
    """
    actor.require("keys:manage")
    if actor.person is None:
        raise Forbidden("key_makes_key", "A key cannot make keys. Sign in to make one.")
    name = " ".join(name.split())
    wanted = set(scopes)
    now = clock.now()
    problems = []
    if not 1 <= len(name) <= _LONGEST_NAME:
        problems.append(FieldProblem("name", "length", "Name the program that will use the key: 1 to 80 characters."))
    if not wanted:
        problems.append(FieldProblem("scopes", "required", "Choose at least one permission."))
    elif unknown := wanted - (KEY_SCOPES & actor.scopes):
        problems.append(FieldProblem("scopes", "unknown", f"A key cannot have: {', '.join(sorted(unknown))}."))
    if expires_at is not None and expires_at <= now:
        problems.append(FieldProblem("expires_at", "in_the_past", "Choose a day after today, or leave it empty."))
    if problems:
        raise Invalid(problems)
    with transaction.atomic():
        organization = locked(actor.organization)
        live = ApiKey.objects.filter(
            Q(expires_at__isnull=True) | Q(expires_at__gt=now), organization=organization, revoked_at__isnull=True
        )
        if live.filter(name__iexact=name).count() >= ACTIVE_PER_NAME:
            raise Conflict(
                "two_live_keys",
                f"Two keys called {name} are live already. Revoke the older one, or choose another name.",
            )
        if live.count() >= ACTIVE_PER_ORGANIZATION:
            raise Conflict(
                "too_many_keys", f"{ACTIVE_PER_ORGANIZATION} keys are live. Revoke one that is no longer used."
            )
        secret = secrets.token_hex(24)
        key = ApiKey.objects.create(
            organization=organization,
            created_by=actor.person,
            name=name,
            secret_hash=hash_of(secret),
            scopes=sorted(wanted),
            created_at=now,
            expires_at=expires_at,
        )
        record_audit(
            organization_id=organization.public_id,
            actor=actor,
            action="key.created",
            subject=key.public_id,
            changes={"name": [None, name], "scopes": [None, sorted(wanted)]},
        )
    return key, key_text(market=organization.market, public_id=key.public_id, secret=secret)


def revoke_key(*, actor: Actor, key_id: str) -> None:
    """Stop a key at once; doing it twice changes nothing. Raises `NotFound`, `Forbidden`."""
    actor.require("keys:manage")
    with transaction.atomic():
        key = ApiKey.objects.select_for_update().filter(organization=actor.organization, public_id=key_id).first()
        if key is None:
            raise NotFound
        if key.revoked_at:
            return
        key.revoked_at = clock.now()
        key.save(update_fields=["revoked_at"])
        record_audit(
            organization_id=actor.organization.public_id,
            actor=actor,
            action="key.revoked",
            subject=key.public_id,
            changes={"name": [key.name, None]},
        )
