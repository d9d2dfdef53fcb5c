"""Regions: the four of the US Census Bureau, for those who think of lanes in large."""

from collections.abc import Mapping
from types import MappingProxyType

REGIONS: Mapping[str, tuple[str, frozenset[str]]] = MappingProxyType(
    {
        "northeast": ("Northeast", frozenset(["CT", "ME", "MA", "NH", "NJ", "NY", "PA", "RI", "VT"])),
        "midwest": ("Midwest", frozenset(["IL", "IN", "IA", "KS", "MI", "MN", "MO", "NE", "ND", "OH", "SD", "WI"])),
        "south": (
            "South",
            frozenset(
                ["AL", "AR", "DE", "DC", "FL", "GA", "KY", "LA", "MD", "MS", "NC", "OK", "SC", "TN", "TX", "VA", "WV"]
            ),
        ),
        "west": ("West", frozenset(["AZ", "CA", "CO", "ID", "MT", "NV", "NM", "OR", "UT", "WA", "WY"])),
    }
)


def states_of(area: str) -> frozenset[str]:
    """Return the states of a region, or the one state whose code this is; empty for neither."""
    if area in REGIONS:
        return REGIONS[area][1]
    code = area.upper()
    return frozenset({code}) if any(code in states for _, states in REGIONS.values()) else frozenset()


def area_choices() -> list[tuple[str, str]]:
    """Return regions, then states by code, as choices of a form."""
    states = sorted(code for _, codes in REGIONS.values() for code in codes)
    return [(key, name) for key, (name, _) in REGIONS.items()] + [(code, code) for code in states]
