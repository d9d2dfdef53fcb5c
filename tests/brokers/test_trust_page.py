"""The page of trust says what the code does."""

import re
from pathlib import Path

from brokers.trust import conduct, registry
from brokers.trust.rules import HOLDS, RULES
from foundation.accounts.models.codes import MOST_ATTEMPTS
from foundation.accounts.services import codes

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "trust.md").read_text()


def rules_table() -> str:
    head = "| rule | asks | looks at | threshold | result |\n|---|---|---|---|---|"
    rows = [
        f"| `{rule.name}` | {rule.asks} | {', '.join(rule.inputs)} | {rule.threshold} | {', '.join(rule.results)} |"
        for rule in (*RULES, HOLDS)
    ]
    return "\n".join([head, *rows])


def test_the_page_has_the_table_of_the_rules_as_they_are():
    table = re.search(r"<!-- rules:.*?-->\n(.*?)\n<!-- end of rules -->", PAGE, re.DOTALL)
    assert table is not None
    assert table.group(1) == rules_table()


def test_every_rule_names_itself_in_what_it_answers():
    assert len({rule.name for rule in (*RULES, HOLDS)}) == len(RULES) + 1
    for rule in (*RULES, HOLDS):
        assert rule.check.__name__ == rule.name


def test_the_thresholds_on_the_page_are_those_of_the_code():
    assert registry.YOUNG_AUTHORITY.days == 90
    assert (conduct.RUSH_CLAIMS, conduct.NEW_ACCOUNT.days, conduct.MOST_HOLDS) == (3, 30, 3)
    assert MOST_ATTEMPTS == 5
    assert (codes.CODES_AN_HOUR, codes.CODES_A_DAY, codes.MAILS_A_DAY) == (3, 5, 10)
    assert codes.CODE_LASTS.total_seconds() == 15 * 60
