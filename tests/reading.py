"""Reading what somebody was shown: whether a secret stands there, and not merely its digits in a time or an id."""

import re


def stands_in(secret: str, text: str) -> bool:
    """Say whether a secret can be read in a text.

    A figure is looked for where a number may begin: "29.13" stands in "$29.13" and in "2913 c" stands "2913", but
    neither in the instant 07:31:29.130517 nor in an id or a hash, whose digits are others in each run.
    """
    if secret not in text:  # what is asked of every page of a market has to be quick
        return False
    if not secret[:1].isdigit():
        return True
    return re.search(rf"(?<![\w.])(?<!\d:)(?<!\w-){re.escape(secret)}", text) is not None
