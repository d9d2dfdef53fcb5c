"""What the tests of the committed schema share: how cases are made, sent and held against it."""

from pathlib import Path
from typing import Any

import schemathesis
from hypothesis import HealthCheck
from schemathesis.specs.openapi.checks import positive_data_acceptance, unsupported_method

COMMITTED = Path(__file__).parents[2] / "docs" / "openapi.json"
EASY: dict[str, Any] = {"deadline": None, "suppress_health_check": list(HealthCheck), "database": None}
# A body that does not read may be met by an ETag that is stale already.
REFUSALS = {
    "negative_data_rejection": {"expected-statuses": [400, 401, 403, 404, 405, 406, 409, 412, 413, 415, 422, 428]}
}


def send(case: schemathesis.Case, key: str) -> None:
    """Send a case and hold the answer against the schema."""
    # Rules of the trade lie beyond a schema (a truck that exists, a window in time), so what it allows may be a 422.
    case.call_and_validate(
        headers={"Authorization": f"Bearer {key}"}, excluded_checks=[positive_data_acceptance, unsupported_method]
    )
