"""What people decided, proposed, offered, claimed and booked."""

from brokers.models.bargains import Bargain
from brokers.models.bookings import BOOKING_MOVES, Booking, BookingStatus, CancelReason
from brokers.models.claims import CLAIM_MOVES, Claim, ClaimedLoad, ClaimStatus
from brokers.models.decisions import MatchDecision
from brokers.models.proposals import PROPOSAL_MOVES, Proposal, ProposalParty, ProposalStatus, ProposedLoad
from brokers.models.threads import OFFER_MOVES, THREAD_MOVES, Offer, OfferStatus, Thread, ThreadStatus
from brokers.models.tours import TOUR_MOVES, Tour, TourStatus, TourStop

__all__ = [
    "BOOKING_MOVES",
    "CLAIM_MOVES",
    "OFFER_MOVES",
    "PROPOSAL_MOVES",
    "THREAD_MOVES",
    "TOUR_MOVES",
    "Bargain",
    "Booking",
    "BookingStatus",
    "CancelReason",
    "Claim",
    "ClaimStatus",
    "ClaimedLoad",
    "MatchDecision",
    "Offer",
    "OfferStatus",
    "Proposal",
    "ProposalParty",
    "ProposalStatus",
    "ProposedLoad",
    "Thread",
    "ThreadStatus",
    "Tour",
    "TourStatus",
    "TourStop",
]
