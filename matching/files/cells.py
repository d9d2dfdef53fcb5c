"""What one cell may hold: numbers, money, words of the trade, truth values; each refused with what would do."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from foundation.trade.equipment import COMBINATIONS, EQUIPMENT, Attribute
from matching.engine.columns import LOAD_CODES, TRUCK_CODES
from matching.files.instants import first_minute, last_minute, parse_instant, quoted

Parse = Callable[[str, bool], Any]
"""From a cell that is not empty, and whether the file writes decimals with a comma; raises `ValueError` with the end of
the sentence that begins with the column's name."""

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?")
_GROUPED = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d*)?")
_EITHER = re.compile(r"[+-]?[1-9]\d{0,2}\.\d{3}")
"""1.450 may be one and a half, or one thousand four hundred and fifty."""
_NAMES = {item.name.lower(): code for code, item in EQUIPMENT.items()} | {
    name.lower(): code for code, name in COMBINATIONS.items()
}
_ALSO = {"dry van": "V", "van/reefer": "VR", "refrigerated": "R", "flatbed/step deck": "FS", "conestoga": "CN"}
_ATTRIBUTES = {
    "hazmat": Attribute.HAZMAT,
    "team": Attribute.TEAM,
    "team_drivers": Attribute.TEAM,
    "tarps": Attribute.TARPS,
    "food_grade": Attribute.FOOD_GRADE,
    "temperature": Attribute.TEMPERATURE,
    "temperature_control": Attribute.TEMPERATURE,
    "liftgate": Attribute.LIFTGATE,
}
_TRUE, _FALSE = {"true", "yes", "y", "1", "x", "partial", "ltl"}, {"false", "no", "n", "0", "full", "ftl"}


@dataclass(frozen=True, slots=True)
class Column:
    """One documented column: its name, what it holds, other spellings, whether each row needs it."""

    name: str
    parse: Parse
    words: str
    also: tuple[str, ...] = ()
    needed: bool = False


def spellings(columns: tuple[Column, ...]) -> dict[str, str]:
    """Return every spelling of every column with the column's own name."""
    return {spelled: column.name for column in columns for spelled in (column.name, *column.also)}


def number(least: float, most: float, *, whole: bool = False, factor: float = 1.0, few_decimals: bool = False) -> Parse:
    """Return the parser of numbers within bounds; `factor` turns the file's unit into the engine's.

    `few_decimals`: three decimals are more than likely a mark for thousands, in every file.
    """

    def parse(cell: str, comma_decimals: bool) -> float:
        bounds = f"from {least:,.10g} to {most:,.10g}"
        text = _plain(cell, comma_decimals, whole)
        if text is None:
            raise ValueError(f"is not a number: {quoted(cell)}; write one {bounds}, like {_like(least, most)}")
        value = float(text)
        if (comma_decimals or whole or few_decimals) and _EITHER.fullmatch(text):
            thousands = float(text.replace(".", ""))
            if least <= min(value, thousands) and max(value, thousands) <= most:
                raise ValueError(
                    f"may be {value:g} or {thousands:,.0f}: {quoted(cell)}; write {value:g} or {thousands:.0f}"
                )
        if not least <= value <= most:
            raise ValueError(f"must be {bounds}, not {quoted(cell)}")
        if whole and value != int(value):
            raise ValueError(f"must be a whole number, not {quoted(cell)}")
        return round(value * factor, 9)

    return parse


def _plain(cell: str, comma_decimals: bool, whole: bool) -> str | None:
    """Return a number as Python reads it; None for what is none, nan and inf included."""
    text = cell.replace(" ", "").replace("$", "", 1)
    if comma_decimals and not ("," in text and text.find(",") < text.rfind(".")):
        if whole and re.fullmatch(r"\d{1,3}([.,]\d{3})+", text):
            text = text.replace(".", "").replace(",", "")
        elif text.count(",") == 1:
            text = text.replace(".", "").replace(",", ".")
    elif _GROUPED.fullmatch(text):
        text = text.replace(",", "")
    return text if _NUMBER.fullmatch(text) else None


def _like(least: float, most: float) -> str:
    return f"{max(least, 0) + min(most - least, 100) / 2:g}"


def limit(most: float) -> Parse:
    """Return the parser of a limit: a number, or "none"."""
    inner = number(0, most)

    def parse(cell: str, comma_decimals: bool) -> float | None:
        return None if cell.lower() in ("none", "no limit", "-") else inner(cell, comma_decimals)

    return parse


def rate(cell: str, comma_decimals: bool) -> int | None:
    """Return an all-in rate in dollars as whole cents; "open" is none."""
    if cell.lower() in ("open", "open to offers", "none", "-"):
        return None
    cents = float(number(0, 1_000_000, factor=100, few_decimals=True)(cell, comma_decimals))
    if abs(cents - round(cents)) > 1e-6:
        raise ValueError(f"must have two decimals at most, not {quoted(cell)}")
    return round(cents)


def word(cell: str, comma_decimals: bool) -> str:
    """Return a name or number of the file's owner as it is."""
    if len(cell) > 200:
        raise ValueError(f"must be 200 characters at most, not {len(cell)}")
    return cell


def earliest(cell: str, comma_decimals: bool) -> int:
    """Return an instant that begins something, as the first whole minute not before it."""
    return first_minute(parse_instant(cell))


def latest(cell: str, comma_decimals: bool) -> int:
    """Return an instant that ends something, as the last whole minute not after it."""
    return last_minute(parse_instant(cell))


def truck_equipment(cell: str, comma_decimals: bool) -> int:
    """Return a trailer's code or name as the engine's index."""
    code = _code(cell)
    if code in COMBINATIONS:
        raise ValueError(
            f"must be one kind of trailer, not {quoted(cell)}; a truck has one of {', '.join(TRUCK_CODES)}"
        )
    if code not in EQUIPMENT:
        raise ValueError(f"is not a kind of trailer: {quoted(cell)}; write one of {', '.join(TRUCK_CODES)}")
    return TRUCK_CODES.index(code)


def load_equipment(cell: str, comma_decimals: bool) -> int:
    """Return the code or name of what a load asks for as the engine's index; combinations too."""
    code = _code(cell)
    if code not in LOAD_CODES:
        raise ValueError(f"is not a kind of trailer: {quoted(cell)}; write one of {', '.join(LOAD_CODES)}")
    return LOAD_CODES.index(code)


def _code(cell: str) -> str:
    name = " ".join(cell.lower().split())
    return _NAMES.get(name) or _ALSO.get(name) or cell.strip().upper()


def attributes(cell: str, comma_decimals: bool) -> int:
    """Return a list such as "hazmat; tarps" as the engine's bit set."""
    found = Attribute(0)
    for part in re.split(r"[;,|/+]", cell):
        name = "_".join(part.lower().replace("-", " ").replace("_", " ").split())
        if name and name not in _ATTRIBUTES:
            known = "hazmat, team, tarps, food_grade, temperature, liftgate"
            raise ValueError(f"has {quoted(part)}; the words are {known}, with ; between them")
        if name:
            found |= _ATTRIBUTES[name]
    return int(found)


def truth(cell: str, comma_decimals: bool) -> bool:
    """Return yes or no, or partial or full."""
    if cell.lower() in _TRUE:
        return True
    if cell.lower() in _FALSE:
        return False
    raise ValueError(f"must be yes or no, not {quoted(cell)}")
