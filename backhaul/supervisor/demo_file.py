"""`demo.json`: the address of the running demo and the people who can sign in to it, for its owner's eyes only."""

import json
import os
import tempfile
from pathlib import Path
from typing import TypedDict

from backhaul.home import home


class DemoPerson(TypedDict):
    """Somebody who can sign in to the demo."""

    role: str
    email: str
    password: str
    organization: str
    api_key: str


def demo_file() -> Path:
    """Return where the file lies."""
    return home() / "demo.json"


def read_people() -> list[DemoPerson]:
    """Return the people of the file, none when there is no file yet."""
    try:
        people: list[DemoPerson] = json.loads(demo_file().read_text())["people"]
    except (FileNotFoundError, ValueError, KeyError):
        return []
    return people


def write_people(*, base_url: str, people: list[DemoPerson]) -> None:
    """Write the file whole and with mode 0600, also where one with another mode was."""
    descriptor, draft = tempfile.mkstemp(dir=home(), prefix=".demo-")  # made with mode 0600
    with os.fdopen(descriptor, "w") as file:
        json.dump({"base_url": base_url, "people": people}, file, indent=2)
        file.write("\n")
    os.replace(draft, demo_file())


def write_base_url(base_url: str) -> None:
    """Say where the demo answers this time: the port may be another than last time."""
    write_people(base_url=base_url, people=read_people())
