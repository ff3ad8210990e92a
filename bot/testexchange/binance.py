"""Binance Futures' dialect, USD-M and COIN-M, and the spot host beside it: signatures, paths, desks.

Client order ids are unique among open orders only. The demo's spot host has no ``sapi``. Multi-asset mode is told, and is off.
"""

import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from typing import ClassVar

from bot.core.instruments import Contract
from bot.core.values import ZERO
from bot.testexchange.binance_board import WEIGHT_MAX, WEIGHT_WINDOW_MS, BinanceBoard
from bot.testexchange.binance_spot import SpotDesk
from bot.testexchange.binance_words import (
    INCOMES,
    REFUSALS,
    asked,
    bracket_words,
    flat,
    income_words,
    market_id,
    order_words,
    position_words,
    span_of,
    trade_words,
)
from bot.testexchange.keyring import Environment, Key, Keyring
from bot.testexchange.listings import Terms, dated, perpetual
from bot.testexchange.meter import Meter
from bot.testexchange.office import Office
from bot.testexchange.reading import number_of, whole_of
from bot.testexchange.records import PlacedOrder, World
from bot.testexchange.router import Call, Route
from bot.testexchange.wire import No, NoError, Request, Response, answer

WINDOW_MS, WINDOW_MS_MAX, AHEAD_MS = 5_000, 60_000, 1_000
ROWS_MAX = 1000
CLIENT_ID = re.compile(r"[.A-Z:/a-z0-9_-]{1,36}")


class Binance(BinanceBoard):
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
        """Check key, signature over the encoded string before it, and time, in the order the venue does."""
        key = self.keyring.find(request.headers.get("x-mbx-apikey", ""), self.environment(request))
        whole = request.body if request.method in {"POST", "PUT"} and request.body else request.query
        told, found, signature = whole.rpartition("&signature=")
        if not found:
            raise NoError(No.PARAMETER, "signature")
        wanted = hmac.new(key.secret.encode(), told.encode(), hashlib.sha256).hexdigest()
        if not hmac.compare_digest(wanted, signature):
            raise NoError(No.SIGNATURE)
        params = request.params()
        at_ms, window_ms = whole_of(params, "timestamp"), whole_of(params, "recvWindow", WINDOW_MS)
        now_ms = request.wall_ms + self.office.moods.clock_skew_ms
        if window_ms > WINDOW_MS_MAX:
            raise NoError(No.PARAMETER, "recvWindow")
        if not -AHEAD_MS < now_ms - at_ms <= window_ms:
            raise NoError(No.TIMESTAMP)
        return key

    def wrap(self, data: object, route: Route) -> Response:
        """Wrap nothing: objects and lists go out bare."""
        del route
        return answer(data)

    def refuse(self, error: NoError, operation: str) -> Response:
        """Say no."""
        status, code, words = REFUSALS[error.no]
        if operation == "position_mode" and error.no is No.NO_CHANGE:
            code, words = -4059, "No need to change position side."
        if operation == "cancel" and error.no is No.NO_ORDER:
            code, words = -2011, "Unknown order sent."
        return answer({"code": code, "msg": words.format(error.text)}, status)

    def routes(self) -> tuple[Route, ...]:
        """List the routes of the product and of the spot host."""
        return (*self.public(), *self._private(), *self._changes(), *self._spot.routes())

    def _private(self) -> Iterable[Route]:
        v1 = f"/{self.prefix}/v1"
        account = "v3" if self.linear else "v1"
        brackets = f"{v1}/leverageBracket" if self.linear else f"/{self.prefix}/v2/leverageBracket"
        for operation, path, desk, weight in (
            ("balance", f"/{self.prefix}/{account}/account", self._account, 5),
            ("positions", f"/{self.prefix}/{account}/positionRisk", self._positions, 5),
            ("tiers", brackets, self._tiers, 1),
            ("fees", f"{v1}/commissionRate", self._fees, 20),
            ("account", f"{v1}/symbolConfig", self._config, 5),
            ("position_mode", f"{v1}/positionSide/dual", self._dual, 30),
            ("account", f"{v1}/multiAssetsMargin", lambda _: {"multiAssetsMargin": False}, 30),
            ("order", f"{v1}/order", self._order, 1),
            ("open_orders", f"{v1}/openOrders", self._open_orders, 1),
            ("orders", f"{v1}/allOrders", self._all_orders, 5),
            ("fills", f"{v1}/userTrades", self._trades, 5),
            ("income", f"{v1}/income", self._incomes, 30),
            ("forced", f"{v1}/forceOrders", self._forced, 20),
            ("adl", f"{v1}/adlQuantile", self._queue, 5),
        ):
            yield Route(
                operation=operation, path=path, desk=desk, weight=weight, method="GET", permission="read"
            )

    def _changes(self) -> Iterable[Route]:
        v1 = f"/{self.prefix}/v1"
        for operation, method, path, desk in (
            ("place", "POST", f"{v1}/order", self._place),
            ("cancel", "DELETE", f"{v1}/order", self._cancel),
            ("cancel_all", "DELETE", f"{v1}/allOpenOrders", self._cancel_all),
            ("leverage", "POST", f"{v1}/leverage", self._set_leverage),
            ("margin_mode", "POST", f"{v1}/marginType", self._set_margin),
            ("position_mode", "POST", f"{v1}/positionSide/dual", self._set_dual),
        ):
            yield Route(operation=operation, method=method, path=path, desk=desk, permission="trade")

    # --- the account ------------------------------------------------------------------------------------------

    def _account(self, call: Call) -> object:
        trader, marks = self.office.trader(call.account), self.office.exchange.marks
        assets = [
            self._asset(call.account, asset) for kind, asset in sorted(trader.wallets) if kind == "futures"
        ]
        positions = [
            position_words(self.office, call.account, held, self.office.exchange.contracts[held.symbol])
            for held in self.office.positions(call.account)
        ]
        for words in positions:
            words["unrealizedProfit"] = words["unRealizedProfit"]
        if not self.linear:
            return {
                "assets": assets,
                "positions": positions,
                "canTrade": True,
                "canDeposit": True,
                "updateTime": 0,
            }
        dollars = "USDT"
        free = trader.free(dollars, marks) if trader.priced(dollars, marks) else ZERO
        return {
            "totalWalletBalance": trader.balance("futures", dollars),
            "totalMaintMargin": trader.maintenance(dollars, marks) if trader.priced(dollars, marks) else ZERO,
            "totalMarginBalance": trader.wallet_equity(dollars, marks)
            if trader.priced(dollars, marks)
            else ZERO,
            "availableBalance": max(free, ZERO),
            "maxWithdrawAmount": max(free, ZERO),
            "assets": assets,
            "positions": positions,
        }

    def _asset(self, account: str, asset: str) -> dict[str, object]:
        trader, marks = self.office.trader(account), self.office.exchange.marks
        balance, priced = trader.balance("futures", asset), trader.priced(asset, marks)
        held = trader.open_positions(asset)
        margin = (
            sum((trader.initial_margin(one, marks[one.contract.symbol]) for one in held), ZERO)
            if priced
            else ZERO
        )
        equity = trader.wallet_equity(asset, marks) if priced else balance
        free = max(trader.free(asset, marks), ZERO) if priced else ZERO
        return {
            "asset": asset,
            "walletBalance": balance,
            "unrealizedProfit": equity - balance,
            "marginBalance": equity,
            "maintMargin": trader.maintenance(asset, marks) if priced else ZERO,
            "initialMargin": margin,
            "positionInitialMargin": margin,
            "openOrderInitialMargin": "0",
            "crossWalletBalance": balance,
            "crossUnPnl": equity - balance,
            "availableBalance": free,
            "maxWithdrawAmount": free,
            "updateTime": max(1, self.office.now_ms),
        }

    def _positions(self, call: Call) -> object:
        held = self.office.positions(call.account)
        contracts = self.office.exchange.contracts
        found = [position_words(self.office, call.account, one, contracts[one.symbol]) for one in held]
        if self.linear:
            return found
        listed = {one.symbol for one in held}
        others = [one for one in self.office.contracts() if one.symbol not in listed]
        return found + [position_words(self.office, call.account, flat(one), one) for one in others]

    def _tiers(self, call: Call) -> object:
        return self.listed(call, bracket_words)

    def _fees(self, call: Call) -> object:
        contract = self.contract(call)
        return {
            "symbol": market_id(contract),
            "makerCommissionRate": contract.fee_maker,
            "takerCommissionRate": contract.fee_taker,
        }

    def _config(self, call: Call) -> object:
        if not self.linear:
            raise NoError(No.PATH)
        mode = self.office.trader(call.account).margin_mode
        return self.listed(
            call,
            lambda one: {
                "symbol": market_id(one),
                "marginType": "CROSSED" if mode == "cross" else "ISOLATED",
                "isAutoAddMargin": "false",
                "leverage": int(self.office.leverage(call.account, one.symbol)),
                "maxNotionalValue": "1000000",
            },
        )

    def _dual(self, call: Call) -> object:
        return {"dualSidePosition": self.office.hedge_mode.get(call.account, False)}

    def _order(self, call: Call) -> object:
        return self._words(self._found(call))

    def _open_orders(self, call: Call) -> object:
        symbol = self.contract(call).symbol if call.params.get("symbol") else ""
        return [self._words(order) for order in self.office.open_orders(call.account, symbol)]

    def _all_orders(self, call: Call) -> object:
        symbol, limit = self.contract(call).symbol, whole_of(call.params, "limit", 500)
        return [self._words(order) for order in self.office.orders(call.account, symbol)][-limit:]

    def _trades(self, call: Call) -> object:
        contract, limit = self.contract(call), whole_of(call.params, "limit", 500)
        if limit > ROWS_MAX:
            raise NoError(No.PARAMETER, "limit")
        start_ms, end_ms = span_of(call.params)
        first, order = whole_of(call.params, "fromId", 0), call.params.get("orderId")
        found = [
            trade
            for trade in self.office.trades(call.account, contract.symbol)
            if start_ms <= trade.fill.at_ms <= end_ms
            and trade.number >= first
            and (order is None or trade.order.number == whole_of(call.params, "orderId"))
        ]
        kept = found[:limit] if start_ms or first else found[-limit:]
        return [trade_words(trade, contract) for trade in kept]

    def _incomes(self, call: Call) -> object:
        limit, kind = whole_of(call.params, "limit", 100), call.params.get("incomeType")
        symbol = self.contract(call).symbol if call.params.get("symbol") else None
        start_ms, end_ms = span_of(call.params)
        found = [
            one
            for one in self.office.incomes(call.account)
            if start_ms <= one.at_ms <= end_ms
            and kind in {None, INCOMES[one.kind]}
            and symbol in {None, one.symbol}
        ]
        kept = found[:limit] if start_ms else found[-limit:]
        contracts = self.office.exchange.contracts
        return [income_words(one, market_id(contracts[one.symbol]) if one.symbol else "") for one in kept]

    def _forced(self, call: Call) -> object:
        forced = {"liquidation", "deleverage"}
        return [self._words(order) for order in self.office.orders(call.account) if order.cause in forced]

    def _queue(self, call: Call) -> object:
        return [
            {
                "symbol": market_id(self.office.exchange.contracts[one.symbol]),
                "adlQuantile": {"BOTH": (one.adl_rank or 1) - 1},
            }
            for one in self.office.positions(call.account)
        ]

    # --- what changes something -------------------------------------------------------------------------------

    def _place(self, call: Call) -> object:
        if self.office.hedge_mode.get(call.account, False):
            raise NoError(No.POSITION_SIDE)
        ask = asked(call.params, self.contract(call).symbol)
        if ask.client_id and not CLIENT_ID.fullmatch(ask.client_id):
            raise NoError(No.CLIENT_ID)
        return self._words(self.office.place(call.account, ask))

    def _cancel(self, call: Call) -> object:
        return self._words(self.office.cancel(call.account, self._found(call)))

    def _cancel_all(self, call: Call) -> object:
        for order in self.office.open_orders(call.account, self.contract(call).symbol):
            self.office.cancel(call.account, order)
        return {"code": 200, "msg": "The operation of cancel all open order is done."}

    def _set_leverage(self, call: Call) -> object:
        contract, leverage = self.contract(call), number_of(call.params, "leverage")
        self.office.set_leverage(call.account, contract.symbol, leverage)
        return {"leverage": int(leverage), "maxNotionalValue": "1000000", "symbol": market_id(contract)}

    def _set_margin(self, call: Call) -> object:
        self.contract(call)
        modes = {"CROSSED": "cross", "ISOLATED": "isolated"}
        word = call.wanted("marginType")
        if word not in modes:
            raise NoError(No.PARAMETER, "marginType")
        self.office.set_margin_mode(call.account, "cross" if word == "CROSSED" else "isolated")
        return {"code": 200, "msg": "success"}

    def _set_dual(self, call: Call) -> object:
        word = call.wanted("dualSidePosition")
        if word not in {"true", "false"}:
            raise NoError(No.PARAMETER, "dualSidePosition")
        self.office.set_hedge_mode(call.account, on=word == "true")
        return {"code": 200, "msg": "success"}

    # --- finding ----------------------------------------------------------------------------------------------

    def _found(self, call: Call) -> PlacedOrder:
        symbol = self.contract(call).symbol
        if call.params.get("orderId"):
            return self.office.find(call.account, number=whole_of(call.params, "orderId"), symbol=symbol)
        return self.office.find(call.account, client_id=call.wanted("origClientOrderId"), symbol=symbol)

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
