"""What a rule said of a claim, and all of them together."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Result = Literal["pass", "flag", "hold", "block"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleResult:
    """One rule's word. `sentence` is for the carrier: what was found and what mends it, "" where it passed.

    `told` is what the seller reads of a flag, in fair words; `inputs` is what the rule looked at, kept nowhere.
    """

    rule: str
    result: Result
    sentence: str = ""
    told: str = ""
    inputs: Mapping[str, Any] = field(default_factory=dict)

    def stored(self) -> dict[str, str]:
        """Return it as a claim keeps it: without the inputs."""
        kept = {"rule": self.rule, "result": self.result, "sentence": self.sentence}
        return kept | ({"told": self.told} if self.told else {})


@dataclass(frozen=True, slots=True)
class Judgement:
    """Every rule's word, in the order of the rules."""

    results: tuple[RuleResult, ...]

    def _of(self, result: Result) -> tuple[RuleResult, ...]:
        return tuple(each for each in self.results if each.result == result)

    @property
    def blocks(self) -> tuple[RuleResult, ...]:
        """What forbids the claim; the first one's rule is the refusal's code and its sentence the answer."""
        return self._of("block")

    @property
    def holds(self) -> tuple[RuleResult, ...]:
        """What has to be checked again before the claim can be decided."""
        return self._of("hold")

    @property
    def flags(self) -> tuple[RuleResult, ...]:
        """What the seller is told."""
        return self._of("flag")

    def stored(self) -> list[dict[str, str]]:
        """Return it as `Claim.checks` keeps it."""
        return [each.stored() for each in self.results]


def flags_for_seller(checks: Iterable[Mapping[str, str]]) -> list[str]:
    """Return what the seller reads of stored checks: the flags in fair words, and nothing of blocks and holds."""
    return [each["told"] for each in checks if each.get("result") == "flag" and each.get("told")]
