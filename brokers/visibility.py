"""Who reads what of a proposal: the broker all of it, the carrier its truck with every load and rate, a shipper its own
loads and the truck; each party its own word, the broker every party's.
"""

from typing import Any

from brokers.models import Proposal, ProposalParty
from foundation.rest.fields import instant, money, named
from loads.models import Load
from matching.facing import is_side_of

Role = ProposalParty.Role


def seen_loads(proposal: Proposal, party: ProposalParty | None) -> list[Load]:
    """Return the loads of a proposal that a party may see, in order; None is the broker, who sees all."""
    loads = [each.load for each in proposal.loads.all()]
    if party is None or party.role == Role.CARRIER:
        return loads
    return [load for load in loads if is_side_of(party.organization_id, load)]


def proposal_payload(proposal: Proposal) -> dict[str, Any]:
    """Return a proposal as its broker reads it."""
    return _common(proposal, None) | {
        "plan": proposal.plan_public_id,
        "line": proposal.line_public_id,
        "market_gain": money(proposal.market_gain_cents),
        "parties": [
            {
                "role": party.role,
                "organization": _name(party),
                "is_represented": party.is_represented,
                "is_asked": party.is_asked,
                "answer": party.answer or None,
                "answered_at": instant(party.answered_at),
            }
            for party in sorted(proposal.parties.all(), key=lambda party: party.pk)
        ],
    }


def party_payload(proposal: Proposal, party: ProposalParty) -> dict[str, Any]:
    """Return a proposal as one of its parties reads it."""
    carrier = party.role == Role.CARRIER
    # the gain of the whole tour would tell a shipper what the others' loads bring
    whole = len(seen_loads(proposal, party)) == len(proposal.loads.all())
    return _common(proposal, party) | {
        "your_role": party.role,
        "represents_you": party.is_represented,
        "represents_both_sides": represents_both_sides(proposal),
        "market_gain": money(proposal.market_gain_cents) if carrier or whole else None,
        "your_answer": party.answer or None,
        "asks_you": party.is_asked,
    }


def represents_both_sides(proposal: Proposal) -> bool:
    """Say whether the broker acts for the truck's side and for a load's side at once."""
    acts_for = {party.organization_id for party in proposal.parties.all() if party.is_represented}
    acts_for.add(proposal.broker_id)
    shippers = {each.load.seller_id or each.load.organization_id for each in proposal.loads.all()}
    return proposal.leg.organization_id in acts_for and bool(shippers & acts_for)


def _common(proposal: Proposal, party: ProposalParty | None) -> dict[str, Any]:
    seen = {load.pk for load in seen_loads(proposal, party)}
    return {
        "id": proposal.public_id,
        "kind": proposal.kind,
        "status": proposal.status,
        "version": proposal.version,
        "broker": named(proposal.broker),
        "leg": proposal.leg.public_id,
        "loads": [
            {"id": each.load.public_id, "rate": money(each.rate_cents)}
            for each in proposal.loads.all()
            if each.load_id in seen
        ],
        "made_at": instant(proposal.made_at),
        "expires_at": instant(proposal.expires_at),
        "closed_at": instant(proposal.closed_at),
    }


def _name(party: ProposalParty) -> dict[str, str] | None:
    owner = party.organization
    return None if owner.hides_name else named(owner)
