"""Names and notes in letters that no font of a document has, spelled in Latin ones: readable, and the same each time.

Cyrillic and Greek follow the usual English spelling (BGN/PCGN and ELOT 743, simplified), Hebrew and Arabic give their
consonants and long vowels. The scripts of India are spelled by the sounds that Unicode names their letters by: a letter
holds an "a" that a vowel sign replaces and a virama takes away.
"""

import re
import unicodedata


def _sounds(letters: str, sounds: str) -> dict[str, str]:
    return dict(zip(letters, sounds.split(" "), strict=True))


_CYRILLIC = _sounds(
    "абвгдежзийклмнопрстуфхцчшщъыьэюяёіїєґўјљњћђџѓќѕ",
    "a b v g d e zh z i y k l m n o p r s t u f kh ts ch sh shch ' y ' e yu ya yo i yi ye g w j lj nj c d dz g k dz",
)
_GREEK = _sounds("αβγδεζηθικλμνξοπρσςτυφχψω", "a v g d e z i th i k l m n x o p r s s t y f ch ps o")
_HEBREW = _sounds("אבגדהוזחטיךכלםמןנסעףפץצקרשת", "a b g d h v z ch t y k k l m m n n s a f p ts ts k r sh t")
_ARABIC = _sounds(
    "ابتثجحخدذرزسشصضطظعغفقكلمنهويةىءآأإؤئپچژگی",
    "a b t th j h kh d dh r z s sh s d t z a gh f q k l m n h w y a a ' a a i w y p ch zh g y",
)
_LETTERS = _CYRILLIC | _GREEK | _HEBREW | _ARABIC
_INDIAN = re.compile(
    r"(?:DEVANAGARI|BENGALI|GURMUKHI|GUJARATI|ORIYA|TAMIL|TELUGU|KANNADA|MALAYALAM|SINHALA) (LETTER|VOWEL SIGN) (\w+)$"
)
_SILENT = ("VIRAMA", "AL-LAKUNA")
_NASAL = ("ANUSVARA", "BINDI", "TIPPI", "CANDRABINDU")
_ABUGIDA_A = "a"


def spelled(text: str) -> str:
    """Return a text in Latin letters; of a letter that is not known its number in Unicode: `U+0E01`."""
    found: list[str] = []
    for letter in unicodedata.normalize("NFC", text):
        _spell(letter, found)
    return "".join(found)


def _spell(letter: str, found: list[str]) -> None:
    small = letter.lower()
    plain = _LETTERS.get(small) or _LETTERS.get(unicodedata.normalize("NFD", small)[0])
    if plain is not None:
        found.append(plain.capitalize() if letter != small else plain)
        return
    if unicodedata.category(letter) in ("Mn", "Mc", "Lm", "Zs"):
        _modify(letter, found)
        return
    number = unicodedata.digit(letter, None)
    if number is not None:
        found.append(str(number))
        return
    indian = _INDIAN.match(unicodedata.name(letter, ""))
    if indian is not None:
        found.append(indian[2].lower())
        return
    found.append(_code(letter))


def _modify(letter: str, found: list[str]) -> None:
    """Let a mark change the sound before it; marks of no sound of their own are dropped."""
    name = unicodedata.name(letter, "")
    sign = _INDIAN.match(name)
    if sign is not None and sign[1] == "VOWEL SIGN":
        _drop_a(found)
        found.append(sign[2].lower())
    elif name.endswith(_SILENT):
        _drop_a(found)
    elif name.endswith(_NASAL):
        found.append("n")
    elif unicodedata.category(letter) == "Zs":
        found.append(" ")


def _drop_a(found: list[str]) -> None:
    if found and len(found[-1]) > 1 and found[-1].endswith(_ABUGIDA_A):
        found[-1] = found[-1][:-1]


def _code(letter: str) -> str:
    return f"U+{ord(letter):04X} "
