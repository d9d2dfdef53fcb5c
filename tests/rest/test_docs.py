"""Every curl command of docs/api.md is run, in order, as a reader would."""

import re
import shlex
from datetime import UTC, datetime
from pathlib import Path

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


def test_every_command_of_the_page_works(db, at_the_time_of_writing):
    organization = make_organization("Prairie Paper", ships=True, hauls=True)
    known = {"BACKHAUL": "", "KEY": key_for(organization), "LOAD": "", "TRUCK": ""}
    blocks = BLOCK.findall(PAGE.read_text())
    assert len(blocks) >= 10
    for block in blocks:
        command = VARIABLE.sub(lambda match: known[match[1]], block)
        method, url, headers, body = parse(command)
        content_type = headers.pop("Content-Type", "")
        response = Client(headers=headers).generic(method, url, body, content_type=content_type)
        assert response.status_code in (200, 201, 207), f"{block}\n{response.content.decode()}"
        answer = response.json()
        for item in answer["items"] if response.status_code == 207 else []:
            assert item["status"] == 201, item
        if response.status_code == 201 and "/loads" in url:
            known["LOAD"] = answer["id"]
        if "/trucks/" in url:
            known["TRUCK"] = answer["id"]
