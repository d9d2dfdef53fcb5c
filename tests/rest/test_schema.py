"""The OpenAPI schema: committed, complete, and kept by the server whatever one sends."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.core.handlers.wsgi import WSGIHandler
from django.urls import URLPattern, URLResolver, get_resolver
from drf_spectacular.drainage import reset_generator_stats
from drf_spectacular.generators import SchemaGenerator
from hypothesis import settings
from schemathesis.config import SchemathesisConfig

from foundation.rest.actors import Scoped
from foundation.rest.cursors import MAX_LIMIT
from foundation.rest.schema import schema_json
from foundation.rest.views import Endpoint
from tests.rest.contract import COMMITTED, EASY, REFUSALS, send

REAL_ADDRESSES = True
SCHEMA: dict[str, Any] = json.loads(COMMITTED.read_text())


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield path, method and operation."""
    for path, methods in SCHEMA["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def test_the_committed_schema_is_what_the_code_says():
    assert json.loads(schema_json()) == SCHEMA, "Run `python manage.py write_openapi` and look at the difference."


def test_every_part_has_a_name_of_its_own_that_says_what_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    reset_generator_stats()  # what was said once is not said again
    SchemaGenerator().get_schema(request=None, public=True)
    assert capsys.readouterr().err == "", "rename one of two serializers, or name the choices in ENUM_NAME_OVERRIDES"


def test_every_operation_says_what_it_is_with_an_example():
    lacking = []
    for path, method, operation in operations():
        contents = list(operation.get("requestBody", {}).get("content", {}).values())
        for status, response in operation["responses"].items():
            if status.startswith("2"):
                contents += response.get("content", {}).values()
        if not operation.get("summary") or not operation["tags"] or not all(each.get("examples") for each in contents):
            lacking.append(f"{method} {path}")
    assert lacking == []


def test_every_operation_names_the_problems_that_it_may_answer_with():
    for path, method, operation in operations():
        statuses = set(operation["responses"])
        assert {"400", "401", "403", "406", "429", "500", "503"} <= statuses, (method, path)
        if "{" in path:
            assert "404" in statuses, (method, path)
        if method != "get":
            assert "409" in statuses, (method, path)
        if any(each["name"] == "If-Match" and each.get("required") for each in operation.get("parameters", [])):
            assert {"412", "428"} <= statuses, (method, path)


def test_every_list_knows_limit_and_cursor():
    for path, method, operation in operations():
        content = operation["responses"].get("200", {}).get("content", {}).get("application/json", {})
        if method == "get" and "Paginated" in content.get("schema", {}).get("$ref", ""):
            found = {each["name"]: each for each in operation["parameters"]}
            assert {"limit", "cursor"} <= found.keys(), path
            assert found["limit"]["schema"]["maximum"] == MAX_LIMIT


def api_views(patterns: list[Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the path and callback of every route below /api/."""
    for pattern in patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from api_views(pattern.url_patterns, path)
        elif isinstance(pattern, URLPattern) and path.startswith("api/"):
            yield path, pattern.callback


def test_every_route_of_the_api_asks_for_a_scope():
    public = {"pages", "handlers"}
    for path, callback in api_views(get_resolver().url_patterns):
        view = getattr(callback, "cls", None) or getattr(callback, "view_class", None)
        if view is None:
            assert callback.__module__.rpartition(".")[2] in public, path
            continue
        assert issubclass(view, Endpoint), path
        assert Scoped in view.permission_classes, path
        actions = set(getattr(callback, "actions", None) or {}) and set(callback.actions.values())
        for action in actions:
            assert action in view.scopes, f"{path}: {action}"


def test_every_list_filter_is_documented():
    for path, method, operation in operations():
        for parameter in operation.get("parameters", []):
            if parameter["in"] == "query":
                assert parameter.get("description") or parameter["schema"].get("description") or parameter["schema"], (
                    method,
                    path,
                    parameter["name"],
                )


QUICK = SchemathesisConfig.from_dict({"phases": {"coverage": {"enabled": False}}, "checks": REFUSALS})
contract = schemathesis.openapi.from_path(COMMITTED, config=QUICK)
contract.app = WSGIHandler()


@contract.parametrize()
@settings(max_examples=5, derandomize=True, **EASY)
def test_whatever_is_sent_the_answer_is_documented(case: schemathesis.Case, contract_key: str) -> None:
    send(case, contract_key)
