"""The answers of every operation at length: each kind of right and wrong input that the schema lets one think of.

Making the cases takes longer than many a test, so this file is not even read where `-m` leaves it out (conftest.py).
"""

import pytest
import schemathesis
from django.core.handlers.wsgi import WSGIHandler
from hypothesis import settings
from schemathesis.config import SchemathesisConfig

from tests.rest.contract import COMMITTED, EASY, REFUSALS, send

REAL_ADDRESSES = True
THOROUGH = SchemathesisConfig.from_dict({"checks": REFUSALS})
thorough = schemathesis.openapi.from_path(COMMITTED, config=THOROUGH)
thorough.app = WSGIHandler()


@pytest.mark.soak
@thorough.parametrize()
@settings(max_examples=60, derandomize=True, **EASY)
def test_whatever_is_sent_at_length_the_answer_is_documented(case: schemathesis.Case, contract_key: str) -> None:
    send(case, contract_key)
