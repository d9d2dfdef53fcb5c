"""`manage.py write_openapi`: bring `docs/openapi.json` up to date with the code."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from foundation.rest.schema import schema_json


class Command(BaseCommand):
    """Writes the OpenAPI schema to the file that is committed; a test fails when it drifts."""

    help = "Write docs/openapi.json from the code."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        """Write the file."""
        path = Path(settings.BASE_DIR) / "docs" / "openapi.json"
        path.write_bytes(schema_json(indent=1))
        self.stdout.write(f"Wrote {path.name}.")
