"""The reserve: which candidates of each leg can be among its best, by figures that are quick and nearly right."""

from dataclasses import dataclass

import numpy as np

from matching.engine.bulk.search import SHORT_BY, Block
from matching.engine.columns import Bools, Floats, Ints
from matching.engine.money import Costs
from matching.engine.policy import MINUTES_AN_HOUR
from matching.engine.problem import Legs
from matching.engine.travel import EARTH_RADIUS_MILES, GreatCircleTravel

SPARE = 8
"""So many more than are asked for: a few of the candidates turn out not to be feasible."""
LONGEST_MILES = 5_000.0
"""Straight miles beyond which a chord says too little about its arc."""
PACKED_BITS = 62
_ROUNDED_CENTS = 5.0
"""What rounding six figures to whole cents may move the gain by, and the estimate of it, is less."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Reserve:
    """The columns of a market from which gains are estimated.

    Those of legs: `costs`, the cents saved by not driving home empty, when a truck would be home empty. Those of loads:
    rates in cents, miles and minutes of service, `spent` and `done_at` of `Bounds`.
    """

    legs: Legs
    travel: GreatCircleTravel
    costs: Costs
    avoided_cents: Floats
    empty_home_at: Ints
    rate_cents: Ints
    loaded_miles: Floats
    service_minutes: Ints
    spent: Ints
    done_at: Ints

    def chosen(self, found: Block, count: int) -> tuple[Bools, Floats]:
        """Return which candidates to score, and for each one the gain that all of its leg's left out are below.

        That gain is minus infinity for the legs of which none is left out.
        """
        every, nothing = np.ones(found.leg.size, dtype=np.bool_), np.full(found.leg.size, -np.inf)
        if not found.leg.size or max(float(found.to_pickup.max()), float(found.to_home.max())) > LONGEST_MILES:
            return every, nothing
        starts = np.flatnonzero(np.concatenate([[True], found.leg[1:] != found.leg[:-1]]))
        sizes = np.diff(np.append(starts, found.leg.size))
        many = np.flatnonzero(sizes > count + SPARE)
        if not many.size:
            return every, nothing
        gain = self._gains(found)
        lost = np.ceil(gain.max()) - np.floor(gain)
        bits = int(lost.max()).bit_length()
        if bits + int(starts.size).bit_length() > PACKED_BITS:
            return every, nothing
        packed = np.repeat(np.arange(starts.size) << bits, sizes)
        packed |= lost.astype(np.int64)
        packed.sort()
        last_lost = packed[starts[many] + count + SPARE - 1] & ((1 << bits) - 1)
        error = self._error_cents(found.leg[starts[many]])
        least = np.full(starts.size, -np.inf)
        least[many] = np.ceil(gain.max()) - last_lost - error
        least = np.repeat(least, sizes)
        slack = np.zeros(starts.size)
        slack[many] = error
        return np.asarray(gain >= least - np.repeat(slack, sizes)), least

    def _gains(self, found: Block) -> Floats:
        """Return the gains in cents, each right to `_error_cents` of its leg."""
        leg, load, costs = found.leg, found.load, self.costs
        to_pickup, to_home = self._road_miles(found.to_pickup), self._road_miles(found.to_home)
        minutes = MINUTES_AN_HOUR / self.travel.mph
        gain = self.rate_cents[load] - self.loaded_miles[load] * costs.loaded_cents_per_mile[leg]
        gain += self.avoided_cents[leg] - (to_pickup + to_home) * costs.empty_cents_per_mile[leg]
        waited = self.legs.ready_at[leg] + minutes * to_pickup
        waited += self.spent[load]
        done_at = self.done_at[load]
        np.subtract(done_at, waited, out=waited)
        np.maximum(waited, 0.0, out=waited)
        if costs.delay_hour_cents.any():
            home_at = np.where(
                waited > 0.0,
                done_at,
                self.legs.ready_at[leg] + minutes * to_pickup + self.spent[load],
            )
            late = home_at + minutes * to_home - self.empty_home_at[leg]
            gain -= np.maximum(late, 0.0) * (costs.delay_hour_cents / MINUTES_AN_HOUR)[leg]
        waited += self.service_minutes[load]
        waited *= (costs.hour_cents / MINUTES_AN_HOUR)[leg]
        gain -= waited
        return np.asarray(gain)

    def _road_miles(self, straight: Floats) -> Floats:
        """Return the oracle's miles of straight ones through the earth."""
        return np.asarray(
            np.arcsin(straight / (2.0 * EARTH_RADIUS_MILES)) * (2.0 * EARTH_RADIUS_MILES * self.travel.circuity)
        )

    def _error_cents(self, leg: Ints) -> Floats:
        """Return how far an estimate may be from the gain: of either stretch, a tenth of a mile and a minute more."""
        # The arc is longer than its chord by less than a third for each mile more, up to the longest.
        miles = 4.0 / 3.0 * SHORT_BY * self.travel.circuity
        minutes = miles * MINUTES_AN_HOUR / self.travel.mph + 1.0
        costs = self.costs
        return np.asarray(
            2.0 * (miles + 0.1) * costs.empty_cents_per_mile[leg]
            + minutes / MINUTES_AN_HOUR * (costs.hour_cents[leg] + 2.0 * costs.delay_hour_cents[leg])
            + _ROUNDED_CENTS
        )
