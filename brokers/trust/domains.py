"""E-mail domains: which belong to everybody, and which are easily mistaken for one another."""

PUBLIC_DOMAINS = frozenset(
    {
        "aol.com", "att.net", "bellsouth.net", "centurylink.net", "charter.net", "comcast.net", "cox.net",
        "earthlink.net", "fastmail.com", "frontier.com", "gmail.com", "gmx.com", "googlemail.com", "hotmail.com",
        "icloud.com", "juno.com", "live.com", "mac.com", "mail.com", "me.com", "msn.com", "optonline.net",
        "outlook.com", "proton.me", "protonmail.com", "roadrunner.com", "rocketmail.com", "sbcglobal.net",
        "verizon.net", "windstream.net", "yahoo.com", "ymail.com", "zoho.com",
    }
)  # fmt: skip
SHORTEST_COMPARED = 6  # letters of a name: shorter ones are a letter apart by chance
SHORTEST_SAME = 4  # letters of a name that stands the same before another ending: shorter ones are by chance

# letters of other alphabets that are drawn as these are (Unicode Technical Standard 39, confusables)
_DRAWN_AS = str.maketrans(
    # Cyrillic, then Greek
    "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0458\u0455\u0501\u04bb\u04cf\u0432\u043a\u043c\u043d\u0442"
    "\u03b1\u03b5\u03bd\u03bf\u03c1\u03c4\u03c5\u03c7\u03b9\u03ba",
    "aeopcyxijsdhlbkmhtaevoptuxik",
)
_LOOKS = (("rn", "m"), ("vv", "w"), ("cl", "d"), ("0", "o"), ("1", "l"), ("i", "l"), ("5", "s"), ("3", "e"))


def domain_of(email: str) -> str:
    """Return the domain of an address in lower case, "" for a public mail service or no address."""
    domain = _readable(email.rpartition("@")[2].strip().lower())
    return "" if domain in PUBLIC_DOMAINS or "." not in domain else domain


def look_alike(one: str, other: str) -> bool:
    """Say whether two different domains are easily mistaken: their names without the ending are the same or one letter
    apart, or the same once digits, hyphens and letters that look alike, of any alphabet, are made equal.
    """
    if not one or not other or one == other:
        return False
    mine, theirs = (each.rpartition(".")[0].translate(_DRAWN_AS) for each in (one, other))
    if mine == theirs:
        return len(mine) >= SHORTEST_SAME
    if min(len(mine), len(theirs)) < SHORTEST_COMPARED:
        return False
    return _skeleton(mine) == _skeleton(theirs) or _one_apart(mine, theirs)


def _readable(domain: str) -> str:
    """Return a domain as a mail program shows it: what begins with "xn--" stands for letters of other alphabets."""
    try:
        return domain.encode("ascii").decode("idna") if "xn--" in domain else domain
    except UnicodeError:
        return domain


def _skeleton(name: str) -> str:
    text = name.replace("-", "").replace(".", "")
    for seen, plain in _LOOKS:
        text = text.replace(seen, plain)
    return text


def _one_apart(one: str, other: str) -> bool:
    """Say whether a letter more, less, changed, or two neighbours swapped makes one name of the other."""
    if abs(len(one) - len(other)) > 1:
        return False
    short, long = sorted((one, other), key=len)
    start = next((i for i, (a, b) in enumerate(zip(short, long, strict=False)) if a != b), len(short))
    if len(short) < len(long):
        return short[start:] == long[start + 1 :]
    swapped = short[start + 1 : start + 2] + short[start : start + 1] == long[start : start + 2]
    return short[start + 1 :] == long[start + 1 :] or (swapped and short[start + 2 :] == long[start + 2 :])
