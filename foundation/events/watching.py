"""What a page watches beyond the news of its organization: told that a thing has changed, never what or by whom.

Somebody who only looks at a thing of another organization hears none of its facts. The page names what it shows, a
higher room says what of that this organization may see, and a change brings one and the same word, whatever happened;
the page then fetches what it shows through its own view, under its permissions.
"""

import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

CHANGED = "watched.changed"
MOST_WATCHED = 24  # things that one page watches
_NAME = re.compile(r"[a-z]+_[0-9a-z]{26}")


@dataclass(frozen=True, slots=True)
class Watching:
    """Which facts change what others look at, and what of several things (public ids) an organization may watch.

    `may_watch` takes the organization's public id; it is asked when a stream opens and again while it lasts.
    """

    facts: frozenset[str]
    may_watch: Callable[[str, Collection[str]], Iterable[str]]


NOTHING = Watching(frozenset(), lambda organization_id, subjects: ())


def asked(written: str) -> frozenset[str]:
    """Return the things that a page's address asks to watch, by commas: what does not read as one is left out."""
    names = [name for name in written[: MOST_WATCHED * 40].split(",") if _NAME.fullmatch(name)]
    return frozenset(names[:MOST_WATCHED])
