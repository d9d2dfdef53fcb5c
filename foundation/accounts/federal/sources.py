"""Where answers about USDOT numbers come from: the federal service, recorded answers, or nowhere."""

from pathlib import Path
from typing import Any, Protocol

from django.conf import settings

from foundation.accounts.federal.qcmobile import QcMobile
from foundation.accounts.federal.recorded import SANDBOX_ANSWERS, RecordedAnswers
from foundation.accounts.models import Market


class Source(Protocol):
    """Somebody who answers about a number."""

    name: str

    def ask(self, usdot_number: str) -> dict[str, Any]:
        """Return the answers about a number. Raises `RegistryFailed`."""
        ...


def asks_registry(market: str) -> bool:
    """Say whether numbers of a market are asked for at all: the sandbox always plays recorded answers."""
    return market == Market.SANDBOX or bool(settings.FEDERAL_ANSWERS or settings.FMCSA_WEB_KEY)


def source_for(market: str) -> Source | None:
    """Return who answers for a market, None for nobody. The sandbox never asks the real service."""
    if market == Market.SANDBOX:
        return RecordedAnswers(SANDBOX_ANSWERS)
    if settings.FEDERAL_ANSWERS:
        return RecordedAnswers(Path(settings.FEDERAL_ANSWERS))
    if settings.FMCSA_WEB_KEY:
        return QcMobile(url=settings.FMCSA_URL, web_key=settings.FMCSA_WEB_KEY, census_url=settings.FEDERAL_CENSUS_URL)
    return None
