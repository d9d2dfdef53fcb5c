"""Changes of a leg's terms or a load's: what is changed, by how much, in a dispatcher's words, and applying them."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from matching.engine.problem import PICKUP, Legs, Loads


class What(StrEnum):
    """What a change changes: a column of the leg, or the closing of one of the load's stops."""

    WEIGHT = "weight_pounds"
    LENGTH = "length_feet"
    PALLETS = "pallets"
    PICKUP_LIMIT = "max_pickup_deadhead_miles"
    OUT_OF_ROUTE_LIMIT = "max_out_of_route_miles"
    HOME_LIMIT = "max_home_deadhead_miles"
    CLOSES = "closes_at"
    HOME_BY = "home_by"
    READY = "ready_at"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change that is needed: `by` pounds, feet, pallets, miles or minutes, up to the value `to`.

    `to` of a time is the instant in minutes since the epoch. `stop` is the position of the stop whose window closes
    later. `by` of an out-of-route limit where none was offered counts from nothing. `words` continue "feasible if".
    """

    what: What
    by: int
    to: int
    stop: int | None
    words: str


def changed(legs: Legs, leg_row: int, loads: Loads, load_row: int, changes: Iterable[Change]) -> tuple[Legs, Loads]:
    """Return the leg and the load, one row each, with the changes applied."""
    leg, load = legs.take([leg_row]), loads.take([load_row])
    closes_at = load.stop_closes_at.copy()
    for change in changes:
        if change.stop is not None:
            closes_at[change.stop] = change.to
        else:
            leg = replace(leg, **{change.what.value: np.array([change.to])})
    return leg, replace(load, stop_closes_at=closes_at)


_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")


def stop_name(load: Loads, position: int) -> str:
    """Return what a dispatcher calls a stop: the pickup, the second delivery."""
    kinds = load.stop_kind
    noun = "pickup" if kinds[position] == PICKUP else "delivery"
    same = np.flatnonzero(kinds == kinds[position])
    if same.size == 1:
        return f"the {noun}"
    number = int(np.flatnonzero(same == position)[0])
    return f"the {_ORDINALS[number]} {noun}" if number < len(_ORDINALS) else f"{noun} {number + 1}"
