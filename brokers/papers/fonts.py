"""The letters of a document: the PDF's own Helvetica, Vera for what it lacks, and the readers' own fonts for Chinese,
Japanese and Korean. What none of them has is spelled in Latin letters, between brackets.
"""

import unicodedata
from itertools import groupby
from xml.sax.saxutils import escape

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.ttfonts import TTFont

from brokers.papers.latin import spelled

_VERA, _CHINESE, _JAPANESE, _KOREAN = "Vera", "STSong-Light", "HeiseiKakuGo-W5", "HYGothic-Medium"
_PLAIN, _SPELLED = "", "spelled"
_ASIAN = ((0x2E80, 0x9FFF), (0xAC00, 0xD7A3), (0xF900, 0xFAFF), (0xFF00, 0xFFEF))
"""Radicals to unified ideographs, Hangul, compatibility ideographs, full-width forms."""


def _vera() -> TTFont:
    """Register the fonts, of which Vera comes with reportlab and the others with every reader; return Vera."""
    for name in (_CHINESE, _JAPANESE, _KOREAN):
        pdfmetrics.registerFont(UnicodeCIDFont(name))
    font = TTFont(_VERA, "Vera.ttf")
    pdfmetrics.registerFont(font)
    return font


_LETTERS = frozenset(_vera().face.charToGlyph)


def markup(text: str) -> str:
    """Return a text as reportlab's markup: escaped, line by line, each letter in a font that has it.

    A letter that no font has becomes its plainest form or is spelled in Latin ones; control characters are dropped.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    asian = _asian(text)
    return "<br/>".join(_line(line, asian) for line in lines)


def _asian(text: str) -> str:
    """Return the font for a text's Chinese characters: Korean with Hangul about, Japanese with Kana, else Chinese."""
    names = {unicodedata.name(letter, "").split(" ")[0] for letter in text if ord(letter) > 0x2E7F}
    if "HANGUL" in names:
        return _KOREAN
    return _JAPANESE if names & {"HIRAGANA", "KATAKANA"} else _CHINESE


def _line(line: str, asian: str) -> str:
    drawn = [pair for letter in line for pair in _drawable(letter, asian)]
    runs = [(font, "".join(letter for letter, _ in run)) for font, run in groupby(drawn, key=lambda pair: pair[1])]
    return "".join(_run(font, run) for font, run in _with_gaps(runs))


def _with_gaps(runs: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the runs with spelled words of one phrase as one: a space between two of them belongs to both."""
    found: list[tuple[str, str]] = []
    for font, run in runs:
        if font == _SPELLED and len(found) > 1 and found[-1] == (_PLAIN, " ") and found[-2][0] == _SPELLED:
            found[-2:] = [(_SPELLED, f"{found[-2][1]} {run}")]
        else:
            found.append((font, run))
    return found


def _run(font: str, run: str) -> str:
    if font == _PLAIN:
        return escape(run)
    if font == _SPELLED:
        return escape(f"[{spelled(run).strip()}]")
    return f'<font name="{font}">{escape(run)}</font>'


def _drawable(letter: str, asian: str) -> list[tuple[str, str]]:
    """Return what stands for a letter, each with the font that draws it."""
    if letter == "\t":
        return [(" ", _PLAIN)]
    if unicodedata.category(letter) in ("Cc", "Cf", "Cs"):
        return []
    if _is_latin(letter):
        return [(letter, _PLAIN)]
    if ord(letter) in _LETTERS and not unicodedata.name(letter, "").startswith("GREEK"):
        return [(letter, _VERA)]  # of Greek it has two letters, and a word is drawn or spelled as a whole
    if _is_asian(letter):
        return [(letter, asian)]
    plain = "".join(each for each in unicodedata.normalize("NFKD", letter) if _is_latin(each))
    return [(plain, _PLAIN)] if plain else [(letter, _SPELLED)]


def _is_asian(letter: str) -> bool:
    """Say whether a letter is one of those that Chinese, Japanese and Korean fonts have."""
    return any(first <= ord(letter) <= last for first, last in _ASIAN)


def _is_latin(letter: str) -> bool:
    try:
        letter.encode("cp1252")
    except UnicodeEncodeError:
        return False
    return True
