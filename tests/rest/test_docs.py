"""Every curl command of docs/api.md is run, in order, as a reader would."""

import re
import shlex
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.test import Client

from foundation.trade import clock
from tests.builders import make_organization
from tests.rest.clients import key_for

REAL_ADDRESSES = True
PAGE = Path(__file__).parents[2] / "docs" / "api.md"
BLOCK = re.compile(r"```bash\n(.*?)```", re.DOTALL)
VARIABLE = re.compile(r"\$([A-Z]+)")
NAMES = {"load": "LOAD", "trk": "TRUCK", "leg": "LEG", "claim": "CLAIM", "offer": "OFFER", "bkg": "BOOKING"}
WRITTEN_AT = datetime(2026, 11, 22, 15, 0, tzinfo=UTC)


def parse(command: str) -> tuple[str, str, dict[str, str], str]:
    """Return method, path, headers and body of a curl command."""
    words = shlex.split(command.replace("\\\n", " "))
    assert words.pop(0) == "curl"
    method, url, headers, body = "GET", "", {}, ""
    while words:
        match words.pop(0):
            case "-X":
                method = words.pop(0)
            case "-H":
                name, _, value = words.pop(0).partition(": ")
                headers[name] = value
            case "-d":
                body = words.pop(0)
            case other:
                url = other
    return method, url, headers, body


@pytest.fixture
def at_the_time_of_writing(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: WRITTEN_AT)
    with time_machine.travel(WRITTEN_AT, tick=False):
        yield


def _ids(answer: dict[str, Any]) -> dict[str, str]:
    """Return the ids of an answer under the names that the page gives them: those of the last thing made or read."""
    found = {NAMES[answer["id"].partition("_")[0]]: answer["id"]} if "id" in answer else {}
    booking = answer.get("booking") or next((each.get("booking") for each in answer.get("loads", [])), None)
    return found | ({"BOOKING": booking} if booking else {})


def test_every_command_of_the_page_works(db, at_the_time_of_writing):
    organization = make_organization("Prairie Paper", ships=True, hauls=True)
    seller = make_organization("Lakeside Mills")
    known = {"BACKHAUL": "", "KEY": key_for(organization), "SELLER": key_for(seller)}
    blocks = BLOCK.findall(PAGE.read_text())
    assert len(blocks) >= 10

    def told(match: re.Match[str]) -> str:
        return known[match[1]]

    for block in blocks:
        command = VARIABLE.sub(told, block)
        method, url, headers, body = parse(command)
        content_type = headers.pop("Content-Type", "")
        response = Client(headers=headers).generic(method, url, body, content_type=content_type)
        assert response.status_code in (200, 201, 207), f"{block}\n{response.content.decode()}"
        answer = response.json()
        for item in answer["items"] if response.status_code == 207 else []:
            assert item["status"] == 201, item
        known.update(_ids(answer))
