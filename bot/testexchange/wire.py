"""What goes over the wire: requests, responses, and why a venue says no."""

import json
from collections.abc import Mapping
from dataclasses import field
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from urllib.parse import parse_qsl

from bot.core.values import record


@record
class Request:
    """A request as it came in."""

    method: str
    host: str
    """Host the client meant, which a redirecting client tells; empty if it tells none."""
    path: str
    query: str
    """Raw: as it was sent, percent-encoded."""
    headers: Mapping[str, str]
    """By name in lower case."""
    body: str
    wall_ms: int
    """The wall clock when it came in; the venue's own clock may run faster."""

    def params(self) -> dict[str, str]:
        """Give the parameters of query and form body, decoded; a later one of the same name counts."""
        found = dict(parse_qsl(self.query, keep_blank_values=True))
        if not self.body.startswith(("{", "[")):
            found |= dict(parse_qsl(self.body, keep_blank_values=True))
        return found

    def json(self) -> object:
        """Give the JSON body; an empty object without one.

        Raises:
            NoError: it is no JSON.
        """
        if not self.body:
            return {}
        try:
            return json.loads(self.body, parse_float=Decimal)
        except (ValueError, ArithmeticError, RecursionError) as error:
            raise NoError(No.PARAMETER, "the body is no JSON") from error


@record
class Response:
    """A response as it goes out."""

    status: int = 200
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "application/json"


def answer(data: object, status: int = 200, headers: Mapping[str, str] = MappingProxyType({})) -> Response:
    """Answer with JSON; Decimals go out as strings, in plain notation."""
    body = json.dumps(data, default=_plain, separators=(",", ":"))
    return Response(status=status, body=body, headers=headers)


def _plain(value: object) -> str:
    if isinstance(value, Decimal):
        return plain(value)
    raise TypeError(f"{value!r} does not go over the wire")


def plain(value: Decimal) -> str:
    """Write a number in plain notation, without trailing zeros."""
    text = f"{value:f}"
    return (text.rstrip("0").rstrip(".") or "0") if "." in text else text


def digits(step: Decimal) -> int:
    """Count the digits behind the point that a step has."""
    return len(plain(step).partition(".")[2])


class No(StrEnum):
    """Why a venue says no. Each dialect has its own code and words for each."""

    PATH = "no such path"
    PARAMETER = "a parameter is missing or malformed"
    SYMBOL = "no such symbol"
    CLOSED = "the contract is not traded now"
    UNPRICED = "the contract has no price"
    SIZE_SMALL = "below the smallest size"
    SIZE_STEP = "no whole step of size"
    TICK = "no whole tick of price"
    WOULD_TAKE = "post-only would take"
    NOT_REDUCING = "reduce-only would not reduce"
    NOTIONAL = "below the smallest value"
    MARGIN = "too little margin"
    DUPLICATE = "the client order id is taken"
    CLIENT_ID = "the client order id is malformed"
    NO_ORDER = "no such order"
    ORDER_DONE = "the order is done"
    NO_CHANGE = "it is so already"
    POSITION_OPEN = "not while positions or orders are open"
    POSITION_SIDE = "the position side does not fit the position mode"
    LEVERAGE = "no such leverage"
    FUNDS = "the wallet holds less"
    KEY = "no such key"
    SIGNATURE = "the signature is wrong"
    PASSPHRASE = "the passphrase is wrong"  # noqa: S105 - words, no secret
    TIMESTAMP = "the timestamp is outside the window"
    PERMISSION = "the key may not do this"
    IP = "the key may not be used from here"
    NO_FUTURES = "the account has no futures"
    RATE = "too many requests"
    BANNED = "banned for having gone on"
    MAINTENANCE = "in maintenance"
    BUSY = "overloaded: nothing was done"
    UNSUPPORTED = "the venue has no such thing"


class NoError(Exception):
    """A venue says no: nothing was changed."""

    def __init__(self, no: No, text: str = "") -> None:
        super().__init__(text or str(no))
        self.no = no
        self.text = text or str(no)
