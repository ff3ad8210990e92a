"""Refusals through the real library: each code as an answer to an order, keys that are not accepted, orders that must not leave."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from bot.adapters.venue_session import MisdirectedError
from bot.adapters.venues.asking import GoneError, SameError
from bot.adapters.venues.binance import Binance
from bot.adapters.venues.bingx import Bingx
from bot.adapters.venues.bybit import Bybit
from bot.adapters.venues.manner import Listed, Manner, Ticket
from bot.adapters.venues.manners import MANNERS
from bot.adapters.venues.mexc import Mexc
from bot.adapters.venues.outcomes import Outcome, RequestFailed
from bot.adapters.venues.weex import Weex
from bot.core.orders import OrderRequest, OrderState, TimeInForce
from bot.core.reports import OrderReport
from bot.core.values import Price, Side
from bot.shell.ports import (
    AuthFailedError,
    OutcomeUnknownError,
    RateLimitedError,
    RefusedForNowError,
    VenueError,
)
from bot.testexchange.dialects import DIALECTS
from bot.testexchange.keyring import TEST_KEY, Key
from bot.testexchange.wire import Request, Response
from tests.adapters.test_outcomes import TABLE
from tests.contract.doors import Door, StreetClock, open_door, remote_door
from tests.testexchange.street import FROM_MS, open_street

D = Decimal
VENUES = tuple(name for name in MANNERS if name in DIALECTS)
TOLD: dict[Outcome, type[VenueError] | None] = {
    # what a code proves      what the house is told; None is a report that says rejected
    Outcome.REJECTED: None,
    Outcome.GONE: GoneError,  # about an order that is being placed it proves nothing: it is looked up
    Outcome.SAME: SameError,
    Outcome.RETRY: RefusedForNowError,
    Outcome.RATE_LIMITED: RateLimitedError,
    Outcome.AUTH: AuthFailedError,
    Outcome.UNKNOWN: OutcomeUnknownError,
}


@pytest.fixture(params=VENUES)
async def door(request: pytest.FixtureRequest) -> AsyncIterator[Door]:
    async with open_door(request.param) as opened:
        await opened.venue.contracts((opened.symbol,))
        yield opened


def refusal(venue: str, code: str, words: str) -> Response:
    """Say no as a venue does."""
    number: object = int(code) if code.lstrip("-").isdigit() else code
    match venue:
        case "binance-usdm" | "binance-coinm":
            status = {"-1003": 429, "-1008": 503, "-1000": 503, "-2015": 401}.get(code, 400)
            return said({"code": number, "msg": words}, status)
        case "bybit":
            whole = {"retCode": number, "retMsg": words, "result": {}, "retExtInfo": {}, "time": FROM_MS}
            return said(whole if code else {"result": {}, "retMsg": words})
        case "bingx":
            return said({"code": number, "msg": words, "data": {}})
        case "mexc":
            return said({"success": False, "message": words} | ({"code": number} if code else {}))
        case _:
            return said({"code": number, "msg": words}, 400)


def said(body: dict[str, object], status: int = 200) -> Response:
    """Wrap JSON."""
    return Response(status=status, body=json.dumps(body))


def answer_orders_with(door: Door, response: Response) -> None:
    """Let the venue answer every order so, and do nothing."""
    dialect, handle = door.street.dialect, type(door.street.dialect).handle

    def handled(request: Request, at_ms: int) -> Response:
        return response if dialect.operation(request) == "place" else handle(dialect, request, at_ms)

    dialect.handle = handled  # type: ignore[method-assign]  # a venue with one answer


def resting(door: Door) -> OrderRequest:
    """Make an order that stands above the market."""
    price = door.touch()[1] + 50 * door.listed().price_tick
    return door.order(Side.SELL, door.size("0.1"), price, TimeInForce.POST_ONLY)


async def placed(door: Door, request: OrderRequest) -> OrderReport | VenueError:
    """Place an order; gives the report or the error."""
    try:
        return await door.venue.place(request)
    except VenueError as error:
        return error


def asked_for(door: Door, operation: str = "place") -> int:
    """Count requests."""
    return sum(door.street.dialect.operation(request) == operation for request, _ in door.street.heard)


# --- every code through the library ---------------------------------------------------------------------------


async def test_every_code_of_the_reference_reaches_the_house_through_the_library(door: Door) -> None:
    wrong = []
    for code, words, proved in TABLE[door.name]:
        answer_orders_with(door, refusal(door.name, code, words))

        told = await placed(door, resting(door))
        door.street.pass_time(200)

        expected = TOLD[proved]
        if expected is None:
            right = isinstance(told, OrderReport) and told.state is OrderState.REJECTED
        else:
            right = type(told) is expected
        if not right:
            wrong.append((code, words, proved, told))

    assert wrong == []
    assert asked_for(door) == len(TABLE[door.name])


async def test_a_refusal_is_told_in_the_venues_words_with_its_code(door: Door) -> None:
    code, words = {
        "binance-usdm": ("-2019", "Margin is insufficient."),
        "binance-coinm": ("-2019", "Margin is insufficient."),
        "bybit": ("110007", "ab not enough for new order"),
        "bingx": ("101204", "Insufficient margin"),
        "mexc": ("2005", "Balance insufficient"),
        "weex": ("-1054", "available amount not enough"),
    }[door.name]
    answer_orders_with(door, refusal(door.name, code, words))

    report = await door.venue.place(resting(door))

    assert report.state is OrderState.REJECTED
    assert words.rstrip(".") in report.reason


@pytest.mark.parametrize("body", ["null", "[]", "[1]", '"ok"', "1", "true", '{"code": 0}', '{"data": null}'])
async def test_an_answer_of_another_shape_proves_nothing(door: Door, body: str) -> None:
    answer_orders_with(door, Response(body=body))

    told = await placed(door, resting(door))

    assert type(told) is OutcomeUnknownError, told


# --- keys -----------------------------------------------------------------------------------------------------

STRANGERS = {
    "a key nobody knows": replace(TEST_KEY, key="another-key"),
    "a wrong secret": replace(TEST_KEY, secret="another-secret"),  # noqa: S106 - a wrong one
}


@pytest.mark.parametrize("what", STRANGERS)
@pytest.mark.parametrize("name", VENUES)
async def test_a_key_that_is_not_accepted_calls_a_person(name: str, what: str) -> None:
    async with open_street(name) as street, remote_door(name, street, StreetClock(street)) as venue:
        api = venue.api
        for client in api._clients.values():  # noqa: SLF001 - the key is changed under the client
            client.apiKey, client.secret = STRANGERS[what].key, STRANGERS[what].secret

        with pytest.raises(AuthFailedError, match="Check that key, secret and passphrase"):
            await venue.account()


async def test_a_wrong_passphrase_calls_a_person() -> None:
    async with open_door("weex") as door:
        await door.venue.contracts((door.symbol,))
        for client in door.remote.api._clients.values():  # noqa: SLF001 - the passphrase is changed under the client
            client.password = "another"  # noqa: S105 - a wrong one

        with pytest.raises(AuthFailedError):
            await door.venue.account()


@pytest.mark.parametrize(
    ("changed", "operation"),
    [
        pytest.param({"revoked": True}, "read", id="revoked"),
        pytest.param({"elsewhere": True}, "read", id="from another address"),
        pytest.param({"permissions": frozenset({"read"})}, "trade", id="may only read"),
        pytest.param({"environment": "testnet"}, "read", id="of the testnet"),
    ],
)
async def test_a_key_that_lost_its_rights_calls_a_person_and_nothing_is_placed(
    door: Door, changed: dict[str, Any], operation: str
) -> None:
    door.street.dialect.keyring.add(_changed(changed))
    request = resting(door)

    told = await placed(door, request)

    assert type(told) is AuthFailedError, told
    assert door.street.office.orders("main") == ()
    if operation == "read":
        with pytest.raises(AuthFailedError):
            await door.venue.account()
    else:
        assert (await door.venue.account()).open_orders == ()


def _changed(changed: dict[str, Any]) -> Key:
    return replace(TEST_KEY, **changed)


# --- orders that must not leave -------------------------------------------------------------------------------

KINDS: dict[str, type[Any]] = {
    "binance-usdm": Binance,
    "binance-coinm": Binance,
    "bybit": Bybit,
    "bingx": Bingx,
    "mexc": Mexc,
    "weex": Weex,
}
LOST = ("the name", "post-only", "immediate or cancel", "reduce-only", "the size", "the price")


def forgetful(name: str, lost: str) -> Manner:
    """Make a venue's ways that lose one word of each order on its way into the library."""

    kind: Any = KINDS[name]

    class Forgetful(kind):  # type: ignore[misc]  # one of six
        def ticket(self, request: OrderRequest, listed: Listed) -> Ticket:
            ticket: Ticket = super().ticket(request, listed)
            params = dict(ticket.params)
            match lost:
                case "the name":
                    for key in ("newClientOrderId", "clientOrderId", "orderLinkId", "externalOid"):
                        params.pop(key, None)
                case "post-only" | "immediate or cancel":
                    params.pop("timeInForce", None)
                    params.pop("postOnly", None)
                    ticket = replace(ticket, kind=1 if name == "mexc" else ticket.kind)
                case "reduce-only":
                    params.pop("reduceOnly", None)
                case "the size":
                    ticket = replace(ticket, amount=ticket.amount + listed.contract.contracts_step)
                case "the price":
                    assert ticket.price is not None
                    ticket = replace(ticket, price=ticket.price + listed.contract.price_tick)
                case _:
                    raise AssertionError(lost)
            return replace(ticket, params=params)

    made: Manner = Forgetful(name) if KINDS[name] is Binance else Forgetful()
    return made


@pytest.mark.parametrize("lost", LOST)
async def test_an_order_that_lost_a_word_on_its_way_does_not_leave(door: Door, lost: str) -> None:
    await door.venue.place(door.sell_now(door.size("0.2")))
    before = asked_for(door)
    api = door.remote.api
    api._manner = door.remote.manner = forgetful(door.name, lost)  # noqa: SLF001 - its ways are changed under it
    price = Price(door.touch()[1] + 50 * door.listed().price_tick)
    below = Price(door.touch()[0] - 50 * door.listed().price_tick)
    request = {
        "immediate or cancel": door.sell_now(door.size("0.1")),
        "reduce-only": door.order(Side.BUY, door.size("0.1"), below, TimeInForce.POST_ONLY, reduce_only=True),
    }.get(lost, door.order(Side.SELL, door.size("0.1"), price, TimeInForce.POST_ONLY))

    told = await door.venue.place(request)

    assert asked_for(door) == before
    assert len(door.street.office.orders("main")) == 1
    assert told.state is OrderState.REJECTED
    assert told.reason.startswith("not sent: ")


async def test_an_order_of_which_one_request_left_and_a_second_was_stopped_may_stand(door: Door) -> None:
    trip = _trip()
    trip.placed = True

    async def stopped() -> object:
        raise MisdirectedError("the second would be read otherwise")

    with pytest.raises(RequestFailed) as caught:
        await door.remote.api._watched(stopped(), trip)  # noqa: SLF001 - a library that sends twice

    assert (caught.value.outcome, caught.value.failure.sent) == (Outcome.UNKNOWN, True)


async def test_an_order_nobody_asked_for_does_not_leave(door: Door) -> None:
    client = door.remote.api._clients["futures"]  # noqa: SLF001 - somebody goes by the library
    kind: Any = "limit"
    price = door.touch()[1] + 50 * door.listed().price_tick

    async def sneak() -> object:
        return await door.remote.api._watched(  # noqa: SLF001 - the same
            client.create_order(door.symbol, kind, "sell", door.size("0.1"), price, {}), _trip()
        )

    with pytest.raises(Exception, match="nobody asked for") as caught:
        await sneak()

    assert getattr(caught.value, "outcome", None) is Outcome.NOT_SENT
    assert asked_for(door) == 0


def _trip() -> Any:
    from bot.adapters.ccxt_venue import Trip

    return Trip()


async def test_a_request_to_a_host_of_another_mode_does_not_leave(door: Door) -> None:
    session = door.remote.api._session  # noqa: SLF001 - its hosts are changed under it
    assert session is not None
    session._hosts = frozenset({"elsewhere.example"})  # noqa: SLF001 - the same
    before = len(door.street.heard)

    with pytest.raises(VenueError, match="does not belong to this mode"):
        await door.venue.account()
    told = await door.venue.place(resting(door))

    assert told.state is OrderState.REJECTED
    assert told.reason.startswith("not sent: ")
    assert len(door.street.heard) == before
    assert MisdirectedError.__name__ not in str(told)


@pytest.mark.parametrize("what", ["half a step", "half a tick"])
async def test_what_the_library_would_round_does_not_leave(door: Door, what: str) -> None:
    contract, price = door.listed(), Price(door.touch()[1] + 50 * door.listed().price_tick)
    size = door.size("0.1")
    if what == "half a step":
        request = door.order(Side.SELL, size + contract.contracts_step / 2, price, TimeInForce.POST_ONLY)
    else:
        request = door.order(Side.SELL, size, price + contract.price_tick / 2, TimeInForce.POST_ONLY)

    report = await door.venue.place(request)

    assert report.state is OrderState.REJECTED
    assert "not sent" in report.reason
    assert asked_for(door) == 0


@pytest.mark.parametrize(
    ("side", "reduce_only"), [(Side.BUY, False), (Side.SELL, True)], ids=["opens a long", "closes a long"]
)
async def test_a_venue_whose_sides_stand_apart_never_hears_of_a_long(side: Side, reduce_only: bool) -> None:  # noqa: FBT001 - a column
    async with open_door("weex") as door:
        await door.venue.contracts((door.symbol,))
        price = door.touch()[1] if side is Side.BUY else door.touch()[0]

        report = await door.venue.place(
            door.order(side, door.size("0.1"), price, TimeInForce.IOC, reduce_only=reduce_only)
        )

        assert report.state is OrderState.REJECTED
        assert "not sent" in report.reason
        assert asked_for(door) == 0
