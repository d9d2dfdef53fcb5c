"""Organizations: made, edited, verified by the operator."""

from typing import Any

from django.db import IntegrityError, transaction

from foundation.accounts.actor import Actor
from foundation.accounts.models import Capability, Market, Membership, Organization, Person, Role, Verification
from foundation.accounts.queries import by_id_or_name
from foundation.accounts.terms import OrganizationTerms, checked, terms_of
from foundation.events.services import end_streams, publish, record_audit
from foundation.trade import clock
from foundation.trade.errors import Conflict, FieldProblem, Invalid, NotFound, Stale

SELF_REVOKED_BY = "the organization itself"


def locked(organization: Organization) -> Organization:
    """Return the row under lock: whoever changes people, keys or terms of an organization waits in line here."""
    return Organization.objects.select_for_update().get(pk=organization.pk)


def create_organization(*, person: Person, terms: OrganizationTerms, market: str = Market.LIVE) -> Organization:
    """Make an organization with the person as its owner. Raises `Invalid`."""
    terms = checked(terms)
    with transaction.atomic():
        organization = Organization.objects.create(market=market, **terms.values())
        Membership.objects.create(organization=organization, person=person, role=Role.OWNER)
        record_audit(
            organization_id=organization.public_id,
            actor=person.public_id,
            action="organization.created",
            subject=organization.public_id,
            changes={name: [None, value] for name, value in terms.values().items() if value},
        )
    return organization


def endangers_verification(*, organization: Organization, terms: OrganizationTerms) -> str:
    """Return why these terms would end the verification, or an empty text.

    What was verified is the number, and what the organization may do under it.
    """
    if not organization.is_verified:
        return ""
    if terms.usdot_number != organization.usdot_number:
        return "The USDOT number is what we verified."
    if not terms.usdot_number and terms.mc_number != organization.mc_number:
        return "The MC number is what we verified."
    for capability in (Capability.HAULS, Capability.BROKERS):
        if getattr(terms, capability) and not getattr(organization, capability):
            return f"Whether you are allowed to do more ({capability.label.lower()}) has to be verified."
    return ""


def update_organization(
    *, actor: Actor, version: int, terms: OrganizationTerms, accepts_revocation: bool = False
) -> Organization:
    """Change what an organization says of itself, on the version that the owner saw.

    A change of what was verified ends the verification and must be accepted. Raises `Invalid`, `Stale`, `Forbidden`.
    """
    actor.require("organization:write")
    terms = checked(terms)
    with transaction.atomic():
        organization = locked(actor.organization)
        if organization.version != version:
            raise Stale(
                "stale", "Somebody else changed these details meanwhile. Compare with what stands now, and save again."
            )
        before = terms_of(organization).values()
        changes = {name: [before[name], value] for name, value in terms.values().items() if before[name] != value}
        if not changes:
            return organization
        danger = endangers_verification(organization=organization, terms=terms)
        if danger and not accepts_revocation:
            sentence = f"{danger} Saving ends your verification until we verify you again. Tick the box to go on."
            raise Invalid([FieldProblem("accepts_revocation", "verification_would_end", sentence)])
        for name, (_, value) in changes.items():
            setattr(organization, name, value)
        organization.version += 1
        if danger:
            _revoke(organization, decided_by=SELF_REVOKED_BY, reason=danger)
        organization.save()
        record_audit(
            organization_id=organization.public_id,
            actor=actor,
            action="organization.changed",
            subject=organization.public_id,
            changes=changes,
        )
        _tell(organization, "organization.changed")
    return organization


def verify_organization(*, public_id_or_name: str, decided_by: str, reason: str = "") -> Organization:
    """Record the operator's decision that an organization may haul, broker and see the market.

    Deciding it twice changes nothing. Raises `NotFound`, and `Conflict` when the text means several organizations, when
    a needed number is missing, or when another verified organization has the USDOT number.
    """
    with transaction.atomic():
        organization = locked(meant_organization(public_id_or_name=public_id_or_name))
        if organization.is_verified:
            return organization
        if organization.hauls and not organization.usdot_number:
            raise Conflict(
                "no_usdot_number",
                f"{organization} hauls freight but has no USDOT number. Its owner enters it under Organization.",
            )
        organization.verified_at = clock.now()
        organization.version += 1
        try:
            with transaction.atomic():
                organization.save(update_fields=["verified_at", "version"])
        except IntegrityError as error:
            other = Organization.objects.filter(
                market=organization.market, usdot_number=organization.usdot_number, verified_at__isnull=False
            ).first()
            named = f"{other.name} ({other.public_id})" if other else "Another organization"
            raise Conflict(
                "usdot_number_taken",
                f"{named} is verified with USDOT number {organization.usdot_number} already. "
                "Revoke that verification first, or correct the number.",
            ) from error
        _decide(organization, Verification.Decision.VERIFIED, decided_by, reason)
        _tell(organization, "organization.verified")
        end_streams(organization_id=organization.public_id)
    return organization


def revoke_verification(*, public_id_or_name: str, decided_by: str, reason: str = "") -> Organization:
    """Record the operator's decision that an organization is verified no longer. Raises `NotFound`, `Conflict`."""
    with transaction.atomic():
        organization = locked(meant_organization(public_id_or_name=public_id_or_name))
        if not organization.is_verified:
            return organization
        organization.version += 1
        _revoke(organization, decided_by=decided_by, reason=reason)
        organization.save(update_fields=["verified_at", "version"])
    return organization


def clear_rule(*, public_id_or_name: str, rule: str, about: str, decided_by: str, reason: str = "") -> Organization:
    """Record that the operator looked at what a rule of trust found about something, and that it is in order.

    Clearing it twice changes nothing. Raises `NotFound`, and `Conflict` when the text means several organizations or
    there is nothing that the rule could be about.
    """
    with transaction.atomic():
        organization = locked(meant_organization(public_id_or_name=public_id_or_name))
        if not about:
            raise Conflict("nothing_to_clear", f"{organization} has entered nothing that this rule looks at.")
        cleared = Verification.objects.filter(
            organization=organization, decision=Verification.Decision.CLEARED, rule=rule, about=about
        )
        if not cleared.exists():
            words = f"{reason} ({rule}: {about})".strip()
            _decide(organization, Verification.Decision.CLEARED, decided_by, words, rule=rule, about=about)
    return organization


def meant_organization(*, public_id_or_name: str) -> Organization:
    """Return the organization that the operator means by an id or a name. Raises `NotFound`, `Conflict`."""
    text = public_id_or_name
    found = by_id_or_name(text.strip())
    if not found:
        raise NotFound(f"No organization has the id or the name “{text}”. Its id (org_…) stands on its details page.")
    if len(found) > 1:
        several = ", ".join(f"{each.public_id} (USDOT {each.usdot_number or 'none'}, {each.market})" for each in found)
        raise Conflict("ambiguous_name", f"Several organizations are called {text!r}. Name one by its id: {several}.")
    return found[0]


def _revoke(organization: Organization, *, decided_by: str, reason: str) -> None:
    organization.verified_at = None
    _decide(organization, Verification.Decision.REVOKED, decided_by, reason)
    _tell(organization, "organization.unverified")
    end_streams(organization_id=organization.public_id)


def _decide(
    organization: Organization, decision: str, decided_by: str, reason: str, *, rule: str = "", about: str = ""
) -> None:
    Verification.objects.create(
        organization=organization,
        decision=decision,
        decided_by=decided_by[:120],
        reason=reason[:500],
        decided_at=clock.now(),
        rule=rule,
        about=about,
    )
    record_audit(
        organization_id=organization.public_id,
        actor=decided_by[:40],
        action=f"organization.{decision}",
        subject=organization.public_id,
        changes={"reason": [None, reason[:500]]},
    )


def _tell(organization: Organization, name: str) -> None:
    payload: dict[str, Any] = {
        "id": organization.public_id,
        "version": organization.version,
        "name": organization.name,
        "verified": organization.is_verified,
    }
    publish(
        name=name,
        subject=organization.public_id,
        audience={organization.public_id: payload},
        version=organization.version,
    )
