"""Why a leg does not take a load: one rule with its figures, and the sentence that a dispatcher understands.

Rules are asked in the order of their numbers; the first that refuses is the answer. Those of loads on board together
came later and are asked after the capacities.
"""

from collections.abc import Sequence
from enum import IntEnum

from foundation.trade.equipment import ATTRIBUTE_NAMES, Attribute, equipment_name
from matching.engine.columns import LOAD_CODES, TRUCK_CODES
from matching.engine.labels import RULE_BREAK, RULE_CYCLE, RULE_DRIVE, RULE_SHIFT


class Refusal(IntEnum):
    """The rules, in the order in which they are asked. The comment names the figures that come with a refusal."""

    NONE = 0
    EQUIPMENT = 1  # truck's equipment, load's equipment (indices of the code tables)
    ATTRIBUTES = 2  # bit set of what is missing
    WEIGHT = 3  # load's pounds, truck's pounds; in a tour also how many loads make up the first figure, if several
    LENGTH = 4  # load's feet, truck's feet; the same
    PALLETS = 5  # load's pallets, truck's pallets; the same
    UNREACHABLE = 6  # none: no road known
    PICKUP_DEADHEAD = 7  # miles to the pickup, limit, out-of-route miles, limit (NaN: none offered)
    HOME_DEADHEAD = 8  # miles from the last delivery home, limit
    PICKUP_CLOSES = 9  # minutes late, position of the stop
    DELIVERY_CLOSES = 10  # minutes late, position of the stop
    HOME_BY = 11  # minutes late
    HOURS = 12  # minutes late, position of the stop, bit set of the rules, place (0 pickup, 1 delivery, 2 home)
    SHARING = 13  # loads on board together, of which one is full
    TEMPERATURE = 14  # the warmest minimum and the coldest maximum of loads on board together, in °F
    MIXING = 15  # none: hazmat and food grade on board together

    @property
    def code(self) -> str:
        """The rule's name in JSON and in counts."""
        return self.name.lower()


FIGURES = 4
"""How many figures a refusal has at most."""

AT_PICKUP, AT_DELIVERY, AT_HOME = 0, 1, 2
_PLACES = {AT_PICKUP: "the pickup", AT_DELIVERY: "the delivery"}


def sentence(refusal: Refusal, figures: Sequence[float]) -> str:
    """Return what a dispatcher would say; begins in lower case, without a full stop. Empty for no refusal."""
    a, b, c, d = (*figures, *[0.0] * FIGURES)[:FIGURES]
    match refusal:
        case Refusal.NONE:
            return ""
        case Refusal.EQUIPMENT:
            truck, load = equipment_name(TRUCK_CODES[int(a)]), equipment_name(LOAD_CODES[int(b)])
            return f"the truck is a {truck.lower()}, the load wants a {load.lower()}"
        case Refusal.ATTRIBUTES:
            missing = [ATTRIBUTE_NAMES.get(one, "what the load needs") for one in Attribute(int(a))]
            return f"the truck lacks {_listed(missing)}"
        case Refusal.WEIGHT | Refusal.LENGTH | Refusal.PALLETS if c > 1:
            unit = {Refusal.WEIGHT: "lb", Refusal.LENGTH: "ft", Refusal.PALLETS: "pallets"}[refusal]
            return f"{c:,.0f} loads on board together come to {a:,.0f} {unit}, the truck takes {b:,.0f}"
        case Refusal.WEIGHT:
            return f"weighs {a:,.0f} lb, the truck takes {b:,.0f} lb"
        case Refusal.LENGTH:
            return f"takes {a:,.0f} ft, the truck has {b:,.0f} ft"
        case Refusal.PALLETS:
            return f"has {a:,.0f} pallets, the truck takes {b:,.0f}"
        case Refusal.UNREACHABLE:
            return "no road is known between the truck, the stops and home"
        case Refusal.PICKUP_DEADHEAD:
            beyond = f"the pickup is {a:,.1f} empty miles away, the limit is {b:,.0f}"
            if d != d:  # NaN: no pickup along the way is offered
                return beyond
            return f"{beyond}; on the way home it is {c:,.1f} miles out of route, the limit is {d:,.0f}"
        case Refusal.HOME_DEADHEAD:
            return f"the delivery is {a:,.1f} empty miles from home, the limit is {b:,.0f}"
        case Refusal.PICKUP_CLOSES | Refusal.DELIVERY_CLOSES:
            place = _PLACES[AT_PICKUP if refusal is Refusal.PICKUP_CLOSES else AT_DELIVERY]
            return f"reaches {place} {duration(a)} after it closes"
        case Refusal.HOME_BY:
            return f"is home {duration(a)} too late"
        case Refusal.HOURS:
            why = rules_clause(int(c))
            if int(d) == AT_HOME:
                return f"at legal hours is home {duration(a)} too late{why}"
            return f"at legal hours reaches {_PLACES[int(d)]} {duration(a)} after it closes{why}"
        case Refusal.SHARING:
            return "a full load cannot share the truck with another"
        case Refusal.TEMPERATURE:
            return f"on board together one load wants {a:,.0f} °F or more, another {b:,.0f} °F or less"
        case Refusal.MIXING:
            return "hazmat and food-grade freight cannot be on board together"


def duration(minutes: float) -> str:
    """Return minutes for the eye: 42 min, 5 h, 5 h 10 min."""
    hours, rest = divmod(round(minutes), 60)
    if not hours:
        return f"{rest} min"
    return f"{hours} h {rest} min" if rest else f"{hours} h"


def rule_names(rules: int) -> list[str]:
    """Return the rules of 49 CFR 395.3 in a bit set, for JSON."""
    names = {RULE_DRIVE: "drive_11", RULE_SHIFT: "shift_14", RULE_BREAK: "break_30", RULE_CYCLE: "cycle_70"}
    return [name for bit, name in names.items() if rules & bit]


def rules_clause(rules: int) -> str:
    """Return what used up the driver's hours, as the end of a sentence: ": the 14 h of the shift are over"."""
    words = {
        RULE_CYCLE: "the 70 h of the cycle are used up",
        RULE_SHIFT: "the 14 h of the shift are over",
        RULE_DRIVE: "the 11 h of driving are used up",
        RULE_BREAK: "a break is due after 8 h of driving",
    }
    first = next((word for bit, word in words.items() if rules & bit), "")
    return f": {first}" if first else ""


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
