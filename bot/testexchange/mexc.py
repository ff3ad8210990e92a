"""MEXC's dialect: linear and inverse perpetuals, and the spot wallet beside them.

An ack has the order's number and no name of the customer's. A time in force is ignored: an IOC order is another type. Orders are
found by name within their contract. Every order is margined by the whole wallet here; isolated ones are refused.
"""

import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import ClassVar

from bot.core.instruments import Contract, tiers_from
from bot.core.values import ZERO
from bot.testexchange.keyring import Environment, Key, Keyring
from bot.testexchange.listings import Terms, perpetual
from bot.testexchange.meter import Meter
from bot.testexchange.mexc_board import SPOT, MexcBoard
from bot.testexchange.mexc_words import (
    REFUSALS,
    SPOT_REFUSALS,
    asked,
    deal_words,
    market_id,
    order_words,
    position_words,
    risk_tiers,
)
from bot.testexchange.office import Office
from bot.testexchange.reading import number_of, whole_of
from bot.testexchange.records import PlacedOrder, World
from bot.testexchange.router import Call, Desk, Route
from bot.testexchange.wire import No, NoError, Request, Response, answer

PRIVATE = "/api/v1/private"
WINDOW_MS = 10_000
OK, BAD_REQUEST = 200, 400
CLIENT_ID = re.compile(r"[A-Za-z0-9_-]{1,32}")
TERMS = (
    Terms(family="BTC/USDT:USDT", size="0.0001", step="1", tick="0.1", notional_min="0"),
    Terms(family="ETH/USDT:USDT", size="0.01", step="1", tick="0.01", notional_min="0"),
    Terms(family="BTC/USD:BTC", size="100", step="1", tick="0.1", notional_min="0"),
    Terms(family="ETH/USD:ETH", size="10", step="1", tick="0.01", notional_min="0"),
)


class Mexc(MexcBoard):
    """MEXC."""

    name = "mexc"
    hosts: ClassVar[Mapping[str, Environment]] = {"api.mexc.com": "live", "contract.mexc.com": "live"}

    @classmethod
    def listing(cls, expiries: tuple[int, ...]) -> tuple[Contract, ...]:
        """List the contracts: all are perpetual."""
        del expiries
        found = [perpetual(terms) for terms in TERMS]
        return tuple(replace(one, tiers=tiers_from(risk_tiers(one))) for one in found)

    @classmethod
    def opened(cls, world: World, keyring: Keyring) -> "Mexc":
        """Open the venue in a world."""
        office = Office(world, first_number=739_000_000_000_000_001)
        return cls(office, keyring, Meter(1200, 60_000))

    # --- who asks ---------------------------------------------------------------------------------------------

    def signed_by(self, request: Request) -> Key:
        """Check key, signature and time: of contracts by headers, of spot by the query."""
        if request.path.startswith(SPOT):
            return self._signed_spot(request)
        headers = request.headers
        key = self.keyring.find(headers.get("apikey", ""), self.environment(request))
        stamp = headers.get("request-time", "")
        told = request.body if request.method == "POST" else request.query
        origin = f"{key.key}{stamp}{told}"
        self._compare(key, origin, headers.get("signature", ""))
        self._check_time(request, stamp, WINDOW_MS)
        return key

    def _signed_spot(self, request: Request) -> Key:
        key = self.keyring.find(request.headers.get("x-mexc-apikey", ""), self.environment(request))
        told, _, signature = request.query.rpartition("&signature=")
        self._compare(key, told, signature)
        params = request.params()
        self._check_time(request, params.get("timestamp", ""), whole_of(params, "recvWindow", 5_000))
        return key

    def _compare(self, key: Key, origin: str, signature: str) -> None:
        wanted = hmac.new(key.secret.encode(), origin.encode(), hashlib.sha256).hexdigest()
        if not hmac.compare_digest(wanted, signature):
            raise NoError(No.SIGNATURE)

    def _check_time(self, request: Request, stamp: str, window_ms: int) -> None:
        now_ms = request.wall_ms + self.office.moods.clock_skew_ms
        if not stamp.isdigit() or abs(now_ms - int(stamp)) > window_ms:
            raise NoError(No.TIMESTAMP)

    def wrap(self, data: object, route: Route) -> Response:
        """Wrap what a desk of the contracts answered; spot answers bare."""
        return (
            answer(data)
            if route.path.startswith(SPOT)
            else answer({"success": True, "code": 0, "data": data})
        )

    def refuse(self, error: NoError, operation: str) -> Response:
        """Say no: spot in its own form."""
        status, code, words = REFUSALS[error.no]
        if operation in {"spot_account", "transfer", "transfers"}:
            code, words = SPOT_REFUSALS.get(error.no, (code, words))
            spot_status = BAD_REQUEST if status == OK else status
            return answer({"code": code, "msg": words.format(error.text)}, spot_status)
        return answer({"success": False, "code": code, "message": words.format(error.text)}, status)

    def routes(self) -> tuple[Route, ...]:
        """List the routes."""
        return (*self.public(), *self._private(), *self._changes())

    def _private(self) -> Iterable[Route]:
        desks: tuple[tuple[str, str, Desk], ...] = (
            ("balance", f"{PRIVATE}/account/assets", self._assets),
            ("positions", f"{PRIVATE}/position/open_positions", self._positions),
            ("position_mode", f"{PRIVATE}/position/position_mode", self._mode),
            ("account", f"{PRIVATE}/position/leverage", self._leverage),
            ("income", f"{PRIVATE}/position/funding_records", self._funding_records),
            ("income", f"{PRIVATE}/account/transfer_record", self._moved),
            ("order", f"{PRIVATE}/order/external/{{symbol}}/{{external}}", self._order),
            ("order", f"{PRIVATE}/order/get/{{order}}", self._order_of_number),
            ("open_orders", f"{PRIVATE}/order/list/open_orders", self._open_orders),
            ("open_orders", f"{PRIVATE}/order/list/open_orders/{{symbol}}", self._open_orders),
            ("orders", f"{PRIVATE}/order/list/history_orders", self._history),
            ("fills", f"{PRIVATE}/order/list/order_deals", self._deals),
            ("fills", f"{PRIVATE}/order/deal_details/{{order}}", self._deals),
            ("spot_account", f"{SPOT}/account", self._spot),
            ("transfers", f"{SPOT}/capital/transfer", self._transfers),
            ("currencies", f"{SPOT}/capital/config/getall", lambda _: []),
        )
        for operation, path, desk in desks:
            yield Route(operation=operation, method="GET", path=path, desk=desk, permission="read", weight=2)

    def _changes(self) -> Iterable[Route]:
        desks: tuple[tuple[str, str, Desk], ...] = (
            ("place", f"{PRIVATE}/order/create", self._place),
            ("place", f"{PRIVATE}/order/submit", self._place),
            ("cancel", f"{PRIVATE}/order/cancel", self._cancel),
            ("cancel", f"{PRIVATE}/order/cancel_with_external", self._cancel_named),
            ("cancel_all", f"{PRIVATE}/order/cancel_all", self._cancel_all),
            ("leverage", f"{PRIVATE}/position/change_leverage", self._set_leverage),
            ("position_mode", f"{PRIVATE}/position/change_position_mode", self._set_mode),
        )
        for operation, path, desk in desks:
            yield Route(
                operation=operation, method="POST", path=path, desk=desk, permission="trade", weight=2
            )
        path = f"{SPOT}/capital/transfer"
        yield Route(
            operation="transfer", method="POST", path=path, desk=self._transfer, permission="transfer"
        )

    # --- the account ------------------------------------------------------------------------------------------

    def _assets(self, call: Call) -> object:
        trader, marks = self.office.trader(call.account), self.office.exchange.marks
        found = []
        for kind, coin in sorted(trader.wallets):
            if kind != "futures":
                continue
            balance, priced = trader.balance("futures", coin), trader.priced(coin, marks)
            held = trader.open_positions(coin) if priced else []
            margin = sum((trader.initial_margin(one, marks[one.contract.symbol]) for one in held), ZERO)
            equity = trader.wallet_equity(coin, marks) if priced else balance
            found.append(
                {
                    "currency": coin,
                    "positionMargin": margin,
                    "availableBalance": max(balance - margin, ZERO),
                    "cashBalance": max(balance - margin, ZERO),
                    "frozenBalance": "0",
                    "equity": equity,
                    "unrealized": equity - balance,
                    "bonus": "0",
                }
            )
        return found

    def _positions(self, call: Call) -> object:
        contracts = self.office.exchange.contracts
        wanted = self.named(call.params["symbol"]).symbol if call.params.get("symbol") else None
        return [
            position_words(self.office, call.account, one, contracts[one.symbol])
            for one in self.office.positions(call.account)
            if wanted in {None, one.symbol}
        ]

    def _mode(self, call: Call) -> object:
        return 1 if self.office.hedge_mode.get(call.account, False) else 2

    def _leverage(self, call: Call) -> object:
        contract = self.named(call.wanted("symbol"))
        leverage = int(self.office.leverage(call.account, contract.symbol))
        shared = {"level": 1, "maxVol": 463_300, "mmr": "0.004", "imr": "0.01", "leverage": leverage}
        return [
            {**shared, "positionType": side, "openType": how, "limitBySys": False, "currentMmr": "0.004"}
            for side in (1, 2)
            for how in (1, 2)
        ]

    def _funding_records(self, call: Call) -> object:
        contracts = self.office.exchange.contracts
        found: list[dict[str, object]] = [
            {
                "id": one.number,
                "symbol": market_id(contracts[one.symbol]),
                "positionType": 2,
                "positionValue": "0",
                "funding": one.amount,
                "rate": "0",
                "settleTime": one.at_ms,
            }
            for one in self.office.incomes(call.account)
            if one.kind == "funding" and one.symbol is not None
        ]
        return _page(call, found[::-1])

    def _moved(self, call: Call) -> object:
        found: list[dict[str, object]] = [
            {
                "id": one.number,
                "txid": str(one.number),
                "currency": one.asset,
                "amount": abs(one.amount),
                "type": "IN" if one.amount > ZERO else "OUT",
                "state": "SUCCESS",
                "createTime": one.at_ms,
                "updateTime": one.at_ms,
            }
            for one in self.office.transfers(call.account)
        ]
        return _page(call, found[::-1])

    # --- orders -----------------------------------------------------------------------------------------------

    def _order(self, call: Call) -> object:
        symbol = self.named(call.wanted("symbol")).symbol
        return self._words(self.office.find(call.account, client_id=call.wanted("external"), symbol=symbol))

    def _order_of_number(self, call: Call) -> object:
        return self._words(self.office.find(call.account, number=whole_of(call.params, "order")))

    def _open_orders(self, call: Call) -> object:
        symbol = self.named(call.params["symbol"]).symbol if call.params.get("symbol") else ""
        return [self._words(order) for order in self.office.open_orders(call.account, symbol)]

    def _history(self, call: Call) -> object:
        symbol = self.named(call.params["symbol"]).symbol if call.params.get("symbol") else ""
        done = [order for order in self.office.orders(call.account, symbol) if not order.open]
        return [self._words(order) for order in done[::-1]][: whole_of(call.params, "page_size", 20)]

    def _deals(self, call: Call) -> object:
        contracts = self.office.exchange.contracts
        symbol = self.named(call.params["symbol"]).symbol if call.params.get("symbol") else ""
        from_ms, to_ms = whole_of(call.params, "start_time", 0), whole_of(call.params, "end_time", 10**15)
        wanted = call.params.get("order")
        found = [
            deal_words(one, contracts[one.fill.symbol])
            for one in self.office.trades(call.account, symbol)
            if from_ms <= one.fill.at_ms <= to_ms and wanted in {None, str(one.order.number)}
        ]
        size, number = whole_of(call.params, "page_size", 20), whole_of(call.params, "page_num", 1)
        return found[::-1][(number - 1) * size : number * size]

    def _place(self, call: Call) -> object:
        words = _body(call)
        if self.office.hedge_mode.get(call.account, False):
            raise NoError(No.POSITION_SIDE)
        ask = asked(words, self.named(str(words.get("symbol", ""))).symbol)
        if ask.client_id and not CLIENT_ID.fullmatch(ask.client_id):
            raise NoError(No.CLIENT_ID)
        order = self.office.place(call.account, ask)
        return {"orderId": str(order.number), "ts": self.office.clock_ms()}

    def _cancel(self, call: Call) -> object:
        numbers = call.request.json()
        if not isinstance(numbers, list):
            raise NoError(No.PARAMETER, "a list of order ids")
        return [self._cancelled(call, str(number)) for number in numbers]

    def _cancelled(self, call: Call, number: str) -> dict[str, object]:
        try:
            self.office.cancel(
                call.account, self.office.find(call.account, number=whole_of({"id": number}, "id"))
            )
        except NoError as error:
            _, code, words = REFUSALS[error.no]
            return {"orderId": number, "errorCode": code, "errorMsg": words}
        return {"orderId": number, "errorCode": 0, "errorMsg": "success"}

    def _cancel_named(self, call: Call) -> object:
        words = _body(call)
        symbol = self.named(str(words.get("symbol", ""))).symbol
        name = str(words.get("externalOid", ""))
        order = self.office.cancel(
            call.account, self.office.find(call.account, client_id=name, symbol=symbol)
        )
        return {"symbol": words["symbol"], "externalOid": order.ask.client_id}

    def _cancel_all(self, call: Call) -> object:
        words = _body(call)
        symbol = self.named(str(words["symbol"])).symbol if words.get("symbol") else ""
        for order in self.office.open_orders(call.account, symbol):
            self.office.cancel(call.account, order)
        return None

    def _words(self, order: PlacedOrder) -> dict[str, object]:
        return order_words(order, self.office.exchange.contracts[order.ask.symbol])

    # --- settings and money -----------------------------------------------------------------------------------

    def _set_leverage(self, call: Call) -> object:
        words = _body(call)
        contract = self.named(str(words.get("symbol", "")))
        self.office.set_leverage(call.account, contract.symbol, number_of(words, "leverage"))
        return None

    def _set_mode(self, call: Call) -> object:
        mode = str(_body(call).get("positionMode", ""))
        if mode not in {"1", "2"}:
            raise NoError(No.PARAMETER, "positionMode")
        self.office.set_hedge_mode(call.account, on=mode == "1")
        return None

    def _spot(self, call: Call) -> object:
        trader = self.office.trader(call.account)
        balances = [
            {"asset": coin, "free": amount, "locked": "0"}
            for (kind, coin), amount in sorted(trader.wallets.items())
            if kind == "spot" and amount
        ]
        return {
            "canTrade": True,
            "canWithdraw": True,
            "canDeposit": True,
            "accountType": "SPOT",
            "balances": balances,
        }

    def _transfer(self, call: Call) -> object:
        ways = {("SPOT", "FUTURES"): "futures", ("FUTURES", "SPOT"): "spot"}
        way = ways.get((call.wanted("fromAccountType"), call.wanted("toAccountType")))
        if way is None:
            raise NoError(No.PARAMETER, "account types")
        amount = number_of(call.params, "amount")
        to_futures = way == "futures"
        number = self.office.transfer(
            call.account, call.wanted("asset"), amount, "futures" if to_futures else "spot"
        )
        return [{"tranId": str(number)}]

    def _transfers(self, call: Call) -> object:
        from_ms = whole_of(call.params, "startTime", 0)
        to_futures = call.wanted("fromAccountType") == "SPOT"
        rows = [
            {
                "tranId": str(one.number),
                "asset": one.asset,
                "amount": abs(one.amount),
                "fromAccountType": "SPOT" if one.amount > ZERO else "FUTURES",
                "toAccountType": "FUTURES" if one.amount > ZERO else "SPOT",
                "status": "SUCCESS",
                "timestamp": one.at_ms,
            }
            for one in self.office.transfers(call.account)
            if (one.amount > ZERO) is to_futures and one.at_ms >= from_ms
        ]
        return {"rows": rows[::-1], "total": len(rows)}


def _body(call: Call) -> dict[str, object]:
    found = call.request.json()
    if not isinstance(found, dict):
        raise NoError(No.PARAMETER, "the body is no object")
    return found


def _page(call: Call, found: list[dict[str, object]]) -> object:
    size, number = whole_of(call.params, "page_size", 20), whole_of(call.params, "page_num", 1)
    return {
        "pageSize": size,
        "totalCount": len(found),
        "totalPage": -(-len(found) // size),
        "currentPage": number,
        "resultList": found[(number - 1) * size : number * size],
    }
