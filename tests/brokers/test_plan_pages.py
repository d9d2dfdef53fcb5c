"""The pages of network plans and their REST: what they say, what they hide, how they are asked for."""

import csv
import io
from datetime import timedelta

import pytest

from brokers.plan_rows import proof_of
from foundation.accounts.models import RelationshipKind
from loads.services import withdraw_load
from matching.models import NetworkPlan
from matching.services import make_plans
from tests.brokers.plans import make_line, make_plan
from tests.builders import make_actor, make_leg, make_load, make_organization, make_relationship, now, stop_terms
from tests.matching.pairs import make_pair, set_costs
from tests.matching.planning import made, plain_roads
from tests.reading import stands_in

__all__ = ["plain_roads"]

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(sign_in, broker):
    return sign_in(broker)


@pytest.fixture
def plan(broker, shipper, carrier) -> NetworkPlan:
    """Chicago to Dallas by van, and Seattle to Portland by flatbed, worked out."""
    make_pair(shipper, carrier)
    west = now() + timedelta(days=2)
    stops = (stop_terms("98101", west), stop_terms("97201", west + timedelta(hours=6), hours=24, kind="delivery"))
    flatbeds = make_organization("Cascade Flatbeds", hauls=True, hides_name=True)
    make_leg(flatbeds, empty="98101", home="97201", ready_at=west, hours=72, equipment="F", length_feet=48)
    steel = make_organization("Cascade Steel")
    make_load(steel, equipment="F", length_feet=40, rate_cents=900_00, stops=stops)
    return made(broker)


def page_of(client, plan: NetworkPlan, query: str = "") -> str:
    response = client.get(f"/desk/plans/{plan.public_id}/{query}")
    assert response.status_code == 200, response.content
    return response.content.decode()


def test_a_broker_asks_in_the_page_and_a_double_click_leads_to_the_same_plan(client, broker):
    first = client.post("/desk/plans/", {"longest": "2"})
    second = client.post("/desk/plans/", {"longest": "2"})
    plan = NetworkPlan.objects.get(organization=broker)
    assert first["Location"] == second["Location"] == f"/desk/plans/{plan.public_id}/"
    other = client.post("/desk/plans/", {"longest": "3"}, follow=True)
    assert "being worked out already" in other.content.decode()
    assert NetworkPlan.objects.count() == 1


@pytest.mark.parametrize("longest", ["", "0", "4", "²", "99", "-1", "two", "1\0"])
def test_nonsense_is_answered_with_a_sentence(client, longest):
    answer = client.post("/desk/plans/", {"longest": longest}, follow=True)
    assert answer.status_code == 200
    assert "1 to 3 loads" in answer.content.decode()
    assert not NetworkPlan.objects.exists()


def test_an_unfinished_plan_shows_its_bar_and_works_without_scripts(client, broker):
    client.post("/desk/plans/", {"longest": "1"})
    plan = NetworkPlan.objects.get()
    NetworkPlan.objects.filter(pk=plan.pk).update(status="running", run=1, stage="Choosing the best plan", percent=62)
    page = page_of(client, plan)
    assert '<progress id="plan-bar" max="100" value="62">' in page
    assert "Choosing the best plan" in page
    assert '<noscript><meta http-equiv="refresh"' in page
    fragment = client.get(f"/desk/plans/{plan.public_id}/progress/", headers={"HX-Request": "true"})
    assert "62 %" in fragment.content.decode()
    assert "HX-Refresh" not in fragment
    cancelled = client.post(f"/desk/plans/{plan.public_id}/cancel/", follow=True).content.decode()
    assert "was cancelled" in cancelled
    assert client.get(f"/desk/plans/{plan.public_id}/progress/")["HX-Refresh"] == "true"
    assert client.post(f"/desk/plans/{plan.public_id}/cancel/", follow=True).status_code == 200


def test_a_failed_plan_says_why(client, broker):
    plan = make_plan(broker, status="failed", failure="It took too long. Ask for shorter chains.")
    assert "Ask for shorter chains." in page_of(client, plan)


def test_the_page_compares_proves_and_lists_by_gain(client, plan):
    page = page_of(client, plan)
    for words in ("All home empty", "Load-board way", "This plan", "Share of all miles driven empty"):
        assert words in page
    assert "over all 2 feasible pairs" in page
    first, second = plan.lines.order_by("rank")
    assert first.market_gain_cents > second.market_gain_cents
    assert page.index(first.public_id) < page.index(second.public_id)
    assert "Cascade Flatbeds" not in page
    assert "Ruiz Trucking" in page


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("?equipment=V", [0]),
        ("?equipment=F", [1]),
        ("?empty_in=WA", [1]),
        ("?origin=midwest", [0]),
        ("?destination=TX", [0]),
        ("?origin=IL&destination=OR", []),
        ("?represented=1", []),
        ("?equipment=nonsense", []),
    ],
)
def test_lines_are_filtered_by_truck_and_load(client, plan, query, shown):
    page = page_of(client, plan, query)
    ids = [line.public_id for line in plan.lines.order_by("rank")]
    assert [number for number, line in enumerate(ids) if f'data-line="{line}"' in page] == shown


def test_represented_sides_are_marked_and_found(client, plan, broker, carrier):
    make_relationship(carrier, broker, RelationshipKind.REPRESENTS)
    page = page_of(client, plan, "?represented=1")
    assert "You represent the truck" in page
    assert page.count("data-line=") == 1


def test_what_left_the_market_shows_neither_its_place_nor_its_name_and_no_filter_finds_it(client, plan, shipper):
    line = plan.lines.get(leg__equipment="V")
    load = line.loads.get().load
    withdraw_load(actor=make_actor(shipper), load_id=load.public_id)
    for path in (f"/desk/plans/{plan.public_id}/", f"/desk/plans/{plan.public_id}/lines/{line.public_id}/"):
        page = client.get(path).content.decode()
        assert "The load has left the market." in page
        assert load.public_id not in page
    assert "1 of 2 lines dropped out" in page_of(client, plan)
    assert "data-line" not in page_of(client, plan, "?destination=TX")
    table = client.get(f"/desk/plans/{plan.public_id}/lines.csv").getvalue().decode()
    assert load.public_id not in table
    rest = client.get(f"/api/v1/plans/{plan.public_id}/lines/{line.public_id}").json()
    assert (rest["loads"], rest["stands"]) == ([None], False)


def test_a_line_opens_its_parts_that_add_up(client, plan):
    line = plan.lines.first()
    fragment = client.get(
        f"/desk/plans/{plan.public_id}/lines/{line.public_id}/", headers={"HX-Request": "true"}
    ).content.decode()
    assert "<html" not in fragment
    assert f"${line.market_gain_cents / 100:,.2f}" in fragment
    assert "Suggest it to the parties" in fragment
    assert "Empty run home avoided" in fragment


def test_the_table_for_a_spreadsheet_has_a_row_for_each_line(client, plan):
    text = client.get(f"/desk/plans/{plan.public_id}/lines.csv").getvalue().decode()
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["market_gain"] for row in rows] == [
        f"{line.market_gain_cents / 100:.2f}" for line in plan.lines.order_by("rank")
    ]
    assert rows[0]["lanes"] == "Chicago, IL to Dallas, TX"


def test_no_own_figure_of_a_carrier_is_on_any_page_of_a_plan(client, broker, shipper, carrier):
    set_costs(carrier, loaded=131, empty=127)
    leg, _ = make_pair(shipper, carrier)
    plan = made(broker)
    line = plan.lines.get()
    base = f"/desk/plans/{plan.public_id}/"
    paths = [base, f"{base}lines/{line.public_id}/", "/desk/plans/", f"/api/v1/plans/{plan.public_id}"]
    paths += [f"/api/v1/plans/{plan.public_id}/lines", "/api/v1/plans"]
    for path in paths:
        text = client.get(path).content.decode()
        for secret in ("1.31", "1.27", "own_gain", "worth_from", "timeline", leg.truck.number + " ·"):
            assert not stands_in(secret, text), (path, secret)


@pytest.mark.parametrize(
    ("bound", "ppm", "words"),
    [
        (100_00, 0.0, "and this one gains just that"),
        (100_00, 8.3, "within 0.0009 % of it"),
        (100_00, 500.0, "within 0.05 % of it"),
        (100_00, 5_000.0, "within 0.5 % of it"),
        (100_00, 123_456.0, "within 12.4 % of it"),
        (100_00, 0.001, "within 0.0001 % of it"),
    ],
)
def test_the_gap_is_rounded_up_never_down(broker, bound, ppm, words):
    assert words in proof_of(make_plan(broker, bound_cents=bound, gap_ppm=ppm))
    chains = proof_of(make_plan(broker, bound_cents=bound, gap_ppm=ppm, longest=3))
    assert "over the 1 columns looked at" in chains


def test_a_shipper_is_told_that_plans_are_for_brokers(sign_in, shipper):
    answer = sign_in(shipper).get("/desk/plans/")
    assert answer.status_code == 403
    assert "Plans are for brokers" in answer.content.decode()


def test_a_viewer_reads_and_has_no_buttons(sign_in, broker, plan):
    viewer = sign_in(broker, "viewer")
    assert "Optimise the market</button>" not in viewer.get("/desk/plans/").content.decode()
    line = plan.lines.first()
    text = viewer.get(f"/desk/plans/{plan.public_id}/lines/{line.public_id}/").content.decode()
    assert "Suggest it" not in text


def test_a_line_proposed_from_a_stale_tab_is_answered_in_its_place(client, plan, shipper):
    line = plan.lines.get(leg__equipment="V")
    path = f"/desk/plans/{plan.public_id}/lines/{line.public_id}/propose/"
    proposed = client.post(path, headers={"HX-Request": "true"})
    assert "Suggestion" in proposed.content.decode()
    again = client.post(path, headers={"HX-Request": "true"})
    assert again.status_code == 422
    assert "open proposal for this truck" in again.content.decode()
    withdraw_load(actor=make_actor(shipper), load_id=line.loads.get().load.public_id)
    gone = client.post(path, headers={"HX-Request": "true"})
    assert "does not stand any more" in gone.content.decode()


def test_rest_asks_watches_reads_and_cancels(client, broker, shipper, carrier):
    make_pair(shipper, carrier)
    asked = client.post("/api/v1/plans", {"longest": 2}, "application/json")
    assert asked.status_code == 202
    found = asked.json()
    assert (found["status"], found["percent"], found["totals"]) == ("asked", 0, None)
    again = client.post("/api/v1/plans", {"longest": 2}, "application/json").json()
    assert again["id"] == found["id"]
    assert client.post("/api/v1/plans", {"longest": 1}, "application/json").status_code == 409
    assert client.post("/api/v1/plans", {"longest": 4}, "application/json").status_code in {400, 422}
    make_plans()
    path = f"/api/v1/plans/{found['id']}"
    done = client.get(path)
    assert done.json()["status"] == "done"
    assert done.json()["totals"]["plan"]["gain"] == done.json()["standing"]["gain"]
    assert client.get(path, headers={"If-None-Match": done["ETag"]}).status_code == 304
    lines = client.get(f"{path}/lines").json()["items"]
    assert len(lines) == 1
    assert lines[0]["market_gain"] == done.json()["totals"]["plan"]["gain"]
    assert lines[0]["etag"] == client.get(f"{path}/lines/{lines[0]['id']}")["ETag"]
    assert client.post(f"{path}/cancellation", {}, "application/json").status_code == 409
    assert [row["id"] for row in client.get("/api/v1/plans").json()["items"]] == [found["id"]]


def test_lines_come_in_pages(client, broker, shipper):
    plan = make_plan(broker)
    for number in range(3):
        make_line(plan, make_leg(hours=120), make_load(shipper, rate_cents=(2_400 - number) * 100))
    first = client.get(f"/api/v1/plans/{plan.public_id}/lines?limit=2").json()
    assert [row["rank"] for row in first["items"]] == [1, 2]
    rest = client.get(first["next"][first["next"].index("/api/") :]).json()
    assert [row["rank"] for row in rest["items"]] == [3]
    assert rest["next"] is None


def test_an_estimated_rate_stands_with_its_band_and_what_it_rests_on(client, broker, shipper, carrier):
    make_pair(shipper, carrier, rate_cents=None)
    plan = made(broker)
    line = plan.lines.get()
    band = line.rate_band
    assert (band.basis, band.words) == ("default", "default, not observed")
    assert band.low_cents < line.rate_cents < band.high_cents
    between = f"${band.low_cents // 100:,} to ${band.high_cents // 100:,}"
    assert f"estimate, {between}, not observed" in page_of(client, plan)
    account = client.get(f"/desk/plans/{plan.public_id}/lines/{line.public_id}/").content.decode()
    assert f"The rate here is the market estimate, {between}: default, not observed." in account
    (row,) = csv.DictReader(io.StringIO(client.get(f"/desk/plans/{plan.public_id}/lines.csv").getvalue().decode()))
    ends = (f"{band.low_cents / 100:.2f}", f"{band.high_cents / 100:.2f}")
    assert (row["rate_is_estimated"], row["rate_low"], row["rate_high"], row["rate_basis"]) == ("yes", *ends, "default")
    rest = client.get(f"/api/v1/plans/{plan.public_id}/lines/{line.public_id}").json()
    assert (rest["rate_low"]["amount"], rest["rate_high"]["amount"], rest["rate_basis"]) == (*ends, "default")


def test_in_a_chain_posted_rates_count_as_they_are_in_the_band(client, broker, shipper, carrier):
    leg = make_leg(carrier, hours=120)
    posted = make_load(shipper, stops=(stop_terms("60601", leg.ready_at), _delivery("63101", leg.ready_at, 2)))
    opened = make_load(
        shipper,
        rate_cents=None,
        stops=(stop_terms("63101", leg.ready_at + timedelta(days=2)), _delivery("75201", leg.ready_at, 4)),
    )
    line = make_line(make_plan(broker), leg, posted, opened)
    band = line.rate_band
    assert posted.rate_cents + (line.rate_cents - posted.rate_cents) * 0.75 == pytest.approx(band.low_cents, abs=250)
    account = client.get(f"/desk/plans/{line.plan.public_id}/lines/{line.public_id}/").content.decode()
    between = f"${band.low_cents // 100:,} to ${band.high_cents // 100:,}"
    assert f"stands at the market estimate, which makes {between} in all: default, not observed." in account


def test_a_posted_rate_has_no_band(client, plan):
    line = plan.lines.first()
    assert line.rate_band is None
    assert "estimate" not in page_of(client, plan)
    rows = csv.DictReader(io.StringIO(client.get(f"/desk/plans/{plan.public_id}/lines.csv").getvalue().decode()))
    assert {(row["rate_low"], row["rate_high"], row["rate_basis"]) for row in rows} == {("", "", "posted")}
    rest = client.get(f"/api/v1/plans/{plan.public_id}/lines/{line.public_id}").json()
    assert (rest["rate_low"], rest["rate_high"], rest["rate_basis"]) == (None, None, "posted")


def _delivery(zip_code, ready_at, days):
    return stop_terms(zip_code, ready_at + timedelta(days=days - 1), hours=24, kind="delivery")
