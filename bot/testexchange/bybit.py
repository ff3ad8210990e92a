"""Bybit's dialect: one unified account and a funding wallet beside it; linear and inverse, perpetual and dated.

An ack says that the order came in, and no more: a post-only order that would take is acknowledged and then cancelled. Flat
positions are answered with size 0. Pages end with a cursor; everything here fits on a page or is cut by the limit.
"""

import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from typing import ClassVar

from bot.core.instruments import Contract
from bot.testexchange.bybit_account import BybitAccount, body_of
from bot.testexchange.bybit_words import (
    LOG_TYPES,
    REFUSALS,
    asked,
    category,
    funding_words,
    log_words,
    market_id,
    number_of_id,
    order_id,
    order_words,
    trade_words,
)
from bot.testexchange.keyring import Environment, Key, Keyring
from bot.testexchange.listings import Terms, dated, perpetual
from bot.testexchange.meter import Meter
from bot.testexchange.office import Office
from bot.testexchange.reading import whole_of
from bot.testexchange.records import PlacedOrder, World
from bot.testexchange.router import Call, Desk, Route
from bot.testexchange.wire import No, NoError, Request, Response, answer

WINDOW_MS, AHEAD_MS = 5_000, 1_000
CLIENT_ID = re.compile(r"[A-Za-z0-9_-]{1,36}")
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
        return cls(Office(world, first_number=1_750_000_000_000_001), keyring, Meter(600, 5_000))

    # --- who asks ---------------------------------------------------------------------------------------------

    def signed_by(self, request: Request) -> Key:
        """Check key, time, and the signature over time, key, window and the query or the body."""
        headers = request.headers
        key = self.keyring.find(headers.get("x-bapi-api-key", ""), self.environment(request))
        stamp, window = headers.get("x-bapi-timestamp", ""), headers.get("x-bapi-recv-window", str(WINDOW_MS))
        if not stamp.isdigit() or not window.isdigit():
            raise NoError(No.TIMESTAMP)
        told = request.body if request.method == "POST" else request.query
        origin = f"{stamp}{key.key}{window}{told}"
        wanted = hmac.new(key.secret.encode(), origin.encode(), hashlib.sha256).hexdigest()
        if not hmac.compare_digest(wanted, headers.get("x-bapi-sign", "")):
            raise NoError(No.SIGNATURE)
        now_ms = request.wall_ms + self.office.moods.clock_skew_ms
        if not -AHEAD_MS < now_ms - int(stamp) <= int(window):
            raise NoError(No.TIMESTAMP)
        return key

    def wrap(self, data: object, route: Route) -> Response:
        """Wrap what a desk answered."""
        del route
        words = {
            "retCode": 0,
            "retMsg": "OK",
            "result": data,
            "retExtInfo": {},
            "time": self.office.clock_ms(),
        }
        return answer(words)

    def refuse(self, error: NoError, operation: str) -> Response:
        """Say no: with status 200, but for what stands before the venue."""
        code, words = REFUSALS[error.no]
        if operation in {"margin_mode", "position_mode"} and error.no is No.NO_CHANGE:
            code, words = (110026, "Cross/isolated margin mode is not modified")
            if operation == "position_mode":
                code, words = 110025, "Position mode is not modified"
        status = {No.PATH: 404, No.BANNED: 403, No.MAINTENANCE: 503}.get(error.no, 200)
        told = {"retCode": code, "retMsg": words.format(error.text), "result": {}, "retExtInfo": {}}
        return answer({**told, "time": self.office.clock_ms()}, status)

    def routes(self) -> tuple[Route, ...]:
        """List the routes."""
        return (*self.public(), *self._private(), *self._changes())

    def _private(self) -> Iterable[Route]:
        desks: tuple[tuple[str, str, Desk], ...] = (
            ("key", "/v5/user/query-api", self.key),
            ("account", "/v5/account/info", self.info),
            ("balance", "/v5/account/wallet-balance", self.balance),
            ("account", "/v5/account/collateral-info", self.collateral),
            ("fees", "/v5/account/fee-rate", self.fees),
            ("income", "/v5/account/transaction-log", self._log),
            ("spot_account", "/v5/asset/transfer/query-account-coins-balance", self.funds),
            ("spot_account", "/v5/asset/transfer/query-account-coin-balance", self.funds),
            ("transfers", "/v5/asset/transfer/query-inter-transfer-list", self.transfers),
            ("currencies", "/v5/asset/coin/query-info", lambda _: {"rows": []}),
            ("positions", "/v5/position/list", self.positions),
            ("order", "/v5/order/realtime", self._realtime),
            ("orders", "/v5/order/history", self._history),
            ("fills", "/v5/execution/list", self._executions),
        )
        for operation, path, desk in desks:
            yield Route(operation=operation, method="GET", path=path, desk=desk, permission="read")

    def _changes(self) -> Iterable[Route]:
        desks: tuple[tuple[str, str, Desk], ...] = (
            ("place", "/v5/order/create", self._place),
            ("cancel", "/v5/order/cancel", self._cancel),
            ("cancel_all", "/v5/order/cancel-all", self._cancel_all),
            ("leverage", "/v5/position/set-leverage", self.set_leverage),
            ("margin_mode", "/v5/account/set-margin-mode", self.set_margin),
            ("position_mode", "/v5/position/switch-mode", self.set_mode),
        )
        for operation, path, desk in desks:
            yield Route(operation=operation, method="POST", path=path, desk=desk, permission="trade")
        path = "/v5/asset/transfer/inter-transfer"
        yield Route(operation="transfer", method="POST", path=path, desk=self.transfer, permission="transfer")

    def operation(self, request: Request) -> str:
        """Tell what a request is about; open orders and single ones have one path."""
        found = super().operation(request)
        single = "orderLinkId=" in request.query or "orderId=" in request.query
        return "open_orders" if found == "order" and not single else found

    # --- orders and what became of them -----------------------------------------------------------------------

    def _realtime(self, call: Call) -> object:
        if call.params.get("orderLinkId") or call.params.get("orderId"):
            return self._orders(call, [self._found(call.params, call.account)])
        symbol = self.contract(call).symbol if call.params.get("symbol") else ""
        return self._orders(call, self.office.open_orders(call.account, symbol))

    def _history(self, call: Call) -> object:
        if call.params.get("orderLinkId") or call.params.get("orderId"):
            order = self._found(call.params, call.account)
            return self._orders(call, [] if order.open else [order])
        symbol = self.contract(call).symbol if call.params.get("symbol") else ""
        done = [order for order in self.office.orders(call.account, symbol) if not order.open]
        return self._orders(call, done[::-1][: whole_of(call.params, "limit", 20)])

    def _orders(self, call: Call, orders: Iterable[PlacedOrder]) -> object:
        kind, contracts = call.wanted("category"), self.office.exchange.contracts
        words = [
            order_words(order, contracts[order.ask.symbol])
            for order in orders
            if category(contracts[order.ask.symbol]) == kind
        ]
        return {"nextPageCursor": "", "category": kind, "list": words}

    def _executions(self, call: Call) -> object:
        contract = self.contract(call)
        from_ms, to_ms = _span(call)
        kind, wanted_id = call.params.get("execType"), call.params.get("orderId")
        trades = [
            trade_words(one, contract)
            for one in self.office.trades(call.account, contract.symbol)
            if from_ms <= one.fill.at_ms <= to_ms and wanted_id in {None, order_id(one.order.number)}
        ]
        paid = [
            funding_words(one, contract)
            for one in self.office.incomes(call.account)
            if one.kind == "funding" and one.symbol == contract.symbol and from_ms <= one.at_ms <= to_ms
        ]
        found = [one for one in [*trades, *paid] if kind in {None, "", one["execType"]}]
        newest = sorted(found, key=lambda one: str(one["execTime"]), reverse=True)
        return self._page(call, newest)

    def _log(self, call: Call) -> object:
        from_ms, to_ms = _span(call)
        contracts = self.office.exchange.contracts
        found = [
            log_words(
                one,
                market_id(contracts[one.symbol]) if one.symbol else "",
                category(contracts[one.symbol]) if one.symbol else "",
            )
            for one in self.office.incomes(call.account)
            if one.kind in LOG_TYPES and from_ms <= one.at_ms <= to_ms
        ]
        return self._page(call, found[::-1])

    def _page(self, call: Call, found: list[dict[str, object]]) -> object:
        """Cut a list into pages; the cursor is where the next begins."""
        limit, start = whole_of(call.params, "limit", 50), whole_of(call.params, "cursor", 0)
        following = str(start + limit) if start + limit < len(found) else ""
        page = found[start : start + limit]
        return {"nextPageCursor": following, "category": call.params.get("category", ""), "list": page}

    def _place(self, call: Call) -> object:
        words = body_of(call)
        contract = self.named(str(words.get("symbol", "")))
        if self.office.hedge_mode.get(call.account, False):
            raise NoError(No.POSITION_SIDE)
        ask = asked(words, contract)
        if ask.client_id and not CLIENT_ID.fullmatch(ask.client_id):
            raise NoError(No.CLIENT_ID)
        try:
            order = self.office.place(call.account, ask)
        except NoError as error:
            if error.no is not No.WOULD_TAKE:
                raise
            order = self.office.place_stillborn(call.account, ask, "EC_PostOnlyWillTakeLiquidity")
        return {"orderId": order_id(order.number), "orderLinkId": ask.client_id}

    def _cancel(self, call: Call) -> object:
        words = {name: str(value) for name, value in body_of(call).items()}
        order = self.office.cancel(call.account, self._found(words, call.account))
        return {"orderId": order_id(order.number), "orderLinkId": order.ask.client_id}

    def _cancel_all(self, call: Call) -> object:
        words = body_of(call)
        symbol = self.named(str(words["symbol"])).symbol if words.get("symbol") else ""
        gone = [
            self.office.cancel(call.account, one) for one in self.office.open_orders(call.account, symbol)
        ]
        told = [{"orderId": order_id(one.number), "orderLinkId": one.ask.client_id} for one in gone]
        return {"list": told, "success": "1"}

    def _found(self, words: Mapping[str, str], account: str) -> PlacedOrder:
        symbol = self.named(words["symbol"]).symbol if words.get("symbol") else ""
        if words.get("orderId"):
            return self.office.find(account, number=number_of_id(words["orderId"]), symbol=symbol)
        if not words.get("orderLinkId"):
            raise NoError(No.PARAMETER, "orderId or orderLinkId is required")
        return self.office.find(account, client_id=words["orderLinkId"], symbol=symbol)


def _span(call: Call) -> tuple[int, int]:
    return whole_of(call.params, "startTime", 0), whole_of(call.params, "endTime", 10**15)
