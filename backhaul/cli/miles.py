"""`backhaul miles`, in a process of its own: no other verb pays for loading the road network's arrays."""

import sys

from foundation.places.command import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
