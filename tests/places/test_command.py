"""`backhaul miles` on the command line."""

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from foundation.places.command import hours_and_minutes, main
from foundation.places.roads import RoadNetwork

pytestmark = pytest.mark.usefixtures("network")


def test_one_trip_is_printed_with_miles_time_and_basis(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["60601", "New York, NY"]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first == "794.7 miles, 12:51 driving, computed"
    assert second == "Chicago, IL 60601 to New York, NY"


def test_json_has_the_same_figures(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["60601", "41.5,-90.5", "--format", "json"]) == 0
    (trip,) = json.loads(capsys.readouterr().out)
    assert trip["basis"] == "computed"
    assert 160 < trip["miles"] < 185


def test_an_unknown_place_is_said_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["60699", "Gotham, NY"]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "to: There is no “Gotham” in New York" in printed.err


def test_a_file_is_answered_row_by_row_and_bad_rows_carry_their_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "pairs.csv"
    file.write_text(
        '\ufefffrom,to,note\n60601,10001,x\n"Chicago, IL","Dallas, TX"\n00000,10001\n\n60601\n"41.88,-87.63",10001,\n',
        encoding="utf-8",
    )
    assert main(["--csv", str(file)]) == 1
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [row["from"] for row in rows] == ["60601", "Chicago, IL", "00000", "60601", "41.88,-87.63"]
    assert [bool(row["miles"]) for row in rows] == [True, True, False, False, True]
    assert rows[2]["error"].startswith("from: There is no ZIP code 00000. Did you mean")
    assert rows[3]["error"].startswith("to: Say where.")
    assert rows[0]["basis"] == "computed"


def test_a_file_without_bad_rows_exits_with_0(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "pairs.csv"
    file.write_text("To , FROM\n10001,60601\n")
    assert main(["--csv", str(file)]) == 0
    assert "60601,10001,79" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"origin,destination\n1,2\n", "needs the columns from and to"),
        (b"", "it has nothing"),
        (b"from,to\n\xff\xfe\n", "not a CSV file in UTF-8"),
        (None, "cannot be read"),
    ],
)
def test_a_file_that_is_no_file_of_pairs_is_refused_with_the_remedy(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes | None, words: str
) -> None:
    file = tmp_path / "pairs.csv"
    if content is not None:
        file.write_bytes(content)
    assert main(["--csv", str(file)]) == 2
    assert words in capsys.readouterr().err


@pytest.mark.parametrize("argv", [[], ["60601"], ["60601", "10001", "--csv", "x.csv"], ["--format", "xml"]])
def test_a_wrong_call_is_explained(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(argv) == 2
    assert "usage: backhaul miles" in capsys.readouterr().err


def test_standard_input_is_read(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("from,to\n60601,10001\n"))
    assert main(["--csv", "-"]) == 0
    assert "computed" in capsys.readouterr().out


def test_hours_are_written_as_on_a_clock() -> None:
    assert [hours_and_minutes(minutes) for minutes in (0, 59.6, 61, 1499.7)] == ["0:00", "1:00", "1:01", "25:00"]


def test_neither_database_nor_server_nor_django_setup_is_needed(network: RoadNetwork) -> None:
    """A fresh process with an unreachable database answers."""
    program = (
        "import os, sys; os.environ['DATABASE_URL'] = 'postgres://nobody@127.0.0.1:1/none';"
        "os.environ['DJANGO_SETTINGS_MODULE'] = 'backhaul.settings';"
        "from foundation.places.command import main; sys.exit(main(['60601', '60607']))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert "driving, computed" in done.stdout
