"""Each rule of trust: what passes, what is flagged, held, blocked, and where the thresholds lie."""

from datetime import timedelta

import pytest

from brokers.trust import judge_claim
from tests.builders import make_load, make_organization, make_record, now

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def asking(settings):
    settings.FMCSA_WEB_KEY = "key"


def carrier(**columns):
    columns.setdefault("usdot_number", "1234567")
    return make_organization("Ruiz Trucking", hauls=True, **columns)


def judged(who, *loads, at=None):
    judgement = judge_claim(carrier=who, loads=loads or [make_load()], now=at or now())
    return {each.rule: each.result for each in judgement.results if each.result != "pass"}, judgement


def test_a_carrier_in_good_standing_passes_every_rule():
    who = carrier()
    make_record(who)
    found, judgement = judged(who)
    assert found == {}
    assert not (judgement.blocks or judgement.holds or judgement.flags)
    assert len(judgement.stored()) == 11
