"""The money of a backhaul: what it brings over driving home empty, term by term, in whole cents."""

from dataclasses import dataclass

import numpy as np

from matching.engine.columns import Floats, Ints
from matching.engine.policy import MINUTES_AN_HOUR, Policy
from matching.engine.problem import Legs


@dataclass(frozen=True, eq=False, kw_only=True)
class Costs:
    """What n trucks cost, each of shape (n,): cents a mile loaded and empty, an on-duty hour, an hour late at home."""

    loaded_cents_per_mile: Floats
    empty_cents_per_mile: Floats
    hour_cents: Floats
    delay_hour_cents: Floats


@dataclass(frozen=True, eq=False, kw_only=True)
class Quantities:
    """What n pairs use, each of shape (n,)."""

    loaded_miles: Floats
    empty_miles: Floats
    avoided_miles: Floats
    on_duty_minutes: Ints
    delay_minutes: Ints


@dataclass(frozen=True, eq=False, kw_only=True)
class Money:
    """The terms of the gain of n pairs in whole cents, each of shape (n,); every one counts as its name says.

    gain = rate - loaded - empty + avoided - hours - delay. Each term is rounded first (half a cent up), so they add up.
    """

    rate_cents: Ints
    loaded_cents: Ints
    empty_cents: Ints
    avoided_cents: Ints
    hours_cents: Ints
    delay_cents: Ints

    @property
    def gain_cents(self) -> Ints:
        """The gain over driving home empty."""
        paid = self.loaded_cents + self.empty_cents + self.hours_cents + self.delay_cents
        return np.asarray(self.rate_cents + self.avoided_cents - paid)

    @property
    def worth_from_cents(self) -> Ints:
        """The rate from which on the load beats the empty run home; the carrier's floor, so nobody else's business."""
        return np.asarray(self.rate_cents - self.gain_cents)


def policy_costs(policy: Policy, count: int) -> Costs:
    """Return the dated default costs for so many trucks."""
    return Costs(
        loaded_cents_per_mile=np.full(count, policy.loaded_cents_per_mile),
        empty_cents_per_mile=np.full(count, policy.empty_cents_per_mile),
        hour_cents=np.full(count, policy.hour_cents),
        delay_hour_cents=np.full(count, policy.delay_hour_cents),
    )


def own_costs(legs: Legs, rows: Ints, policy: Policy) -> Costs:
    """Return the costs of the carriers of these legs, the policy's where one has not entered its own."""

    def own(column: Floats, default: float) -> Floats:
        return np.where(np.isnan(column), default, column)[rows]

    return Costs(
        loaded_cents_per_mile=own(legs.loaded_cents_per_mile, policy.loaded_cents_per_mile),
        empty_cents_per_mile=own(legs.empty_cents_per_mile, policy.empty_cents_per_mile),
        hour_cents=own(legs.hour_cents, policy.hour_cents),
        delay_hour_cents=own(legs.delay_hour_cents, policy.delay_hour_cents),
    )


def gain(rate_cents: Ints, used: Quantities, costs: Costs) -> Money:
    """Return the terms of the gain.

    Source: the trade's marginal-cost view (ATRI): driving and rest are in the mile; on-duty hours that are not driving
    and that the empty run home would not have are charged apart, and so are both deadheads.
    """
    return Money(
        rate_cents=rate_cents,
        loaded_cents=whole_cents(used.loaded_miles * costs.loaded_cents_per_mile),
        empty_cents=whole_cents(used.empty_miles * costs.empty_cents_per_mile),
        avoided_cents=whole_cents(used.avoided_miles * costs.empty_cents_per_mile),
        hours_cents=whole_cents(used.on_duty_minutes * costs.hour_cents / MINUTES_AN_HOUR),
        delay_cents=whole_cents(used.delay_minutes * costs.delay_hour_cents / MINUTES_AN_HOUR),
    )


def whole_cents(cents: Floats) -> Ints:
    """Return whole cents, half a cent up; what floating point adds below a millionth of a cent does not tip it."""
    return np.floor(np.round(cents, 6) + 0.5).astype(np.int64)
