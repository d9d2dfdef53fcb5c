"""The oracle of road miles that this installation is configured for: one a process, made on first use."""

from functools import lru_cache

from django.conf import settings

from foundation.places.osrm import OsrmTravel
from foundation.places.roads import RoadNetwork
from foundation.places.travel import TravelOracle


@lru_cache(maxsize=1)
def road_network() -> RoadNetwork:
    """Return the built-in road network, loaded from `ROAD_CACHE` or built there."""
    return RoadNetwork.load(settings.ROAD_CACHE)


@lru_cache(maxsize=1)
def travel_oracle() -> TravelOracle:
    """Return the routing server at `ROUTING_URL`, or the built-in road network where none is set."""
    if settings.ROUTING_URL:
        return OsrmTravel(settings.ROUTING_URL, fallback=road_network)
    return road_network()
