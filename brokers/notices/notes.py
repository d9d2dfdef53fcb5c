"""What a notice is made of, and the words that all notices share: money, times in the reader's zone, links."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from foundation.trade.money import cents_from_text, dollars
from foundation.trade.news import NewsKind
from foundation.trade.windows import instant_words, window_words

Payload = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """The organization that reads: its public id and name, and the zone in which times are said to it."""

    id: str
    name: str
    time_zone: str


@dataclass(frozen=True, slots=True)
class Paper:
    """A rate confirmation whose document goes with a mail: its public id, and the SHA-256 that the mail names."""

    id: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """One piece of news for one organization.

    `text` stands under the bell, in digests and at the top of the mail; `rows` are its particulars, label and value;
    `button` is what the link is called, `paper` what is attached to a mail that goes at once. `is_in_page` is False
    where another service has put it under the bell already.
    """

    kind: NewsKind
    text: str
    url: str
    subject: str
    button: str
    rows: tuple[tuple[str, str], ...] = ()
    is_in_page: bool = True
    paper: Paper | None = None


def amount(money: Payload | None) -> str:
    """Return an amount as people say it: "$2,400", "$2,400.50"; "" for none."""
    return "" if money is None else dollars(cents_from_text(money["amount"])).removesuffix(".00")


def until(instant: str | None, reader: Reader) -> str:
    """Return an instant of a payload in the reader's own zone: "Mon Nov 23, 14:05 CST"; "" for none."""
    return instant_words(datetime.fromisoformat(instant), reader.time_zone) if instant else ""


def stop_rows(offer: Payload) -> tuple[tuple[str, str], ...]:
    """Return when each stop of an offer is served, in the stop's own zone where the payload knows it."""
    rows = []
    for time in offer["stop_times"]:
        zone = time.get("time_zone", "UTC")
        opens_at, closes_at = (datetime.fromisoformat(time[name]) for name in ("opens_at", "closes_at"))
        rows.append((f"Stop {time['sequence']}", window_words(opens_at, closes_at, zone)))
    return tuple(rows)


def filled(*rows: tuple[str, str]) -> tuple[tuple[str, str], ...]:
    """Return the rows that have a value."""
    return tuple(row for row in rows if row[1])
