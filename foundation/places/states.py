"""The states: their codes, names and whether the road network reaches them."""

STATE_NAMES = {
    "AL": "Alabama", "AZ": "Arizona", "AR": "Arkansas", "CA": "California", "CO": "Colorado", "CT": "Connecticut",
    "DE": "Delaware", "DC": "District of Columbia", "FL": "Florida", "GA": "Georgia", "ID": "Idaho", "IL": "Illinois",
    "IN": "Indiana", "IA": "Iowa", "KS": "Kansas", "KY": "Kentucky", "LA": "Louisiana", "ME": "Maine",
    "MD": "Maryland", "MA": "Massachusetts", "MI": "Michigan", "MN": "Minnesota", "MS": "Mississippi",
    "MO": "Missouri", "MT": "Montana", "NE": "Nebraska", "NV": "Nevada", "NH": "New Hampshire", "NJ": "New Jersey",
    "NM": "New Mexico", "NY": "New York", "NC": "North Carolina", "ND": "North Dakota", "OH": "Ohio",
    "OK": "Oklahoma", "OR": "Oregon", "PA": "Pennsylvania", "RI": "Rhode Island", "SC": "South Carolina",
    "SD": "South Dakota", "TN": "Tennessee", "TX": "Texas", "UT": "Utah", "VT": "Vermont", "VA": "Virginia",
    "WA": "Washington", "WV": "West Virginia", "WI": "Wisconsin", "WY": "Wyoming",
}  # fmt: skip
"""The 48 contiguous states and DC, which the road network covers."""

UNREACHED_NAMES = {
    "AK": "Alaska", "HI": "Hawaii", "PR": "Puerto Rico", "GU": "Guam", "VI": "the Virgin Islands",
    "AS": "American Samoa", "MP": "the Northern Mariana Islands", "FM": "Micronesia", "MH": "the Marshall Islands",
    "PW": "Palau", "AA": "the military's overseas mail", "AE": "the military's overseas mail",
    "AP": "the military's overseas mail",
}  # fmt: skip
"""Postal states that no road of the network reaches."""

_CODES = {name.casefold().removeprefix("the "): code for code, name in {**STATE_NAMES, **UNREACHED_NAMES}.items()}


def state_code(text: str) -> str | None:
    """Return the two-letter code of a state given by code or full name, or None."""
    word = " ".join(text.replace(".", "").split())
    if word.upper() in STATE_NAMES or word.upper() in UNREACHED_NAMES:
        return word.upper()
    return _CODES.get(word.casefold())
