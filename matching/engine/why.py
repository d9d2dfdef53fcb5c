"""Why a leg does not take a load, and the smallest change of its terms or the load's that would do.

Capacity and miles are mended one rule after the other: each of these rules has one change of its own (the pickup's
deadhead has two, of which the smaller is taken). The times are searched together: first whether one change alone would
do, a window that closes later, home-by later or the truck ready earlier by a day at most; then two windows or a window
and home-by, and so on; of lists of the same length the one with the fewest minutes. Every list is verified by scoring
the changed pair, and one unit less of any change is refused. Equipment, attributes and a missing road cannot be mended.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from matching.engine.changes import Change, What, changed
from matching.engine.columns import Floats
from matching.engine.policy import Policy
from matching.engine.problem import Legs, Loads
from matching.engine.refusals import Refusal
from matching.engine.score import Scores, score_pairs
from matching.engine.times import mend_times
from matching.engine.travel import TravelOracle

HOPELESS = frozenset({Refusal.EQUIPMENT, Refusal.ATTRIBUTES, Refusal.UNREACHABLE})
"""The rules that no change of figures can mend."""


@dataclass(frozen=True, eq=False, kw_only=True)
class WhyNot:
    """The answer for one pair. `scores` holds the pair as it stands (one row), `mended` with all changes applied.

    `changes` is empty for a feasible pair, and where `hopeless` names a rule that no change can mend.
    """

    scores: Scores
    changes: tuple[Change, ...] = ()
    mended: Scores | None = None
    hopeless: Refusal = Refusal.NONE

    @property
    def refusal(self) -> Refusal:
        """The rule that refuses first; NONE for a feasible pair."""
        return Refusal(int(self.scores.refusal[0]))

    @property
    def sentence(self) -> str:
        """Why the pair is refused, in a dispatcher's words; empty for a feasible pair."""
        return self.scores.refusal_sentence(0)

    @property
    def remedy(self) -> str:
        """What would do: "feasible if the pickup closed 42 min later"; empty for a feasible pair."""
        return remedy(self.changes, self.hopeless) if self.refusal else ""


def remedy(changes: Sequence[Change], hopeless: Refusal = Refusal.NONE) -> str:
    """Return changes as a dispatcher would say them, or that none would do."""
    if not changes:
        return _NO_REMEDY.get(hopeless, "")
    words = [change.words for change in changes]
    return f"feasible if {words[0] if len(words) == 1 else ', '.join(words[:-1]) + ' and ' + words[-1]}"


_NO_REMEDY = {
    Refusal.EQUIPMENT: "no change of times or limits would do: it takes another kind of truck",
    Refusal.ATTRIBUTES: "no change of times or limits would do: it takes a truck or driver that has it",
    Refusal.UNREACHABLE: "no change of times or limits would do: no road leads there",
}


def why_not(legs: Legs, leg_row: int, loads: Loads, load_row: int, travel: TravelOracle, policy: Policy) -> WhyNot:
    """Return why a leg does not take a load, and the shortest list of smallest changes with which it would."""
    leg, load = legs.take([leg_row]), loads.take([load_row])
    scores = score_pairs(leg, [0], load, [0], travel, policy)
    if scores.feasible[0]:
        return WhyNot(scores=scores, mended=scores)
    found, leg = _mend_limits(leg, load, scores, travel, policy)
    changes = list(found)
    mended = score_pairs(leg, [0], load, [0], travel, policy)
    refusal = Refusal(int(mended.refusal[0]))
    if refusal in HOPELESS:
        return WhyNot(scores=scores, hopeless=refusal)
    if refusal:
        changes += mend_times(leg, load, travel, policy)
        mended = score_pairs(*_one(changed(legs, leg_row, loads, load_row, changes)), travel, policy)
    assert mended.feasible[0], "a list of changes that does not do"
    return WhyNot(scores=scores, changes=tuple(changes), mended=mended)


def rested(legs: Legs) -> Legs:
    """Return the legs as if nothing were known of any driver's clock: what others than the carrier may reckon with."""
    unknown = np.full(len(legs), np.nan)
    return replace(legs, drive_left=unknown, shift_left=unknown, break_left=unknown, cycle_left=unknown)


def _one(pair: tuple[Legs, Loads]) -> tuple[Legs, list[int], Loads, list[int]]:
    return pair[0], [0], pair[1], [0]


# --- Capacity and miles -----------------------------------------------------------------------------------------------


def _mend_limits(
    leg: Legs, load: Loads, scores: Scores, travel: TravelOracle, policy: Policy
) -> tuple[list[Change], Legs]:
    """Mend one rule after the other until none but the times refuses; return the changes and the changed leg."""
    changes: list[Change] = []
    while True:
        change = _limit_change(Refusal(int(scores.refusal[0])), scores.refusal_figures[0], leg)
        if change is None:
            return changes, leg
        changes.append(change)
        leg, load = changed(leg, 0, load, 0, [change])
        scores = score_pairs(leg, [0], load, [0], travel, policy)


def _limit_change(refusal: Refusal, figures: Floats, leg: Legs) -> Change | None:
    a, b, c, d = figures.tolist()
    match refusal:
        case Refusal.WEIGHT:
            return _limit(What.WEIGHT, a, b, f"the truck could take {a - b:,.0f} lb more")
        case Refusal.LENGTH:
            return _limit(What.LENGTH, a, b, f"the truck had {a - b:,.0f} ft more room")
        case Refusal.PALLETS:
            more = f"{a - b:,.0f} pallet{'' if a - b == 1 else 's'}"
            return _limit(What.PALLETS, a, b, f"the truck could take {more} more")
        case Refusal.PICKUP_DEADHEAD:
            to, along = _whole_miles(a), max(_whole_miles(c), 0)
            offered = d == d  # NaN: no pickup along the way is offered
            if along - (d if offered else 0) >= to - b:
                return _limit(What.PICKUP_LIMIT, to, b, f"the deadhead limit to the pickup were {to:,} mi")
            words = "the out-of-route limit were" if offered else "pickups along the way were taken, out of route up to"
            return _limit(What.OUT_OF_ROUTE_LIMIT, along, d if offered else 0, f"{words} {along:,} mi")
        case Refusal.HOME_DEADHEAD:
            to = _whole_miles(a)
            return _limit(What.HOME_LIMIT, to, b, f"the deadhead limit home were {to:,} mi")
    return None


def _limit(what: What, to: float, stands: float, words: str) -> Change:
    # limits are whole miles in a leg's terms, but may be any number in a file
    return Change(what=what, by=int(np.ceil(to - stands)), to=int(to), stop=None, words=words)


def _whole_miles(miles: float) -> int:
    return int(np.ceil(np.round(miles, 6)))
