"""The page of the house says what the code does: its states, the functions that it names, the facts that they tell."""

import re
from importlib import import_module
from pathlib import Path
from pkgutil import resolve_name

import pytest

from backhaul.wiring import FACTS
from brokers.models import (
    AMENDMENT_MOVES,
    BOOKING_MOVES,
    CLAIM_MOVES,
    CONTENTION_MOVES,
    OFFER_MOVES,
    PROPOSAL_MOVES,
    THREAD_MOVES,
    TOUR_MOVES,
)
from foundation.trade.posting import MOVES
from foundation.trade.status import Moves
from matching.models.plans import PLAN_MOVES
from tests.house.tree import FLOORS, ROOT, modules, room_of

DOCS = ROOT / "docs"
PAGE = (DOCS / "house.md").read_text()
TABLES: dict[str, Moves] = {
    "load, return leg": MOVES,
    "network plan": PLAN_MOVES,
    "proposal": PROPOSAL_MOVES,
    "thread": THREAD_MOVES,
    "offer": OFFER_MOVES,
    "claim": CLAIM_MOVES,
    "tour": TOUR_MOVES,
    "booking": BOOKING_MOVES,
    "amendment": AMENDMENT_MOVES,
    "contention": CONTENTION_MOVES,
}


def _section(heading: str) -> str:
    return PAGE.partition(f"## {heading}\n")[2].partition("\n## ")[0]


@pytest.mark.parametrize("what", TABLES)
def test_the_page_shows_the_states_as_they_are(what: str) -> None:
    rows = re.findall(rf"^\| {what} \| (\w+) \| ([\w, ]+) \|$", _section("States"), re.MULTILINE)
    shown = {source: set(targets.split(", ")) for source, targets in rows}
    assert shown == {str(source): set(map(str, targets)) for source, targets in TABLES[what].items() if targets}


def test_every_table_of_moves_of_the_code_is_on_the_page() -> None:
    named = {
        f"{module}.{table}"
        for module, path in modules()
        for table in re.findall(r"^((?:[A-Z]+_)?MOVES): dict", path.read_text(), re.MULTILINE)
    }
    shown = [id(table) for table in TABLES.values()]
    assert {name for name in named if id(resolve_name(name)) not in shown} == set()


def test_the_way_through_the_house_names_what_exists() -> None:
    named = re.findall(r"`([a-z_.]+)`", _section("One way through the house"))
    rooms = [name for name in named if room_of(name)]
    assert len(rooms) >= 20
    for name in rooms:
        try:
            import_module(name)
        except ModuleNotFoundError:
            resolve_name(name)
    assert {name for name in named if name not in rooms} - set(FACTS) == set()


def test_every_room_and_part_of_the_page_is_there() -> None:
    assert {room.replace(".", "/") + "/" for room in FLOORS} == set(
        re.findall(r"^\| \d \| `([\w/]+)`", PAGE, re.MULTILINE)
    )
    for part in re.findall(
        r"`([\w*]+/?)`", "\n".join(re.findall(r"^\| (`[^|]+) \|", _section("Inside the room of choices"), re.M))
    ):
        assert [*(ROOT / "brokers").glob(part.rstrip("/")), *(ROOT / "brokers").glob(f"{part}.py")], part


@pytest.mark.parametrize("page", [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(DOCS.glob("*.md"))])
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", page.read_text())
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_every_page_is_in_the_index() -> None:
    index = (DOCS / "README.md").read_text()
    assert {page.name for page in DOCS.glob("*.md")} - {"README.md"} == set(re.findall(r"\]\((\w[\w-]*\.md)\)", index))
