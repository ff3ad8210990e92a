"""Binance's dialect: how what is asked is read, parameter by parameter."""

import re
from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from urllib.parse import parse_qsl

from bot.core.instruments import Contract
from bot.core.orders import TimeInForce
from bot.core.values import ZERO, Contracts, Price, Side
from bot.testexchange.binance_codes import CodedError, wrong
from bot.testexchange.binance_words import PRICE_MAX, SIZE_MAX, TIMES_IN_FORCE
from bot.testexchange.records import Ask
from bot.testexchange.wire import No, NoError, Request

CLIENT_ID = re.compile(r"[.A-Z:/a-z0-9_-]{1,36}")
NUMBER = re.compile(r"-?[0-9]{1,20}(\.[0-9]{1,20})?")
WHOLE = re.compile(r"[0-9]{1,19}")
WEEK_HOURS = 7 * 24
WEEK_MS = WEEK_HOURS * 3_600_000
"""The longest time that a history is asked for at once, and how much of it is told if nobody says when."""
ASKED = frozenset(
    {
        "symbol",
        "side",
        "type",
        "quantity",
        "price",
        "timeInForce",
        "reduceOnly",
        "positionSide",
        "newClientOrderId",
        "newOrderRespType",
        "timestamp",
        "recvWindow",
        "signature",
    }
)
"""Parameters of an order that mean something here."""
NEUTRAL = {
    "closePosition": "false",
    "priceProtect": "false",
    "workingType": "CONTRACT_PRICE",
    "priceMatch": "NONE",
    "selfTradePreventionMode": "NONE",
}
"""Parameters that may be there as long as they say nothing."""
OF_STOPS = frozenset(
    {
        "stopPrice",
        "closePosition",
        "priceProtect",
        "workingType",
        "activationPrice",
        "activatePrice",
        "callbackRate",
    }
)
NOT_OFFERED = frozenset({"priceMatch", "selfTradePreventionMode", "goodTillDate"})
STOP_TYPES = frozenset({"STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET", "TRAILING_STOP_MARKET"})
OTHER_TIMES_IN_FORCE = frozenset({"FOK", "GTD", "RPI", "HIDDEN"})


def refuse_twice(request: Request) -> None:
    """Check that every parameter is there once.

    Raises:
        NoError: one is there more often: which of its values counts is anybody's guess.
    """
    pairs = parse_qsl(request.query, keep_blank_values=True) + parse_qsl(request.body, keep_blank_values=True)
    if any(count > 1 for count in Counter(name for name, _ in pairs).values()):
        raise CodedError(-1101, "Duplicate values for a parameter detected.")


def number_of(params: Mapping[str, str], name: str) -> Decimal:
    """Read a number that must be there, in plain notation.

    Raises:
        NoError: it is missing, or none.
    """
    if not NUMBER.fullmatch(params.get(name, "")):
        raise NoError(No.PARAMETER, name)
    return Decimal(params[name])


def whole_of(params: Mapping[str, str], name: str) -> int:
    """Read a whole number that must be there.

    Raises:
        NoError: it is missing, or none.
    """
    if not WHOLE.fullmatch(params.get(name, "")):
        raise NoError(No.PARAMETER, name)
    return int(params[name])


def maybe_whole(params: Mapping[str, str], name: str) -> int | None:
    """Read a whole number that may be left out.

    Raises:
        NoError: it is something else.
    """
    if name not in params:
        return None
    if not WHOLE.fullmatch(params[name]):
        raise wrong(name)
    return int(params[name])


def limit_of(params: Mapping[str, str], default: int, most: int, name: str = "limit") -> int:
    """Read how many rows are wanted.

    Raises:
        NoError: it is no number of rows that the venue gives.
    """
    found = maybe_whole(params, name)
    limit = default if found is None else found
    if not 1 <= limit <= most:
        raise wrong(name)
    return limit


def times_of(params: Mapping[str, str]) -> tuple[int | None, int | None]:
    """Read from when to when something is wanted; None where nobody says.

    Raises:
        NoError: one is no time, or the end is before the beginning.
    """
    from_ms, to_ms = maybe_whole(params, "startTime"), maybe_whole(params, "endTime")
    if from_ms is not None and to_ms is not None and from_ms > to_ms:
        raise CodedError(-1023, "Start time is greater than end time.")
    return from_ms, to_ms


def span_of(params: Mapping[str, str], now_ms: int) -> tuple[int, int]:
    """Read the time a history is wanted of: a week at most, the last one if nobody says.

    Raises:
        NoError: it is no time, or a longer one.
    """
    from_ms, to_ms = times_of(params)
    if from_ms is None:
        end_ms = now_ms if to_ms is None else to_ms
        return end_ms - WEEK_MS, end_ms
    if to_ms is None:
        return from_ms, from_ms + WEEK_MS
    if to_ms - from_ms > WEEK_MS:
        raise CodedError(-1127, f"More than {WEEK_HOURS} hours between startTime and endTime.")
    return from_ms, to_ms


def said(params: Mapping[str, str], name: str, words: Mapping[str, bool]) -> bool:
    """Read a word that must be there, and what it means.

    Raises:
        NoError: it is missing, or none.
    """
    if name not in params:
        raise NoError(No.PARAMETER, name)
    if params[name] not in words:
        raise wrong(name)
    return words[params[name]]


TRUTHS = {"true": True, "false": False}


def asked(params: Mapping[str, str], contract: Contract) -> Ask:
    """Read an order off the wire.

    Raises:
        NoError: a parameter is missing, malformed or of no meaning here.
    """
    _refuse_unread(params)
    sells = said(params, "side", {"BUY": False, "SELL": True})
    at_market = _at_market(params, contract)
    time_in_force = _time_in_force(params, at_market=at_market)
    name = params.get("newClientOrderId", "")
    if name and not CLIENT_ID.fullmatch(name):
        raise NoError(No.CLIENT_ID)
    _check_side(params)
    return Ask(
        symbol=contract.symbol,
        side=Side.SELL if sells else Side.BUY,
        contracts=_size(params, contract),
        limit_price=None if at_market else _price(params),
        time_in_force=time_in_force,
        reduce_only=said({"reduceOnly": "false", **params}, "reduceOnly", TRUTHS),
        client_id=name,
    )


def wants_result(params: Mapping[str, str]) -> bool:
    """Whether what became of an order at once is to be told; else it is acknowledged as it came in.

    Raises:
        NoError: it is neither.
    """
    words = {"ACK": False, "RESULT": True}
    return said({"newOrderRespType": "ACK", **params}, "newOrderRespType", words)


def _refuse_unread(params: Mapping[str, str]) -> None:
    """Refuse what would be dropped: an order that lost its stop is another order."""
    for name, value in params.items():
        if not value:
            raise CodedError(-1105, f"Parameter '{name}' was empty.")
    left = [name for name, value in params.items() if name not in ASKED and value != NEUTRAL.get(name)]
    for name in left:
        if name in OF_STOPS:
            raise CodedError(-1106, f"Parameter '{name}' sent when not required.")
        if name in NOT_OFFERED:
            raise NoError(No.UNSUPPORTED, name)
    if left:
        read, sent = len(params) - len(left), len(params)
        raise CodedError(
            -1104, f"Not all sent parameters were read; read '{read}' parameter(s) but was sent '{sent}'."
        )


def _at_market(params: Mapping[str, str], contract: Contract) -> bool:
    if params.get("type") in STOP_TYPES:
        if not contract.linear:
            raise NoError(No.UNSUPPORTED)
        raise CodedError(
            -4120,
            "Order type not supported for this endpoint. Please use the Algo Order API endpoints instead.",
        )
    return said(params, "type", {"LIMIT": False, "MARKET": True})


def _time_in_force(params: Mapping[str, str], *, at_market: bool) -> TimeInForce:
    """Read how long an order stands; what is ordered at the market says nothing of it, nor of a price."""
    if at_market:
        for name in ("price", "timeInForce"):
            if name in params:
                raise CodedError(-1106, f"Parameter '{name}' sent when not required.")
        return TimeInForce.IOC
    word = params.get("timeInForce")
    if word is None:
        raise NoError(No.PARAMETER, "timeInForce")
    if word in OTHER_TIMES_IN_FORCE:
        raise NoError(No.UNSUPPORTED)
    if word not in TIMES_IN_FORCE:
        raise wrong("timeInForce")
    return TIMES_IN_FORCE[word]


def _check_side(params: Mapping[str, str]) -> None:
    side = params.get("positionSide", "BOTH")
    if side in {"LONG", "SHORT"}:
        raise NoError(No.POSITION_SIDE)
    if side != "BOTH":
        raise wrong("positionSide")


def _size(params: Mapping[str, str], contract: Contract) -> Contracts:
    size = number_of(params, "quantity")
    if size <= ZERO:
        raise NoError(No.SIZE_SMALL)
    if size % contract.contracts_step:
        raise NoError(No.SIZE_STEP)
    if size < contract.contracts_min:
        raise CodedError(-4004, "Quantity less than min quantity.")
    if size > SIZE_MAX:
        raise CodedError(-4005, "Quantity greater than max quantity.")
    return Contracts(size)


def _price(params: Mapping[str, str]) -> Price:
    price = number_of(params, "price")
    if price <= ZERO:
        raise CodedError(-4001, "Price less than 0.")
    if price > PRICE_MAX:
        raise CodedError(-4002, "Price greater than max price.")
    return Price(price)
