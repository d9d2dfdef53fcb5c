"""The tables of carriers."""

from carriers.models.fleet import CostSetting, Driver, HomeBase, Trailer, Truck
from carriers.models.trips import ReturnLeg, Trip

__all__ = ["CostSetting", "Driver", "HomeBase", "ReturnLeg", "Trailer", "Trip", "Truck"]
