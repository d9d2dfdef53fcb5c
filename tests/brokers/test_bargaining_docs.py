"""The page on negotiating says what the code does: states, outcomes and refusals."""

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from brokers.bargain_rules import LONGEST_MINUTES, SHORTEST_MINUTES
from brokers.models import OFFER_MOVES, THREAD_MOVES, OfferStatus, ThreadOutcome
from brokers.outcomes import _SAYS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "bargaining.md").read_text()


def _rows(heading: str) -> dict[str, str]:
    """Return the rows of two columns of the first table after some words."""
    table = PAGE.partition(heading)[2].partition("\n|")[2].partition("\n\n")[0]
    rows = re.findall(r"^\|? ?(.+?) \| (.+?) \|$", table, re.MULTILINE)
    return {first: second for first, second in rows if first not in ("from", "---|---") and "---" not in first}


@pytest.mark.parametrize(("noun", "moves"), [("### Thread", THREAD_MOVES), ("### Offer", OFFER_MOVES)])
def test_the_page_shows_the_states_as_they_are(noun: str, moves: Mapping[str, frozenset[str]]) -> None:
    shown = {source: {word.strip() for word in targets.split(",")} - {"-"} for source, targets in _rows(noun).items()}
    assert shown == {str(source): set(map(str, targets)) for source, targets in moves.items()}


def test_every_outcome_is_explained_and_said_to_both_sides() -> None:
    shown = _rows("each side reads it in its own words.")
    assert set(shown) - {"outcome"} == set(ThreadOutcome.values)
    assert set(_SAYS) == set(ThreadOutcome.values)
    assert all(sentence.endswith(".") for both in _SAYS.values() for sentence in both)


def test_every_refusal_of_the_page_is_one_of_the_code() -> None:
    table = PAGE.partition("| code (409) |")[2].partition("\n\n")[0]
    codes = {code for row in table.splitlines() for code in re.findall(r"`(\w+)`", row.split(" | ")[0])}
    brokers = ROOT / "brokers"
    files = [*(brokers / "services").glob("*.py"), brokers / "outcomes.py", brokers / "withheld.py"]
    source = "".join(path.read_text() for path in files)
    made = {f"offer_{status}" for status in OfferStatus.values if status != OfferStatus.LIVE}
    assert made <= codes
    assert {code for code in codes - made if f'"{code}"' not in source} == set()


def test_the_times_of_offers_are_those_of_the_rules() -> None:
    assert f"from {SHORTEST_MINUTES} minutes to {LONGEST_MINUTES // 60} hours" in PAGE
