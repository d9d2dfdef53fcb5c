"""`backhaul hours`, in a process of its own: no other verb pays for loading the engine's arrays."""

import sys

from matching.files.hours import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
