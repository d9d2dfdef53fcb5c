"""`backhaul match`: what files look like, and what is said of rows that are wrong."""

import pytest
from django.conf import settings

from foundation.places.roads import RoadNetwork
from tests.matching.file_runs import LEG, LOAD, LOADS, legs_of, loads_of

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
