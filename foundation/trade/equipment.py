"""Equipment: the codes that every board shares, and which truck may carry what.

Codes as DAT and Truckstop use them. A load names one code or a combination (`VR`, `FS`): either will do. A trailer
names one code and may carry the loads listed in its row; the trailer's attributes must cover what the load needs.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntFlag
from types import MappingProxyType


class Attribute(IntFlag):
    """What a load may need beyond its equipment, and what a truck with its driver may offer."""

    HAZMAT = 1
    TEAM = 2
    TARPS = 4
    FOOD_GRADE = 8
    TEMPERATURE = 16
    LIFTGATE = 32


ATTRIBUTE_NAMES: Mapping[Attribute, str] = MappingProxyType(
    {
        Attribute.HAZMAT: "hazmat",
        Attribute.TEAM: "team drivers",
        Attribute.TARPS: "tarps",
        Attribute.FOOD_GRADE: "food grade",
        Attribute.TEMPERATURE: "temperature control",
        Attribute.LIFTGATE: "liftgate",
    }
)


@dataclass(frozen=True, slots=True)
class Equipment:
    """One kind of trailer: its name, the load codes that it may carry, its usual capacity, and what it keeps cold."""

    code: str
    name: str
    may_carry: frozenset[str]
    weight_pounds: int
    length_feet: int
    pallets: int
    temperature_range_f: tuple[int, int] | None = None
    """What it keeps by its nature, in °F; None: nothing, or what a trailer of this kind is fitted with."""


def _equipment(
    code: str,
    name: str,
    also: str,
    weight_pounds: int,
    length_feet: int,
    pallets: int,
    temperature_range_f: tuple[int, int] | None = None,
) -> Equipment:
    carried = frozenset([code, *also.split()])
    return Equipment(code, name, carried, weight_pounds, length_feet, pallets, temperature_range_f)


# A 53 ft van holds about 44,000-45,000 lb, 53 linear feet and 26 pallets on the floor. A step deck may take a flatbed
# load: its deck is lower, so height that is legal on a flatbed is legal on it. A Conestoga's frame narrows the deck, so
# only the load's own code admits it besides `F` and `FS`, whose freight is within legal width.
# A reefer's unit keeps from about -20 to 80 °F.
EQUIPMENT: Mapping[str, Equipment] = MappingProxyType(
    {
        item.code: item
        for item in (
            _equipment("V", "Van", "VR", 45_000, 53, 26),
            _equipment("R", "Reefer", "V VR", 43_500, 53, 26, (-20, 80)),
            _equipment("F", "Flatbed", "FS", 48_000, 48, 24),
            _equipment("SD", "Step deck", "F FS", 48_000, 53, 24),
            _equipment("DD", "Double drop", "", 45_000, 53, 10),
            _equipment("LB", "Lowboy", "", 40_000, 53, 10),
            _equipment("RG", "Removable gooseneck", "LB", 42_000, 53, 10),
            _equipment("PO", "Power only", "", 45_000, 53, 26),
            _equipment("HB", "Hopper", "", 50_000, 42, 0),
            _equipment("DT", "Dump", "", 48_000, 40, 0),
            _equipment("TN", "Tanker", "", 50_000, 48, 0),
            _equipment("C", "Container", "", 44_000, 40, 20),
            _equipment("AC", "Auto carrier", "", 45_000, 80, 0),
            _equipment("SB", "Straight box", "", 12_000, 26, 12),
            _equipment("SV", "Sprinter", "", 3_500, 14, 3),
            _equipment("CN", "Conestoga", "F FS", 44_000, 53, 26),
        )
    }
)

COMBINATIONS: Mapping[str, str] = MappingProxyType({"VR": "Van or reefer", "FS": "Flatbed or step deck"})

LOAD_EQUIPMENT_CHOICES: list[tuple[str, str]] = [(item.code, item.name) for item in EQUIPMENT.values()] + list(
    COMBINATIONS.items()
)
TRUCK_EQUIPMENT_CHOICES: list[tuple[str, str]] = [(item.code, item.name) for item in EQUIPMENT.values()]


def may_carry(truck_code: str, load_code: str) -> bool:
    """Say whether a truck with this equipment may carry a load that asks for that equipment."""
    return load_code in EQUIPMENT[truck_code].may_carry


def trucks_for(load_code: str) -> frozenset[str]:
    """Return the equipment codes of the trucks that may carry such a load."""
    return frozenset(item.code for item in EQUIPMENT.values() if load_code in item.may_carry)


def loads_for(truck_code: str) -> frozenset[str]:
    """Return the load codes that such a truck may carry."""
    return EQUIPMENT[truck_code].may_carry


def equipment_name(code: str) -> str:
    """Return the words for a code, of a trailer or a combination."""
    return EQUIPMENT[code].name if code in EQUIPMENT else COMBINATIONS[code]
