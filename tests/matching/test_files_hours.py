"""`backhaul hours`: one duty chain from JSON, planned and told."""

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from matching.files.chain import Unreadable, read_chain
from matching.files.hours import answer_chain, as_lines, main

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "docs" / "samples" / "chain.json"
START = "2026-01-05T08:00:00Z"


def answer(steps: list, **terms) -> dict:
    return answer_chain(read_chain(json.dumps({"start_at": START, "mph": 50, "steps": steps} | terms)))


def finish(steps: list, **terms) -> str:
    found = answer(steps, **terms)
    assert found["feasible"]
    return found["finish_at"]


def load(hours: float, **window) -> dict:
    return {"stop": "pickup", "service_minutes": 60 * hours} | window


def test_the_worked_examples_of_the_trade():
    assert finish([load(1), {"drive_miles": 500}]) == "2026-01-05T19:30:00Z"  # t0 + 11.5 h
    assert finish([load(1), {"drive_miles": 600}]) == "2026-01-06T07:30:00Z"  # t0 + 23.5 h
    assert finish([load(6), {"drive_miles": 500}]) == "2026-01-06T10:00:00Z"  # t0 + 26 h
    late = load(2, opens_at="2026-01-05T18:00:00Z")
    assert finish([{"drive_minutes": 60}, late, {"drive_minutes": 300}]) == "2026-01-06T01:00:00Z"  # t0 + 17 h
    not_rested = {"shift_minutes": 839, "drive_minutes": 660, "break_minutes": 480, "cycle_minutes": 4200}
    waited = finish([{"drive_minutes": 60}, late, {"drive_minutes": 300}], clock=not_rested)
    assert waited > "2026-01-06T01:00:00Z"


def test_the_same_day_whatever_offset_it_is_written_with():
    steps = [load(2, opens_at="2026-01-05T12:00:00-06:00"), {"drive_miles": 100}]
    assert finish(steps) == finish([load(2, opens_at="2026-01-05T18:00:00Z"), {"drive_miles": 100}])


def test_drives_in_a_row_are_one_drive_with_a_time_for_each():
    found = answer(
        [{"drive_miles": 100}, {"drive_minutes": 420}, {"drive_miles": 0}, load(1), load(1), {"drive_miles": 50}]
    )
    assert found["finish_at"] == answer([{"drive_minutes": 540}, load(1), load(1), {"drive_minutes": 60}])["finish_at"]
    times = [(row["begin_at"][11:16], row["end_at"][11:16]) for row in found["steps"]]
    # 2 h; 6 h, a break, 1 h; nothing; an hour each
    assert times == [
        ("08:00", "10:00"), ("10:00", "17:30"), ("17:30", "17:30"), ("17:30", "18:30"), ("18:30", "19:30"),
        ("19:30", "20:30"),
    ]  # fmt: skip


def test_each_step_has_its_times_and_the_time_line_names_the_rules():
    found = answer([load(1), {"drive_miles": 600}, {"stop": "delivery", "service_minutes": 30}])
    assert [row["step"] for row in found["steps"]] == [0, 1, 2]
    assert all(row["arrive_at"] and row["begin_at"] <= row["end_at"] for row in found["steps"])
    assert [(part["kind"], part["rules"]) for part in found["timeline"]] == [
        ("service", []), ("drive", []), ("break", ["break_30"]), ("drive", []), ("rest", ["drive_11"]), ("drive", []),
        ("service", []),
    ]  # fmt: skip


def test_a_missed_window_has_its_rule_sentence_and_earliest_arrival():
    late = answer([{"drive_miles": 600}, {"stop": "delivery", "closes_at": "2026-01-05T21:00:00Z"}])
    assert late["feasible"] is False
    assert (late["rule"], late["hours_rules"]) == ("hours", ["drive_11", "break_30"])
    assert late["earliest_arrival_at"] == "2026-01-06T06:30:00Z"
    assert late["sentence"] == (
        "at legal hours reaches delivery 9 h 30 min after it closes: the 11 h of driving are used up"
    )
    assert late["timeline"][-1]["end_at"] == late["earliest_arrival_at"]
    by_window = answer([{"drive_miles": 600}, {"stop": "delivery", "closes_at": "2026-01-05T12:00:00Z"}])
    assert by_window["rule"] == "delivery_closes"
    dock = answer([{"drive_minutes": 60}, {"stop": "Dock 4", "closes_at": "2026-01-05T08:30:00Z"}])
    assert (dock["rule"], dock["sentence"]) == ("stop_closes", "reaches Dock 4 30 min after it closes")


def test_a_clock_may_be_left_out_whole_or_in_part_and_what_was_assumed_is_said():
    assert finish([{"drive_miles": 500}]) == finish([{"drive_miles": 500}], clock=None)
    assert finish([{"drive_miles": 500}], clock={}) == "2026-01-05T18:30:00Z"
    found = answer([{"drive_miles": 500}], clock={"cycle_minutes": 300})
    assert found["finish_at"] == "2026-01-07T04:00:00Z"  # 5 h, 34 h off, 5 h
    assert found["assumed_clock"] == {"drive_minutes": 660, "shift_minutes": 840, "break_minutes": 480}
    assert answer([{"drive_miles": 1}], clock={"drive_minutes": 60})["assumed_clock"]["shift_minutes"] == 240


def test_what_is_left_out_has_the_stated_defaults():
    found = answer_chain(read_chain(json.dumps({"start_at": START, "steps": [{"stop": "x"}, {"drive_miles": 50}]})))
    assert found["finish_at"] == "2026-01-05T11:00:00Z"


WRONG = [
    ("[]", "must be a JSON object"),
    ("", "not JSON: line 1, column 1"),
    ("{", "not JSON: line 1"),
    ('{"start_at": 1, "start_at": 2}', "stands twice"),
    ("[" * 100_000, "nested too deeply"),
    ('{"steps": []}', "start_at is missing"),
    (f'{{"start_at": "{START}"}}', "steps is missing"),
    (f'{{"start_at": "{START}", "steps": []}}', "steps is empty"),
    (f'{{"start_at": "{START}", "steps": {{}}}}', "steps must be a list"),
    (f'{{"start_at": "{START}", "steps": [1]}}', "steps[0] must be an object"),
    (f'{{"start_at": "{START}", "steps": [{{}}]}}', "steps[0] must have one of"),
    (f'{{"start_at": "{START}", "color": 1, "steps": [{{"drive_miles": 1}}]}}', "“color” is not known"),
    (f'{{"start_at": "{START}", "mph": 1e999, "steps": [{{"drive_miles": 1}}]}}', "mph must be a finite number"),
    (f'{{"start_at": "{START}", "mph": 0, "steps": [{{"drive_miles": 1}}]}}', "mph must be from 1 to 100"),
    ('{"start_at": "2026-01-05T08:00:00", "steps": [{"drive_miles": 1}]}', "start_at has no offset from UTC"),
    ('{"start_at": "Monday", "steps": [{"drive_miles": 1}]}', "start_at is not a date"),
    ('{"start_at": "2026-02-30T08:00:00Z", "steps": [{"drive_miles": 1}]}', "start_at is no date that exists"),
    ('{"start_at": "0001-01-01T00:00:00+14:00", "steps": [{"drive_miles": 1}]}', "start_at"),
    ('{"start_at": 1767600000, "steps": [{"drive_miles": 1}]}', "start_at must be a string"),
    (f'{{"start_at": "{START}", "mph": {"9" * 5000}, "steps": []}}', "not JSON"),
]
WRONG_STEPS = [
    ({"drive_miles": float("nan")}, "steps[0].drive_miles must be a finite number"),
    ({"drive_miles": float("inf")}, "steps[0].drive_miles must be a finite number"),
    ({"drive_miles": -1}, "steps[0].drive_miles must be from 0"),
    ({"drive_miles": "500"}, "steps[0].drive_miles must be a number"),
    ({"drive_miles": True}, "steps[0].drive_miles must be a number"),
    ({"drive_miles": None}, "steps[0].drive_miles is null"),
    ({"drive_miles": 10**30}, "steps[0].drive_miles must be from 0"),
    ({"drive_minutes": 1e9}, "steps[0].drive_minutes must be from 0"),
    ({"drive_miles": 1, "drive_minutes": 1}, "steps[0] has drive_miles and drive_minutes"),
    ({"drive_miles": 1, "service_minutes": 5}, "“steps[0].service_minutes” is not known"),
    ({"stop": "a", "drive_miles": 1}, "steps[0] has stop and drive_miles"),
    ({"stop": ""}, "steps[0].stop must be the name"),
    ({"stop": 4}, "steps[0].stop must be the name"),
    ({"stop": "a", "service_minutes": -5}, "steps[0].service_minutes must be from 0"),
    ({"stop": "a", "service": 5}, "“steps[0].service” is not known"),
    ({"stop": "a", "opens_at": "2026-01-05 08:00"}, "steps[0].opens_at has no offset"),
    ({"stop": "a", "opens_at": "2026-01-05T09:00Z", "closes_at": "2026-01-05T08:00Z"}, "steps[0].closes_at is before"),
]  # fmt: skip
WRONG_CLOCKS = [
    ([], "clock must be an object"),
    ({"drive_minutes": 661}, "clock.drive_minutes must be from 0 to 660"),
    ({"shift_minutes": -1}, "clock.shift_minutes must be from 0 to 840"),
    ({"cycle": 1}, "“clock.cycle” is not known"),
]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        *WRONG,
        *((json.dumps({"start_at": START, "steps": [step]}), sentence) for step, sentence in WRONG_STEPS),
        *((json.dumps({"start_at": START, "clock": clock, "steps": []}), sentence) for clock, sentence in WRONG_CLOCKS),
        (json.dumps({"start_at": START, "steps": [{"stop": "x"}] * 17}), "at most 16"),
        (json.dumps({"start_at": START, "steps": [{"drive_miles": 1}] * 201}), "at most 200"),
    ],
)
def test_bad_input_is_one_line_that_names_the_field(text, sentence):
    with pytest.raises(Unreadable) as problem:
        read_chain(text)
    assert sentence in str(problem.value)
    assert "\n" not in str(problem.value)
    assert len(str(problem.value)) < 300


def test_the_sample_is_told_line_by_line(capsys):
    assert main([str(SAMPLE)]) == 0
    told = capsys.readouterr().out
    assert told.splitlines()[0] == "times at UTC-06:00; 50 mph; 49 CFR 395.3 with 70 h in 8 days"
    assert told.splitlines()[-1] == "feasible: finished at 2026-01-06 08:18"
    assert "break                        30 min after 8 h of driving" in told


def test_standard_input_is_read_and_json_written(monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"\xef\xbb\xbf" + SAMPLE.read_bytes())))
    assert main(["-", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["finish_at"] == "2026-01-06T14:18:00Z"


def test_files_that_cannot_be_read_are_told_in_one_line(tmp_path, capsys):
    binary, huge = tmp_path / "chain.xlsx", tmp_path / "huge.json"
    binary.write_bytes(b"PK\x03\x04\xff\xfe\x80")
    huge.write_bytes(b" " * 4_000_001)
    for name, sentence in (
        (str(tmp_path / "nowhere.json"), "No such file"),
        (str(tmp_path), "directory"),
        ("bad\0name", "not the name of a file"),
        (str(binary), "not text in UTF-8"),
        (str(huge), "larger than 4 MB"),
    ):
        assert main([name]) == 2
        told = capsys.readouterr().err
        assert sentence in told
        assert told.count("\n") == 1
    assert main([]) == 2
    assert main(["--help"]) == 0


def test_every_day_can_be_told_for_the_eye():
    chain = read_chain(json.dumps({"start_at": "2026-01-05T08:00:00+05:30", "steps": [load(30), {"drive_miles": 900}]}))
    assert "UTC+05:30" in as_lines(chain, answer_chain(chain))


def test_the_command_runs_without_settings_or_a_server(tmp_path):
    ran = subprocess.run(
        [sys.executable, "-m", "backhaul.cli.hours", str(SAMPLE)],
        cwd=ROOT, env={"PATH": "/usr/bin:/bin", "BACKHAUL_HOME": str(tmp_path / "none")}, capture_output=True,
        text=True, check=False, timeout=60,
    )  # fmt: skip
    assert (ran.returncode, ran.stderr) == (0, "")
    assert not (tmp_path / "none").exists()
