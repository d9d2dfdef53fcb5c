"""People of an organization: invited, given roles, removed."""

import hashlib
import secrets
from datetime import timedelta

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.template.loader import render_to_string

from foundation.accounts.actor import Actor
from foundation.accounts.models import Invitation, Membership, Organization, Person, Role
from foundation.accounts.services.organizations import locked
from foundation.events.digests import forget_reader
from foundation.events.services import end_streams, publish, queue_mail, record_audit
from foundation.trade import clock
from foundation.trade.errors import Conflict, FieldProblem, Forbidden, Invalid, NotFound

INVITATION_LASTS = timedelta(days=7)
OPEN_INVITATIONS = 50  # at once per organization: we mail to colleagues, not campaigns
_A_SECOND_CLICK = timedelta(seconds=60)  # the same invitation again within this time is the same click
_NOT_GOOD = "This invitation is no longer good: it was used, taken back, or is older than 7 days. Ask for a new one."


def hash_of_token(token: str) -> str:
    """Return the only thing that is stored of an invitation's token (256 random bits, so a plain SHA-256 suffices)."""
    return hashlib.sha256(token.encode()).hexdigest()


def _require_owner_now(*, actor: Actor) -> Person:
    """Return the person who acts; raise `Forbidden` unless they still are an owner.

    Under the organization's lock, roles stand still.
    """
    actor.require("people:manage")
    if actor.person is None:
        raise Forbidden("key_manages_people", "A key cannot manage people. Sign in to do so.")
    still = Membership.objects.filter(organization=actor.organization, person=actor.person, role=Role.OWNER).exists()
    if not still:
        raise Forbidden("not_an_owner", f"You are no longer an owner of {actor.organization}.")
    return actor.person


def _checked_role(role: str) -> str:
    if role not in Role.values:
        raise Invalid([FieldProblem("role", "unknown", f"Choose a role: {', '.join(Role.values)}.")])
    return role


def invite_colleague(*, actor: Actor, email: str, role: str) -> Invitation:
    """Invite somebody by mail; an earlier invitation to the address is taken back.

    Raises `Forbidden` for who is not an owner or has not confirmed their own address, `Invalid` for a bad address or
    role or somebody who belongs already, `Conflict` when too many invitations are open.
    """
    role = _checked_role(role)
    email = email.strip().lower()
    try:
        validate_email(email)
    except ValidationError as error:
        raise Invalid([FieldProblem("email", "not_an_email", "Enter an address such as pat@example.com.")]) from error
    with transaction.atomic():
        organization = locked(actor.organization)
        inviter = _require_owner_now(actor=actor)
        actor.require_confirmed_email()
        if Membership.objects.filter(organization=organization, person__email__iexact=email).exists():
            raise Invalid([FieldProblem("email", "belongs_already", f"{email} belongs to {organization} already.")])
        now = clock.now()
        pending = Invitation.objects.filter(
            organization=organization, email__iexact=email, accepted_at__isnull=True, revoked_at__isnull=True
        )
        same = pending.filter(role=role, created_at__gt=now - _A_SECOND_CLICK).first()
        if same:
            return same
        open_ones = Invitation.objects.filter(
            organization=organization, accepted_at__isnull=True, revoked_at__isnull=True, expires_at__gt=now
        )
        if open_ones.count() >= OPEN_INVITATIONS:
            raise Conflict("too_many_invitations", f"{OPEN_INVITATIONS} invitations are open. Take back one first.")
        pending.update(revoked_at=now)
        token = secrets.token_urlsafe(32)
        invitation = Invitation.objects.create(
            organization=organization,
            email=email,
            role=role,
            token_hash=hash_of_token(token),
            invited_by=inviter,
            created_at=now,
            expires_at=now + INVITATION_LASTS,
        )
        _mail(invitation, token)
        record_audit(
            organization_id=organization.public_id,
            actor=actor,
            action="invitation.sent",
            subject=invitation.public_id,
            changes={"email": [None, email], "role": [None, role]},
        )
    return invitation


def _mail(invitation: Invitation, token: str) -> None:
    context = {"invitation": invitation, "url": f"{settings.BASE_URL}/organization/invitations/{token}/"}
    queue_mail(
        organization_id=invitation.organization.public_id,
        to=invitation.email,
        subject=f"{invitation.organization.name} invites you to Backhaul",
        text=render_to_string("accounts/mail/invitation.txt", context),
        kind="sign_in",
    )


def revoke_invitation(*, actor: Actor, invitation_id: str) -> None:
    """Take an invitation back. Raises `NotFound`, `Forbidden`, and `Conflict` when it was accepted already."""
    with transaction.atomic():
        organization = locked(actor.organization)
        _require_owner_now(actor=actor)
        invitation = Invitation.objects.filter(organization=organization, public_id=invitation_id).first()
        if invitation is None:
            raise NotFound
        if invitation.accepted_at:
            raise Conflict(
                "accepted", f"{invitation.email} has accepted already. You can remove them from the list of people."
            )
        if invitation.revoked_at:
            return
        invitation.revoked_at = clock.now()
        invitation.save(update_fields=["revoked_at"])
        record_audit(
            organization_id=organization.public_id,
            actor=actor,
            action="invitation.revoked",
            subject=invitation.public_id,
            changes={"email": [invitation.email, None]},
        )


def find_invitation(*, token: str) -> Invitation:
    """Return the invitation that a mailed token stands for, if it is still good. Raises `NotFound`."""
    now = clock.now()
    invitation = (
        Invitation.objects.filter(token_hash=hash_of_token(token))
        .select_related("organization", "invited_by")
        .filter(accepted_at__isnull=True, revoked_at__isnull=True, expires_at__gt=now)
        .first()
    )
    if invitation is None:
        raise NotFound(_NOT_GOOD)
    return invitation


def accept_invitation(*, person: Person, token: str) -> Membership:
    """Make the invited person a member; whoever holds the mailed token has also shown that the address is theirs.

    Raises `NotFound` when the token is not good (any more), `Forbidden` for another address.
    """
    invitation = find_invitation(token=token)
    with transaction.atomic():
        organization = locked(invitation.organization)
        invitation = find_invitation(token=token)  # again under the lock: a second acceptance finds it used
        if invitation.email.lower() != person.email.lower():
            raise Forbidden(
                "another_address",
                f"This invitation is for {invitation.email}, and you are signed in as {person.email}. "
                "Sign in with the invited address.",
            )
        now = clock.now()
        invitation.accepted_at = now
        invitation.save(update_fields=["accepted_at"])
        membership, made = Membership.objects.get_or_create(
            organization=organization, person=person, defaults={"role": invitation.role}
        )
        EmailAddress.objects.filter(user=person, email__iexact=invitation.email).update(verified=True)
        if made:
            _record_membership(membership, actor=person.public_id, before=None, after=membership.role)
    return membership


def change_role(*, actor: Actor, person_public_id: str, role: str) -> Membership:
    """Give a colleague another role. Raises `Invalid`, `Forbidden`, `NotFound`, and `Conflict` for the last owner."""
    role = _checked_role(role)
    with transaction.atomic():
        organization = locked(actor.organization)
        _require_owner_now(actor=actor)
        membership = _member(organization, person_public_id)
        before = membership.role
        if before == role:
            return membership
        _keep_an_owner(membership)
        membership.role = role
        membership.save(update_fields=["role"])
        _record_membership(membership, actor=actor.label, before=before, after=role)
        if role == Role.DRIVER:
            forget_reader(organization_id=organization.public_id, person_id=person_public_id)
    return membership


def remove_member(*, actor: Actor, person_public_id: str) -> None:
    """Remove a colleague, or leave; their keys stop with them.

    Raises `Forbidden`, `NotFound`, and `Conflict` for the last owner.
    """
    with transaction.atomic():
        organization = locked(actor.organization)
        if actor.person is None or actor.person.public_id != person_public_id:
            _require_owner_now(actor=actor)
        membership = _member(organization, person_public_id)
        _keep_an_owner(membership)
        _record_membership(membership, actor=actor.label, before=membership.role, after=None)
        membership.delete()
        forget_reader(organization_id=organization.public_id, person_id=person_public_id)


def switch_organization(*, person: Person, organization_public_id: str) -> Membership:
    """Return the membership under which a person goes on working. Raises `NotFound` for an organization not theirs."""
    membership = (
        Membership.objects.filter(person=person, organization__public_id=organization_public_id)
        .select_related("organization")
        .first()
    )
    if membership is None:
        raise NotFound
    return membership


def _member(organization: Organization, person_public_id: str) -> Membership:
    membership = (
        Membership.objects.filter(organization=organization, person__public_id=person_public_id)
        .select_related("person", "organization")
        .first()
    )
    if membership is None:
        raise NotFound
    return membership


def _keep_an_owner(membership: Membership) -> None:
    """Raise `Conflict` when the organization would be left without an owner who can sign in."""
    if membership.role != Role.OWNER:
        return
    others = Membership.objects.filter(
        organization=membership.organization, role=Role.OWNER, person__is_active=True
    ).exclude(pk=membership.pk)
    if not others.exists():
        raise Conflict(
            "last_owner",
            f"{membership.person} is the last owner of {membership.organization}. Make somebody else an owner first.",
        )


def _record_membership(membership: Membership, *, actor: str, before: str | None, after: str | None) -> None:
    organization_id = membership.organization.public_id
    person_id = membership.person.public_id
    record_audit(
        organization_id=organization_id,
        actor=actor,
        action="membership.changed",
        subject=person_id,
        changes={"role": [before, after]},
    )
    publish(
        name="membership.changed",
        subject=person_id,
        audience={organization_id: {"id": person_id, "role": after}},
    )
    end_streams(organization_id=organization_id, person_id=person_id)
