"""Who may drive and what may be pulled on a return leg: those that it was posted with, or that its tour has already.

The engine plans with what the leg posted, so whoever names another driver or trailer would be promised what was never
judged. A leg that names none takes any that offers what it posted.
"""

from collections.abc import Iterator

from brokers.models import Tour
from carriers.models import Driver, ReturnLeg, Trailer
from carriers.rules import implied_attributes
from foundation.trade.equipment import ATTRIBUTE_NAMES, Attribute
from foundation.trade.errors import FieldProblem

_OF_THE_DRIVERS = Attribute.HAZMAT | Attribute.TEAM


def crew_problems(
    leg: ReturnLeg, tour: Tour | None, *, driver: Driver | None, trailer: Trailer | None
) -> Iterator[FieldProblem]:
    """Return what is wrong with a driver and a trailer named beside a return leg, on which `tour` is planned if any."""
    if driver is not None and driver.pk not in (leg.driver_id, tour.driver_id if tour is not None else None):
        sentence = _other("driver", leg.driver, tour) or _driver_lacks(leg, driver)
        if sentence:
            yield FieldProblem("driver", "not_the_legs", sentence)
    if trailer is not None and trailer.pk not in (leg.trailer_id, tour.trailer_id if tour is not None else None):
        sentence = _other("trailer", leg.trailer, tour) or _trailer_lacks(leg, trailer)
        if sentence:
            yield FieldProblem("trailer", "not_the_legs", sentence)


def _other(noun: str, on_leg: Driver | Trailer | None, tour: Tour | None) -> str:
    """Return why another than the leg's own is refused, or than that of its tour; "" where neither settles it."""
    if on_leg is not None:
        named = f"{noun} {on_leg}"
        return f"This return leg was posted with {named}. Leave the {noun} out here, or change it on the return leg."
    if tour is not None:
        return f"The tour on this return leg is booked already, and its {noun} stands. Leave the {noun} out here."
    return ""


def _driver_lacks(leg: ReturnLeg, driver: Driver) -> str:
    if leg.attributes & Attribute.HAZMAT and not driver.hazmat_endorsed:
        sentence = f"This return leg offers hazmat, and {driver} is not endorsed for it. Choose another driver"
        return f"{sentence}, or change it on the return leg."
    return ""


def _trailer_lacks(leg: ReturnLeg, trailer: Trailer) -> str:
    """Return what a leg without a trailer of its own posted and this one does not offer; "" where it offers all."""
    offers = trailer.attributes | implied_attributes(trailer.equipment)
    missing = Attribute(leg.attributes & ~offers & ~int(_OF_THE_DRIVERS))
    lacks = [
        *([leg.get_equipment_display()] if trailer.equipment != leg.equipment else []),
        *(
            f"{posted:,} {unit}"
            for posted, offered, unit in (
                (leg.weight_pounds + leg.taken_weight_pounds, trailer.weight_pounds, "lb"),
                (leg.length_feet + leg.taken_length_feet, trailer.length_feet, "ft"),
                (leg.pallets + leg.taken_pallets, trailer.pallets, "pallets"),
            )
            if posted > offered
        ),
        *(name for attribute, name in ATTRIBUTE_NAMES.items() if attribute & missing),
    ]
    if not lacks:
        return ""
    sentence = f"This return leg was posted with {', '.join(lacks)}, and trailer {trailer} does not offer that."
    return f"{sentence} Choose another trailer, or change it on the return leg."
