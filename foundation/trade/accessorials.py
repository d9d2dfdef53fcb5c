"""Accessorial terms: what waiting, cancelling and staying overnight cost, said in the posting."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AccessorialTerms:
    """Free time at a stop (minutes), detention after it (cents an hour), truck ordered not used (cents), layover (cents
    a day).
    """

    free_minutes: int = 120
    detention_cents_per_hour: int = 0
    tonu_cents: int = 0
    layover_cents: int = 0
