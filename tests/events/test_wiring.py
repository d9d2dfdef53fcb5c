"""Every fact is heard or declared unheard, every task that hears one exists, and the page of facts says the same."""

import re

from celery import current_app
from django.conf import settings

from backhaul.wiring import AHEAD, FACTS, PERIODIC, UNHEARD, WIRING
from tests.events.facts import ROOT, published


def test_the_code_tells_the_name_of_every_fact_it_publishes() -> None:
    _, untold = published()
    assert untold == [], "name the fact as a literal where it is published, or where the publishing function is called"


def test_every_fact_that_is_published_is_wired_or_declared_unheard() -> None:
    facts, _ = published()
    assert {name: places for name, places in facts.items() if name not in FACTS} == {}


def test_every_fact_on_the_wiring_page_is_published_somewhere() -> None:
    facts, _ = published()
    assert sorted(set(FACTS) - set(facts)) == sorted(AHEAD), "AHEAD names exactly what is wired and not yet published"


def test_no_fact_is_wired_and_unheard_at_once() -> None:
    assert sorted(set(WIRING) & UNHEARD) == []
    assert all(WIRING.values()), "a fact that no task hears belongs to UNHEARD"


def test_every_task_that_the_wiring_names_exists() -> None:
    current_app.loader.import_default_modules()
    named = {task for tasks in WIRING.values() for task in tasks} | set(PERIODIC)
    assert sorted(named - set(current_app.tasks)) == []


def test_every_task_has_a_time_limit_within_the_installations() -> None:
    current_app.loader.import_default_modules()
    for name, task in current_app.tasks.items():
        if not name.startswith("celery."):
            limit = task.time_limit or settings.CELERY_TASK_TIME_LIMIT
            soft = task.soft_time_limit or settings.CELERY_TASK_SOFT_TIME_LIMIT
            assert 0 < soft < limit <= settings.LONGEST_TASK_SECONDS, name


def test_the_page_of_facts_names_each_with_its_tasks() -> None:
    page = (ROOT / "docs" / "events.md").read_text()
    rows = dict(re.findall(r"^\| `([a-z_.]+)` \|[^|]*\|[^|]*\| ([^|]*) \|$", page, flags=re.MULTILINE))
    said = {name: tuple(re.findall(r"`([a-z_.]+)`", tasks)) for name, tasks in rows.items()}
    assert said == {name: tuple(tasks) for name, tasks in FACTS.items()}


def test_the_page_of_facts_names_what_the_clock_sends() -> None:
    page = (ROOT / "docs" / "events.md").read_text()
    rows = re.findall(r"^\| `([a-z_.]+)` \| (\d+) s \|", page, flags=re.MULTILINE)
    assert {task: float(seconds) for task, seconds in rows} == PERIODIC
