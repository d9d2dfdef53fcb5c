"""A place that freight can be picked up at or delivered to, and the refusals that go with finding one."""

from dataclasses import dataclass
from typing import Literal

from foundation.trade.errors import TradeError

Precision = Literal["zip", "city", "address", "coordinates"]


@dataclass(frozen=True, slots=True)
class Place:
    """A point in the 48 states or DC, with its nearest city, its ZIP code and its IANA time zone.

    `zip` is the place's own ZIP code for precision "zip" and "address", and the one nearest to the point otherwise.
    """

    zip: str | None
    city: str
    state: str
    lat: float
    lon: float
    time_zone: str
    precision: Precision

    @property
    def name(self) -> str:
        """The place as people write it: "Chicago, IL 60601", or "Chicago, IL" where no ZIP code was given."""
        if self.zip and self.precision in ("zip", "address"):
            return f"{self.city}, {self.state} {self.zip}"
        return f"{self.city}, {self.state}"

    @property
    def zip3(self) -> str | None:
        """The first three digits of the ZIP code: as much as strangers may know of a stop."""
        return self.zip[:3] if self.zip else None


class PlaceNotFound(TradeError):
    """No place answers to that text; `sentence` says what would do, `suggestions` holds what may have been meant."""

    def __init__(self, text: str, sentence: str, suggestions: tuple[Place, ...] = ()) -> None:
        super().__init__("place_not_found", sentence)
        self.text = text
        self.suggestions = suggestions


class OutsideCoverage(PlaceNotFound):
    """The place exists, but no road of the network reaches it."""
