"""Whether a carrier may take loads now: rules, each with its inputs, its result and a sentence.

Pure reads, no network: what the federal registry said is read from `FederalRecord`. What is
counted is counted again under a lock by `take_hold` and `take_pace`, in the transaction that makes the claim.
"""

from brokers.trust.judging import judge_claim, take_hold, take_pace
from brokers.trust.results import Judgement, Result, RuleResult, flags_for_seller
from brokers.trust.selling import check_may_be_sold, why_not_sold

__all__ = [
    "Judgement",
    "Result",
    "RuleResult",
    "check_may_be_sold",
    "flags_for_seller",
    "judge_claim",
    "take_hold",
    "take_pace",
    "why_not_sold",
]
