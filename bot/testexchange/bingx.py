"""BingX: linear and inverse perpetuals, and of the spot market what a hedge needs.

What its customers stumble over is so here as well: names of orders are kept in lower case and spelled in two ways; a position
in one-way mode is BOTH, with a signed size; linear fills have no id; inverse orders are taken in without an envelope; what is
wrong with a time comes as an unknown symbol, and being overloaded as too little money. The testnet knows linear contracts
only, and calls USDT VST.
"""

import hashlib
import hmac
from collections.abc import Mapping
from functools import partial
from typing import ClassVar
from urllib.parse import parse_qsl

from bot.core.instruments import Contract
from bot.testexchange.bingx_account import AccountDesks
from bot.testexchange.bingx_codes import CODES, SaidError
from bot.testexchange.bingx_market import MarketDesks
from bot.testexchange.bingx_orders import OrderDesks
from bot.testexchange.bingx_words import HOSTS, Bare, Row, whole
from bot.testexchange.keyring import Environment, Key, Keyring
from bot.testexchange.listings import Terms, perpetual
from bot.testexchange.meter import Meter
from bot.testexchange.office import Office
from bot.testexchange.records import World
from bot.testexchange.router import Dialect, Route, signed_routes
from bot.testexchange.wire import No, NoError, Request, Response, answer

TERMS = (
    Terms(family="BTC/USDT:USDT", size="1", step="0.0001", tick="0.1", notional_min="2"),
    Terms(family="ETH/USDT:USDT", size="1", step="0.01", tick="0.01", notional_min="2"),
    Terms(family="BTC/USD:BTC", size="100", step="1", tick="0.1", notional_min="100"),
    Terms(family="ETH/USD:ETH", size="10", step="1", tick="0.01", notional_min="10"),
)
FIRST_NUMBER = 1_750_000_000_000_000_001
BUDGET, WINDOW_MS = 20, 2000
RECV_WINDOW_MS, RECV_WINDOW_MAX_MS = 5000, 60_000
BAN_MS = 120_000
LINEAR_ONLY = "/openApi/swap/"
"""What the testnet answers to."""
NO_TRANSFER = {No.FUNDS: "Insufficient assets", No.UNSUPPORTED: "illegal transferType"}
"""What the desk for transfers says in words of its own, without a code."""


class Bingx(Dialect):
    """BingX's dialect."""

    name: ClassVar[str] = "bingx"
    hosts: ClassVar[Mapping[str, Environment]] = HOSTS

    def __init__(self, office: Office, keyring: Keyring, meter: Meter) -> None:
        self._market = MarketDesks(office)
        self._orders = OrderDesks(office)
        self._account = AccountDesks(office)
        super().__init__(office, keyring, meter)

    @staticmethod
    def listing(expiries: tuple[int, ...]) -> tuple[Contract, ...]:  # noqa: ARG004 - nothing here expires
        """List the contracts: all are perpetual."""
        return tuple(perpetual(terms) for terms in TERMS)

    @classmethod
    def opened(cls, world: World, keyring: Keyring) -> "Bingx":
        """Open BingX in a world."""
        return cls(Office(world, first_number=FIRST_NUMBER), keyring, Meter(BUDGET, WINDOW_MS, ban_ms=BAN_MS))

    # --- who asks ---------------------------------------------------------------------------------------------

    def signed_by(self, request: Request) -> Key:
        """Find whose request it is: the signature is over the decoded parameters, as they stand in the query.

        Raises:
            NoError: something is wrong with it.
        """
        if request.body:
            raise NoError(No.PARAMETER, "parameters go into the query, the body stays empty")
        name = request.headers.get("x-bx-apikey", "")
        if not name:
            raise NoError(No.KEY)
        key = self.keyring.find(name, self.environment(request))
        pairs = parse_qsl(request.query, keep_blank_values=True)
        given = dict(pairs).get("signature", "")
        if not given:
            raise SaidError(No.SIGNATURE, 100412, "Null signature")
        text = "&".join(f"{name}={value}" for name, value in pairs if name != "signature")
        right = hmac.new(key.secret.encode(), text.encode(), hashlib.sha256).hexdigest()
        if not hmac.compare_digest(right.encode(), given.encode()):
            raise NoError(No.SIGNATURE)
        self._check_time(request)
        return key

    def _check_time(self, request: Request) -> None:
        params = request.params()
        if not params.get("timestamp"):
            raise NoError(No.TIMESTAMP)
        stamp_ms = whole(params, "timestamp", 0)
        reach_ms = whole(params, "recvWindow", RECV_WINDOW_MS)
        if reach_ms > RECV_WINDOW_MAX_MS:
            raise NoError(No.PARAMETER, f"recvWindow: at most {RECV_WINDOW_MAX_MS}")
        if abs(request.wall_ms + self.office.moods.clock_skew_ms - stamp_ms) > reach_ms:
            raise NoError(No.TIMESTAMP)

    # --- envelopes --------------------------------------------------------------------------------------------

    def wrap(self, data: object, route: Route) -> Response:  # noqa: ARG002 - the envelope is the same for all
        """Wrap what a desk answered, unless it comes bare."""
        if isinstance(data, Bare):
            return answer(data.body)
        return answer({"code": 0, "msg": "", "timestamp": self.office.clock_ms(), "data": data})

    def refuse(self, error: NoError, operation: str) -> Response:
        """Say no in BingX's code and words."""
        if operation == "transfer" and error.no in NO_TRANSFER:
            return answer({"transferErrorMsg": NO_TRANSFER[error.no]})
        status, code, text = CODES[error.no]
        if isinstance(error, SaidError):
            code, text = error.code, error.text
        elif error.no is No.BANNED:
            text = f"{text} {self._banned_until(error)}"
        elif error.text != str(error.no):
            text = f"{text}: {error.text}"
        body: Row = {"code": code, "msg": text, "timestamp": self.office.clock_ms(), "data": {}}
        return answer(body, status)

    def _banned_until(self, error: NoError) -> str:
        told = error.text.removeprefix("until ")
        return told if told.isdigit() else str(self.office.clock_ms() + BAN_MS)

    # --- ways -------------------------------------------------------------------------------------------------

    def operation(self, request: Request) -> str:
        """Tell what a request is about, in our words; ``unknown`` where the testnet has no such thing."""
        return "unknown" if self._missing(request) else super().operation(request)

    def _serve(self, request: Request) -> Response:
        if self._missing(request) and not self.office.moods.maintenance:
            self.meter.spend(request, 1)
            raise NoError(No.PATH)
        return super()._serve(request)

    def _missing(self, request: Request) -> bool:
        return self.environment(request) == "testnet" and not request.path.startswith(LINEAR_ONLY)

    def routes(self) -> tuple[Route, ...]:
        """List the routes."""
        return (
            *self._shown_routes(),
            *self._account_routes(),
            *self._order_routes("/openApi/swap/v2/trade/", "order", "order", linear=True),
            *self._order_routes("/openApi/cswap/v1/trade/", "orderDetail", "cancelOrder", linear=False),
            *self._setting_routes("/openApi/swap/v2/", linear=True),
            *self._setting_routes("/openApi/cswap/v1/", linear=False),
        )

    def _shown_routes(self) -> tuple[Route, ...]:
        market = self._market
        linear, inverse, spot = "/openApi/swap/v2/quote/", "/openApi/cswap/v1/market/", "/openApi/spot/"
        rows = (
            ("time", "/openApi/swap/v2/server/time", market.time),
            ("time", f"{spot}v1/server/time", market.time),
            ("contracts", f"{linear}contracts", market.contracts),
            ("contracts", f"{inverse}contracts", market.inverse_contracts),
            ("book", f"{linear}depth", market.book),
            ("book", f"{inverse}depth", market.inverse_book),
            ("tickers", f"{linear}bookTicker", market.book_ticker),
            ("ticker_24h", f"{linear}ticker", market.day),
            ("ticker_24h", f"{inverse}ticker", market.inverse_day),
            ("premium", f"{linear}premiumIndex", market.premium),
            ("premium", f"{inverse}premiumIndex", market.inverse_premium),
            ("funding_history", f"{linear}fundingRate", market.fundings),
            ("candles", "/openApi/swap/v3/quote/klines", partial(market.candles, linear=True)),
            ("candles", f"{inverse}klines", partial(market.candles, linear=False)),
            ("open_interest", f"{linear}openInterest", market.open_interest),
            ("open_interest", f"{inverse}openInterest", market.inverse_open_interest),
            ("spot_contracts", f"{spot}v1/common/symbols", market.spot_symbols),
            ("ticker_24h", f"{spot}v1/ticker/24hr", market.spot_day),
            ("candles", f"{spot}v1/market/kline", market.spot_candles),
            ("tickers", f"{spot}v1/ticker/bookTicker", market.spot_book_ticker),
            ("tickers", f"{spot}v2/quote/bookTicker", market.spot_book_ticker),
        )
        return tuple(Route(operation=name, method="GET", path=path, desk=desk) for name, path, desk in rows)

    def _account_routes(self) -> tuple[Route, ...]:
        desks, orders, swap, api = self._account, self._orders, "/openApi/swap/", "/openApi/api/"
        return signed_routes(
            ("spot_account", "GET", "/openApi/spot/v1/account/balance", desks.spot_account, "read", 2),
            ("currencies", "GET", "/openApi/wallets/v1/capital/config/getall", desks.currencies, "read", 5),
            ("key", "GET", "/openApi/v1/account/apiPermissions", desks.key, "read", 5),
            ("tiers", "GET", f"{swap}v1/maintMarginRatio", desks.tiers, "read", 2),
            ("position_mode", "GET", f"{swap}v1/positionSide/dual", desks.position_mode, "read", 5),
            ("position_mode", "POST", f"{swap}v1/positionSide/dual", desks.set_position_mode, "trade", 5),
            ("balance", "GET", f"{swap}v3/user/balance", partial(desks.balance, linear=True), "read", 2),
            (
                "balance",
                "GET",
                "/openApi/cswap/v1/user/balance",
                partial(desks.balance, linear=False),
                "read",
                2,
            ),
            ("income", "GET", f"{swap}v2/user/income", desks.income, "read", 2),
            ("orders", "GET", f"{swap}v1/trade/fullOrder", orders.all_ones, "read", 2),
            ("fills", "GET", f"{swap}v2/trade/fillHistory", orders.fill_details, "read", 2),
            ("transfer", "POST", f"{api}asset/v1/transfer", desks.transfer, "transfer", 5),
            ("transfers", "GET", f"{api}v3/asset/transferRecord", desks.transfers, "transfer", 5),
            ("transfers", "GET", f"{api}v3/asset/transfer", desks.old_transfers, "read", 1),
        )

    def _setting_routes(self, base: str, *, linear: bool) -> tuple[Route, ...]:
        desks = self._account
        look, change = (5, 5) if linear else (2, 2)
        return signed_routes(
            ("positions", "GET", f"{base}user/positions", partial(desks.positions, linear=linear), "read", 2),
            ("fees", "GET", f"{base}user/commissionRate", partial(desks.fees, linear=linear), "read", 2),
            ("leverage", "GET", f"{base}trade/leverage", partial(desks.leverage, linear=linear), "read", 2),
            (
                "leverage",
                "POST",
                f"{base}trade/leverage",
                partial(desks.set_leverage, linear=linear),
                "trade",
                change,
            ),
            (
                "margin_mode",
                "GET",
                f"{base}trade/marginType",
                partial(desks.margin_mode, linear=linear),
                "read",
                look,
            ),
            (
                "margin_mode",
                "POST",
                f"{base}trade/marginType",
                partial(desks.set_margin_mode, linear=linear),
                "trade",
                change,
            ),
        )

    def _order_routes(self, base: str, query: str, cancel: str, *, linear: bool) -> tuple[Route, ...]:
        desks = self._orders
        history, fills = ("allOrders", desks.fills) if linear else ("orderHistory", desks.inverse_fills)
        return signed_routes(
            ("place", "POST", f"{base}order", partial(desks.place, linear=linear), "trade", 2),
            ("cancel", "DELETE", base + cancel, partial(desks.cancel, linear=linear), "trade", 2),
            (
                "cancel_all",
                "DELETE",
                f"{base}allOpenOrders",
                partial(desks.cancel_all, linear=linear),
                "trade",
                2,
            ),
            ("order", "GET", base + query, partial(desks.one, linear=linear), "read", 2),
            ("open_orders", "GET", f"{base}openOrders", partial(desks.open_ones, linear=linear), "read", 2),
            ("orders", "GET", base + history, partial(desks.past, linear=linear), "read", 2),
            ("orders", "GET", f"{base}forceOrders", partial(desks.forced, linear=linear), "read", 2),
            ("fills", "GET", f"{base}allFillOrders", fills, "read", 2),
        )
