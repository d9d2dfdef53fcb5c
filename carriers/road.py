"""The way home: road miles and driving minutes between ZIP centroids, and the least legal time they take."""

from dataclasses import dataclass
from datetime import timedelta

from foundation.places.areas import centroid
from foundation.places.oracle import travel_oracle
from foundation.places.place import Place
from foundation.trade.hours import DutyClock, least_minutes

# Road figures err by 3.5 % at worst between freeways and by 15 % where they are estimated: a time is refused only when
# it cannot be kept even if the road is that much quicker.
_SURE = 0.95
_ESTIMATED = 0.85


@dataclass(frozen=True, slots=True)
class Way:
    """Miles and driving minutes from one place to another, and the fewest minutes that may be doubted."""

    miles: float
    minutes: float
    least_driving_minutes: float

    def least(self, clock: DutyClock | None = None, *, team: bool = False) -> timedelta:
        """Return the least legal time for this way, that nobody can undercut; a team drives on."""
        driving = self.least_driving_minutes
        return timedelta(minutes=driving if team else least_minutes(driving, clock))

    def expected(self, clock: DutyClock | None = None, *, team: bool = False) -> timedelta:
        """Return the least legal time for this way by the road's own figures."""
        return timedelta(minutes=self.minutes if team else least_minutes(self.minutes, clock))


def way(start: Place, end: Place) -> Way:
    """Return the way between two places; asks the road network, so never inside a transaction."""
    here, there = centroid(start), centroid(end)
    travel = travel_oracle().pairs([here.lat], [here.lon], [there.lat], [there.lon])
    minutes = float(travel.minutes[0])
    return Way(float(travel.miles[0]), minutes, minutes * (_ESTIMATED if travel.estimated[0] else _SURE))
