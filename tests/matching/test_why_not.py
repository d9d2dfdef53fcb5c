"""Why not this load: what the carrier reads, what others read, and what nobody but the carrier may learn."""

from datetime import timedelta

import numpy as np
import pytest

from carriers.models import ReturnLeg
from foundation.trade import clock
from foundation.trade.errors import NotFound
from loads.models import Load
from matching import why_not
from matching.empty_runs import shown_empty_run
from matching.engine.travel import Figures, GreatCircleTravel
from matching.why_not import FOR_CARRIER, FOR_OTHERS, LATE, ask
from tests.builders import make_leg, make_load, make_organization, make_relationship, stop_terms
from tests.matching.market import run
from tests.matching.pairs import make_pair, set_costs
from tests.rest.clients import ApiClient

pytestmark = pytest.mark.django_db


def seen(viewer, leg, load):
    return ask(viewer, leg.public_id, load.public_id, clock.now()).seen


def page(leg, **parameters):
    return f"/matching/legs/{leg.public_id}/why-not/", parameters


def test_each_viewer_reads_its_own_fields_and_no_more(shipper, carrier, broker):
    leg, load = make_pair(shipper, carrier)
    assert set(seen(carrier, leg, load)) == FOR_CARRIER
    for viewer in (shipper, broker):
        assert set(seen(viewer, leg, load)) == FOR_OTHERS


def test_a_refused_pair_names_the_rule_its_figures_and_what_would_do(shipper, carrier):
    leg, load = make_pair(shipper, carrier, weight_pounds=46_200)
    answer = seen(carrier, leg, load)
    assert (answer["rule"], answer["feasible"]) == ("weight", False)
    assert answer["sentence"] == "weighs 46,200 lb, the truck takes 45,000 lb"
    assert answer["remedy"] == "feasible if the truck could take 1,200 lb more"
    (change,) = answer["changes"]
    assert (change["what"], change["by"], change["to"], change["to_at"]) == ("weight_pounds", 1_200, 46_200, None)
    fitting = make_load(shipper)
    assert answer["own_gain_if_changed"] == seen(carrier, leg, fitting)["own_gain"]


def test_a_pair_that_does_not_pay_says_from_which_rate_it_does_to_each_at_its_own_costs(shipper, carrier, broker):
    set_costs(carrier)
    leg, load = make_pair(shipper, carrier, rate_cents=10_000)
    own = seen(carrier, leg, load)
    assert own["feasible"]
    assert own["own_gain"] < 0
    assert own["worth_from"] == 10_000 - own["own_gain"]
    assert own["market_worth_from"] == 10_000 - own["market_gain"]
    others = seen(broker, leg, load)
    assert "own_gain" not in others
    assert others["market_worth_from"] % 1000 == 0
    assert 0 <= others["market_worth_from"] - own["market_worth_from"] < 1000
    Load.objects.filter(pk=load.pk).update(rate_cents=own["worth_from"])
    assert seen(carrier, leg, load)["own_gain"] == 0
    Load.objects.filter(pk=load.pk).update(rate_cents=own["worth_from"] + 1)
    assert seen(carrier, leg, load)["own_gain"] == 1


def test_a_load_on_the_list_is_said_to_be_there_with_its_match(shipper, carrier, broker):
    leg, load = make_pair(shipper, carrier)
    run(leg)
    match = leg.matches.get()
    for viewer in (carrier, broker, shipper):
        answer = seen(viewer, leg, load)
        assert (answer["rank"], answer["gaining"], answer["bar"], answer["match"]) == (1, 1, None, match.public_id)


def test_a_load_that_gains_but_less_than_the_list_shows_learns_its_place_and_the_bar(shipper, carrier, monkeypatch):
    monkeypatch.setattr("matching.why_not.SHOWN", 2)
    leg, worst = make_pair(shipper, carrier, rate_cents=200_000)
    better = [make_load(shipper, rate_cents=cents) for cents in (240_000, 230_000, 220_000)]
    answer = seen(carrier, leg, worst)
    assert (answer["rank"], answer["gaining"], answer["shown"]) == (4, 4, 2)
    assert answer["bar"] == seen(carrier, leg, better[1])["own_gain"]


def test_loads_that_the_viewer_may_not_see_are_not_counted(shipper, carrier, broker):
    leg, load = make_pair(shipper, carrier, rate_cents=200_000)
    make_load(shipper, rate_cents=300_000, audience="partners")
    for viewer in (carrier, broker):
        assert (seen(viewer, leg, load)["rank"], seen(viewer, leg, load)["gaining"]) == (1, 1)
    assert seen(shipper, leg, load)["rank"] == 2


# --- The driver's clock -----------------------------------------------------------------------------------------------


def _tired(leg):
    ReturnLeg.objects.filter(pk=leg.pk).update(
        drive_minutes_left=30, shift_minutes_left=60, break_minutes_left=30, cycle_minutes_left=60
    )


def test_what_others_read_of_a_refused_pair_does_not_depend_on_the_drivers_clock(shipper, carrier, broker):
    leg = make_leg(carrier, hours=120)
    first = leg.ready_at
    late = make_load(
        shipper,
        stops=(
            stop_terms("60601", first - timedelta(hours=8), hours=4),
            stop_terms("75201", first + timedelta(days=2), kind="delivery"),
        ),
    )
    before = {viewer.pk: seen(viewer, leg, late) for viewer in (broker, shipper)}
    own = seen(carrier, leg, late)
    _tired(leg)
    for viewer in (broker, shipper):
        assert seen(viewer, leg, late) == before[viewer.pk]
    assert seen(carrier, leg, late) != own


def test_hours_are_not_told_from_a_home_by_that_is_too_early(shipper, carrier, broker):
    # 967 miles: rested, the driver is home after some 35 h; with his cycle used up he rests 34 h first.
    leg = make_leg(carrier, hours=50)
    first = leg.ready_at
    load = make_load(
        shipper,
        stops=(
            stop_terms("60601", first, hours=60),
            stop_terms("75201", first + timedelta(hours=24), kind="delivery", hours=90),
        ),
    )
    assert seen(broker, leg, load)["feasible"]
    _tired(leg)
    assert seen(carrier, leg, load)["rule"] == "hours"
    early = make_leg(carrier, hours=20, ready_at=first)
    for viewer in (broker, shipper):
        for which in (leg, early):
            answer = seen(viewer, which, load)
            assert (answer["feasible"], answer["rule"], answer["sentence"]) == (False, "home_by", LATE)
        assert seen(viewer, leg, load)["remedy"] == ""  # what would do for him is his carrier's to know


def test_the_hours_are_the_carriers_to_read(shipper, carrier, broker, sign_in):
    leg = make_leg(carrier, hours=120)
    first = leg.ready_at
    load = make_load(
        shipper,
        stops=(stop_terms("60601", first, hours=2), stop_terms("75201", first + timedelta(hours=14), kind="delivery")),
    )
    own = seen(carrier, leg, load)
    assert own["rule"] == "hours"
    assert "legal hours" in own["sentence"]
    others = seen(broker, leg, load)
    assert others["rule"] == "home_by"
    body = sign_in(broker).get(f"/matching/legs/{leg.public_id}/why-not/?load={load.public_id}").content.decode()
    assert "hours of driving" not in body
    assert "11 h" not in body
    assert "own costs" not in body.replace("the carrier’s own may differ", "")


def test_the_way_home_is_told_to_others_in_tens_of_miles(shipper, carrier, broker):
    leg, load = make_pair(shipper, carrier, leg_max_home_deadhead_miles=10, leg_home="76102")
    own, others = seen(carrier, leg, load), seen(broker, leg, load)
    assert own["rule"] == others["rule"] == "home_deadhead"
    assert own["changes"][0]["to"] == 37  # 30.7 miles as the crow flies, times 1.2
    assert others["changes"][0]["to"] == 40
    assert "about 40 empty miles" in others["sentence"]
    assert "36." not in others["sentence"]
    assert others["market_gain_if_changed"] % 1000 == 0


# --- Who may ask ------------------------------------------------------------------------------------------------------


def test_a_load_or_a_leg_that_is_hidden_is_not_found(shipper, carrier, broker):
    leg, load = make_pair(shipper, carrier, audience="partners")
    stranger = make_organization("Other Trucks", hauls=True)
    unverified = make_organization("New Brokers", brokers=True, verified=False)
    for viewer in (carrier, broker, stranger, unverified):
        with pytest.raises(NotFound):
            seen(viewer, leg, load)
    assert seen(shipper, leg, load)["feasible"]
    open_load = make_load(shipper)
    with pytest.raises(NotFound):
        seen(stranger, leg, open_load)  # sees both, but is no side and no broker
    make_relationship(carrier, broker, "blocked")
    with pytest.raises(NotFound):
        seen(broker, leg, open_load)


def test_rest_answers_the_carrier_in_full_and_others_without_what_is_its_own(shipper, carrier, broker):
    leg, load = make_pair(shipper, carrier, weight_pounds=46_200)
    address = f"/api/v1/legs/{leg.public_id}/why-not"
    own = ApiClient(carrier).get(address, {"load": load.public_id}).json()
    assert (own["rule"], own["remedy"]) == ("weight", "feasible if the truck could take 1,200 lb more")
    assert own["own_gain_if_changed"]["currency"] == "USD"
    others = ApiClient(broker).get(address, {"load": load.public_id}).json()
    assert not {"own_gain", "worth_from", "own_gain_if_changed", "clock_is_assumed"} & set(others)
    assert others["remedy"] == own["remedy"]
    hidden = make_load(shipper, audience="partners")
    for name in (hidden.public_id, "load_00000000000000000000000000", "nonsense"):
        assert ApiClient(carrier).get(address, {"load": name}).status_code == 404
    missing = ApiClient(carrier).get(address)
    assert (missing.status_code, missing.json()["errors"][0]["parameter"]) == (400, "load")


def test_rest_says_a_changed_time_as_an_instant(shipper, carrier):
    leg = make_leg(carrier, hours=120)
    first = leg.ready_at
    closes = first - timedelta(hours=1)
    load = make_load(
        shipper,
        stops=(
            stop_terms("60601", first - timedelta(hours=9)),
            stop_terms("75201", first + timedelta(days=2), kind="delivery"),
        ),
    )
    answer = ApiClient(carrier).get(f"/api/v1/legs/{leg.public_id}/why-not", {"load": load.public_id}).json()
    (change,) = answer["changes"]
    assert (change["what"], change["stop"], change["to"]) == ("closes_at", 0, None)
    assert change["to_at"].endswith("Z")
    assert change["by"] in (60, 61)  # whole minutes: the truck is ready at the first that is not before
    assert closes < first


# --- Pages ------------------------------------------------------------------------------------------------------------


def test_the_question_works_as_a_page_and_as_a_fragment(shipper, carrier, sign_in):
    leg, load = make_pair(shipper, carrier, weight_pounds=46_200)
    client = sign_in(carrier)
    address, _ = page(leg)
    assert "<html" in client.get(address).content.decode()
    found = client.get(address, {"find": "Chicago, IL to Dallas, TX"}).content.decode()
    assert f"?load={load.public_id}" in found
    assert f"?load={load.public_id}" in client.get(address, {"find": ""}).content.decode()  # near where it empties
    assert f"?load={load.public_id}" in client.get(address, {"find": f"x/{load.public_id}/"}).content.decode()
    assert "No such load" in client.get(address, {"find": "Dallas, TX to Chicago, IL"}).content.decode()
    assert "Nowhereville" in client.get(address, {"find": "Nowhereville, IL"}).content.decode()
    answer = client.get(address, {"load": load.public_id}, headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in answer
    assert "Feasible if the truck could take 1,200 lb more." in answer
    for odd in ("load_nowhere", "load_\x00", "' OR 1=1"):
        assert client.get(address, {"load": odd}).status_code == 404
    assert client.get(address, {"find": "\x00 to \x00"}).status_code == 200


def test_a_shipper_is_offered_its_own_loads_only(shipper, carrier, sign_in):
    leg, load = make_pair(shipper, carrier)
    other = make_load(make_organization("Other Paper"))
    body = sign_in(shipper).get(*page(leg, find="Chicago, IL")).content.decode()
    assert load.public_id in body
    assert other.public_id not in body


def test_a_loads_page_asks_for_the_carriers_own_legs_that_are_not_listed(shipper, carrier, broker, sign_in):
    leg, load = make_pair(shipper, carrier, weight_pounds=46_200)
    address = f"/matching/loads/{load.public_id}/matches/"
    link = f"/matching/legs/{leg.public_id}/why-not/?load={load.public_id}"
    assert link in sign_in(carrier).get(address).content.decode()
    assert link not in sign_in(broker).get(address).content.decode()


# --- Going home empty -------------------------------------------------------------------------------------------------


def test_going_home_empty_is_an_answer_with_a_number(carrier, broker, sign_in):
    set_costs(carrier, empty=140)
    leg = make_leg(carrier, hours=120)
    run(leg)
    own, others = shown_empty_run(leg, carrier), shown_empty_run(leg, broker)
    miles = own["miles"]
    assert own["own_cost"] == round(miles * 140)
    assert own["market_cost"] == round(miles * 214)
    assert own["minutes"] > own["drive_minutes"]
    assert others == {"miles": round(miles, -1), "market_cost": round(miles, -1) * 214}
    body = sign_in(carrier).get(f"/matching/legs/{leg.public_id}/matches/").content.decode()
    assert "Nothing on the market beats driving home empty" in body
    assert "at your costs" in body
    body = sign_in(broker).get(f"/matching/legs/{leg.public_id}/matches/").content.decode()
    assert "at market costs" in body
    assert "legal hours" not in body


def test_rest_tells_the_empty_run_beside_the_matches(shipper, carrier, broker):
    set_costs(carrier, empty=140)
    leg, _ = make_pair(shipper, carrier)
    run(leg)
    address = f"/api/v1/legs/{leg.public_id}/matches"
    own = ApiClient(carrier).get(address).json()["empty_run"]
    assert own["own_cost"]["currency"] == "USD"
    assert own["home_at"].endswith("Z")
    others = ApiClient(broker).get(address).json()["empty_run"]
    assert set(others) == {"miles", "market_cost"}
    assert "empty_run" not in ApiClient(shipper).get(f"/api/v1/loads/{_.public_id}/matches").json()


# --- The load's rate --------------------------------------------------------------------------------------------------


def test_an_estimated_rate_stands_with_its_band_for_every_viewer_and_whatever_the_truck(
    shipper, carrier, broker, sign_in
):
    leg, load = make_pair(shipper, carrier, rate_cents=None)
    run(leg)
    match = leg.matches.get()
    far = make_leg(carrier, empty="98101", home="97201", hours=120)
    wrong = make_leg(carrier, hours=120, equipment="F")
    expected = (match.rate_cents, True, match.rate_band.low_cents, match.rate_band.high_cents, "default")
    names = ("rate", "rate_is_estimated", "rate_low", "rate_high", "rate_basis")
    for asked in (leg, far, wrong):
        for viewer in (carrier, shipper, broker):
            answer = seen(viewer, asked, load)
            assert tuple(answer[name] for name in names) == expected
    between = f"${expected[2] // 100:,} to ${expected[3] // 100:,}"
    for asked in (leg, far):
        path, _ = page(asked)
        text = sign_in(carrier).get(path, {"load": load.public_id}).content.decode()
        assert f"estimate, {between}, not observed" in text
        assert f"The rate here is the market estimate, {between}: default, not observed." in text
        rest = ApiClient(broker).get(f"/api/v1/legs/{asked.public_id}/why-not?load={load.public_id}").json()
        assert (rest["rate_is_estimated"], rest["rate_basis"]) == (True, "default")
        assert float(rest["rate_low"]["amount"]) * 100 == expected[2]
        assert float(rest["rate_high"]["amount"]) * 100 == expected[3]


def test_a_posted_rate_is_the_postings_without_a_band(shipper, carrier, sign_in):
    leg, load = make_pair(shipper, carrier)
    answer = seen(carrier, leg, load)
    assert (answer["rate"], answer["rate_is_estimated"], answer["rate_basis"]) == (load.rate_cents, False, "posted")
    assert (answer["rate_low"], answer["rate_high"]) == (None, None)
    path, parameters = page(leg, load=load.public_id)
    assert "market estimate" not in sign_in(carrier).get(path, parameters).content.decode()


class NoRoads(GreatCircleTravel):
    """Knows no road at all."""

    def pairs(self, lats_a, lons_a, lats_b, lons_b):
        found = super().pairs(lats_a, lons_a, lats_b, lons_b)
        return Figures(found.miles + np.inf, found.minutes + np.inf, found.estimated)


def test_without_a_road_between_its_stops_nothing_is_estimated(shipper, carrier, sign_in, monkeypatch):
    leg, load = make_pair(shipper, carrier, rate_cents=None)
    monkeypatch.setattr(why_not, "travel_oracle", lambda: NoRoads())
    answer = seen(shipper, leg, load)
    assert answer["rule"] == "unreachable"
    assert (answer["rate"], answer["rate_low"], answer["rate_high"]) == (None, None, None)
    assert (answer["rate_is_estimated"], answer["rate_basis"]) == (True, "default")
    path, parameters = page(leg, load=load.public_id)
    assert "open to offers · pickup" in sign_in(shipper).get(path, parameters).content.decode()
    assert ApiClient(shipper).get(f"/api/v1/legs/{leg.public_id}/why-not?load={load.public_id}").json()["rate"] is None
