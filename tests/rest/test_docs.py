"""Every curl command of docs/api.md is run, in order, as a reader would."""

import json
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
ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "api.md"
SCHEMA: dict[str, Any] = json.loads((ROOT / "docs" / "openapi.json").read_text())
BLOCK = re.compile(r"```bash\n(.*?)```", re.DOTALL)
OF_README = re.compile(r"^curl .*?(?=\n\n|\n```)", re.DOTALL | re.MULTILINE)
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


def _is_given(value: Any, schema: dict[str, Any]) -> None:
    """Hold a value's fields to a schema: none that it does not know, none missing that it asks for."""
    name = schema.get("$ref", "").rpartition("/")[2]
    schema = SCHEMA["components"]["schemas"][name] if name else schema
    if isinstance(value, list):
        for each in value:
            _is_given(each, schema["items"])
    elif isinstance(value, dict) and "properties" in schema:
        assert set(schema.get("required", [])) <= set(value) <= set(schema["properties"]), (name, sorted(value))
        for field, each in value.items():
            _is_given(each, schema["properties"][field])


def test_every_call_of_the_readme_is_one_that_the_schema_knows() -> None:
    commands = OF_README.findall((ROOT / "README.md").read_text())
    assert len(commands) == 5
    for command in commands:
        method, url, headers, body = parse(command)
        path = "/" + url.partition("//")[2].partition("/")[2].partition("?")[0]
        named = [each for each in SCHEMA["paths"] if re.fullmatch(re.sub(r"{\w+}", "[^/]+", each), path)]
        operation = SCHEMA["paths"][named[0]][method.lower()]
        asked = {
            each["name"] for each in operation.get("parameters", []) if each["in"] == "header" and each.get("required")
        }
        assert asked <= headers.keys(), command
        if body:
            _is_given(json.loads(body), operation["requestBody"]["content"]["application/json"]["schema"])
