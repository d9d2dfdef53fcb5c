"""`backhaul match`: two files in, every part of every match out."""

import os
import subprocess
import sys

import numpy as np
import pytest
from django.conf import settings

from foundation.places.roads import RoadNetwork
from matching.engine.policy import DEFAULT_POLICY
from matching.engine.score import score_pairs
from matching.engine.travel import GreatCircleTravel
from matching.files import matches as matching_files
from matching.files.market import LEG_COLUMNS, LOAD_COLUMNS, read_legs, read_loads
from tests.matching.file_runs import LEG, LEGS, LOAD, LOADS, ROOT, legs_of, loads_of

# What is found


def test_the_samples_give_what_the_engine_says_pair_by_pair(match):
    ran = match(LEGS, LOADS, "--travel", "great-circle")
    assert ran.status == 0
    legs, loads = read_legs(LEGS, on_roads=False), read_loads(LOADS, on_roads=False)
    count = len(loads.loads)
    pairs = np.repeat(np.arange(len(legs.legs)), count), np.tile(np.arange(count), len(legs.legs))
    scores = score_pairs(legs.legs, pairs[0], loads.loads, pairs[1], GreatCircleTravel(), DEFAULT_POLICY)
    wanted = {
        (legs.names[pairs[0][row]], loads.names[pairs[1][row]]): row
        for row in np.flatnonzero(scores.feasible & (scores.own_gain_cents > 0))
    }
    assert {(row["leg_id"], row["load_id"]) for row in ran.rows} == set(wanted)
    for row in ran.rows:
        at = wanted[row["leg_id"], row["load_id"]]
        assert int(row["own_gain_cents"]) == scores.own_gain_cents[at]
        assert int(row["market_gain_cents"]) == scores.market_gain_cents[at]
        for name in ("pickup_deadhead_miles", "loaded_miles", "home_deadhead_miles", "avoided_miles"):
            assert float(row[name]) == getattr(scores, name)[at]
        for name in ("drive_minutes", "service_minutes", "wait_minutes", "pickup_slack_minutes", "home_slack_minutes"):
            assert int(row[name]) == getattr(scores, name)[at]


def test_the_parts_of_every_line_add_up_and_its_times_follow_one_another(match):
    for words in ((), ("--plan",), ("--chains", "2"), ("--plan", "--chains", "3"), ("--hours", "none")):
        ran = match(LEGS, LOADS, "--travel", "great-circle", *words)
        assert ran.rows
        for row in ran.rows:
            for side in ("own", "market"):
                spent = sum(int(row[f"{side}_{term}_cents"]) for term in ("loaded", "empty", "hours", "delay"))
                gain = int(row["rate_cents"]) + int(row[f"{side}_avoided_cents"]) - spent
                assert gain == int(row[f"{side}_gain_cents"])
            times = [row[name] for name in ("leave_at", "pickup_arrive_at", "pickup_begin_at", "pickup_end_at")]
            times += [row[f"delivery_{at}"] for at in ("arrive_at", "begin_at", "end_at")]
            for suffix in ("_2", "_3"):
                times += [row.get(f"{stop}{suffix}_begin_at") or times[-1] for stop in ("pickup", "delivery")]
            times.append(row["finish_at"])
            assert times == sorted(times)
            drives = ["to_pickup_drive_minutes", "loaded_drive_minutes", "home_drive_minutes"]
            drives += [f"{name}{suffix}" for name in drives[:2] for suffix in ("_2", "_3")]
            assert sum(int(row.get(name) or 0) for name in drives) == int(row["drive_minutes"])


def test_on_roads_the_samples_need_no_settings_of_their_own(match):
    ran = match(LEGS, LOADS, roads=lambda: RoadNetwork.load(settings.ROAD_CACHE))
    assert ran.status == 0
    assert {row["leg_id"] for row in ran.rows} == {"T-101", "T-103", "T-104", "T-105"}
    assert "roads-1-" in ran.err


def test_a_chain_is_found_where_no_load_alone_will_do(match):
    ran = match(LEGS, LOADS, "--travel", "great-circle", "--chains", "2")
    chains = {(row["leg_id"], row["load_id"], row["load_2_id"]) for row in ran.rows if row["load_2_id"]}
    assert ("T-102", "L-4", "L-5") in chains
    plan = match(LEGS, LOADS, "--travel", "great-circle", "--plan", "--chains", "2").rows
    used = [row[name] for row in plan for name in ("load_id", "load_2_id") if row[name]]
    assert len(used) == len(set(used))
    assert len({row["leg_id"] for row in plan}) == len(plan)
    told = match(LEGS, LOADS, "--travel", "great-circle", "--plan", "--chains", "2").err
    assert "legs for which nothing beats going home empty: 0" in told
    assert "no plan of the loads and chains below gains more" in told


def test_the_summary_compares_going_home_empty_the_load_board_way_and_the_plan(match):
    summary = match(LEGS, LOADS, "--travel", "great-circle", "--chains", "2", "--format", "json").document["summary"]
    empty, board, plan = (summary[name] for name in ("going_home_empty", "load_board_way", "plan"))
    assert (empty["gain_cents"], empty["empty_percent"]) == (0, 100.0)
    assert 0 < board["gain_cents"] <= plan["gain_cents"] <= summary["bound_cents"]
    assert plan["empty_miles"] < empty["empty_miles"]
    assert summary["pairs"] == 60
    refused = {rule: count for rule, count in summary["refused_pairs"].items() if rule != "no_gain"}
    assert sum(refused.values()) + summary["feasible_pairs"] == 60
    told = match(LEGS, LOADS, "--travel", "great-circle").err
    for words in ("going home empty", "load-board way", "plan", "bound", "pickup_deadhead"):
        assert words in told


def test_json_holds_stretches_stops_and_time_line(match):
    document = match(LEGS, LOADS, "--travel", "great-circle", "--chains", "2", "--format", "json").document
    assert document["problems"] == []
    for line in document["matches"]:
        loads = 1 + (line["load_2_id"] is not None)
        assert [stop["kind"] for stop in line["stops"]] == ["pickup", "delivery"] * loads
        assert len(line["stretches"]) == 2 * loads + 2
        assert line["timeline"][-1]["end_at"] == line["finish_at"]
        miles = sum(part["miles"] for part in line["stretches"] if part["kind"] == "loaded")
        assert round(miles, 1) == line["loaded_miles"]
    assert "plan" in match(LEGS, LOADS, "--travel", "great-circle", "--plan", "--format", "json").document


def test_a_large_file_is_sorted_by_straight_lines_with_the_same_matches(match, monkeypatch):
    small = match(LEGS, LOADS, "--travel", "great-circle", "--format", "json").document
    monkeypatch.setattr(matching_files, "ALL_PAIRS", 0)
    large = match(LEGS, LOADS, "--travel", "great-circle", "--format", "json").document
    assert large["matches"] == small["matches"]
    for name in ("pairs", "feasible_pairs", "plan", "load_board_way"):
        assert large["summary"][name] == small["summary"][name]
    assert sum(large["summary"]["refused_pairs"].values()) == sum(small["summary"]["refused_pairs"].values())


def test_the_best_are_kept_and_ties_stand_in_the_order_of_the_file(match, files):
    loads = loads_of(*(LOAD.replace("L1", f"L{number}") for number in (5, 3, 9)), LOAD.replace("2150", "2151"))
    ran = match(*files(legs_of(LEG), loads))
    assert [row["load_id"] for row in ran.rows] == ["L1", "L5", "L3", "L9"]
    assert [row["rank"] for row in ran.rows] == ["1", "2", "3", "4"]
    assert [row["load_id"] for row in match(*files(legs_of(LEG), loads), "--top", "2").rows] == ["L1", "L5"]


def test_without_hours_the_driver_never_rests(match, files):
    words = files(legs_of(LEG))
    rested, restless = match(*words).rows[0], match(*words, "--hours", "none").rows[0]
    assert restless["finish_at"] < rested["finish_at"]


def test_circuity_and_speed_are_those_asked_for(match, files):
    words = files(legs_of(LEG))
    short, long = match(*words, "--circuity", "1").rows[0], match(*words, "--circuity", "1.2").rows[0]
    assert float(long["loaded_miles"]) == pytest.approx(1.2 * float(short["loaded_miles"]), abs=0.2)
    assert int(match(*words, "--mph", "60").rows[0]["drive_minutes"]) < int(match(*words).rows[0]["drive_minutes"])


def test_a_weight_above_every_truck_is_refused_by_the_rule(match, files):
    ran = match(*files(legs_of(LEG), loads_of(LOAD.replace("40000", "99000"))), "--format", "json")
    assert ran.status == 0
    assert ran.document["summary"]["refused_pairs"] == {"weight": 1}
    assert ran.document["summary"]["legs_that_best_go_home_empty"] == 1


def test_a_load_without_a_rate_is_reckoned_and_marked(match, files):
    ran = match(*files(legs_of(LEG), loads_of(LOAD.replace("2150", ""))))
    assert ran.rows[0]["rate_is_estimated"] == "true"


def test_an_estimated_rate_has_its_band_and_a_posted_one_has_none(match, files):
    rows = match(*files(legs_of(LEG), loads_of(LOAD, LOAD.replace("L1", "L2").replace("2150", "")))).rows
    posted, estimated = rows
    assert (posted["rate_low_cents"], posted["rate_high_cents"]) == ("", "")
    assert int(estimated["rate_low_cents"]) == round(int(estimated["rate_cents"]) * 0.75)
    assert int(estimated["rate_high_cents"]) == round(int(estimated["rate_cents"]) * 1.25)
    chained = match(LEGS, LOADS, "--travel", "great-circle", "--plan", "--chains", "2").rows
    chain = next(row for row in chained if row["load_2_id"])
    assert int(chain["rate_low_cents"]) < int(chain["rate_cents"]) < int(chain["rate_high_cents"])
    assert int(chain["rate_low_cents"]) > int(chain["rate_cents"]) * 0.75


@pytest.mark.parametrize(("truck", "load", "is_matched"), [("V", "VR", False), ("R", "VR", True), ("R", "R", True)])
def test_freight_that_wants_a_temperature_goes_on_a_truck_that_keeps_one(match, files, truck, load, is_matched):
    header, row = loads_of(LOAD).splitlines()
    loads = f"{header},temperature_min_f\n{row.replace(',V,', f',{load},')},34\n"
    ran = match(*files(legs_of(LEG[:-1] + truck), loads))
    assert bool(ran.rows) is is_matched
    assert is_matched or "attributes 1" in ran.err


def test_a_row_cut_short_is_told_by_the_cells_that_it_lacks(match, files):
    ran = match(*files(legs_of(LEG.split(",")[0])))
    assert ran.status == 2
    assert "legs.csv line 2, ready_at is missing" in ran.err


def test_pickup_and_delivery_in_one_place_and_home_where_the_truck_stands_are_reckoned(match, files):
    at_home = LEG.replace("40.71,-74.01", "41.88,-87.63")
    same = LOAD.replace("40.7,-74.2", "41.5,-87.5")
    assert match(*files(legs_of(at_home), loads_of(same)), "--format", "json").status == 0


# How it is called


@pytest.mark.parametrize(
    "words",
    [
        ("--top", "0"),
        ("--top", "many"),
        ("--chains", "4"),
        ("--mph", "nan"),
        ("--circuity", "0.5"),
        ("--hours", "never"),
    ],
)
def test_flags_out_of_range_are_refused(match, words):
    assert match(LEGS, LOADS, *words).status == 2


def test_help_and_docs_name_every_column(match):
    told = match("--help")
    assert told.status == 0
    docs = (ROOT / "docs" / "files.md").read_text()
    for column in (*LEG_COLUMNS, *LOAD_COLUMNS):
        assert column.name in told.out
        assert f"`{column.name}`" in docs, column.name


def test_the_command_runs_without_settings_or_a_server(tmp_path):
    home = tmp_path / "none"
    env = {"PATH": os.environ["PATH"], "BACKHAUL_HOME": str(home), "DATABASE_URL": "postgres://nowhere.invalid/x"}
    ran = subprocess.run(
        [sys.executable, "-m", "backhaul.cli.match", LEGS, LOADS, "--travel", "great-circle"],
        cwd=ROOT, env=env, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.startswith("rank,leg_id,load_id,own_gain_cents")
    assert not home.exists()
