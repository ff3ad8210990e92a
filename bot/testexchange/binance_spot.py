"""Binance's spot host as a hedger needs it: spot wallets, transfers, what a key may do. The demo has no ``sapi``."""

from collections.abc import Iterable
from functools import partial
from typing import Literal

from bot.core.values import ZERO
from bot.testexchange.binance_board import chart
from bot.testexchange.binance_codes import CodedError, wrong
from bot.testexchange.binance_reading import limit_of, number_of, times_of
from bot.testexchange.board import shown, spot_candles
from bot.testexchange.keyring import Permission
from bot.testexchange.office import Office
from bot.testexchange.router import Call, Desk, Route
from bot.testexchange.wire import No, NoError

WALLETS = {"fapi": "UMFUTURE", "dapi": "CMFUTURE"}
WAYS = frozenset(
    f"{source}_{target}"
    for source in ("MAIN", "UMFUTURE", "CMFUTURE", "MARGIN", "FUNDING")
    for target in ("MAIN", "UMFUTURE", "CMFUTURE", "MARGIN", "FUNDING")
    if source != target
)
"""Ways for money at the venue; here it goes between the spot wallet and that of the product alone."""
TRANSFERS, TRANSFERS_MAX, PAGES_MAX = 10, 100, 1000


class SpotDesk:
    """The desks of the spot host."""

    def __init__(self, office: Office, prefix: str) -> None:
        self._office = office
        self._wallet = WALLETS[prefix]

    def routes(self) -> Iterable[Route]:
        """List the routes of the spot host."""
        api, sapi = "/api/v3", "/sapi/v1"
        yield Route(operation="time", method="GET", path=f"{api}/time", desk=self._time)
        yield Route(
            operation="spot_contracts", method="GET", path=f"{api}/exchangeInfo", desk=self._pairs, weight=20
        )
        yield Route(
            operation="spot_tickers", method="GET", path=f"{api}/ticker/bookTicker", desk=self._best, weight=2
        )
        yield Route(
            operation="spot_candles", method="GET", path=f"{api}/klines", desk=self._candles, weight=2
        )
        signed: tuple[tuple[str, str, str, Desk, Permission, int], ...] = (
            ("spot_account", "GET", f"{api}/account", self._account, "read", 20),
            ("transfer", "POST", f"{sapi}/asset/transfer", self._transfer, "transfer", 1),
            ("transfers", "GET", f"{sapi}/asset/transfer", self._transfers, "read", 1),
            ("currencies", "GET", f"{sapi}/capital/config/getall", self._currencies, "read", 10),
            ("currencies", "GET", f"{sapi}/margin/allPairs", self._no_margin, "read", 1),
            ("currencies", "GET", f"{sapi}/margin/isolated/allPairs", self._no_margin, "read", 1),
            ("key", "GET", f"{sapi}/account/apiRestrictions", self._key, "read", 1),
        )
        for operation, method, path, desk, permission, weight in signed:
            yield Route(
                operation=operation, method=method, path=path, desk=desk, permission=permission, weight=weight
            )

    def _time(self, call: Call) -> object:
        del call
        return {"serverTime": self._office.clock_ms()}

    def _coins(self) -> list[str]:
        return sorted({one.base for one in self._office.contracts()})

    def _pairs(self, call: Call) -> object:
        del call
        return {
            "timezone": "UTC",
            "serverTime": self._office.clock_ms(),
            "rateLimits": [],
            "exchangeFilters": [],
            "symbols": [_pair(coin) for coin in self._coins()],
        }

    def _best(self, call: Call) -> object:
        """Quote coins as their perpetuals are: the model town has no spot market of its own."""
        wanted = call.params.get("symbol")
        found: list[dict[str, object]] = []
        for contract in self._office.contracts():
            name = f"{contract.base}USDT"
            if contract.symbol in self._office.exchange.touches and name not in {
                one["symbol"] for one in found
            }:
                index = shown(self._office, contract.symbol)[0].index
                found.append(
                    {"symbol": name, "bidPrice": index, "bidQty": "1", "askPrice": index, "askQty": "1"}
                )
        if wanted is None:
            return found
        mine = [one for one in found if one["symbol"] == wanted]
        if not mine:
            raise NoError(No.SYMBOL)
        return mine[0]

    def _candles(self, call: Call) -> object:
        names = {f"{coin}USDT": coin for coin in self._coins()}
        wanted = call.wanted("symbol")
        if wanted not in names:
            raise NoError(No.SYMBOL)
        return chart(call, self._office, partial(spot_candles, self._office, names[wanted]))

    def _account(self, call: Call) -> object:
        trader = self._office.trader(call.account)
        return {
            "makerCommission": 10,
            "takerCommission": 10,
            "canTrade": True,
            "canWithdraw": call.key is not None and "withdraw" in call.key.permissions,
            "canDeposit": True,
            "updateTime": self._office.now_ms,
            "accountType": "SPOT",
            "balances": [
                {"asset": asset, "free": amount, "locked": "0"}
                for (kind, asset), amount in sorted(trader.wallets.items())
                if kind == "spot" and amount != ZERO
            ],
            "permissions": ["SPOT"],
        }

    def _currencies(self, call: Call) -> object:
        self._refuse_demo(call)
        trader = self._office.trader(call.account)
        return [
            {
                "coin": coin,
                "name": coin,
                "free": trader.balance("spot", coin),
                "locked": "0",
                "trading": True,
                "depositAllEnable": False,
                "withdrawAllEnable": False,
                "isLegalMoney": False,
                "networkList": [],
            }
            for coin in [*self._coins(), "USDT"]
        ]

    def _no_margin(self, call: Call) -> object:
        """Margin on spot is not traded here."""
        self._refuse_demo(call)
        return []

    def _key(self, call: Call) -> object:
        self._refuse_demo(call)
        if call.key is None:
            raise NoError(No.KEY)
        rights = call.key.permissions
        return {
            "ipRestrict": call.key.ip_bound,
            "createTime": 1_698_645_219_000,
            "enableReading": "read" in rights,
            "enableWithdrawals": "withdraw" in rights,
            "enableInternalTransfer": "transfer" in rights,
            "enableMargin": False,
            "enableFutures": "trade" in rights,
            "permitsUniversalTransfer": "transfer" in rights,
            "enableVanillaOptions": False,
            "enableSpotAndMarginTrading": False,
            "enablePortfolioMarginTrading": False,
        }

    def _transfer(self, call: Call) -> object:
        self._refuse_demo(call)
        target = self._target(call)
        if target is None:
            raise NoError(No.UNSUPPORTED)
        asset, amount = call.wanted("asset"), number_of(call.params, "amount")
        if amount <= ZERO:
            raise wrong("amount")
        return {"tranId": self._office.transfer(call.account, asset, amount, target)}

    def _transfers(self, call: Call) -> object:
        """List transfers of one way, newest first, page by page."""
        self._refuse_demo(call)
        target, (start_ms, end_ms) = self._target(call), times_of(call.params)
        size = limit_of(call.params, TRANSFERS, TRANSFERS_MAX, "size")
        first = size * (limit_of(call.params, 1, PAGES_MAX, "current") - 1)
        found = [
            {
                "asset": one.asset,
                "amount": abs(one.amount),
                "type": call.params["type"],
                "status": "CONFIRMED",
                "tranId": one.number,
                "timestamp": one.at_ms,
            }
            for one in self._office.transfers(call.account)
            if target == ("futures" if one.amount > ZERO else "spot")
            and (start_ms is None or one.at_ms >= start_ms)
            and (end_ms is None or one.at_ms <= end_ms)
        ]
        return {"total": len(found), "rows": found[::-1][first : first + size]}

    def _target(self, call: Call) -> Literal["futures", "spot"] | None:
        """Tell where a way leads; None if it is one of the venue's that is not there here."""
        way = call.wanted("type")
        if way not in WAYS:
            raise CodedError(-1130, "Data sent for parameter 'type' is not valid.")
        if way == f"MAIN_{self._wallet}":
            return "futures"
        return "spot" if way == f"{self._wallet}_MAIN" else None

    def _refuse_demo(self, call: Call) -> None:
        if call.request.host.startswith("demo-"):
            raise NoError(No.PATH)


def _pair(coin: str) -> dict[str, object]:
    return {
        "symbol": f"{coin}USDT",
        "status": "TRADING",
        "baseAsset": coin,
        "baseAssetPrecision": 8,
        "quoteAsset": "USDT",
        "quotePrecision": 8,
        "quoteAssetPrecision": 8,
        "orderTypes": ["LIMIT", "MARKET"],
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False,
        "filters": [
            {"filterType": "PRICE_FILTER", "minPrice": "0.01", "maxPrice": "1000000", "tickSize": "0.01"},
            {"filterType": "LOT_SIZE", "minQty": "0.00001", "maxQty": "9000", "stepSize": "0.00001"},
        ],
        "permissions": ["SPOT"],
    }
