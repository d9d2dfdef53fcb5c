"""Every write of brokers: what people decide about matches, and what is proposed to the parties."""

from brokers.services.answers import answer_proposal, lapse_due, lapse_of_postings, withdraw_proposal
from brokers.services.decisions import (
    LONGEST_REASON,
    dismiss_match,
    forget_old_decisions,
    restore_match,
    snooze_match,
)
from brokers.services.proposals import propose_line

__all__ = [
    "LONGEST_REASON",
    "answer_proposal",
    "dismiss_match",
    "forget_old_decisions",
    "lapse_due",
    "lapse_of_postings",
    "propose_line",
    "restore_match",
    "snooze_match",
    "withdraw_proposal",
]
