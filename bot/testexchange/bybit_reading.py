"""Bybit's dialect: how what is asked is read, field by field, and how lists are cut into pages."""

from collections.abc import Mapping, Sequence
from typing import TypeVar

from bot.core.orders import TimeInForce
from bot.core.values import Side
from bot.testexchange.bybit_words import CLIENT_ID, CONTRACTS, KINDS, TIMES_IN_FORCE
from bot.testexchange.reading import price_of, size_of, text_of, whole_of
from bot.testexchange.records import Ask
from bot.testexchange.wire import No, NoError

T = TypeVar("T")
WEEK_MS = 7 * 24 * 60 * 60 * 1000
"""The longest time that a history is asked for at once, and how much of it is told if nobody says when."""
TIME_MAX_MS = 10**15
ASKED = frozenset(
    {
        "category",
        "symbol",
        "side",
        "orderType",
        "qty",
        "price",
        "timeInForce",
        "positionIdx",
        "orderLinkId",
        "reduceOnly",
    }
)
"""Fields of an order that mean something here."""
NEUTRAL = {
    "orderFilter": "Order",
    "closeOnTrigger": "False",
    "isLeverage": "0",
    "mmp": "False",
    "smpType": "None",
}
"""Fields that may be there as long as they say nothing; all others are stops and the like, which are not offered."""


def kind_of(words: Mapping[str, object]) -> str:
    """Read the category.

    Raises:
        NoError: it is missing, or none.
    """
    kind = text_of(words, "category")
    if kind not in KINDS:
        raise NoError(No.PARAMETER, "category")
    return kind


def traded_kind(words: Mapping[str, object]) -> str:
    """Read the category of something that is traded here.

    Raises:
        NoError: it is missing, none, or only shown.
    """
    kind = kind_of(words)
    if kind not in CONTRACTS:
        raise NoError(No.UNSUPPORTED, f"category {kind}")
    return kind


def limit_of(params: Mapping[str, object], default: int, most: int) -> int:
    """Read how many rows are wanted.

    Raises:
        NoError: it is no number of rows that the venue gives.
    """
    limit = whole_of(params, "limit", default)
    if not 1 <= limit <= most:
        raise NoError(No.PARAMETER, f"limit must be 1 to {most}")
    return limit


def time_of(params: Mapping[str, object], name: str) -> int | None:
    """Read a time; None if it is left out.

    Raises:
        NoError: it is none.
    """
    found = whole_of(params, name, -1)
    if found == -1 and not params.get(name):
        return None
    if not 0 <= found <= TIME_MAX_MS:
        raise NoError(No.PARAMETER, name)
    return found


def span_of(params: Mapping[str, object], now_ms: int) -> tuple[int, int]:
    """Read the time a history is wanted of: a week at most, the last one if nobody says.

    Raises:
        NoError: it is no time, or a longer one.
    """
    from_ms, to_ms = time_of(params, "startTime"), time_of(params, "endTime")
    if from_ms is None:
        end_ms = now_ms if to_ms is None else to_ms
        return end_ms - WEEK_MS, end_ms
    if to_ms is None:
        return from_ms, from_ms + WEEK_MS
    if not 0 <= to_ms - from_ms <= WEEK_MS:
        raise NoError(No.PARAMETER, "the time range must not exceed 7 days")
    return from_ms, to_ms


def page_of(found: Sequence[T], params: Mapping[str, object], default: int, most: int) -> tuple[list[T], str]:
    """Cut a page out of a list; gives it, and the cursor of the next one, which is empty after the last.

    Raises:
        NoError: limit or cursor is none.
    """
    limit, start = limit_of(params, default, most), whole_of(params, "cursor", 0)
    if start < 0:
        raise NoError(No.PARAMETER, "cursor")
    following = str(start + limit) if start + limit < len(found) else ""
    return list(found[start : start + limit]), following


def asked(words: Mapping[str, object], symbol: str) -> Ask:
    """Read an order off the wire.

    Raises:
        NoError: a field is missing, malformed or of no meaning here.
    """
    _refuse_unknown(words)
    side, kind = text_of(words, "side"), text_of(words, "orderType")
    if side not in {"Buy", "Sell"}:
        raise NoError(No.PARAMETER, "side")
    if kind not in {"Limit", "Market"}:
        raise NoError(No.PARAMETER, "orderType")
    if str(words.get("positionIdx") or 0) != "0":
        raise NoError(No.POSITION_SIDE)
    reduces = words.get("reduceOnly") or False
    if not isinstance(reduces, bool):
        raise NoError(No.PARAMETER, "reduceOnly")
    name = text_of(words, "orderLinkId")
    if name and not CLIENT_ID.fullmatch(name):
        raise NoError(No.CLIENT_ID)
    return Ask(
        symbol=symbol,
        side=Side(side.lower()),
        contracts=size_of(words, "qty"),
        limit_price=price_of(words, "price") if kind == "Limit" else None,
        time_in_force=_time_in_force(words, kind),
        reduce_only=reduces,
        client_id=name,
    )


def _time_in_force(words: Mapping[str, object], kind: str) -> TimeInForce:
    """Read how long an order stands; what is ordered at the market stands no longer than IOC, whatever it says."""
    word = text_of(words, "timeInForce") or "GTC"
    if word not in TIMES_IN_FORCE:
        raise NoError(No.UNSUPPORTED if word == "FOK" else No.PARAMETER, f"timeInForce {word}")
    if kind == "Limit":
        return TIMES_IN_FORCE[word]
    if word == "PostOnly":
        raise NoError(No.PARAMETER, "timeInForce")
    return TimeInForce.IOC


def _refuse_unknown(words: Mapping[str, object]) -> None:
    for name, value in words.items():
        said = value is not None and value != "" and str(value) != NEUTRAL.get(name)
        if name not in ASKED and said:
            raise NoError(No.UNSUPPORTED, name)
