"""A broken constraint of the database as the refusal that it stands for."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from django.db import IntegrityError, transaction

from foundation.trade.errors import TradeError


def broken_constraint(error: IntegrityError) -> str:
    """Return the name of the constraint that the database refused by, or "" when it named none."""
    diagnosis = getattr(error.__cause__, "diag", None)
    return getattr(diagnosis, "constraint_name", None) or ""


@contextmanager
def refusing(refusals: Mapping[str, TradeError], *, undoes_all: bool = False) -> Iterator[None]:
    """Run a block in a savepoint and raise the refusal that belongs to the constraint it breaks.

    `undoes_all` says that a refusal ends the whole work: it needs no savepoint, and whoever began that work undoes it.
    What is not listed stays an `IntegrityError`.
    """
    try:
        with transaction.atomic(savepoint=not undoes_all):
            yield
    except IntegrityError as error:
        refusal = refusals.get(broken_constraint(error))
        if refusal is None:
            raise
        raise refusal from error
