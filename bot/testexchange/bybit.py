"""Bybit's dialect: one unified account and a funding wallet beside it; linear and inverse, perpetual and dated.

An ack says that the order came in, and no more: a post-only order that would take is acknowledged and then cancelled. An order
that is asked for by a name nobody knows is an empty list. Flat positions are answered with size 0. Histories are told a week
at a time, in pages that end with a cursor. Sizes, prices and money are strings; modes, flags and some times are JSON's own.

Limits: spot is shown and not traded; there are no options, stops, batches or amendments. In hedge mode orders are refused,
because the model exchange keeps one net position. Leverage and margin mode are those of the whole account.
"""

import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from typing import ClassVar

from bot.core.instruments import Contract
from bot.testexchange.bybit_account import BybitAccount
from bot.testexchange.bybit_codes import refusal
from bot.testexchange.bybit_money import EXECUTIONS, entries, funding_words, log_words, paid, trade_words
from bot.testexchange.bybit_reading import asked, page_of, span_of, traded_kind
from bot.testexchange.bybit_words import (
    STANDINGS,
    WOULD_TAKE,
    category,
    number_of_id,
    order_id,
    order_words,
)
from bot.testexchange.keyring import Environment, Key, Keyring
from bot.testexchange.listings import Terms, dated, perpetual
from bot.testexchange.meter import Meter
from bot.testexchange.office import Office
from bot.testexchange.reading import body_of, text_of
from bot.testexchange.records import PlacedOrder, World
from bot.testexchange.router import Call, Desk, Route
from bot.testexchange.wire import No, NoError, Request, Response, answer

WINDOW_MS, AHEAD_MS = 5_000, 1_000
WHOLE = re.compile(r"[0-9]{1,16}")
RECENT = 500
"""So many orders that are done are told beside the open ones."""
TERMS = (
    Terms(family="BTC/USDT:USDT", size="1", step="0.001", tick="0.1"),
    Terms(family="ETH/USDT:USDT", size="1", step="0.01", tick="0.01"),
    Terms(family="BTC/USD:BTC", size="1", step="1", tick="0.5", notional_min="0"),
    Terms(family="ETH/USD:ETH", size="1", step="1", tick="0.05", notional_min="0"),
)
DATED = ("BTC/USDT:USDT", "BTC/USD:BTC")


class Bybit(BybitAccount):
    """Bybit."""

    name = "bybit"
    hosts: ClassVar[Mapping[str, Environment]] = {
        "api.bybit.com": "live",
        "api-testnet.bybit.com": "testnet",
        "api-demo.bybit.com": "testnet",
    }

    @classmethod
    def listing(cls, expiries: tuple[int, ...]) -> tuple[Contract, ...]:
        """List the contracts."""
        forever = tuple(perpetual(terms) for terms in TERMS)
        ending = tuple(dated(terms, at_ms) for terms in TERMS if terms.family in DATED for at_ms in expiries)
        return forever + ending

    @classmethod
    def opened(cls, world: World, keyring: Keyring) -> "Bybit":
        """Open the venue in a world."""
        return cls(Office(world, first_number=1_750_000_000_000_001), keyring, Meter(500, 5_000))

    # --- who asks ---------------------------------------------------------------------------------------------

    def signed_by(self, request: Request) -> Key:
        """Check key, time, and the signature over time, key, window and the query or the body."""
        headers = request.headers
        key = self.keyring.find(headers.get("x-bapi-api-key", ""), self.environment(request))
        stamp, window = headers.get("x-bapi-timestamp", ""), headers.get("x-bapi-recv-window", str(WINDOW_MS))
        if not WHOLE.fullmatch(stamp) or not WHOLE.fullmatch(window):
            raise NoError(No.TIMESTAMP)
        told = request.body if request.method == "POST" else request.query
        origin = f"{stamp}{key.key}{window}{told}"
        wanted = hmac.new(key.secret.encode(), origin.encode(), hashlib.sha256).hexdigest()
        given = headers.get("x-bapi-sign", "").encode(errors="replace")
        if not hmac.compare_digest(wanted.encode(), given):
            raise NoError(No.SIGNATURE)
        now_ms = request.wall_ms + self.office.moods.clock_skew_ms
        if not -AHEAD_MS < now_ms - int(stamp) <= int(window):
            raise NoError(No.TIMESTAMP)
        return key

    def wrap(self, data: object, route: Route) -> Response:
        """Wrap what a desk answered. The time is the answer's: how old prices are is told by books alone."""
        del route
        told = {"retCode": 0, "retMsg": "OK", "result": data, "retExtInfo": {}}
        return answer({**told, "time": self.office.clock_ms()})

    def refuse(self, error: NoError, operation: str) -> Response:
        """Say no: with status 200, but for what stands before the venue."""
        status, code, words = refusal(error, operation)
        told = {"retCode": code, "retMsg": words, "result": {}, "retExtInfo": {}}
        return answer({**told, "time": self.office.clock_ms()}, status)

    def routes(self) -> tuple[Route, ...]:
        """List the routes."""
        return (*self.public(), *self._private(), *self._changes())

    def _private(self) -> Iterable[Route]:
        desks: tuple[tuple[str, str, Desk, int], ...] = (
            ("key", "/v5/user/query-api", self.key, 10),
            ("account", "/v5/account/info", self.info, 10),
            ("balance", "/v5/account/wallet-balance", self.balance, 2),
            ("account", "/v5/account/collateral-info", self.collateral, 2),
            ("fees", "/v5/account/fee-rate", self.fees, 20),
            ("income", "/v5/account/transaction-log", self._log, 3),
            ("spot_account", "/v5/asset/transfer/query-account-coins-balance", self.funds, 50),
            ("transfers", "/v5/asset/transfer/query-inter-transfer-list", self.transfers, 100),
            ("currencies", "/v5/asset/coin/query-info", self.currencies, 56),
            ("positions", "/v5/position/list", self.positions, 10),
            ("order", "/v5/order/realtime", self._realtime, 10),
            ("orders", "/v5/order/history", self._history, 10),
            ("fills", "/v5/execution/list", self._executions, 10),
        )
        for operation, path, desk, weight in desks:
            yield Route(
                operation=operation, method="GET", path=path, desk=desk, permission="read", weight=weight
            )

    def _changes(self) -> Iterable[Route]:
        desks: tuple[tuple[str, str, Desk, int], ...] = (
            ("place", "/v5/order/create", self._place, 5),
            ("cancel", "/v5/order/cancel", self._cancel, 5),
            ("cancel_all", "/v5/order/cancel-all", self._cancel_all, 100),
            ("leverage", "/v5/position/set-leverage", self.set_leverage, 10),
            ("margin_mode", "/v5/account/set-margin-mode", self.set_margin, 10),
            ("position_mode", "/v5/position/switch-mode", self.set_mode, 10),
        )
        for operation, path, desk, weight in desks:
            yield Route(
                operation=operation, method="POST", path=path, desk=desk, permission="trade", weight=weight
            )
        yield Route(
            operation="transfer",
            method="POST",
            path="/v5/asset/transfer/inter-transfer",
            desk=self.transfer,
            permission="transfer",
            weight=100,
        )

    def operation(self, request: Request) -> str:
        """Tell what a request is about; open orders and single ones have one path."""
        found = super().operation(request)
        single = "orderLinkId=" in request.query or "orderId=" in request.query
        return "open_orders" if found == "order" and not single else found

    # --- orders -----------------------------------------------------------------------------------------------

    def _place(self, call: Call) -> object:
        words = body_of(call.request)
        contract = self.contract(words)
        ask = asked(words, contract.symbol)
        if self.office.hedge_mode.get(call.account, False):
            raise NoError(No.POSITION_SIDE)
        try:
            order = self.office.place(call.account, ask)
        except NoError as error:
            if error.no is not No.WOULD_TAKE:
                raise
            order = self.office.place_stillborn(call.account, ask, WOULD_TAKE)
        return _ack(order)

    def _cancel(self, call: Call) -> object:
        words = body_of(call.request)
        symbol = self.contract(words).symbol
        if not text_of(words, "orderId") and not text_of(words, "orderLinkId"):
            raise NoError(No.PARAMETER, "orderId or orderLinkId is required")
        return _ack(self.office.cancel(call.account, self._found(words, call.account, symbol)))

    def _cancel_all(self, call: Call) -> object:
        words = body_of(call.request)
        if text_of(words, "orderFilter") not in {"", "Order"}:
            raise NoError(No.UNSUPPORTED, "orderFilter")
        symbols = {one.symbol for one in self.chosen(words, narrowed=True)}
        standing = [one for one in self.office.open_orders(call.account) if one.ask.symbol in symbols]
        gone = [self.office.cancel(call.account, one) for one in standing]
        return {"list": [_ack(one) for one in gone], "success": "1"}

    def _found(self, words: Mapping[str, object], account: str, symbol: str = "") -> PlacedOrder:
        number = text_of(words, "orderId")
        if number:
            return self.office.find(account, number=number_of_id(number), symbol=symbol)
        return self.office.find(account, client_id=text_of(words, "orderLinkId"), symbol=symbol)

    def _realtime(self, call: Call) -> object:
        """List open orders; done ones, too, if asked for by name or by ``openOnly``."""
        word = call.params.get("openOnly", "")
        if word not in {"", "0", "1", "2"}:
            raise NoError(No.PARAMETER, "openOnly")
        named = self._named(call)
        if named is not None:
            return self._listed(call, named)
        symbols = {one.symbol for one in self.chosen(call.params, narrowed=True)}
        if word in {"1", "2"}:
            return self._listed(call, self._done(call, symbols)[:RECENT])
        standing = [one for one in self.office.open_orders(call.account) if one.ask.symbol in symbols]
        return self._listed(call, standing[::-1])

    def _history(self, call: Call) -> object:
        """List orders that are done, newest first."""
        from_ms, to_ms = span_of(call.params, self.office.now_ms)
        status = call.params.get("orderStatus", "")
        if status and status not in STANDINGS.values():
            raise NoError(No.PARAMETER, "orderStatus")
        named = self._named(call)
        if named is None:
            named = self._done(call, {one.symbol for one in self.chosen(call.params)})
        found = [
            one
            for one in named
            if not one.open and from_ms <= one.created_ms <= to_ms and status in {"", STANDINGS[one.standing]}
        ]
        return self._listed(call, found)

    def _named(self, call: Call) -> list[PlacedOrder] | None:
        """Find the order that is asked for by number or name; None if neither is given, nothing if there is none."""
        if not call.params.get("orderId") and not call.params.get("orderLinkId"):
            return None
        symbol = self.contract(call.params).symbol if call.params.get("symbol") else ""
        try:
            return [self._found(call.params, call.account, symbol)]
        except NoError as error:
            if error.no is not No.NO_ORDER:
                raise
            return []

    def _done(self, call: Call, symbols: set[str]) -> list[PlacedOrder]:
        """List what is done, newest first, but for what is too new to be known."""
        known_ms = self.office.now_ms - self.office.moods.forget_ms
        return [
            one
            for one in reversed(self.office.orders(call.account))
            if not one.open and one.ask.symbol in symbols and one.created_ms <= known_ms
        ]

    def _listed(self, call: Call, orders: list[PlacedOrder]) -> object:
        """Put orders of the category asked for into words; there are no stops to list."""
        kind, contracts = traded_kind(call.params), self.office.exchange.contracts
        words = [
            order_words(one, contracts[one.ask.symbol])
            for one in orders
            if category(contracts[one.ask.symbol]) == kind
        ]
        if call.params.get("orderFilter", "Order") != "Order":
            words = []
        page, following = page_of(words, call.params, 20, 50)
        return {"nextPageCursor": following, "category": kind, "list": page}

    # --- what became of them ----------------------------------------------------------------------------------

    def _executions(self, call: Call) -> object:
        """List executions, newest first; funding is one."""
        from_ms, to_ms = span_of(call.params, self.office.now_ms)
        kind = call.params.get("execType", "")
        if kind and kind not in EXECUTIONS:
            raise NoError(No.PARAMETER, "execType")
        chosen = {one.symbol: one for one in self.chosen(call.params)}
        trades = [
            trade_words(one, chosen[one.fill.symbol])
            for one in self.office.trades(call.account)
            if one.fill.symbol in chosen and from_ms <= one.fill.at_ms <= to_ms
        ]
        payments = [
            funding_words(paid(self.office, call.account, one, one.symbol), chosen[one.symbol])
            for one in self.office.incomes(call.account)
            if one.kind == "funding" and one.symbol in chosen and from_ms <= one.at_ms <= to_ms
        ]
        found = [one for one in [*trades, *payments] if kind in {"", one["execType"]}]
        for name in ("orderId", "orderLinkId"):
            wanted = call.params.get(name, "")
            found = [one for one in found if wanted in {"", one[name]}]
        newest = sorted(
            found, key=lambda one: (int(str(one["execTime"])), int(str(one["seq"]))), reverse=True
        )
        page, following = page_of(newest, call.params, 50, 100)
        return {"nextPageCursor": following, "category": call.params["category"], "list": page}

    def _log(self, call: Call) -> object:
        """List what moved in the unified wallet, newest first."""
        from_ms, to_ms = span_of(call.params, self.office.now_ms)
        if call.params.get("accountType", "UNIFIED") != "UNIFIED":
            raise NoError(No.PARAMETER, "accountType only support UNIFIED.")
        lines = [
            one for one in entries(self.office.incomes(call.account)) if from_ms <= one.first.at_ms <= to_ms
        ]
        found = [log_words(self.office, call.account, one) for one in reversed(lines)]
        for name in ("category", "currency", "type"):
            wanted = call.params.get(name, "")
            found = [one for one in found if wanted in {"", one[name]}]
        page, following = page_of(found, call.params, 20, 50)
        return {"nextPageCursor": following, "list": page}


def _ack(order: PlacedOrder) -> dict[str, object]:
    """Say that an order, or its cancel, came in."""
    return {"orderId": order_id(order.number), "orderLinkId": order.ask.client_id}
