"""What follows the news also looks again when it has fallen too far behind to be told one by one."""

import re

from tests.house.tree import ROOT


def test_every_fragment_that_follows_the_news_follows_falling_behind_too() -> None:
    deaf = [
        f"{path.relative_to(ROOT)}: {trigger[:60]}"
        for path in sorted((ROOT / "templates").rglob("*.html"))
        for trigger in re.findall(r'hx-trigger="([^"]*backhaul:[^"]*)"', path.read_text())
        if "backhaul:stream.behind" not in trigger
    ]
    assert deaf == []


def test_the_desk_does_as_well() -> None:
    assert '"stream.behind"' in (ROOT / "static/js/desk.js").read_text()
