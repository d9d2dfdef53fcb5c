"""The built-in road network: miles and minutes between any two points of the 48 states, computed on this machine."""

from foundation.places.roads.network import RoadNetwork
from foundation.places.travel import Travel

__all__ = ["RoadNetwork", "Travel"]
