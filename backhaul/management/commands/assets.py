"""Install the front-end packages and collect static files: what an image build does once."""

import subprocess
from argparse import ArgumentParser
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from backhaul.steps import Steps
from backhaul.supervisor import front_end


class Command(BaseCommand):
    """`backhaul assets`."""

    help = "Install the front-end packages and collect static files."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Describe the options."""
        parser.add_argument("--packages-only", action="store_true", help="leave the static files as they are")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do both.

        Raises CommandError when npm is missing or fails.
        """
        steps = Steps()
        if not front_end.installed():
            with steps.step("Front-end packages"):
                self._install()
        if options["packages_only"]:
            return
        with steps.step("Static files"):
            call_command("collectstatic", "--noinput", "--clear", verbosity=0)

    def _install(self) -> None:
        try:
            command, env, workshop = front_end.npm_command()
        except front_end.NoNpm as error:
            raise CommandError(str(error)) from error
        done = subprocess.run(command, env=env, cwd=workshop, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise CommandError(f"npm failed:\n{done.stderr[-2000:]}")
        front_end.lay_out(workshop)
