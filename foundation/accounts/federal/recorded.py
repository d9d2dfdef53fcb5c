"""Recorded answers, played for the sandbox, the demo and tests: a folder with one file for each number."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from foundation.accounts.federal.facts import RegistryFailed

SANDBOX_ANSWERS = Path(__file__).parent / "recorded"
ANY_NUMBER = "any.json"


class RecordedAnswers:
    """Plays `<number>.json`, or `any.json` with its number filled in; a number without either is not known.

    A file holds the answers by name (`carrier`, `authority`, `census`), or `{"fails": "why"}`; `{thirty_days_ago}` in
    it is that day.
    """

    name = "recorded"

    def __init__(self, folder: Path) -> None:
        """Take the folder; it is read when it is asked."""
        self._folder = folder

    def ask(self, usdot_number: str) -> dict[str, Any]:
        """Return the recorded answers about a number. Raises `RegistryFailed`."""
        if not usdot_number.isascii() or not usdot_number.isdecimal():
            raise RegistryFailed("That is no USDOT number.")
        path = self._folder / f"{usdot_number}.json"
        if not path.exists():
            path = self._folder / ANY_NUMBER
        if not path.exists():
            return {"carrier": {"content": None}}
        try:
            text = path.read_text(encoding="utf-8").replace("{usdot_number}", usdot_number)
            answers = json.loads(text.replace("{thirty_days_ago}", f"{datetime.now(UTC) - timedelta(days=30):%Y%m%d}"))
        except (OSError, ValueError) as error:
            raise RegistryFailed(f"The recorded answer cannot be read ({type(error).__name__}).") from None
        if not isinstance(answers, dict):
            raise RegistryFailed("The recorded answer is no set of answers.")
        if "fails" in answers:
            raise RegistryFailed(str(answers["fails"])[:150])
        return answers
