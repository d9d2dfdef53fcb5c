"""Every write of brokers: what people decide about matches, and what is proposed to the parties."""

from brokers.services.acceptance import accept_offer
from brokers.services.answers import answer_proposal, lapse_due, lapse_of_postings, withdraw_proposal
from brokers.services.decisions import (
    LONGEST_REASON,
    dismiss_match,
    forget_old_decisions,
    restore_match,
    snooze_match,
)
from brokers.services.offers import (
    counter_offer,
    decline_offer,
    expire_due_offers,
    supersede_offers,
    withdraw_offer,
)
from brokers.services.proposals import propose_line
from brokers.services.tenders import tender_load
from brokers.services.threads import invite_carrier, lapse_rivals, lapse_threads, leave_thread, open_thread

__all__ = [
    "LONGEST_REASON",
    "accept_offer",
    "answer_proposal",
    "counter_offer",
    "decline_offer",
    "dismiss_match",
    "expire_due_offers",
    "forget_old_decisions",
    "invite_carrier",
    "lapse_due",
    "lapse_of_postings",
    "lapse_rivals",
    "lapse_threads",
    "leave_thread",
    "open_thread",
    "propose_line",
    "restore_match",
    "snooze_match",
    "supersede_offers",
    "tender_load",
    "withdraw_offer",
    "withdraw_proposal",
]
