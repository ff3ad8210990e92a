"""Binance's dialect: the account, its settings, money that moved."""

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Literal

from bot.core.instruments import Contract, MarginMode
from bot.core.snapshot import Position
from bot.testexchange.binance_board import BinanceBoard
from bot.testexchange.binance_codes import UNDER_ORDERS, CodedError, wrong
from bot.testexchange.binance_reading import TRUTHS, WHOLE, limit_of, said, span_of
from bot.testexchange.binance_words import (
    INCOMES,
    asset_words,
    bracket_words,
    flat,
    held_words,
    income_words,
    market_id,
    pair_of,
    position_words,
    value_max,
)
from bot.testexchange.office import Office
from bot.testexchange.router import Call, Route
from bot.testexchange.wire import No, NoError

INCOMES_MAX, PAGES_MAX = 1000, 10**6
OTHER_INCOMES = frozenset(
    {
        "REFERRAL_KICKBACK",
        "COMMISSION_REBATE",
        "API_REBATE",
        "CONTEST_REWARD",
        "CROSS_COLLATERAL_TRANSFER",
        "OPTIONS_PREMIUM_FEE",
        "OPTIONS_SETTLE_PROFIT",
        "INTERNAL_TRANSFER",
        "AUTO_EXCHANGE",
        "DELIVERED_SETTELMENT",
        "COIN_SWAP_DEPOSIT",
        "COIN_SWAP_WITHDRAW",
        "POSITION_LIMIT_INCREASE_FEE",
    }
)
"""Kinds of income that never come in here."""
TOTALS = {
    "totalInitialMargin": "initialMargin",
    "totalMaintMargin": "maintMargin",
    "totalWalletBalance": "walletBalance",
    "totalUnrealizedProfit": "unrealizedProfit",
    "totalMarginBalance": "marginBalance",
    "totalPositionInitialMargin": "positionInitialMargin",
    "totalOpenOrderInitialMargin": "openOrderInitialMargin",
    "totalCrossWalletBalance": "crossWalletBalance",
    "totalCrossUnPnl": "crossUnPnl",
    "availableBalance": "availableBalance",
    "maxWithdrawAmount": "maxWithdrawAmount",
}
"""What the account sums up, and where its dollars have it: one kind of coin backs positions."""
DONE = {"code": 200, "msg": "success"}
Describe = Callable[[Office, str, Position, Contract], dict[str, object]]


class BinanceAccount(BinanceBoard):
    """What concerns one customer, orders and fills aside."""

    def account_routes(self) -> Iterable[Route]:
        """List the routes of the account; some are USD-M's alone."""
        v1 = f"/{self.prefix}/v1"
        account = "v3" if self.linear else "v1"
        brackets = "v1" if self.linear else "v2"
        for operation, path, desk, weight in (
            ("balance", f"/{self.prefix}/{account}/account", self._account, 5),
            ("positions", f"/{self.prefix}/{account}/positionRisk", self._positions, 5),
            ("tiers", f"/{self.prefix}/{brackets}/leverageBracket", self._tiers, 1),
            ("fees", f"{v1}/commissionRate", self._fees, 20),
            ("position_mode", f"{v1}/positionSide/dual", self._dual, 30),
            ("income", f"{v1}/income", self._incomes, 30),
            ("adl", f"{v1}/adlQuantile", self._queue, 5),
        ):
            yield Route(
                operation=operation, path=path, desk=desk, weight=weight, method="GET", permission="read"
            )
        for operation, path, desk in (
            ("leverage", f"{v1}/leverage", self._set_leverage),
            ("margin_mode", f"{v1}/marginType", self._set_margin),
            ("position_mode", f"{v1}/positionSide/dual", self._set_dual),
        ):
            yield Route(operation=operation, path=path, desk=desk, method="POST", permission="trade")
        if self.linear:
            yield from self._linear_routes()

    def _linear_routes(self) -> Iterable[Route]:
        config, multi = "/fapi/v1/symbolConfig", "/fapi/v1/multiAssetsMargin"
        for path, desk, weight in ((config, self._config, 5), (multi, self._multi, 30)):
            yield Route(
                operation="account", path=path, desk=desk, weight=weight, method="GET", permission="read"
            )
        yield Route(
            operation="multi_assets", path=multi, desk=self._set_multi, method="POST", permission="trade"
        )

    # --- what there is ----------------------------------------------------------------------------------------

    def _account(self, call: Call) -> object:
        wallets = sorted(self.office.trader(call.account).wallets)
        assets = [
            asset_words(self.office, call.account, asset) for kind, asset in wallets if kind == "futures"
        ]
        positions = self._listed_positions(call, held_words)
        if self.linear:
            dollars = asset_words(self.office, call.account, "USDT")
            totals = {total: dollars[name] for total, name in TOTALS.items()}
            return totals | {"assets": assets, "positions": positions}
        may = dict.fromkeys(("canTrade", "canDeposit", "canWithdraw"), True)
        return {"assets": assets, "positions": positions, **may, "feeTier": 0, "updateTime": 0}

    def _positions(self, call: Call) -> object:
        found = self._listed_positions(call, position_words)
        names = ("symbol", "marginAsset") if self.linear else ("symbol", "pair", "marginAsset")
        for name in set(names) & set(call.params):
            found = [one for one in found if self._belongs(one, name, call.params[name])]
        return found

    def _belongs(self, words: dict[str, object], name: str, wanted: str) -> bool:
        contract = self.known(str(words["symbol"]))
        told = {
            "symbol": words["symbol"],
            "pair": pair_of(contract),
            "marginAsset": contract.settle,
        }
        return told[name] == wanted

    def _listed_positions(self, call: Call, words: Describe) -> list[dict[str, object]]:
        """List what is held, and flat rows: of USD-M where orders are open, of COIN-M everywhere."""
        held = {one.symbol: one for one in self.office.positions(call.account)}
        ordered = {one.ask.symbol for one in self.office.open_orders(call.account)}
        flats = [
            one
            for one in self.office.contracts()
            if one.symbol not in held and (not self.linear or one.symbol in ordered)
        ]
        contracts = self.office.exchange.contracts
        rows = [(one, contracts[symbol]) for symbol, one in held.items()]
        rows += [(flat(one), one) for one in flats]
        return [words(self.office, call.account, one, contract) for one, contract in rows]

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
        mode = self.office.trader(call.account).margin_mode

        def words(contract: Contract) -> dict[str, object]:
            leverage = self.office.leverage(call.account, contract.symbol)
            return {
                "symbol": market_id(contract),
                "marginType": "CROSSED" if mode == "cross" else "ISOLATED",
                "isAutoAddMargin": "false",
                "leverage": int(leverage),
                "maxNotionalValue": value_max(contract, leverage),
            }

        return self.listed(call, words)

    def _dual(self, call: Call) -> object:
        return {"dualSidePosition": self.office.hedge_mode.get(call.account, False)}

    def _multi(self, call: Call) -> object:
        """Tell that one kind of coin backs positions."""
        self.office.trader(call.account)
        return {"multiAssetsMargin": False}

    def _queue(self, call: Call) -> object:
        wanted = self.contract(call).symbol if call.params.get("symbol") else ""
        contracts = self.office.exchange.contracts
        return [
            {
                "symbol": market_id(contracts[one.symbol]),
                "adlQuantile": {"LONG": 0, "SHORT": 0, "BOTH": (one.adl_rank or 1) - 1},
            }
            for one in self.office.positions(call.account)
            if wanted in {"", one.symbol}
        ]

    def _incomes(self, call: Call) -> object:
        kind = call.params.get("incomeType")
        if kind is not None and kind not in {*INCOMES.values(), *OTHER_INCOMES}:
            raise wrong("incomeType")
        symbol = self.contract(call).symbol if call.params.get("symbol") else None
        limit, page = limit_of(call.params, 100, INCOMES_MAX), limit_of(call.params, 1, PAGES_MAX, "page")
        start_ms, end_ms = span_of(call.params, self.office.now_ms)
        found = [
            one
            for one in self.office.incomes(call.account)
            if start_ms <= one.at_ms <= end_ms
            and kind in {None, INCOMES[one.kind]}
            and symbol in {None, one.symbol}
        ]
        contracts = self.office.exchange.contracts
        forward = bool({"startTime", "page"} & set(call.params))
        first = (page - 1) * limit
        kept = found[first : first + limit] if forward else found[-limit:]
        return [income_words(one, market_id(contracts[one.symbol]) if one.symbol else "") for one in kept]

    # --- what is set ------------------------------------------------------------------------------------------

    def _set_leverage(self, call: Call) -> object:
        contract, word = self.contract(call), call.wanted("leverage")
        if not WHOLE.fullmatch(word):
            raise NoError(No.LEVERAGE)
        leverage = Decimal(word)
        self.office.set_leverage(call.account, contract.symbol, leverage)
        most = "maxNotionalValue" if self.linear else "maxQty"
        return {
            "leverage": int(leverage),
            most: value_max(contract, leverage),
            "symbol": market_id(contract),
        }

    def _set_margin(self, call: Call) -> object:
        self.contract(call)
        cross = said(call.params, "marginType", {"CROSSED": True, "ISOLATED": False})
        mode: MarginMode = "cross" if cross else "isolated"
        self._refuse_under_orders(
            call, "margin_mode", changes=self.office.trader(call.account).margin_mode != mode
        )
        self.office.set_margin_mode(call.account, mode)
        return DONE

    def _set_dual(self, call: Call) -> object:
        on = said(call.params, "dualSidePosition", TRUTHS)
        now = self.office.hedge_mode.get(call.account, False)
        self._refuse_under_orders(call, "position_mode", changes=now != on)
        self.office.set_hedge_mode(call.account, on=on)
        return DONE

    def _set_multi(self, call: Call) -> object:
        """Refuse both: it is off, and is not offered."""
        if said(call.params, "multiAssetsMargin", TRUTHS):
            raise NoError(No.UNSUPPORTED)
        raise CodedError(
            -4171, "Adjusted asset mode is currently set and does not need to be adjusted repeatedly."
        )

    def _refuse_under_orders(
        self, call: Call, operation: Literal["margin_mode", "position_mode"], *, changes: bool
    ) -> None:
        if changes and self.office.exchange.open_orders(call.account):
            raise CodedError(*UNDER_ORDERS[operation])
