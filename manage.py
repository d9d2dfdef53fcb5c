#!/usr/bin/env python
"""Django's own command line, for those who know Django; users run `backhaul`."""

import os
import sys

from django.core.management import execute_from_command_line

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backhaul.settings")
    execute_from_command_line(sys.argv)
