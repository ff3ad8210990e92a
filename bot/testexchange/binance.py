"""Binance Futures' dialect, USD-M and COIN-M, and the spot host beside it: signatures, paths, desks.

Client order ids are unique among open orders only. The demo's spot host has no ``sapi``. Multi-asset mode is told, and is off.
"""

import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from typing import ClassVar

from bot.core.instruments import Contract
from bot.core.values import Side
from bot.testexchange.binance_account import BinanceAccount
from bot.testexchange.binance_board import WEIGHT_MAX, WEIGHT_WINDOW_MS
from bot.testexchange.binance_codes import CodedError, refusal, wrong
from bot.testexchange.binance_reading import (
    asked,
    limit_of,
    maybe_whole,
    refuse_twice,
    span_of,
    times_of,
    wants_result,
    whole_of,
)
from bot.testexchange.binance_spot import SpotDesk
from bot.testexchange.binance_words import (
    DOWN_MAX,
    ORDERS_MAX,
    UP_MAX,
    ack_words,
    order_words,
    taken_words,
    trade_words,
)
from bot.testexchange.keyring import Environment, Key, Keyring
from bot.testexchange.listings import Terms, dated, perpetual
from bot.testexchange.meter import Meter
from bot.testexchange.office import Office
from bot.testexchange.records import Ask, PlacedOrder, World
from bot.testexchange.router import Call, Route
from bot.testexchange.wire import No, NoError, Request, Response, answer, plain

WINDOW_MS, WINDOW_MS_MAX, AHEAD_MS = 5_000, 60_000, 1_000
ROWS_MAX = 1000
FORCED_MAX = 100
KEY_FORM = re.compile(r"[A-Za-z0-9_-]{1,128}")
FORCED_KINDS = {"LIQUIDATION": {"liquidation"}, "ADL": {"deleverage"}}


class Binance(BinanceAccount):
    """One of the two products."""

    terms: ClassVar[tuple[Terms, ...]]
    dated_families: ClassVar[frozenset[str]]

    def __init__(self, office: Office, keyring: Keyring, meter: Meter) -> None:
        self._spot = SpotDesk(office, self.prefix)
        super().__init__(office, keyring, meter)

    @classmethod
    def listing(cls, expiries: tuple[int, ...]) -> tuple[Contract, ...]:
        """List the product's contracts."""
        forever = tuple(perpetual(terms) for terms in cls.terms)
        ending = tuple(
            dated(terms, expiry_ms)
            for terms in cls.terms
            if terms.family in cls.dated_families
            for expiry_ms in expiries
        )
        return forever + ending

    @classmethod
    def opened(cls, world: World, keyring: Keyring) -> "Binance":
        """Open the venue in a world."""
        office = Office(world, first_number=8_389_765_000_001, names_reused="when done")
        return cls(office, keyring, Meter(WEIGHT_MAX, WEIGHT_WINDOW_MS, used_header="X-MBX-USED-WEIGHT-1M"))

    # --- who asks ---------------------------------------------------------------------------------------------

    def signed_by(self, request: Request) -> Key:
        """Check key, signature and time, in that order.

        The signature comes last, and is over all that stands before it: the query, and the body right behind it.
        """
        name = request.headers.get("x-mbx-apikey", "")
        if not KEY_FORM.fullmatch(name):
            raise CodedError(-2014, "API-key format invalid.", status=401)
        key = self.keyring.find(name, self.environment(request))
        told, found, signature = (request.query + request.body).rpartition("&signature=")
        if not found:
            raise NoError(No.PARAMETER, "signature")
        wanted = hmac.new(key.secret.encode(), told.encode(errors="replace"), hashlib.sha256).hexdigest()
        if not hmac.compare_digest(wanted.encode(), signature.encode(errors="replace")):
            raise NoError(No.SIGNATURE)
        refuse_twice(request)
        self._check_time(request)
        return key

    def _check_time(self, request: Request) -> None:
        params = request.params()
        at_ms, window_ms = whole_of(params, "timestamp"), maybe_whole(params, "recvWindow")
        window_ms = WINDOW_MS if window_ms is None else window_ms
        if not 1 <= window_ms <= WINDOW_MS_MAX:
            raise wrong("recvWindow")
        now_ms = request.wall_ms + self.office.moods.clock_skew_ms
        if at_ms >= now_ms + AHEAD_MS:
            raise CodedError(
                -1021, f"Timestamp for this request was {AHEAD_MS}ms ahead of the server's time."
            )
        if now_ms - at_ms > window_ms:
            raise NoError(No.TIMESTAMP)

    def wrap(self, data: object, route: Route) -> Response:
        """Wrap nothing: objects and lists go out bare."""
        del route
        return answer(data)

    def refuse(self, error: NoError, operation: str) -> Response:
        """Say no."""
        return refusal(error, operation)

    def routes(self) -> tuple[Route, ...]:
        """List the routes of the product and of the spot host."""
        return (*self.public(), *self.account_routes(), *self._order_routes(), *self._spot.routes())

    def _order_routes(self) -> Iterable[Route]:
        v1 = f"/{self.prefix}/v1"
        for operation, path, desk, weight in (
            ("order", f"{v1}/order", self._order, 1),
            ("open_orders", f"{v1}/openOrders", self._open_orders, 1),
            ("orders", f"{v1}/allOrders", self._all_orders, 5),
            ("fills", f"{v1}/userTrades", self._trades, 5),
            ("forced", f"{v1}/forceOrders", self._forced, 20),
        ):
            yield Route(
                operation=operation, path=path, desk=desk, weight=weight, method="GET", permission="read"
            )
        for operation, method, path, desk in (
            ("place", "POST", f"{v1}/order", self._place),
            ("cancel", "DELETE", f"{v1}/order", self._cancel),
            ("cancel_all", "DELETE", f"{v1}/allOpenOrders", self._cancel_all),
        ):
            yield Route(operation=operation, method=method, path=path, desk=desk, permission="trade")

    # --- orders -----------------------------------------------------------------------------------------------

    def _place(self, call: Call) -> object:
        contract = self.contract(call)
        ask, tells = asked(call.params, contract), wants_result(call.params)
        if self.office.hedge_mode.get(call.account, False):
            raise NoError(No.POSITION_SIDE)
        order = self._placed(call.account, ask, contract)
        return (taken_words if tells else ack_words)(order, contract)

    def _placed(self, account: str, ask: Ask, contract: Contract) -> PlacedOrder:
        if len(self.office.open_orders(account, ask.symbol)) >= ORDERS_MAX:
            raise CodedError(-2025, "Reach max open order limit.")
        self._check_distance(ask)
        try:
            return self.office.place(account, ask)
        except NoError as error:
            if error.no is No.NOTIONAL:
                raise NoError(No.NOTIONAL, plain(contract.notional_min)) from error
            raise

    def _check_distance(self, ask: Ask) -> None:
        """Refuse prices that give too much away: who buys far above the mark, or sells far below it."""
        price, mark = ask.limit_price, self.office.exchange.marks.get(ask.symbol)
        if price is None or mark is None:
            return
        highest, lowest = (plain(mark * share) for share in (UP_MAX, DOWN_MAX))
        if ask.side is Side.BUY and price > mark * UP_MAX:
            raise CodedError(-4016, f"Limit price can't be higher than {highest}.")
        if ask.side is Side.SELL and price < mark * DOWN_MAX:
            raise CodedError(-4024, f"Limit price can't be lower than {lowest}.")

    def _cancel(self, call: Call) -> object:
        order = self.office.cancel(call.account, self._found(call))
        return taken_words(order, self.contract(call))

    def _cancel_all(self, call: Call) -> object:
        for order in self.office.open_orders(call.account, self.contract(call).symbol):
            self.office.cancel(call.account, order)
        return {"code": 200, "msg": "The operation of cancel all open order is done."}

    def _order(self, call: Call) -> object:
        return self._words(self._found(call))

    def _open_orders(self, call: Call) -> object:
        symbol = self.contract(call).symbol if call.params.get("symbol") else ""
        return [self._words(order) for order in self.office.open_orders(call.account, symbol)]

    def _all_orders(self, call: Call) -> object:
        """List orders of a contract: the last, or the first since a time or a number."""
        symbol, limit = self.contract(call).symbol, limit_of(call.params, 500, ROWS_MAX)
        first, (start_ms, end_ms) = maybe_whole(call.params, "orderId"), times_of(call.params)
        found = [
            order
            for order in self.office.orders(call.account, symbol)
            if (first is None or order.number >= first)
            and (start_ms is None or order.created_ms >= start_ms)
            and (end_ms is None or order.created_ms <= end_ms)
        ]
        forward = first is not None or start_ms is not None
        return [self._words(order) for order in (found[:limit] if forward else found[-limit:])]

    def _forced(self, call: Call) -> object:
        """List what the venue ordered by its own hand."""
        symbol = self.contract(call).symbol if call.params.get("symbol") else ""
        limit = limit_of(call.params, 50, FORCED_MAX)
        start_ms, end_ms = span_of(call.params, self.office.now_ms)
        kind = call.params.get("autoCloseType")
        if kind is not None and kind not in FORCED_KINDS:
            raise wrong("autoCloseType")
        causes = {"liquidation", "deleverage"} if kind is None else FORCED_KINDS[kind]
        found = [
            order
            for order in self.office.orders(call.account, symbol)
            if order.cause in causes and start_ms <= order.created_ms <= end_ms
        ]
        return [self._words(order) for order in found[-limit:]]

    def _trades(self, call: Call) -> object:
        """List fills of a contract: the last of a week, or the first since a time or a number."""
        contract, limit = self.contract(call), limit_of(call.params, 500, ROWS_MAX)
        first, number = maybe_whole(call.params, "fromId"), maybe_whole(call.params, "orderId")
        timed = bool({"startTime", "endTime"} & set(call.params))
        if first is not None and timed:
            raise CodedError(-1128, "Combination of optional parameters invalid.")
        start_ms, end_ms = span_of(call.params, self.office.now_ms)
        found = [
            trade
            for trade in self.office.trades(call.account, contract.symbol)
            if (first is not None or start_ms <= trade.fill.at_ms <= end_ms)
            and (first is None or trade.number >= first)
            and (number is None or trade.order.number == number)
        ]
        forward = first is not None or "startTime" in call.params
        return [trade_words(one, contract) for one in (found[:limit] if forward else found[-limit:])]

    # --- finding ----------------------------------------------------------------------------------------------

    def _found(self, call: Call) -> PlacedOrder:
        """Find the order that is meant; the venue's number goes before the customer's name."""
        symbol, number = self.contract(call).symbol, maybe_whole(call.params, "orderId")
        if number is not None:
            return self.office.find(call.account, number=number, symbol=symbol)
        name = call.params.get("origClientOrderId", "")
        if not name:
            raise CodedError(
                -1102, "Param 'origClientOrderId' or 'orderId' must be sent, but both were empty/null!"
            )
        return self.office.find(call.account, client_id=name, symbol=symbol)

    def _words(self, order: PlacedOrder) -> dict[str, object]:
        return order_words(order, self.office.exchange.contracts[order.ask.symbol])


class BinanceUsdm(Binance):
    """USD-M: linear contracts, sized in coins."""

    name = "binance-usdm"
    hosts: ClassVar[Mapping[str, Environment]] = {
        "fapi.binance.com": "live",
        "api.binance.com": "live",
        "demo-fapi.binance.com": "testnet",
        "demo-api.binance.com": "testnet",
    }
    linear = True
    prefix = "fapi"
    terms = (
        Terms(family="BTC/USDT:USDT", size="1", step="0.001", tick="0.1", notional_min="100"),
        Terms(family="ETH/USDT:USDT", size="1", step="0.001", tick="0.01", notional_min="20"),
    )
    dated_families = frozenset({"BTC/USDT:USDT"})


class BinanceCoinm(Binance):
    """COIN-M: inverse contracts of 100 dollars of bitcoin, and of 10 of others."""

    name = "binance-coinm"
    hosts: ClassVar[Mapping[str, Environment]] = {
        "dapi.binance.com": "live",
        "api.binance.com": "live",
        "demo-dapi.binance.com": "testnet",
        "demo-api.binance.com": "testnet",
    }
    linear = False
    prefix = "dapi"
    terms = (
        Terms(family="BTC/USD:BTC", size="100", step="1", tick="0.1"),
        Terms(family="ETH/USD:ETH", size="10", step="1", tick="0.01"),
    )
    dated_families = frozenset({"BTC/USD:BTC"})
