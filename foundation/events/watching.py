"""What a page watches beyond the news of its organization: told that a thing has changed, never what or by whom.

Somebody who only looks at a thing of another organization hears none of its facts. The page names what it shows, a
higher room says what of that this organization may see, and a change brings one and the same word, whatever happened;
the page then fetches what it shows through its own view, under its permissions.

A page that lists things of others watches the list too: it is told that something was added that it may see, never
what.
"""

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field

CHANGED = "watched.changed"
GREW = "list.grew"
MOST_WATCHED = 60  # things that one page watches: a page of a list, and a little more
_NAME = re.compile(r"[a-z]+_[0-9a-z]{26}|[a-z]+\.[a-z]+")


@dataclass(frozen=True, slots=True)
class Watching:
    """Which facts change what others look at, and what of several things (public ids) an organization may watch.

    `may_watch` takes the organization's public id; it is asked when a stream opens and again while it lasts. `lists`
    names what everybody may watch as a whole, and the facts that add to it: of each it is asked `may_watch` again.
    """

    facts: frozenset[str]
    may_watch: Callable[[str, Collection[str]], Iterable[str]]
    lists: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def additions_to(self, names: Iterable[str]) -> frozenset[str]:
        """Return the facts that add to one of these lists."""
        return frozenset().union(*(self.lists[name] for name in names))


NOTHING = Watching(frozenset(), lambda organization_id, subjects: ())


def asked(written: str) -> frozenset[str]:
    """Return the things that a page's address asks to watch, by commas: what does not read as one is left out."""
    names = [name for name in written[: MOST_WATCHED * 40].split(",") if _NAME.fullmatch(name)]
    return frozenset(names[:MOST_WATCHED])
