"""FMCSA's QCMobile service, and the census of motor carriers for the contact that QCMobile does not deliver."""

import json
import time
from collections.abc import Callable
from typing import Any

import requests

from foundation.accounts.federal.facts import RegistryFailed, authorities_in, carrier_in

CONNECT_SECONDS = 2.0
READ_SECONDS = 4.0
TRIES = 3
PAUSE_SECONDS = 0.5  # before the second try; twice that before the third
LARGEST_ANSWER_BYTES = 500_000
_AGAIN = frozenset({429, 500, 502, 503, 504})


class QcMobile:
    """Asks the service about one number at a time: three requests at most, each tried three times with short limits.

    No service level is promised, so nothing that a person waits for may call this.
    """

    name = "qcmobile"

    def __init__(
        self,
        *,
        url: str,
        web_key: str,
        census_url: str = "",
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Take the addresses and the key; nothing is asked yet."""
        self._url = url.rstrip("/")
        self._web_key = web_key
        self._census_url = census_url
        self._sleep = sleep

    def ask(self, usdot_number: str) -> dict[str, Any]:
        """Return the answers about a number, as `facts.read_facts` takes them. Raises `RegistryFailed`."""
        if not usdot_number.isascii() or not usdot_number.isdecimal():
            raise RegistryFailed("That is no USDOT number.")
        key = {"webKey": self._web_key}
        answers: dict[str, Any] = {"carrier": self._get(f"{self._url}/carriers/{usdot_number}", key)}
        carrier = carrier_in(answers["carrier"])
        if carrier is None:
            return answers
        if not any(carrier.get(f"{kind}AuthorityStatus") for kind in ("common", "contract", "broker")):
            answers["authority"] = self._get(f"{self._url}/carriers/{usdot_number}/authority", key)
            if not authorities_in(answers["authority"]):
                answers["authority"] = {"content": []}
        if self._census_url:
            try:
                answers["census"] = self._get(self._census_url, {"dot_number": usdot_number})
            except RegistryFailed:
                answers["census"] = None  # authority and insurance stand without it
        return answers

    def _get(self, url: str, parameters: dict[str, str]) -> Any:
        failure = ""
        for attempt in range(TRIES):
            if attempt:
                self._sleep(PAUSE_SECONDS * 2 ** (attempt - 1))
            try:
                with requests.get(
                    url,
                    params=parameters,
                    timeout=(CONNECT_SECONDS, READ_SECONDS),
                    headers={"Accept": "application/json"},
                    allow_redirects=False,  # another host would be handed the key
                    stream=True,
                ) as answer:
                    if answer.status_code in _AGAIN:
                        failure = f"It answered {answer.status_code}."
                        continue
                    return _body(answer)
            except requests.RequestException as error:
                failure = f"It did not answer ({type(error).__name__})."  # the error's own words hold the key
        raise RegistryFailed(failure)


def _body(answer: requests.Response) -> Any:
    if answer.status_code in {401, 403}:
        raise RegistryFailed("It refuses our web key.")
    if answer.status_code not in {200, 404}:
        raise RegistryFailed(f"It answered {answer.status_code}.")
    read = b""
    for piece in answer.iter_content(65_536):
        read += piece
        if len(read) > LARGEST_ANSWER_BYTES:
            raise RegistryFailed("Its answer is too long.")
    try:
        body = json.loads(read.decode("utf-8", "replace"))
    except ValueError:
        raise RegistryFailed("Its answer is not JSON.") from None
    if answer.status_code == 404 and not (isinstance(body, dict) and "content" in body):
        raise RegistryFailed("There is no such service at that address.")
    return body
