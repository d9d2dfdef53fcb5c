"""Bring a database to where the product can run on it; safe to run again, quick when there is nothing to do."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand

from backhaul.demo.seed import seed
from backhaul.home import folder
from backhaul.steps import Steps
from foundation.places.models import ZipCode
from foundation.places.roads.build import road_version
from foundation.places.services import load_zip_table, road_network


class Command(BaseCommand):
    """`backhaul prepare`; the supervisor runs it at each start."""

    help = "Migrate the database and load what the product needs."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Describe the options."""
        parser.add_argument("--demo", action="store_true", help="seed or top up the demo market")
        parser.add_argument("--legs", type=int, default=300)
        parser.add_argument("--loads", type=int, default=2000)

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the steps in order."""
        steps = Steps()
        with steps.step("Database schema"):
            call_command("migrate", verbosity=0, interactive=False)
        self._load_zips(steps)
        if not (Path(settings.ROAD_CACHE) / f"{road_version()}.npz").exists():
            with steps.step("Road network"):
                road_network()
        if options["demo"]:
            with steps.step("Demo market") as report:
                seed(legs=options["legs"], loads=options["loads"], report=report)

    def _load_zips(self, steps: Steps) -> None:
        """Load the ZIP table unless this database has it from the data of this version."""
        stamp = folder("cache") / "zip-table"
        database = settings.DATABASES["default"]
        wanted = f"{road_version()} {database['HOST']} {database['PORT']} {database['NAME']}"
        if ZipCode.objects.exists() and stamp.exists() and stamp.read_text() == wanted:
            return
        with steps.step("ZIP table") as report:
            report(f"{load_zip_table():,} ZIP codes")
        stamp.write_text(wanted)
