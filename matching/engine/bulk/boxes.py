"""Boxes: a first filter of loads by where they end and when they can be done, all of it in one word each."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from matching.engine.bulk.bounds import Bounds
from matching.engine.bulk.index import Singles, Vectors
from matching.engine.columns import Floats, Ints
from matching.engine.problem import Legs

Words = NDArray[np.uint64]
"""Six fields, the top bit of each set: it stays set where a field of lowest values taken away is not greater."""

_PLACE_BITS, _TIME_BITS = 10, 9
_WIDTHS = (_PLACE_BITS,) * 4 + (_TIME_BITS,) * 2
_SHIFTS = tuple(sum(width + 1 for width in _WIDTHS[:field]) for field in range(len(_WIDTHS)))
_TOP_BITS = np.uint64(sum(1 << (shift + width) for shift, width in zip(_SHIFTS, _WIDTHS, strict=True)))


@dataclass(frozen=True, slots=True)
class _Scale:
    """Steps from 0 to the highest between two values. What lies outside counts as the nearest step."""

    first: float
    a_step: float
    highest: int

    @classmethod
    def of(cls, first: float, last: float, bits: int) -> "_Scale":
        highest = (1 << bits) - 1
        return cls(first, max(last - first, 1e-6) / highest, highest)

    def steps(self, values: Floats | Singles | Ints) -> Ints:
        """Return the steps of values; a greater value has never a lower one."""
        steps = np.floor((values.astype(np.float64) - self.first) / self.a_step)
        return np.clip(steps, 0, self.highest).astype(np.int64)

    def down(self, values: Floats | Singles | Ints) -> Ints:
        """Return the steps counted from the other end; a greater value has never a higher one."""
        return self.highest - self.steps(values)


@dataclass(frozen=True, slots=True, eq=False)
class Boxes:
    """The far ends and times of loads in the order of an index, and for each leg the lowest fields that suit.

    A load is held if two coordinates of its far end are within the leg's chord, it can still be reached when the truck
    is ready, and it can be done when the truck must be home. More than suits is held; nothing that does is lost.
    """

    words: Words
    lowest: Words

    @classmethod
    def of(cls, places: Vectors, chords: Singles, ends: Vectors, order: Ints, legs: Legs, bounds: Bounds) -> Self:
        """Return the boxes round legs' places for the loads' far ends, on the two axes that tell those most apart."""
        axes = np.argsort([float(axis.std()) for axis in ends])[:0:-1]
        # As fine as nearly all legs allow: one of them may be years ahead.
        first, last = np.quantile(legs.ready_at, 0.01), np.quantile(legs.home_by, 0.99)
        clock = _Scale.of(float(first), float(last), _TIME_BITS)
        loads, least = [], []
        for axis in axes:
            scale = _Scale.of(float(ends[axis].min()), float(ends[axis].max()), _PLACE_BITS)
            middle, reach = places[axis].astype(np.float64), chords.astype(np.float64)
            loads += [scale.steps(ends[axis]), scale.down(ends[axis])]
            least += [scale.steps(middle - reach), scale.down(middle + reach)]
        loads += [clock.steps(bounds.latest_at), clock.down(bounds.done_at)]
        least += [clock.steps(legs.ready_at), clock.down(legs.home_by)]
        return cls(_words(loads)[order] | _TOP_BITS, _words(least))

    def holding(self, leg: Ints, size: Ints, where: Ints) -> Ints:
        """Return the positions in `where` (rows of the index, `size` for each of `leg` in turn) that are held."""
        words = np.take(self.words, where)
        words -= np.repeat(self.lowest[leg], size)
        words &= _TOP_BITS
        return np.flatnonzero(words == _TOP_BITS)


def _words(fields: list[Ints]) -> Words:
    word = np.zeros(fields[0].size, dtype=np.uint64)
    for shift, field in zip(_SHIFTS, fields, strict=True):
        word |= field.astype(np.uint64) << np.uint64(shift)
    return word
