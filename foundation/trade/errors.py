"""What may go wrong in a service, in words of the trade; pages and REST both render these."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """One wrong field: its path (`stops.0.closes_at`, or `` for the whole), a stable code and a sentence."""

    field: str
    code: str
    sentence: str


class TradeError(Exception):
    """A refusal with a stable code and a sentence that says what is wrong and what would do."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence


class Invalid(TradeError):
    """The input breaks a rule; REST answers 422, forms put each sentence beside its field."""

    def __init__(self, problems: Iterable[FieldProblem]) -> None:
        self.problems = list(problems)
        super().__init__("invalid", " ".join(problem.sentence for problem in self.problems))


class Conflict(TradeError):
    """The state has moved on, or something that exists once is taken; REST answers 409."""


class Stale(Conflict):
    """The change was made on an old version; REST answers 412, pages show both versions."""


class Forbidden(TradeError):
    """The caller may see this but not do that; REST answers 403."""


class NotFound(TradeError):
    """Absent, or not the caller's: nobody can tell which; REST answers 404."""

    def __init__(self, sentence: str = "There is no such thing here.") -> None:
        super().__init__("not_found", sentence)


class Busy(TradeError):
    """Others hold what this needs; nothing was saved, and it may be tried again. REST answers 503 with Retry-After."""

    def __init__(self, sentence: str, retry_after_seconds: int = 1) -> None:
        super().__init__("busy", sentence)
        self.retry_after_seconds = retry_after_seconds
