"""The day of a match for the eye: steps in words, and bars against the windows."""

from datetime import datetime, timedelta
from typing import Any

from foundation.trade.windows import local
from matching.engine.refusals import duration
from matching.models import Match

WIDTH = 400
_ROW = 13  # a stop's window in the drawing
_TICK_WORDS = 50  # what the words beside a tick take
_WORDS = {
    "drive": "Drives",
    "wait": "Waits",
    "service": "At the stop",
    "break": "Break",
    "rest": "Rests",
    "restart": "Rests",
    "off": "Off duty, leaves later",
}


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def rest_words(part: dict[str, Any]) -> str:
    """Return what a driver who neither drives nor serves does, and for how long; empty for any other part of a day."""
    match part["kind"]:
        case "break":
            return f"Break of {duration(part['minutes'])}"
        case "rest" | "restart":
            return f"Rests {duration(part['minutes'])}"
        case "off":
            return _WORDS["off"]
    return ""


def _stretches(match: Match) -> list[dict[str, Any]]:
    """Return the stretches that the truck drives with the load, in order: to the first stop, between stops, home."""
    return [stretch for stretch in match.parts["stretches"] if stretch["kind"] != "avoided"]


def steps_of(match: Match, timeline: list[dict[str, Any]] | None) -> list[dict[str, Any]]:
    """Return the day as `{at, until, zone, words, note}`; with the carrier's time line its rests are steps too."""
    leg, stops = match.leg, list(match.load.stops.all())
    times, ways = match.parts["stops"], _stretches(match)
    steps: list[dict[str, Any]] = [
        _step(
            _instant(match.parts["ready_at"]),
            None,
            leg.empty_time_zone,
            f"Empty in {leg.empty_city}, {leg.empty_state}",
        )
    ]
    for position, (stop, time) in enumerate(zip(stops, times, strict=False)):
        steps.append(_drive(ways[position], _instant(time["arrive_at"]), stop.time_zone, stop.town))
        begin, end = _instant(time["begin_at"]), _instant(time["end_at"])
        waited = (begin - _instant(time["arrive_at"])) / timedelta(minutes=1)
        note = f"after waiting {duration(waited)}" if waited > 0 else ""
        steps.append(_step(begin, end, stop.time_zone, "Loads" if stop.kind == "pickup" else "Unloads", note))
    home = _instant(match.parts["totals"]["finish_at"])
    slack = match.parts["totals"]["home_slack_minutes"]
    steps.append(_drive(ways[-1], home, leg.home_time_zone, "home"))
    steps[-1]["note"] += f", {duration(slack)} before it must be there"
    if timeline is not None:
        steps.extend(
            _step(_instant(part["start_at"]), _instant(part["end_at"]), leg.empty_time_zone, rest_words(part))
            for part in timeline
            if rest_words(part)
        )
        steps.sort(key=lambda step: step["at"])
    return steps


def _step(at: datetime, until: datetime | None, zone: str, words: str, note: str = "") -> dict[str, Any]:
    return {"at": at, "until": until, "zone": zone, "words": words, "note": note}


def _drive(way: dict[str, Any], arrive: datetime, zone: str, where: str) -> dict[str, Any]:
    loaded = "loaded" if way["kind"] == "loaded" else "empty"
    note = f"{way['miles']:,.0f} mi {loaded}, {duration(way['drive_minutes'])} of driving"
    words = "Reaches home" if where == "home" else f"Arrives in {where}"
    return _step(arrive, None, zone, words, note)


def _bars(match: Match, timeline: list[dict[str, Any]] | None) -> list[tuple[str, datetime, datetime, str]]:
    """Return (kind, start, end, words) of what the truck does; without the carrier's time line its way between stops is
    one bar.
    """
    times = match.parts["stops"]
    if timeline is not None:
        bars = []
        for part in timeline:
            start, end = _instant(part["start_at"]), _instant(part["end_at"])
            kind = part["kind"]
            if kind == "drive" and not _instant(times[0]["end_at"]) <= start < _instant(times[-1]["arrive_at"]):
                kind = "drive-empty"
            bars.append((kind, start, end, f"{_WORDS[part['kind']]}, {duration(part['minutes'])}"))
        return bars
    bars = []
    before = _instant(match.parts["ready_at"])
    for position, time in enumerate(times):
        arrive, begin, end = (_instant(time[name]) for name in ("arrive_at", "begin_at", "end_at"))
        bars.append(("drive-empty" if position == 0 else "road", before, arrive, "On the way"))
        bars.append(("wait", arrive, begin, "Waits"))
        bars.append(("service", begin, end, "Loads" if time["kind"] == "pickup" else "Unloads"))
        before = end
    bars.append(("drive-empty", before, _instant(match.parts["totals"]["finish_at"]), "On the way home"))
    return bars


def day_of(match: Match, timeline: list[dict[str, Any]] | None) -> dict[str, Any]:
    """Return bars, windows and hour ticks with their places in a drawing `WIDTH` wide."""
    bars = [bar for bar in _bars(match, timeline) if bar[2] > bar[1]]
    start = _instant(match.parts["ready_at"])
    end = max([_instant(match.parts["totals"]["finish_at"]), start + timedelta(hours=1)])
    span = (end - start) / timedelta(minutes=1)

    def place(instant: datetime) -> float:
        minutes = (min(max(instant, start), end) - start) / timedelta(minutes=1)
        return round(minutes / span * WIDTH, 1)

    zone = match.leg.empty_time_zone
    windows: list[dict[str, Any]] = []
    for stop in match.load.stops.all():
        if stop.closes_at <= start or stop.opens_at >= end:
            continue
        x, until, top = place(stop.opens_at), place(stop.closes_at), _ROW * len(windows)
        late = x > WIDTH / 2  # its label then stands before it
        windows.append(
            {
                "x": x,
                "y": top,
                "width": max(until - x, 1.5),
                "text_x": x - 3 if late else x + 3,
                "text_y": top + 8.5,
                "anchor": "end" if late else "start",
                "label": f"{stop.get_kind_display()} {stop.city}",
                "words": f"{stop.get_kind_display()} in {stop.town} is open",
            }
        )
    below = _ROW * len(windows)
    return {
        "width": WIDTH,
        "height": below + 30,
        "truck_y": below + 1,
        "tick_y": below + 19,
        "text_y": below + 28,
        "bars": [
            {"kind": kind, "x": place(first), "width": max(place(last) - place(first), 1.0), "words": words}
            for kind, first, last, words in bars
        ],
        "windows": windows,
        "ticks": [
            {
                "x": place(tick),
                "text_x": place(tick) + 2,
                "words": local(tick, zone).strftime("%a %H:%M") if place(tick) <= WIDTH - _TICK_WORDS else "",
            }
            for tick in _ticks(start, end, zone)
        ],
        "words": f"{match.load.stops.all()[0].city} to home, {duration(span)}",
    }


def _ticks(start: datetime, end: datetime, zone: str) -> list[datetime]:
    """Return at most six even hours of the zone between two instants."""
    hours = (end - start) / timedelta(hours=1)
    step = next(size for size in (1, 2, 3, 6, 12, 24, 48, 96) if hours / size <= 6)
    tick = local(start, zone).replace(minute=0, second=0, microsecond=0)
    ticks = []
    for _ in range(400):
        tick = (tick.astimezone(start.tzinfo) + timedelta(hours=1)).astimezone(tick.tzinfo)
        if tick >= end:
            break
        if tick.hour % min(step, 24) == 0 and tick > start:
            ticks.append(tick)
    return ticks[:: max(1, step // 24)]
