"""What waits for a leg that is not posted: the same as once it is posted, at once, and without a trace."""

from datetime import timedelta

import pytest

from carriers.models import ReturnLeg
from carriers.store import terms_of
from foundation.events.models import Event
from foundation.trade.errors import Invalid
from foundation.trade.windows import local
from matching.models import Match, MatchRun
from matching.services import preview
from tests.builders import leg_terms, make_load, make_organization, make_relationship, make_truck, now
from tests.matching.market import Market, run
from tests.matching.pairs import set_costs
from tests.rest.clients import ApiClient

pytestmark = pytest.mark.django_db

URL = "/matching/legs/preview/"


def look(carrier, **fields):
    truck = fields.pop("truck", None) or make_truck(carrier)
    return preview(organization=carrier, leg_terms=leg_terms(truck, hours=120, **fields))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_preview_says_what_the_posted_leg_is_matched_with(seed):
    market = Market(seed, one_way=True)
    for _ in range(25):
        market.load()
    for _ in range(4):
        leg = ReturnLeg.objects.select_related("organization", "truck", "trailer", "driver", "home_base").get(
            pk=market.leg().pk
        )
        found = preview(organization=leg.organization, leg_terms=terms_of(leg))
        run(leg)
        listed = Match.objects.filter(leg=leg, is_for_carrier=True).order_by("-own_gain_cents", "load_id")
        expected = list(listed.values_list("load__public_id", "own_gain_cents", "market_gain_cents")[:10])
        shown = [(row.load.public_id, row.own_gain_cents, row.market_gain_cents) for row in found.loads]
        assert shown == expected
        stored = MatchRun.objects.get(leg=leg)
        assert [row.rate_band for row in found.loads] == [match.rate_band for match in listed[:10]]
        assert (found.candidates, found.feasible) == (stored.candidates, stored.feasible)
        assert found.refusals == stored.refusals


def test_nothing_is_stored_or_told(carrier, shipper):
    make_load(shipper)
    truck = make_truck(carrier)
    before = Event.objects.count()
    found = look(carrier, truck=truck)
    assert found.count == 1
    assert found.leg.pk == 0
    assert not ReturnLeg.objects.exists()
    assert not Match.objects.exists()
    assert not MatchRun.objects.exists()
    assert Event.objects.count() == before


def test_loads_that_the_carrier_may_not_see_are_neither_shown_nor_counted(carrier, shipper):
    make_load(shipper, audience="partners")
    make_load(shipper, weight_pounds=80_000, audience="partners")
    found = look(carrier)
    assert (found.loads, found.count, found.candidates, found.feasible, found.refusals) == ((), 0, 0, 0, {})
    make_relationship(shipper, carrier, "partner")
    assert look(carrier).candidates == 1  # the other is too heavy for SQL already
    unverified = make_organization("New Trucks", hauls=True, verified=False)
    make_load(shipper)
    assert look(unverified).candidates == 0


def test_gains_are_at_the_carriers_own_costs_and_going_home_empty_has_its_number(carrier, shipper):
    make_load(shipper)
    truck = make_truck(carrier)
    dear = look(carrier, truck=truck)
    set_costs(carrier, loaded=100, empty=140)
    cheap = look(carrier, truck=truck)
    assert cheap.loads[0].own_gain_cents > dear.loads[0].own_gain_cents
    assert cheap.loads[0].market_gain_cents == dear.loads[0].market_gain_cents
    assert cheap.empty_run.own_cost == round(cheap.empty_run.miles * 140)
    assert cheap.loads[0].rate_cents - cheap.loads[0].worth_from_cents == cheap.loads[0].own_gain_cents


def test_a_market_without_loads_leaves_the_empty_run(carrier):
    found = look(carrier)
    assert (found.loads, found.count) == ((), 0)
    assert found.empty_run.miles > 900


def test_terms_that_make_no_leg_are_refused_with_their_sentences(carrier):
    other = make_truck(make_organization("Other Trucks", hauls=True))
    with pytest.raises(Invalid):
        look(carrier, truck=other)


# --- The fragment beside the form -------------------------------------------------------------------------------------


def typed(truck, **fields):
    """Return what the browser sends of the form as it is filled."""
    ready_at, home_by = (local(now() + timedelta(days=days), "America/Chicago") for days in (1, 6))
    return {
        "truck": truck.public_id,
        "empty": "Chicago, IL 60601",
        "ready_at": f"{ready_at:%Y-%m-%dT%H:%M}",
        "home_base": "",
        "home": "Dallas, TX 75201",
        "home_by": f"{home_by:%Y-%m-%dT%H:%M}",
        "max_pickup_deadhead_miles": "100",
        "max_home_deadhead_miles": "100",
        "max_out_of_route_miles": "150",
        "audience": "market",
        **fields,
    }


def test_the_fragment_shows_what_waits_and_the_empty_run(carrier, shipper, sign_in):
    load = make_load(shipper)
    client, truck = sign_in(carrier), make_truck(carrier)
    body = client.post(URL, typed(truck), headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in body
    assert load.public_id in body
    assert "beats driving home empty" in body
    assert "at your costs" in body
    assert "<html" in client.post(URL, typed(truck)).content.decode()  # without JavaScript: a page of its own
    empty = client.post(URL, typed(truck, empty="Seattle, WA 98101", home_by="")).content.decode()
    assert "Still needed: when it must be home." in empty


def test_what_is_missing_is_said_gently_and_what_does_not_read_in_words(carrier, sign_in):
    client, truck = sign_in(carrier), make_truck(carrier)
    nothing = client.post(URL, {}).content.decode()
    assert "Still needed: the truck, where it empties, when it is empty, where home is, when it must be home" in nothing
    assert "Somewhere else" not in nothing
    assert "Still needed: where home is.</p>" in client.post(URL, typed(truck, home="")).content.decode()
    assert "Nowhereville" in client.post(URL, typed(truck, empty="Nowhereville, IL")).content.decode()
    backwards = typed(truck)
    backwards["home_by"], backwards["ready_at"] = backwards["ready_at"], backwards["home_by"]
    answer = client.post(URL, backwards)
    assert (answer.status_code, "after it is empty" in answer.content.decode()) == (200, True)


def test_a_stored_leg_is_previewed_with_changed_terms_by_its_own_carrier_only(carrier, shipper, sign_in):
    leg = Market(1).leg(carrier)
    truck = leg.truck
    answer = sign_in(carrier).post(URL, typed(truck, leg=leg.public_id))
    assert answer.status_code == 200
    other = sign_in(make_organization("Other Trucks", hauls=True)).post(URL, typed(truck, leg=leg.public_id))
    assert other.status_code == 404
    assert sign_in(carrier).post(URL, typed(truck, leg="leg_\x00")).status_code == 404


# --- REST -------------------------------------------------------------------------------------------------------------


def body_of(truck, **fields):
    ready = now() + timedelta(days=1)
    return {
        "truck": truck.public_id,
        "empty": {"zip": "60601"},
        "ready_at": ready.isoformat(),
        "home": {"zip": "75201"},
        "home_by": (ready + timedelta(days=5)).isoformat(),
        **fields,
    }


def test_rest_answers_at_once_and_writes_nothing(carrier, shipper):
    load = make_load(shipper)
    api = ApiClient(carrier, scopes=["matches:read"])
    answer = api.post("/api/v1/legs/preview", body_of(make_truck(carrier)))
    assert answer.status_code == 200, answer.content
    found = answer.json()
    (item,) = found["items"]
    assert item["load"]["id"] == load.public_id
    assert "zip" not in item["load"]["stops"][0]["place"]
    assert (found["count"], found["feasible"]) == (1, 1)
    assert found["empty_run"]["own_cost"]["currency"] == "USD"
    assert not ReturnLeg.objects.exists()


def test_rest_names_the_fields_that_are_wrong(carrier):
    api, truck = ApiClient(carrier), make_truck(carrier)
    missing = api.post("/api/v1/legs/preview", {"truck": truck.public_id})
    assert missing.status_code == 400
    assert {"/empty", "/ready_at", "/home_by"} <= {error["pointer"] for error in missing.json()["errors"]}
    nobody = body_of(truck) | {"truck": "trk_00000000000000000000000000"}
    wrong = api.post("/api/v1/legs/preview", nobody)
    assert (wrong.status_code, wrong.json()["errors"][0]["pointer"]) == (422, "/truck")
    assert api.post("/api/v1/legs/preview", body_of(truck)).json()["items"] == []


# --- Estimated rates --------------------------------------------------------------------------------------------------


def test_an_estimated_rate_stands_with_its_band_and_what_it_rests_on(carrier, shipper, sign_in):
    load, truck = make_load(shipper, rate_cents=None), make_truck(carrier)
    (row,) = look(carrier, truck=truck).loads
    band = row.rate_band
    assert (band.basis, band.words) == ("default", "default, not observed")
    assert band.low_cents < row.rate_cents < band.high_cents
    between = f"estimate, ${band.low_cents // 100:,} to ${band.high_cents // 100:,}, not observed"
    assert between in sign_in(carrier).post(URL, typed(truck), headers={"HX-Request": "true"}).content.decode()
    (item,) = ApiClient(carrier).post("/api/v1/legs/preview", body_of(truck)).json()["items"]
    assert item["load"]["id"] == load.public_id
    assert (item["rate_is_estimated"], item["rate_basis"]) == (True, "default")
    assert float(item["rate_low"]["amount"]) * 100 == band.low_cents
    assert float(item["rate_high"]["amount"]) * 100 == band.high_cents


def test_a_posted_rate_has_no_band(carrier, shipper):
    make_load(shipper)
    truck = make_truck(carrier)
    assert look(carrier, truck=truck).loads[0].rate_band is None
    (item,) = ApiClient(carrier).post("/api/v1/legs/preview", body_of(truck)).json()["items"]
    assert (item["rate_is_estimated"], item["rate_basis"]) == (False, "posted")
    assert (item["rate_low"], item["rate_high"]) == (None, None)
