"""WEEX: linear perpetuals, and of the spot market what a hedge needs.

What its customers stumble over is so here as well: sizes count coins, whatever the contract's value says; every order is about
a LONG or a SHORT side, and a buy closes a short only if it says so; what is taken back answers with a word, and says nothing
of how it ended; partly filled has two names; the answer to a new order has its number as a string, and others as a number
that no float can hold. Play money is on the live hosts, by path, and can do little. Numbers go out as strings.

Not known of the venue, and guessed here: that POST_ONLY is refused at once where it would take, how long a timestamp is good
for, and the codes of a name that is taken and of a position that is not there (``-1054``, as system errors).
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from typing import ClassVar

from bot.core.instruments import Contract
from bot.testexchange.keyring import Environment, Key, Keyring
from bot.testexchange.listings import Terms, perpetual
from bot.testexchange.meter import Meter
from bot.testexchange.office import Office
from bot.testexchange.records import World
from bot.testexchange.router import Desk, Dialect, Route, signed_routes
from bot.testexchange.weex_account import AccountDesks
from bot.testexchange.weex_codes import CODES, CodedError
from bot.testexchange.weex_market import MarketDesks
from bot.testexchange.weex_orders import OrderDesks
from bot.testexchange.weex_words import HOSTS, SIM
from bot.testexchange.wire import No, NoError, Request, Response, answer

TERMS = (
    Terms(family="BTC/USDT:USDT", size="1", step="0.0001", tick="0.1", notional_min="0"),
    Terms(family="ETH/USDT:USDT", size="1", step="0.001", tick="0.01", notional_min="0"),
)
FIRST_NUMBER = 1_750_000_000_000_000_001
BUDGET, WINDOW_MS = 3000, 60_000
STAMP_GOOD_MS, STAMP_DIGITS_MAX = 30_000, 15
HEADERS = (("access-key", -1040), ("access-sign", -1041), ("access-timestamp", -1042))
"""What a signed request must have, and the code of what it lacks."""


class Weex(Dialect):
    """WEEX's dialect."""

    name: ClassVar[str] = "weex"
    hosts: ClassVar[Mapping[str, Environment]] = HOSTS

    def __init__(self, office: Office, keyring: Keyring, meter: Meter) -> None:
        self._market = MarketDesks(office)
        self._orders = OrderDesks(office)
        self._account = AccountDesks(office)
        super().__init__(office, keyring, meter)

    @staticmethod
    def listing(expiries: tuple[int, ...]) -> tuple[Contract, ...]:  # noqa: ARG004 - nothing here expires
        """List the contracts: all are linear and perpetual."""
        return tuple(perpetual(terms) for terms in TERMS)

    @classmethod
    def opened(cls, world: World, keyring: Keyring) -> "Weex":
        """Open WEEX in a world."""
        return cls(Office(world, first_number=FIRST_NUMBER), keyring, Meter(BUDGET, WINDOW_MS))

    # --- who asks ---------------------------------------------------------------------------------------------

    def environment(self, request: Request) -> Environment | None:
        """Tell where a request was meant for: play money is on the live hosts."""
        return "testnet" if request.path.startswith(SIM) else super().environment(request)

    def signed_by(self, request: Request) -> Key:
        """Find whose request it is: the signature is over time, method, path with query, and body, in base 64.

        Raises:
            NoError: something is wrong with it.
        """
        headers = request.headers
        for name, code in HEADERS:
            if not headers.get(name):
                raise CodedError(No.KEY, code, f"{name.upper().replace('-', '_')} header is required.")
        if request.body and not headers.get("content-type", "").startswith("application/json"):
            raise CodedError(No.PARAMETER, -1045, "Invalid Content-Type, please use application/json.")
        key = self.keyring.find(headers["access-key"], self.environment(request))
        self._check_time(request)
        if not hmac.compare_digest(key.passphrase.encode(), _bytes(headers.get("access-passphrase", ""))):
            raise NoError(No.PASSPHRASE)
        path = f"{request.path}?{request.query}" if request.query else request.path
        text = headers["access-timestamp"] + request.method + path + request.body
        right = base64.b64encode(hmac.new(key.secret.encode(), text.encode(), hashlib.sha256).digest())
        if not hmac.compare_digest(right, _bytes(headers["access-sign"])):
            raise NoError(No.SIGNATURE)
        return key

    def _check_time(self, request: Request) -> None:
        stamp = request.headers["access-timestamp"]
        if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= STAMP_DIGITS_MAX):
            raise CodedError(No.TIMESTAMP, -1043, "Invalid ACCESS_TIMESTAMP.")
        if abs(request.wall_ms + self.office.moods.clock_skew_ms - int(stamp)) > STAMP_GOOD_MS:
            raise NoError(No.TIMESTAMP)

    # --- envelopes --------------------------------------------------------------------------------------------

    def wrap(self, data: object, route: Route) -> Response:  # noqa: ARG002 - there is no envelope
        """Give what a desk answered as it is."""
        return answer(data)

    def refuse(self, error: NoError, operation: str) -> Response:  # noqa: ARG002 - the same for all
        """Say no in WEEX's code and words."""
        status, code, text = CODES[error.no]
        if isinstance(error, CodedError):
            code, text = error.code, error.text
        elif error.text != str(error.no):
            text = f"{text}: {error.text}"
        return answer({"code": code, "msg": text}, status)

    # --- ways -------------------------------------------------------------------------------------------------

    def routes(self) -> tuple[Route, ...]:
        """List the routes."""
        return (
            *self._shown_routes(),
            *self._spot_routes(),
            *self._order_routes(),
            *self._account_routes(),
            *self._sim_routes(),
        )

    def _shown_routes(self) -> tuple[Route, ...]:
        market, base = self._market, "/capi/v3/market/"
        rows: tuple[tuple[str, str, Desk, int], ...] = (
            ("time", "time", market.time, 5),
            ("contracts", "exchangeInfo", market.contracts, 5),
            ("book", "depth", market.book, 5),
            ("ticker_24h", "ticker/24hr", market.day, 200),
            ("tickers", "ticker/bookTicker", market.book_ticker, 5),
            ("candles", "klines", market.candles, 5),
            ("candles", "indexPriceKlines", market.candles, 5),
            ("candles", "markPriceKlines", market.candles, 5),
            ("candles", "historyKlines", market.old_candles, 25),
            ("premium", "symbolPrice", market.symbol_price, 5),
            ("open_interest", "openInterest", market.open_interest, 10),
            ("premium", "premiumIndex", market.premium, 5),
            ("funding_history", "fundingRate", market.fundings, 25),
        )
        return tuple(
            Route(operation=name, method="GET", path=base + path, desk=desk, weight=weight)
            for name, path, desk, weight in rows
        )

    def _spot_routes(self) -> tuple[Route, ...]:
        market, account, base = self._market, self._account, "/api/v3/"
        rows: tuple[tuple[str, str, Desk, int], ...] = (
            ("time", "time", market.time, 5),
            ("time", "ping", market.ping, 5),
            ("currencies", "coins", market.coins, 25),
            ("spot_contracts", "exchangeInfo", market.spot_pairs, 100),
            ("spot_candles", "market/klines", market.spot_candles, 10),
            ("spot_tickers", "market/ticker/price", market.spot_prices, 20),
            ("spot_tickers", "market/ticker/24hr", market.spot_day, 10),
            ("spot_tickers", "market/ticker/bookTicker", market.spot_best, 20),
        )
        return (
            *(
                Route(operation=name, method="GET", path=base + path, desk=desk, weight=weight)
                for name, path, desk, weight in rows
            ),
            *signed_routes(
                ("spot_account", "GET", f"{base}account/", account.spot_account, "read", 5),
                ("transfers", "GET", f"{base}account/transferRecords", account.transfers, "read", 3),
            ),
        )

    def _order_routes(self) -> tuple[Route, ...]:
        orders, base = self._orders, "/capi/v3/"
        return signed_routes(
            ("place", "POST", f"{base}order", orders.place, "trade", 5),
            ("place", "POST", f"{base}batchOrders", orders.no_method, "trade", 10),
            ("cancel", "DELETE", f"{base}order", orders.cancel, "trade", 3),
            ("cancel_all", "DELETE", f"{base}allOpenOrders", orders.cancel_all, "trade", 10),
            ("order", "GET", f"{base}order", orders.one, "read", 3),
            ("open_orders", "GET", f"{base}openOrders", orders.open_ones, "read", 5),
            ("orders", "GET", f"{base}order/history", orders.past, "read", 10),
            ("fills", "GET", f"{base}userTrades", orders.trades, "read", 5),
        )

    def _account_routes(self) -> tuple[Route, ...]:
        account, base = self._account, "/capi/v3/account/"
        return signed_routes(
            ("balance", "GET", f"{base}balance", account.balance, "read", 10),
            ("positions", "GET", f"{base}position/allPosition", account.positions, "read", 15),
            ("positions", "GET", f"{base}position/singlePosition", account.position, "read", 3),
            ("fees", "GET", f"{base}commissionRate", account.fees, "read", 10),
            ("account", "GET", f"{base}symbolConfig", account.settings, "read", 10),
            ("income", "POST", f"{base}income", account.bills, "read", 5),
            ("leverage", "POST", f"{base}leverage", account.set_leverage, "trade", 20),
            ("margin_mode", "POST", f"{base}marginType", account.set_margin_type, "trade", 50),
        )

    def _sim_routes(self) -> tuple[Route, ...]:
        return signed_routes(
            ("balance", "GET", f"{SIM}balance", self._account.balance, "read", 10),
            ("positions", "GET", f"{SIM}position/allPosition", self._account.positions, "read", 15),
            ("place", "POST", f"{SIM}order", self._orders.place, "trade", 5),
            ("orders", "GET", f"{SIM}order/history", self._orders.past, "read", 10),
        )


def _bytes(header: str) -> bytes:
    """Encode a header, whatever bytes a customer sent in it."""
    return header.encode(errors="replace")
