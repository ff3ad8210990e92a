"""MEXC's dialect: linear and inverse perpetuals, and the spot wallet beside them.

A time in force is ignored: an IOC order is another type. Every order is margined by the whole wallet here; isolated ones are
refused, and so are orders that fill at once or not at all, stops, and positions with two sides.

Not known of the venue, and guessed here: how far a contract's Request-Time may be off, that names are taken for ever, and how
it says what its documentation does not (see the codes).
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar

from bot.core.instruments import Contract, tiers_from
from bot.testexchange.keyring import Environment, Key, Keyring
from bot.testexchange.listings import Terms, perpetual
from bot.testexchange.meter import Meter
from bot.testexchange.mexc_account import AccountDesks
from bot.testexchange.mexc_board import BoardDesks
from bot.testexchange.mexc_codes import refusal
from bot.testexchange.mexc_orders import OrderDesks
from bot.testexchange.mexc_spot import SpotDesks
from bot.testexchange.mexc_words import risk_tiers
from bot.testexchange.office import Office
from bot.testexchange.reading import whole_of
from bot.testexchange.records import World
from bot.testexchange.router import Desk, Dialect, Route, signed_routes
from bot.testexchange.wire import No, NoError, Request, Response, answer

CONTRACT, PRIVATE, SPOT = "/api/v1/contract/", "/api/v1/private/", "/api/v3/"
WINDOW_MS, SPOT_WINDOW_MS, SPOT_WINDOW_MAX_MS, AHEAD_MS = 10_000, 5_000, 60_000, 1_000
"""How old a request may be, of contracts and of spot, and how far ahead of the venue's clock one of spot."""
STAMP = re.compile(r"[0-9]{1,15}")
TERMS = (
    Terms(family="BTC/USDT:USDT", size="0.0001", step="1", tick="0.1", notional_min="0"),
    Terms(family="ETH/USDT:USDT", size="0.01", step="1", tick="0.01", notional_min="0"),
    Terms(family="BTC/USD:BTC", size="100", step="1", tick="0.1", notional_min="0"),
    Terms(family="ETH/USD:ETH", size="10", step="1", tick="0.01", notional_min="0"),
)


class Mexc(Dialect):
    """MEXC."""

    name = "mexc"
    hosts: ClassVar[Mapping[str, Environment]] = {"api.mexc.com": "live", "contract.mexc.com": "live"}

    def __init__(self, office: Office, keyring: Keyring, meter: Meter) -> None:
        self._board = BoardDesks(office)
        self._spot = SpotDesks(office)
        self._orders = OrderDesks(office)
        self._account = AccountDesks(office)
        super().__init__(office, keyring, meter)

    @staticmethod
    def listing(expiries: tuple[int, ...]) -> tuple[Contract, ...]:  # noqa: ARG004 - nothing here expires
        """List the contracts: all are perpetual."""
        found = [perpetual(terms) for terms in TERMS]
        return tuple(replace(one, tiers=tiers_from(risk_tiers(one))) for one in found)

    @classmethod
    def opened(cls, world: World, keyring: Keyring) -> "Mexc":
        """Open the venue in a world."""
        office = Office(world, first_number=739_000_000_000_000_001)
        return cls(office, keyring, Meter(1200, 60_000))

    # --- who asks ---------------------------------------------------------------------------------------------

    def signed_by(self, request: Request) -> Key:
        """Check key, signature and time: of contracts by headers, of spot by the query.

        Raises:
            NoError: something is wrong with it.
        """
        if request.path.startswith(SPOT):
            return self._signed_spot(request)
        headers = request.headers
        key = self.keyring.find(headers.get("apikey", ""), self.environment(request))
        stamp = headers.get("request-time", "")
        told = request.body if request.method == "POST" else _sorted(request.query)
        _compare(key, f"{key.key}{stamp}{told}", headers.get("signature", ""))
        if abs(self._age_ms(request, stamp)) > WINDOW_MS:
            raise NoError(No.TIMESTAMP)
        return key

    def _signed_spot(self, request: Request) -> Key:
        key = self.keyring.find(request.headers.get("x-mexc-apikey", ""), self.environment(request))
        told, _, signature = request.query.rpartition("&signature=")
        _compare(key, told + request.body, signature)
        params = request.params()
        window_ms = whole_of(params, "recvWindow", SPOT_WINDOW_MS)
        if not 0 <= window_ms <= SPOT_WINDOW_MAX_MS:
            raise NoError(No.PARAMETER, "recvWindow")
        if not -AHEAD_MS < self._age_ms(request, params.get("timestamp", "")) <= window_ms:
            raise NoError(No.TIMESTAMP)
        return key

    def _age_ms(self, request: Request, stamp: str) -> int:
        """Tell how old a request is by the venue's clock."""
        if not STAMP.fullmatch(stamp):
            raise NoError(No.TIMESTAMP)
        return request.wall_ms + self.office.moods.clock_skew_ms - int(stamp)

    # --- envelopes --------------------------------------------------------------------------------------------

    def wrap(self, data: object, route: Route) -> Response:
        """Wrap what a desk of the contracts answered; spot answers bare."""
        if route.path.startswith(SPOT):
            return answer(data)
        return answer({"success": True, "code": 0, "data": data})

    def refuse(self, error: NoError, operation: str) -> Response:
        """Say no: spot in its own form."""
        status, body = refusal(error, operation)
        return answer(body, status)

    # --- ways -------------------------------------------------------------------------------------------------

    def routes(self) -> tuple[Route, ...]:
        """List the routes."""
        return (
            *self._shown_routes(),
            *self._account_routes(),
            *self._order_routes(),
            *self._spot_routes(),
        )

    def _shown_routes(self) -> tuple[Route, ...]:
        market = self._board
        rows: tuple[tuple[str, str, Desk], ...] = (
            ("ping", "ping", market.ping),
            ("contracts", "detail", market.contracts),
            ("book", "depth/{symbol}", market.book),
            ("tickers", "ticker", market.tickers),
            ("premium", "index_price/{symbol}", market.index),
            ("premium", "fair_price/{symbol}", market.fair),
            ("funding_history", "funding_rate/history", market.rates),
            ("premium", "funding_rate/{symbol}", market.funding),
            ("candles", "kline/{symbol}", market.candles),
            ("candles", "kline/index_price/{symbol}", market.candles),
            ("candles", "kline/fair_price/{symbol}", market.candles),
        )
        return tuple(
            Route(operation=name, method="GET", path=CONTRACT + path, desk=desk, weight=2)
            for name, path, desk in rows
        )

    def _account_routes(self) -> tuple[Route, ...]:
        account = self._account
        return signed_routes(
            ("balance", "GET", f"{PRIVATE}account/assets", account.assets, "read", 2),
            ("income", "GET", f"{PRIVATE}account/transfer_record", account.moved, "read", 2),
            ("income", "GET", f"{PRIVATE}position/funding_records", account.fundings, "read", 2),
            ("positions", "GET", f"{PRIVATE}position/open_positions", account.positions, "read", 2),
            ("position_mode", "GET", f"{PRIVATE}position/position_mode", account.mode, "read", 2),
            ("account", "GET", f"{PRIVATE}position/leverage", account.leverage, "read", 2),
            ("leverage", "POST", f"{PRIVATE}position/change_leverage", account.set_leverage, "trade", 2),
            (
                "position_mode",
                "POST",
                f"{PRIVATE}position/change_position_mode",
                account.set_mode,
                "trade",
                2,
            ),
        )

    def _order_routes(self) -> tuple[Route, ...]:
        orders, base = self._orders, f"{PRIVATE}order/"
        return signed_routes(
            ("place", "POST", f"{base}create", orders.place, "trade", 2),
            ("place", "POST", f"{base}submit", orders.place, "trade", 2),
            ("cancel", "POST", f"{base}cancel", orders.cancel, "trade", 2),
            ("cancel", "POST", f"{base}cancel_with_external", orders.cancel_named, "trade", 2),
            ("cancel_all", "POST", f"{base}cancel_all", orders.cancel_all, "trade", 2),
            ("order", "GET", f"{base}external/{{symbol}}/{{external}}", orders.by_name, "read", 2),
            ("order", "GET", f"{base}get/{{order}}", orders.by_number, "read", 2),
            ("open_orders", "GET", f"{base}list/open_orders", orders.open_ones, "read", 2),
            ("open_orders", "GET", f"{base}list/open_orders/{{symbol}}", orders.open_ones, "read", 2),
            ("orders", "GET", f"{base}list/history_orders", orders.past, "read", 2),
            ("fills", "GET", f"{base}list/order_deals", orders.deals, "read", 2),
            ("fills", "GET", f"{base}deal_details/{{order}}", orders.deals_of, "read", 2),
        )

    def _spot_routes(self) -> tuple[Route, ...]:
        spot = self._spot
        rows: tuple[tuple[str, str, Desk], ...] = (
            ("time", "time", spot.time),
            ("time", "ping", spot.ping),
            ("spot_contracts", "exchangeInfo", spot.pairs),
            ("spot_tickers", "ticker/bookTicker", spot.best),
            ("spot_candles", "klines", spot.candles),
        )
        shown = tuple(
            Route(operation=name, method="GET", path=SPOT + path, desk=desk, weight=2)
            for name, path, desk in rows
        )
        return shown + signed_routes(
            ("spot_account", "GET", f"{SPOT}account", spot.account, "read", 2),
            ("currencies", "GET", f"{SPOT}capital/config/getall", spot.coins, "read", 2),
            ("transfers", "GET", f"{SPOT}capital/transfer", spot.transfers, "read", 2),
            ("transfer", "POST", f"{SPOT}capital/transfer", spot.transfer, "transfer", 2),
        )


def _sorted(query: str) -> str:
    """Put a query into the order in which it is signed, whatever order it was sent in."""
    return "&".join(sorted(query.split("&"), key=lambda pair: pair.partition("=")[0]))


def _compare(key: Key, origin: str, signature: str) -> None:
    """Check a signature, whatever bytes a customer sent in it.

    Raises:
        NoError: it is another.
    """
    text = origin.encode(errors="replace")
    wanted = hmac.new(key.secret.encode(), text, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(wanted.encode(), signature.encode(errors="replace")):
        raise NoError(No.SIGNATURE)
