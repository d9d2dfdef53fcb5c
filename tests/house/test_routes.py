"""Every route against everybody who might ask: what it answers, and that it never says what is another's secret."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.http import HttpResponseBase

from tests.house.cast import Cast, assemble
from tests.house.doors import address, answer, knock, routes
from tests.house.who_may import WHO_MAY
from tests.reading import stands_in

HEAD, *ROWS = (line.split() for line in WHO_MAY.strip().splitlines())
EXPECTED = {(row[0], row[1]): row[2:] for row in ROWS}
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
PARTS = {
    "accounts, events, places": lambda name: name.startswith(("accounts:", "events:", "places", "health", "ready")),
    "loads, matching, brokers": lambda name: name.startswith(("loads:", "matching:", "brokers:")),
    "carriers": lambda name: name.startswith("carriers:"),
    "REST of postings": lambda name: name.startswith(("api-load", "api-leg", "api-match", "api-comb")),
    "REST of the rest": lambda name: name.startswith(("api-", "<api")) and not PARTS["REST of postings"](name),
}
OWN = dict.fromkeys(("shipper", "shipper_viewer"), "load") | dict.fromkeys(
    ("carrier", "carrier_dispatcher", "driver"), "leg"
)
STRANGERS = {"rival_shipper", "rival_carrier", "blocked", "sandboxed", "unverified", "newcomer", "anonymous", "driver"}


@pytest.fixture
def cast(db: None, empty_cache: None, settings: Any) -> Cast:
    settings.REST_RATE_LIMITS = dict.fromkeys(settings.REST_RATE_LIMITS, (10_000, 10_000, 60))
    return assemble()


def _body(response: HttpResponseBase) -> str:
    content = b"".join(response) if response.streaming else response.content
    return content.decode(errors="replace").replace('": ', '":')


def _holds(body: str, text: str | tuple[str, str]) -> bool:
    return all(stands_in(part, body) for part in ((text,) if isinstance(text, str) else text))


def _told(cast: Cast, who: str, response: HttpResponseBase, path: str) -> Iterator[str]:
    """Name the secrets of others that an answer holds."""
    body = _body(response)
    for side, texts in cast.secrets().items():
        if OWN.get(who) != side:
            yield from (what for what, text in texts.items() if _holds(body, text))
    if who in STRANGERS and cast.match.public_id in body.replace(path, ""):
        yield "match"
    if who in STRANGERS | {"shipper", "shipper_viewer"} and cast.combination.public_id in body.replace(path, ""):
        yield "combination"


def test_every_route_has_a_row_and_every_row_a_route() -> None:
    named = {name for _, name in EXPECTED}
    assert set(routes()) - named == set(), "a route without a row in tests/house/who_may.py"
    assert named - set(routes()) == set(), "a row without a route"
    for name in named:
        assert sum(part(name) for part in PARTS.values()) == 1, name


@pytest.mark.parametrize("part", PARTS)
def test_each_of_the_cast_is_answered_as_the_table_says_and_told_no_secret(cast: Cast, part: str) -> None:
    found = routes()
    assert len(cast.clients) == len(HEAD) - 2
    wrong, said = [], []
    for (method, name), expected in EXPECTED.items():
        if not PARTS[part](name):
            continue
        path = address(cast, name, found[name])
        for who, wanted in zip(cast.clients, expected, strict=True):
            response = knock(cast, who, method, name, path)
            got = answer(response)
            if got != wanted:
                wrong.append(f"{method} {name} as {who}: {got}, not {wanted}")
            said += [f"{method} {name} tells {who} the {what}" for what in _told(cast, who, response, path)]
    assert not wrong, "\n".join(wrong)
    assert not said, "\n".join(said)


def test_no_route_knows_a_method_that_the_table_does_not(cast: Cast) -> None:
    known = []
    for name, pattern in routes().items():
        path = address(cast, name, pattern)
        for method in METHODS:
            if (method, name) in EXPECTED or name.startswith("<"):
                continue
            status = knock(cast, "carrier", method, name, path).status_code
            if status not in {404, 405}:
                known.append(f"{method} {name}: {status}")
    assert not known, "\n".join(known)


def test_fragments_tell_no_secret(cast: Cast) -> None:
    said = []
    for name, pattern in routes().items():
        if ("GET", name) in EXPECTED and name.startswith(("matching:", "brokers:", "events:", "loads:", "carriers:")):
            path = address(cast, name, pattern)
            for who in ("shipper", "carrier", "agent", "broker", "rival_carrier"):
                response = knock(cast, who, "GET", name, path, htmx=True)
                said += [f"{name} tells {who} the {what}" for what in _told(cast, who, response, path)]
    assert not said, "\n".join(said)


def test_every_secret_is_one_that_its_owner_reads(cast: Cast) -> None:
    """Without this the tests above might look for what nobody ever sees."""
    bodies: dict[str, list[str]] = {"shipper": [], "carrier": []}
    for (method, name), _ in EXPECTED.items():
        if method == "GET" and not name.startswith(
            ("places", "api-docs", "api-redoc", "api-openapi", "health", "ready")
        ):
            path = address(cast, name, routes()[name])
            for who in bodies:
                bodies[who].append(_body(knock(cast, who, method, name, path)))
    read = {who: "".join(each) for who, each in bodies.items()}
    unread = [what for what, text in cast.secrets()["load"].items() if not _holds(read["shipper"], text)]
    unread += [what for what, text in cast.secrets()["leg"].items() if not _holds(read["carrier"], text)]
    assert unread == []
