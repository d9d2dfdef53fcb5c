"""What people decided, proposed, offered, claimed and booked."""

from brokers.models.amendments import AMENDMENT_MOVES, Amendment, AmendmentAcceptance, AmendmentStatus
from brokers.models.bargains import Bargain
from brokers.models.bookings import BOOKING_MOVES, Booking, BookingStatus, CancelReason
from brokers.models.claims import CLAIM_MOVES, Claim, ClaimedLoad, ClaimStatus
from brokers.models.confirmations import Agreement, ConfirmationDocument, RateConfirmation, Signature
from brokers.models.contentions import CONTENTION_MOVES, Contention, ContentionStatus
from brokers.models.decisions import MatchDecision
from brokers.models.proposals import PROPOSAL_MOVES, Proposal, ProposalParty, ProposalStatus, ProposedLoad
from brokers.models.records import RecordRequest, TransactionRecord
from brokers.models.threads import OFFER_MOVES, THREAD_MOVES, Offer, OfferStatus, Thread, ThreadOutcome, ThreadStatus
from brokers.models.tours import TOUR_MOVES, Tour, TourStatus, TourStop

__all__ = [
    "AMENDMENT_MOVES",
    "BOOKING_MOVES",
    "CLAIM_MOVES",
    "CONTENTION_MOVES",
    "OFFER_MOVES",
    "PROPOSAL_MOVES",
    "THREAD_MOVES",
    "TOUR_MOVES",
    "Agreement",
    "Amendment",
    "AmendmentAcceptance",
    "AmendmentStatus",
    "Bargain",
    "Booking",
    "BookingStatus",
    "CancelReason",
    "Claim",
    "ClaimStatus",
    "ClaimedLoad",
    "ConfirmationDocument",
    "Contention",
    "ContentionStatus",
    "MatchDecision",
    "Offer",
    "OfferStatus",
    "Proposal",
    "ProposalParty",
    "ProposalStatus",
    "ProposedLoad",
    "RateConfirmation",
    "RecordRequest",
    "Signature",
    "Thread",
    "ThreadOutcome",
    "ThreadStatus",
    "Tour",
    "TourStatus",
    "TourStop",
    "TransactionRecord",
]
