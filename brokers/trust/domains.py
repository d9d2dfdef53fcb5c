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

_LOOKS = (("rn", "m"), ("vv", "w"), ("cl", "d"), ("0", "o"), ("1", "l"), ("i", "l"), ("5", "s"), ("3", "e"))


def domain_of(email: str) -> str:
    """Return the domain of an address in lower case, "" for a public mail service or no address."""
    domain = email.rpartition("@")[2].strip().lower()
    return "" if domain in PUBLIC_DOMAINS or "." not in domain else domain


def look_alike(one: str, other: str) -> bool:
    """Say whether two different domains are easily mistaken: their names without the ending are one letter apart, or
    the same once digits, hyphens and letters that look alike are made equal.
    """
    if not one or not other or one == other:
        return False
    mine, theirs = one.rpartition(".")[0], other.rpartition(".")[0]
    if min(len(mine), len(theirs)) < SHORTEST_COMPARED:
        return False
    return _skeleton(mine) == _skeleton(theirs) or _one_apart(mine, theirs)


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
