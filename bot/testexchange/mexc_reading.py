"""MEXC's dialect: how what is asked is read, field by field, and how lists are cut into pages."""

import re
from collections.abc import Mapping, Sequence
from typing import TypeVar

from bot.core.instruments import Contract
from bot.testexchange.mexc_words import MARKET, SIDES, TYPES, market_id
from bot.testexchange.office import Office
from bot.testexchange.reading import price_of, size_of, text_of, whole_of
from bot.testexchange.records import Ask
from bot.testexchange.wire import No, NoError

T = TypeVar("T")
CLIENT_ID = re.compile(r"[A-Za-z0-9_-]{1,32}")
TIME_MAX_MS = 10**15
DAY_MS = 24 * 60 * 60 * 1000
SPAN_MAX_MS, SPAN_MS = 90 * DAY_MS, 7 * DAY_MS
"""The longest time that a history is asked for at once, and how much of it is told if nobody says when."""
PAGES_MAX = 10_000
CROSS, ONE_WAY, FILL_OR_KILL = 2, 2, 4
ASKED = frozenset(
    {"symbol", "price", "vol", "side", "type", "openType", "externalOid", "positionMode", "reduceOnly"}
)
"""Fields of an order that mean something here."""
IGNORED = frozenset({"timeInForce", "leverage", "positionId"})
"""Fields that change nothing of an order that the whole wallet backs; a time in force is no word of this venue."""
NOTHING = ("", 0, False)
"""Fields of other names may be there as long as they say so: all others are stops and the like, which are not offered."""


def wanted(words: Mapping[str, object], name: str) -> str:
    """Read a text that must be there.

    Raises:
        NoError: it is not.
    """
    found = text_of(words, name)
    if not found:
        raise NoError(No.PARAMETER, name)
    return found


def contract_named(office: Office, words: Mapping[str, object]) -> Contract:
    """Find the contract that a request is about.

    Raises:
        NoError: it does not say, or there is none.
    """
    name = wanted(words, "symbol")
    for contract in office.contracts():
        if market_id(contract) == name:
            return contract
    raise NoError(No.SYMBOL)


def symbol_in(office: Office, words: Mapping[str, object]) -> str:
    """Find the symbol that a request is about; empty is all of them.

    Raises:
        NoError: there is none of that name.
    """
    return contract_named(office, words).symbol if text_of(words, "symbol") else ""


def one_of(words: Mapping[str, object], name: str, known: frozenset[str]) -> str:
    """Read a word that may be left out.

    Raises:
        NoError: it is none of those known.
    """
    found = text_of(words, name)
    if found and found not in known:
        raise NoError(No.PARAMETER, name)
    return found


def within(params: Mapping[str, object], name: str, default: int, most: int) -> int:
    """Read how many of something are wanted.

    Raises:
        NoError: it is no number from 1 to the most there may be.
    """
    found = whole_of(params, name, default)
    if not 1 <= found <= most:
        raise NoError(No.PARAMETER, name)
    return found


def page_of(found: Sequence[T], params: Mapping[str, object], most: int = 100) -> list[T]:
    """Cut a page out of a list.

    Raises:
        NoError: page or size is none.
    """
    size, number = within(params, "page_size", 20, most), within(params, "page_num", 1, PAGES_MAX)
    return list(found[(number - 1) * size : number * size])


def paged(
    found: Sequence[object], params: Mapping[str, object], most: int = 100, total: int | None = None
) -> dict[str, object]:
    """Cut a page out of a list, and say how many there are: as many as the list has, or more that are not in it.

    Raises:
        NoError: page or size is none.
    """
    rows, size = page_of(found, params, most), within(params, "page_size", 20, most)
    count = len(found) if total is None else total
    return {
        "pageSize": size,
        "totalCount": count,
        "totalPage": -(-count // size),
        "currentPage": within(params, "page_num", 1, PAGES_MAX),
        "resultList": rows,
    }


def time_of(params: Mapping[str, object], name: str, most: int = TIME_MAX_MS) -> int | None:
    """Read a time; None if it is left out.

    Raises:
        NoError: it is none.
    """
    if not params.get(name):
        return None
    found = whole_of(params, name)
    if not 0 <= found <= most:
        raise NoError(No.PARAMETER, name)
    return found


def span_of(params: Mapping[str, object], now_ms: int) -> tuple[int, int]:
    """Read the time a history is wanted of: 90 days at most, the last week if nobody says.

    Raises:
        NoError: it is no time, or a longer one.
    """
    from_ms, to_ms = time_of(params, "start_time"), time_of(params, "end_time")
    if from_ms is None:
        return (now_ms - SPAN_MS, now_ms) if to_ms is None else (to_ms - SPAN_MAX_MS, to_ms)
    if to_ms is None:
        return from_ms, from_ms + SPAN_MAX_MS
    if not 0 <= to_ms - from_ms <= SPAN_MAX_MS:
        raise NoError(No.PARAMETER, "the time range must not exceed 90 days")
    return from_ms, to_ms


def asked(words: Mapping[str, object], symbol: str) -> Ask:
    """Read an order off the wire.

    Raises:
        NoError: a field is missing, malformed or of no meaning here.
    """
    _refuse_unknown(words)
    side, kind = whole_of(words, "side"), whole_of(words, "type")
    if kind == FILL_OR_KILL:
        raise NoError(No.UNSUPPORTED, f"type {kind}")
    if side not in SIDES or kind not in TYPES:
        raise NoError(No.PARAMETER, "side" if side not in SIDES else "type")
    refuse_isolated(words)
    if whole_of(words, "positionMode", ONE_WAY) != ONE_WAY:
        raise NoError(No.POSITION_SIDE)
    reduces = words.get("reduceOnly") or False
    if not isinstance(reduces, bool):
        raise NoError(No.PARAMETER, "reduceOnly")
    name = text_of(words, "externalOid")
    if name and not CLIENT_ID.fullmatch(name):
        raise NoError(No.CLIENT_ID)
    trades, closes = SIDES[side]
    return Ask(
        symbol=symbol,
        side=trades,
        contracts=size_of(words, "vol"),
        limit_price=None if kind in MARKET else price_of(words, "price"),
        time_in_force=TYPES[kind],
        reduce_only=closes or reduces,
        client_id=name,
    )


def refuse_isolated(words: Mapping[str, object]) -> None:
    """Check that the whole wallet is to back what is asked.

    Raises:
        NoError: it does not say so.
    """
    how = whole_of(words, "openType")
    if how not in {1, CROSS}:
        raise NoError(No.PARAMETER, "openType")
    if how != CROSS:
        raise NoError(No.UNSUPPORTED, "isolated margin")


def _refuse_unknown(words: Mapping[str, object]) -> None:
    for name, value in words.items():
        if name not in ASKED | IGNORED and value is not None and value not in NOTHING:
            raise NoError(No.UNSUPPORTED, name)
