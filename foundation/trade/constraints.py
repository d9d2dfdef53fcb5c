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
def refusing(refusals: Mapping[str, TradeError]) -> Iterator[None]:
    """Run a block in a savepoint and raise the refusal that belongs to the constraint it breaks.

    What is not listed stays an `IntegrityError`.
    """
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        refusal = refusals.get(broken_constraint(error))
        if refusal is None:
            raise
        raise refusal from error
