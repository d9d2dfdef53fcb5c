"""Delimited files as spreadsheets write them: encodings, delimiters, header lines, rows with their line numbers."""

import csv
import io
import sys
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Protocol

from matching.files.instants import quoted

MOST_BYTES = 500_000_000
DELIMITERS = (",", ";", "\t", "|")


class Unreadable(Exception):
    """The file cannot be used at all; the text is one line that says why and what would do."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one row, which is left out: file, line (the header is 1), column (may be empty), sentence."""

    file: str
    line: int
    column: str
    sentence: str

    def __str__(self) -> str:
        where = f"{self.file} line {self.line}"
        return f"{where}, {self.column} {self.sentence}" if self.column else f"{where} {self.sentence}"

    def as_row(self) -> dict[str, object]:
        """Return the problem as JSON values."""
        return {"file": self.file, "line": self.line, "column": self.column, "sentence": self.sentence}


@dataclass(frozen=True, slots=True)
class Table:
    """One file: its rows as cells by column, each with its line. `comma_decimals`: 41,88 is how it writes 41.88."""

    file: str
    rows: list[tuple[int, dict[str, str]]]
    problems: list[Problem]
    notes: list[str]
    comma_decimals: bool


def read_table(name: str, known: dict[str, str]) -> Table:
    """Read a file whose first line names columns; `known` maps every spelling to the column's own name.

    Raises Unreadable when it is no such file. Rows that cannot be cut into cells are problems; unknown columns, notes.
    """
    text = _text(name, _bytes(name))
    delimiter, text, skipped = _delimiter(text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    lines = _lines(reader, skipped)
    header = next((cells for _, cells, _ in lines if cells and any(cell.strip() for cell in cells)), None)
    if header is None:
        raise Unreadable(f"{name} is empty: its first line must name the columns.")
    columns, notes = _header(name, header, known)
    rows: list[tuple[int, dict[str, str]]] = []
    problems: list[Problem] = []
    for line, cells, trouble in lines:
        if trouble:
            problems.append(Problem(name, line, "", f"cannot be read: {trouble}; check its quotation marks."))
        elif len(cells) > len(header) and any(cell.strip() for cell in cells[len(header) :]):
            sentence = f"has {len(cells)} cells where the first line names {len(header)}; quote any “{delimiter}”."
            problems.append(Problem(name, line, "", sentence))
        elif any(cell.strip() for cell in cells):
            whole = [*cells, *("" for _ in header[len(cells) :])]
            rows.append((line, {columns[at]: _cell(cell) for at, cell in enumerate(whole) if at in columns}))
    return Table(name, rows, problems, notes, delimiter == ";")


class _Reader(Protocol):
    """What `csv.reader` returns."""

    line_num: int

    def __next__(self) -> list[str]: ...


def _lines(reader: "_Reader", skipped: int) -> Iterator[tuple[int, list[str], str]]:
    """Yield (line, cells, trouble); a line that csv refuses does not end the file."""
    while True:
        line = reader.line_num + 1 + skipped
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as trouble:
            yield line, [], str(trouble)
        else:
            yield line, cells, ""


def _bytes(name: str) -> bytes:
    try:
        with nullcontext(sys.stdin.buffer) if name == "-" else open(name, "rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as problem:
        raise Unreadable(f"{name} cannot be read: {problem.strerror or problem}.") from problem
    except ValueError as problem:
        raise Unreadable(f"{name!r} is not the name of a file: {problem}.") from problem
    if len(data) > MOST_BYTES:
        raise Unreadable(f"{name} is larger than {MOST_BYTES // 1_000_000} MB: cut it into parts.")
    return data


def _text(name: str, data: bytes) -> str:
    if data.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise Unreadable(f"{name} is a workbook, not a CSV file: save it as “CSV UTF-8” and try again.")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings: Sequence[str] = ("utf-16",)
    else:
        encodings = ("utf-8-sig", "cp1252")
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise Unreadable(f"{name} is not a text file: save it as “CSV UTF-8” and try again.")


def _delimiter(text: str) -> tuple[str, str, int]:
    """Return the delimiter, the text without a line that only names it ("sep=;"), and how many lines that took."""
    first, _, rest = text.partition("\n")
    named = first.strip()
    if named.lower().startswith("sep=") and len(named) <= 5:
        return named[4:] or "\t", rest, 1
    header = next((line for line in io.StringIO(text) if line.strip()), "")
    return max(DELIMITERS, key=header.count), text, 0


def _header(name: str, header: list[str], known: dict[str, str]) -> tuple[dict[int, str], list[str]]:
    """Return the column at each position that is known, and notes on the others."""
    columns: dict[int, str] = {}
    notes = []
    for at, cell in enumerate(header):
        spelled = "_".join(_cell(cell).lower().replace("-", " ").replace("_", " ").split())
        column = known.get(spelled)
        if column is None:
            if spelled:
                near = get_close_matches(spelled, known, n=1, cutoff=0.8)
                hint = f"; did you mean {known[near[0]]}?" if near else ""
                notes.append(f"{name}: the column {quoted(cell)} is not known and not read{hint}")
        elif column in columns.values():
            raise Unreadable(f"{name} names the column {column} twice: remove or rename one of them.")
        else:
            columns[at] = column
    return columns, notes


def _cell(cell: str) -> str:
    """Return a cell without what spreadsheets put round it: blanks, ="60601", a leading apostrophe."""
    cell = cell.replace("\u00a0", " ").strip()
    if cell.startswith('="') and cell.endswith('"'):
        cell = cell[2:-1].strip()
    return cell.removeprefix("'").strip()
