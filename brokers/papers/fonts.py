"""The letters of a document: the PDF's own Helvetica, and Vera for what Helvetica has no letter for."""

import unicodedata
from xml.sax.saxutils import escape

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

_FALLBACK = "Vera"


def _vera() -> TTFont:
    """Register Vera, which reportlab brings, and return it."""
    font = TTFont(_FALLBACK, "Vera.ttf")
    pdfmetrics.registerFont(font)
    return font


_LETTERS = frozenset(_vera().face.charToGlyph)


def markup(text: str) -> str:
    """Return a text as reportlab's markup: escaped, line by line, each letter in a font that has it.

    A letter that neither font has becomes its plainest form, or else a question mark; control characters are dropped.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "<br/>".join(_line(line) for line in lines)


def _line(line: str) -> str:
    runs: list[tuple[bool, str]] = []
    for letter in line:
        for plain, is_plain in _drawable(letter):
            if runs and runs[-1][0] == is_plain:
                runs[-1] = (is_plain, runs[-1][1] + plain)
            else:
                runs.append((is_plain, plain))
    return "".join(
        escape(run) if is_plain else f'<font name="{_FALLBACK}">{escape(run)}</font>' for is_plain, run in runs
    )


def _drawable(letter: str) -> list[tuple[str, bool]]:
    """Return what stands for a letter, each with whether Helvetica draws it."""
    if letter == "\t":
        return [(" ", True)]
    if unicodedata.category(letter) in ("Cc", "Cf", "Cs"):
        return []
    if _is_latin(letter):
        return [(letter, True)]
    if ord(letter) in _LETTERS:
        return [(letter, False)]
    plain = "".join(each for each in unicodedata.normalize("NFKD", letter) if _is_latin(each))
    return [(plain or "?", True)]


def _is_latin(letter: str) -> bool:
    try:
        letter.encode("cp1252")
    except UnicodeEncodeError:
        return False
    return True
