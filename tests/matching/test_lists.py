"""The lists of matches on a load's and a leg's page: what stands in them beside the figures."""

import pytest
from django.test import Client

from foundation.accounts.models import RelationshipKind
from matching.models import MatchRun
from matching.visibility import refusals_in_words
from tests.builders import make_person, make_relationship
from tests.matching.pairs import make_match

pytestmark = pytest.mark.django_db


def page(organization, path: str) -> str:
    client = Client()
    client.force_login(make_person(organization), backend="django.contrib.auth.backends.ModelBackend")
    return client.get(path).content.decode()


def test_a_preferred_carrier_is_marked_for_the_shipper_that_prefers_it_only(shipper, carrier, broker):
    match = make_match(shipper, carrier)
    load, leg = f"/matching/loads/{match.load.public_id}/matches/", f"/matching/legs/{match.leg.public_id}/matches/"
    assert "preferred" not in page(shipper, load)
    make_relationship(shipper, carrier, RelationshipKind.PREFERRED)
    assert "preferred" in page(shipper, load)
    assert "preferred" not in page(carrier, leg)
    assert "preferred" not in page(broker, load)


def test_a_carrier_reads_every_refusal_of_its_leg():
    run = MatchRun(refusals={"hours": 1, "weight": 2})
    assert refusals_in_words(run) == [("for the weight", 2), ("for the driver's hours", 1)]


def test_a_shipper_reads_no_figure_that_could_speak_of_one_truck_and_never_of_hours():
    run = MatchRun(refusals={"hours": 2, "home_by": 2, "weight": 2})
    assert refusals_in_words(run, of_others=True) == [("home too late", 4)]
