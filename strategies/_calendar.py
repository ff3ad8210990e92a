"""Calendars of events: CSV and iCalendar files read into times with zones. A local time without a zone is refused.

CSV has the columns ``name,begins,ends`` with ISO 8601 times. Of an iCalendar file (RFC 5545) single events are read:
SUMMARY, DTSTART and DTEND or DURATION in days and hours; a repeating one is refused, as its dates are not in the file.
"""

import csv
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

Found = dict[str, object]
DURATION = re.compile(r"P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?")


def read_calendar(path: Path) -> list[Found]:
    """Read a file of events by its ending.

    Raises:
        ValueError: it cannot be read, is neither .csv nor .ics, or an event in it has no zone or no end.
    """
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} cannot be read: {error}") from error
    match path.suffix.lower():
        case ".csv":
            return list(_from_csv(text, path))
        case ".ics":
            return list(_from_ics(text, path))
        case _:
            raise ValueError(f"{path} is neither .csv nor .ics")


def _from_csv(text: str, path: Path) -> Iterator[Found]:
    rows = csv.DictReader(text.splitlines())
    wanted = {"name", "begins", "ends"}
    if not wanted <= set(rows.fieldnames or ()):
        raise ValueError(f"{path} needs the columns name,begins,ends in its first line")
    for number, row in enumerate(rows, 2):
        where = f"{path}, line {number}"
        yield {
            "name": row["name"],
            "begins": _iso(row["begins"] or "", where),
            "ends": _iso(row["ends"] or "", where),
        }


def _iso(text: str, where: str) -> datetime:
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise ValueError(f"{where}: {text!r} is no ISO time") from error
    if found.tzinfo is None:
        raise ValueError(f"{where}: {text!r} has no zone: write Z or an offset behind it")
    return found.astimezone(UTC)


def _from_ics(text: str, path: Path) -> Iterator[Found]:
    lines = re.sub(r"\r?\n[ \t]", "", text).splitlines()  # long lines are folded
    event: dict[str, tuple[str, str]] | None = None
    for number, line in enumerate(lines, 1):
        head, _, value = line.partition(":")
        name, _, options = head.partition(";")
        if line.strip().upper() == "BEGIN:VEVENT":
            event = {}
        elif line.strip().upper() == "END:VEVENT" and event is not None:
            yield _event(event, f"{path}, the event that ends in line {number}")
            event = None
        elif event is not None:
            event.setdefault(name.upper(), (options, value.strip()))


def _event(event: Mapping[str, tuple[str, str]], where: str) -> Found:
    if "RRULE" in event or "RDATE" in event:
        raise ValueError(f"{where} repeats: write each date down as an event of its own")
    if "DTSTART" not in event:
        raise ValueError(f"{where} has no DTSTART")
    begins = _ics_time(*event["DTSTART"], where)
    if "DTEND" in event:
        ends = _ics_time(*event["DTEND"], where)
    elif "DURATION" in event:
        ends = begins + _duration(event["DURATION"][1], where)
    else:
        raise ValueError(f"{where} has neither DTEND nor DURATION")
    return {"name": event.get("SUMMARY", ("", "event"))[1], "begins": begins, "ends": ends}


def _ics_time(options: str, value: str, where: str) -> datetime:
    zone = re.search(r"TZID=([^;:]+)", options, re.IGNORECASE)
    try:
        if value.endswith("Z"):
            return datetime.strptime(value, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        if zone is None:
            raise ValueError(f"{where}: {value} has no zone: write TZID= before it or Z behind it")
        local = datetime.strptime(value, "%Y%m%dT%H%M%S" if "T" in value else "%Y%m%d")  # noqa: DTZ007 - the zone is next
        return local.replace(tzinfo=ZoneInfo(zone[1].strip('"'))).astimezone(UTC)
    except ZoneInfoNotFoundError as error:
        raise ValueError(f"{where}: there is no zone {zone[1] if zone else ''}") from error


def _duration(text: str, where: str) -> timedelta:
    found = DURATION.fullmatch(text)
    if found is None or not any(found.groups()):
        raise ValueError(f"{where}: {text!r} is no duration in weeks, days, hours, minutes and seconds")
    weeks, days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)
