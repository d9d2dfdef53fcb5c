"""`backhaul match`, in a process of its own, without settings: the road network lies where the installation's does."""

import sys

from backhaul.home import folder
from foundation.places.roads import RoadNetwork
from matching.files.match import main


def road_network() -> RoadNetwork:
    """Return the built-in road network of this installation's cache, built there at the first call."""
    return RoadNetwork.load(folder("cache"))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], road_network))
