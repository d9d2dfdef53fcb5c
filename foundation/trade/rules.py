"""Collecting what is wrong with terms: all problems at once, each at its field, and what would do instead."""

import unicodedata
from dataclasses import dataclass, field
from datetime import datetime

from foundation.trade.errors import FieldProblem, Invalid
from foundation.trade.posting import Audience

_LINE_BREAKS = frozenset("\n\r\t")
_UNSEEN = frozenset({"Cc", "Cs", "Co", "Cn"})
# Characters that turn the direction of what follows: a name could read otherwise than it is stored.
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@dataclass(slots=True)
class Problems:
    """What is wrong, field by field; `settle` raises it all together."""

    found: list[FieldProblem] = field(default_factory=list)

    def add(self, name: str, code: str, sentence: str) -> None:
        """Note one problem at a field's path (`stops.0.closes_at`)."""
        self.found.append(FieldProblem(name, code, sentence))

    def has(self, name: str) -> bool:
        """Say whether a field or anything below it has a problem already."""
        return any(problem.field == name or problem.field.startswith(name + ".") for problem in self.found)

    def settle(self) -> None:
        """Raise `Invalid` with every problem, if there is one."""
        if self.found:
            raise Invalid(self.found)

    def text(
        self, name: str, value: str, *, longest: int, label: str, required: bool = False, many_lines: bool = False
    ) -> None:
        """Check a text: there if it must be, not too long, without characters that nobody sees."""
        if required and not value.strip():
            self.add(name, "required", f"{label} is missing.")
        elif len(value) > longest:
            self.add(name, "too_long", f"{label} has {len(value)} characters; {longest} are allowed.")
        elif has_unseen(value, many_lines=many_lines):
            self.add(name, "control_characters", f"{label} holds characters that nobody can see. Type it anew.")

    def number(self, name: str, value: int | None, *, low: int, high: int, label: str, unit: str) -> None:
        """Check that a number, where there is one, lies within its bounds."""
        if value is not None and not low <= value <= high:
            self.add(name, "out_of_range", f"{label} must be from {low:,} to {high:,} {unit}.".replace(" .", "."))

    def audience(self, audience: str, partners_first_until: datetime | None, now: datetime | None) -> None:
        """Check who may see a posting; `now` of None leaves out that partners' time must lie ahead (for drafts)."""
        if audience not in Audience.values:
            self.add("audience", "unknown", f"“{audience}” is no audience. Choose one of {', '.join(Audience.values)}.")
        elif audience == Audience.PARTNERS_FIRST:
            if partners_first_until is None:
                self.add("partners_first_until", "required", "Say until when only partners see it.")
            elif now is not None and partners_first_until <= now:
                sentence = "That time is over. Choose a later one, or show it to the whole market."
                self.add("partners_first_until", "in_the_past", sentence)
        elif partners_first_until is not None:
            sentence = "A time belongs to “partners first” only. Leave it empty, or choose that audience."
            self.add("partners_first_until", "not_used", sentence)


def has_unseen(value: str, *, many_lines: bool = False) -> bool:
    """Say whether a text holds control characters, or ones that turn the direction of reading."""
    allowed = _LINE_BREAKS if many_lines else frozenset()
    return any(
        (unicodedata.category(letter) in _UNSEEN and letter not in allowed) or letter in _TURNING for letter in value
    )
