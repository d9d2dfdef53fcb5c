"""What people decided and proposed."""

from brokers.models.decisions import MatchDecision
from brokers.models.proposals import PROPOSAL_MOVES, Proposal, ProposalParty, ProposalStatus, ProposedLoad

__all__ = ["PROPOSAL_MOVES", "MatchDecision", "Proposal", "ProposalParty", "ProposalStatus", "ProposedLoad"]
