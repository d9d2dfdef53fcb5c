"""`backhaul match`: two files in, every part of every match out."""

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from django.conf import settings

from foundation.places.roads import RoadNetwork
from matching.engine.policy import DEFAULT_POLICY
from matching.engine.score import score_pairs
from matching.engine.travel import GreatCircleTravel
from matching.files import matches as matching_files
from matching.files.market import LEG_COLUMNS, LOAD_COLUMNS, read_legs, read_loads
from matching.files.match import main

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "docs" / "samples"
LEGS, LOADS = str(SAMPLES / "legs.csv"), str(SAMPLES / "loads.csv")

LEG = "T1,41.88,-87.63,40.71,-74.01,2026-01-05T07:00:00-06:00,2026-01-08T12:00:00-05:00,V"
LEG_HEADER = "leg_id,empty_lat,empty_lon,home_lat,home_lon,ready_at,home_by,equipment"
LOAD_HEADER = (
    "load_id,pickup_lat,pickup_lon,delivery_lat,delivery_lon,pickup_opens_at,pickup_closes_at,"
    "delivery_opens_at,delivery_closes_at,equipment,weight_pounds,rate"
)
LOAD = "L1,41.5,-87.5,40.7,-74.2,2026-01-05T08:00Z,2026-01-06T08:00Z,2026-01-06T08:00Z,2026-01-08T08:00Z,V,40000,2150"


def no_roads():
    raise AssertionError("great circles need no roads")


class Ran:
    """One call: its status, its rows or document, and what it said."""

    def __init__(self, capsys, *words: str, roads=no_roads):
        self.status = main(list(words), roads)
        printed = capsys.readouterr()
        self.out, self.err = printed.out, printed.err

    @property
    def rows(self) -> list[dict[str, str]]:
        return list(csv.DictReader(io.StringIO(self.out)))

    @property
    def document(self) -> dict:
        return json.loads(self.out, parse_constant=pytest.fail)


@pytest.fixture
def match(capsys):
    def run(*words: str, **terms) -> Ran:
        return Ran(capsys, *words, **terms)

    return run


@pytest.fixture
def files(tmp_path):
    """Write the two files, and return their names and the words for a quick run."""

    def write(legs: str | bytes, loads: str | bytes = f"{LOAD_HEADER}\n{LOAD}\n") -> list[str]:
        names = []
        for name, text in (("legs.csv", legs), ("loads.csv", loads)):
            path = tmp_path / name
            path.write_bytes(text if isinstance(text, bytes) else text.encode())
            names.append(str(path))
        return [*names, "--travel", "great-circle"]

    return write


def legs_of(*rows: str) -> str:
    return "\n".join([LEG_HEADER, *rows]) + "\n"


def loads_of(*rows: str) -> str:
    return "\n".join([LOAD_HEADER, *rows]) + "\n"


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


# What files look like


def test_spreadsheets_of_all_kinds_are_read(match, files):
    plain = match(*files(legs_of(LEG))).out
    assert plain.count("\n") == 2
    legs, loads = legs_of(LEG), loads_of(LOAD)
    for variant in (
        "\ufeff" + legs,
        legs.replace("\n", "\r\n"),
        legs.replace(",", ";"),
        legs.replace(",", ";").replace(".", ","),
        legs.replace(",", "\t"),
        "sep=;\r\n" + legs.replace(",", ";"),
        legs.encode("utf-16"),
        "\n\n" + legs + "\n,,,,\n",
        legs.replace("leg_id", " Leg ID ").replace("empty_lat", "Empty-Lat"),
        legs.replace("T1,", '="T1",').replace("41.88", '" 41.88 "'),
    ):
        assert match(*files(variant, loads)).out == plain, variant
    assert match(*files(legs, loads.replace("40000", '"40,000"').replace("2150", '"$2,150.00"'))).out == plain
    assert match(*files(legs.replace("T1,", "Cañon,").encode("cp1252"))).out == plain.replace("T1,", "Cañon,")


@pytest.mark.parametrize("written", ["2150", "2150.00", "2150,00", "2.150,00", "$2,150.00", "2150.0000"])
def test_a_rate_in_a_file_with_semicolons_is_never_a_thousandth_of_itself(match, files, written):
    plain, semicolons = match(*files(legs_of(LEG))).out, loads_of(LOAD).replace(",", ";")
    assert match(*files(legs_of(LEG), semicolons.replace(";2150", f";{written}"))).out == plain


@pytest.mark.parametrize(("column", "written"), [("rate", "2.150"), ("rate", "2,150"), ("cycle_minutes_left", "4,200")])
def test_a_number_that_may_be_thousands_or_decimals_is_asked_back(match, files, column, written):
    legs, loads = legs_of(LEG).replace(",", ";"), loads_of(LOAD).replace(",", ";")
    if column == "rate":
        loads = loads.replace(";2150", f";{written}")
    else:
        legs = legs.replace("equipment", f"equipment;{column}").replace(";V\n", f";V;{written}\n")
    ran = match(*files(legs, loads))
    assert ran.status == 2
    assert f"{column} may be" in ran.err


def test_a_zip_code_that_lost_its_zero_is_still_one(match, files):
    header, row = "empty,home,ready_at,equipment", "60601,7102,2026-01-05T07:00:00-06:00,Dry Van"
    assert match(*files(f"{header}\n{row}\n")).rows[0]["leg_id"] == "line 2"
    assert match(*files(f"{header}\n{row.replace('60601,7102', '60601.0,07102')}\n")).rows


def test_columns_that_are_not_known_are_named_with_what_may_be_meant(match, files):
    ran = match(*files(legs_of(LEG).replace("home_by", "home_bye").replace("V\n", "V\n")))
    assert ran.status == 0
    assert "the column “home_bye” is not known and not read; did you mean home_by?" in ran.err
    assert ran.rows[0]["home_slack_minutes"] == ""


def test_an_empty_market_is_an_answer(match, files):
    ran = match(*files(legs_of(), loads_of()), "--format", "json")
    assert ran.status == 0
    assert ran.document["matches"] == []
    for legs, loads in ((legs_of(LEG), loads_of()), (legs_of(), loads_of(LOAD))):
        for words in ((), ("--plan", "--chains", "3"), ("--chains", "2")):
            ran = match(*files(legs, loads), *words)
            assert (ran.status, ran.rows) == (0, [])


# What is wrong with a row

BAD_LEGS = [
    (LEG.replace("41.88", "nan"), "empty_lat is not a number: “nan”"),
    (LEG.replace("41.88", "inf"), "empty_lat is not a number"),
    (LEG.replace("41.88,-87.63", "-87.63,41.88"), "empty_lat -87.63 and longitude 41.88 look swapped"),
    (LEG.replace("41.88,-87.63", "41.88,87.63"), "western longitudes are negative"),
    (LEG.replace("41.88,-87.63", "41.88,"), "empty_lon is missing; give both coordinates"),
    (LEG.replace("41.88,-87.63", ","), "empty is missing; write a ZIP code"),
    (LEG.replace("41.88,-87.63", "-100,41.88"), "look swapped"),
    (LEG.replace("41.88", "999"), "empty_lat must be from -180 to 180"),
    (LEG.replace("2026-01-08", "2026-01-04"), "home_by is before ready_at"),
    (LEG.replace("T07:00:00-06:00", "T07:00:00"), "ready_at has no offset from UTC"),
    (LEG.replace("2026-01-05T07:00:00-06:00", "1/5/2026 7:00"), "ready_at is not a date with time and offset"),
    (LEG.replace("2026-01-05T07:00:00-06:00", "46027.29"), "ready_at is not a date"),
    (LEG.replace("2026-01-05T07:00:00-06:00", ""), "ready_at is missing"),
    (LEG[:-1] + "VR", "equipment must be one kind of trailer"),
    (LEG[:-1] + "rocket", "equipment is not a kind of trailer: “rocket”; write one of V, R, F"),
    (LEG, "leg_id “T1” stands in line 2 already"),
    (LEG + ",extra", "has 9 cells where the first line names 8"),
]
BAD_LOADS = [
    (LOAD.replace("2150", "-5"), "rate must be from 0"),
    (LOAD.replace("2150", "12.3456"), "rate must have two decimals at most"),
    (LOAD.replace("2150", "1.450"), "rate may be 1.45 or 1,450: “1.450”; write 1.45 or 1450"),
    (LOAD.replace("40000", "40.000"), "weight_pounds may be 40 or 40,000"),
    (LOAD.replace("2150", "a lot"), "rate is not a number"),
    (LOAD.replace("40000", ""), "weight_pounds is missing"),
    (LOAD.replace("40000", "4e99"), "weight_pounds must be from 0"),
    (LOAD.replace("40000", "1.5"), "weight_pounds must be a whole number"),
    (LOAD.replace("2026-01-06T08:00Z,2026-01-08T08:00Z", "2026-01-08T08:00Z,2026-01-06T08:00Z"), "is before delivery_"),
    (LOAD.replace("2026-01-05T08:00Z", "2026-13-05T08:00Z"), "pickup_opens_at is no date that exists"),
]


@pytest.mark.parametrize(("bad", "sentence"), BAD_LEGS)
def test_a_bad_leg_is_named_and_nothing_else_is_lost(match, files, bad, sentence):
    ran = match(*files(legs_of(LEG, bad, LEG.replace("T1", "T2"))))
    assert ran.status == 1
    assert [row["leg_id"] for row in ran.rows] == ["T1", "T2"]
    assert "legs.csv line 3" in ran.err
    assert sentence in ran.err
    assert "Traceback" not in ran.err


@pytest.mark.parametrize(("bad", "sentence"), BAD_LOADS)
def test_a_bad_load_is_named_and_nothing_else_is_lost(match, files, bad, sentence):
    ran = match(*files(legs_of(LEG), loads_of(bad, LOAD)), "--format", "json")
    assert ran.status == 1
    assert [line["load_id"] for line in ran.document["matches"]] == ["L1"]
    assert "loads.csv line 2" in ran.err
    assert sentence in ran.err
    assert [problem["line"] for problem in ran.document["problems"]] == [2]
    assert ran.document["summary"]["rows_left_out"] == 1


def test_places_that_are_not_known_say_what_may_be_meant(match, files):
    header, row = "leg_id,empty,home,ready_at,equipment", "T1,Chicago,Gotham NY,2026-01-05T07:00:00-06:00,V"
    good = row.replace("T1,Chicago,Gotham NY", 'T2,"Chicago, IL",10001')
    ran = match(*files(f"{header}\n{row}\n{good}\n"))
    assert "line 2, empty “Chicago” is not a place that is known: Add the state to “Chicago”. Did you mean" in ran.err
    off = LEG.replace("40.71,-74.01", "40.71,-60")
    assert match(*files(legs_of(off))).status == 0
    on_roads = files(legs_of(off, LEG.replace("T1", "T2")))[:2]
    ran = match(*on_roads, roads=lambda: RoadNetwork.load(settings.ROAD_CACHE))
    assert ran.status == 1
    assert "outside the 48 states" in ran.err


def test_files_of_which_nothing_can_be_read_end_with_two(match, files, tmp_path):
    for legs, sentence in (
        ("", "is empty: its first line must name the columns"),
        (b"PK\x03\x04rest", "is a workbook, not a CSV file"),
        (b"\x00\x01\x02", "is not a text file"),
        ("a,b\n1,2\n", "lacks the columns ready_at, equipment"),
        (legs_of(LEG).replace("home_lat", "empty_lat"), "names the column empty_lat twice"),
        (legs_of(LEG.replace("41.88", "x")), "has no row that can be used; the first problem"),
    ):
        ran = match(*files(legs))
        assert ran.status == 2, sentence
        assert sentence in ran.err
        assert ran.err.count("\n") == 1
        assert ran.out == ""
    missing = match(str(tmp_path / "nowhere.csv"), LOADS)
    assert missing.status == 2
    assert "No such file" in missing.err
    assert match("-", "-").status == 2


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
