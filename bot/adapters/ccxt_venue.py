"""The only file that knows ccxt: clients of one account, raw questions through them, orders, and what failures prove.

The library signs, names endpoints and describes markets. It is given our session (nothing twice, nothing misdirected), our
budget (one line for what cannot wait), our clock, and no say in what an answer means.
"""

import asyncio
import re
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import field
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from yarl import URL

from bot.adapters.budget import Budget
from bot.adapters.venue_lookback import RATES_PAGE
from bot.adapters.venue_session import MisdirectedError, VenueSession, seconds_of, words_of
from bot.adapters.venues.history import Candle, Rate, candles_of, rates_of
from bot.adapters.venues.manner import Client, Listed, Manner, Wire
from bot.adapters.venues.outcomes import Failure, Outcome, RequestFailed, outcome_of
from bot.adapters.venues.table import VENUES, ClientFacts, Mode, VenueFacts, hosts_of
from bot.core.instruments import is_spot
from bot.core.orders import OrderRequest
from bot.core.values import record
from bot.shell.ports import Clock, SettingsError

PINNED = "4.5.90"
TIMEOUT_MS = 10_000
QUERY = re.compile(r"\?\S*")
"""What follows an address: the signature is in it, and what goes wrong is told to logs, pages and channels."""
Market = Mapping[str, Any]


@record
class Access:
    """Whose account, where, in which mode."""

    venue: str
    mode: Mode
    api_key: str = field(default="", repr=False)
    api_secret: str = field(default="", repr=False)
    passphrase: str = field(default="", repr=False)
    address: str | None = None
    """host:port that takes every request: a test exchange."""


class Trip:
    """What became of one question on its way."""

    def __init__(self, order: OrderRequest | None = None, listed: Listed | None = None) -> None:
        self.order = order
        self.listed = listed
        self.placed = False
        """Whether a request that places an order has left."""
        self.left = False
        """Whether any request has left."""
        self.answer: object = None
        """The last answer as it came."""


TRIP: ContextVar[Trip] = ContextVar("trip")


class Catalogue:
    """Markets that were loaded once, for all accounts of a venue in one mode."""

    def __init__(self) -> None:
        self._clients: dict[tuple[object, ...], Any] = {}
        self._loading: dict[tuple[object, ...], asyncio.Lock] = {}

    async def fill(self, client: Any, key: tuple[object, ...], *, again: bool) -> None:  # noqa: ANN401 - ccxt has no types
        """Give a client its markets: those of another one like it, or fresh ones."""
        async with self._loading.setdefault(key, asyncio.Lock()):
            if key in self._clients and not again:
                if self._clients[key] is not client:
                    client.set_markets_from_exchange(self._clients[key])
                return
            await client.load_markets(again)
            self._clients[key] = client


class CcxtApi:
    """One account's clients at one venue."""

    def __init__(
        self, access: Access, manner: Manner, clock: Clock, budget: Budget, catalogue: Catalogue
    ) -> None:
        self.names: dict[str, str] = {}
        self.access = access
        self.budget = budget
        self.skew_ms = 0
        """The venue's clock less ours."""
        self.told: Callable[[str, str], None] = lambda _method, _path: None
        """Told of each request that leaves, by method and path: what a watcher listens to."""
        self._facts: VenueFacts = VENUES[access.venue]
        self._manner = manner
        self._clock = clock
        self._catalogue = catalogue
        self._clients: dict[Client, Any] = {}
        self._session: VenueSession | None = None
        self._left_ms = 0
        """When the last request left: it may have waited in line before."""

    # --- opening ----------------------------------------------------------------------------------------------

    async def open(self) -> None:
        """Make the clients, measure the clocks' difference, load the markets. Call within a running event loop.

        Raises:
            SettingsError: the library is of another version, or cannot do what is asked.
            RequestFailed: the venue could not be asked.
        """
        self._session = VenueSession(
            hosts=hosts_of(self.access.venue, self.access.mode),
            address=self.access.address,
            inspect=self._inspect,
            left=self._left,
        )
        for name, facts in self._facts.clients.items():
            self._clients[name] = self._client(facts)
        await self.measure_clock()
        await self.load_markets(again=False)

    async def close(self) -> None:
        """Close all connections."""
        for client in self._clients.values():
            await client.close()
        if self._session is not None:
            await self._session.close()

    async def measure_clock(self) -> None:
        """Measure how far the venue's clock is ahead of ours, taking the answer to be from the middle of the wait."""
        there_ms = await self._manner.clock_ms(self)
        after_ms = self._clock.now_ms()
        self.skew_ms = there_ms - (self._left_ms + after_ms) // 2

    async def load_markets(self, *, again: bool) -> None:
        """Load the markets, or take another account's of the same venue and mode."""
        for name, client in self._clients.items():
            if name == "futures" or client.markets is not None:
                await self._stocked(name, again=again)

    def _client(self, facts: ClientFacts) -> Any:  # noqa: ANN401 - ccxt has no types
        import ccxt.async_support as library

        if library.__version__ != PINNED:
            raise SettingsError(
                f"ccxt {library.__version__} is installed, and Hedgerow is written for {PINNED}: install the locked version."
            )
        kind = getattr(library, facts.library_id)
        client = type(f"Guarded{facts.library_id}", (kind,), {"handle_errors": _guarded(kind)})(
            {
                "apiKey": self.access.api_key,
                "secret": self.access.api_secret,
                "password": self.access.passphrase,
                "session": self._session,
                "timeout": TIMEOUT_MS,
                "enableRateLimit": True,
                "maxRetriesOnFailure": 0,
                "options": {
                    "fetchCurrencies": False,
                    "fetchMargins": False,
                    "warnOnFetchOpenOrdersWithoutSymbol": False,
                    **facts.options,
                },
            }
        )
        client.number = Decimal
        client.milliseconds = self.now_ms
        client.throttle = self._throttle
        client.has = {**client.has, "fetchCurrencies": False}
        self._to_sandbox(client)
        return client

    def _to_sandbox(self, client: Any) -> None:  # noqa: ANN401 - ccxt has no types
        if self.access.mode != "testnet":
            return
        match self._facts.sandbox:
            case "demo":
                client.enable_demo_trading(True)  # noqa: FBT003 - the library's own form
            case "sandbox":
                client.set_sandbox_mode(True)
            case None:
                raise SettingsError(f"{self._facts.title} has no testnet: {self._facts.testnet_lacks}.")

    # --- asking -----------------------------------------------------------------------------------------------

    def now_ms(self) -> int:
        """Tell the venue's time."""
        return self._clock.now_ms() + self.skew_ms

    def symbol_of(self, market: str) -> str:
        """Give our symbol of a venue's symbol; the venue's own if it lists none such."""
        found = (self._clients["futures"].markets_by_id or {}).get(market)
        futures = [one for one in found or () if not one.get("spot")]
        return str(futures[0]["symbol"]) if futures else market

    def markets(self) -> Mapping[str, Market]:
        """Give the library's descriptions of all markets, by symbol."""
        return self._clients["futures"].markets or MappingProxyType({})

    async def ask(
        self, endpoint: str, params: Mapping[str, object] | None = None, *, client: Client = "futures"
    ) -> object:
        """Ask a raw endpoint.

        Raises:
            RequestFailed: there is no answer, or it is a refusal.
        """
        asked = self._clients.get(client, self._clients["futures"])
        return await self._watched(getattr(asked, endpoint)(dict(params or {})), Trip())

    async def spot_market(self, symbol: str) -> str | None:
        """Give the venue's name of a spot market; None of one that is not listed. Raises RequestFailed as ``ask``."""
        market = (await self._stocked("spot")).markets.get(symbol)
        return str(market["id"]) if market is not None and market.get("spot") else None

    async def candles(self, symbol: str, timeframe: str, from_ms: int, to_ms: int) -> tuple[Candle, ...]:
        """Read a page of candles that opened within, oldest first; none of a market that is not listed.

        Raises:
            RequestFailed: there is no answer, or it is a refusal.
            ShapeError: the answer is no list of such rows.
        """
        client = await self._stocked("spot" if is_spot(symbol) else "futures")
        if symbol not in client.markets:
            return ()
        limit = (to_ms - from_ms) // (client.parse_timeframe(timeframe) * 1000) + 1
        return candles_of(
            *await self._asked(client.fetch_ohlcv(symbol, timeframe, from_ms, limit, {"until": to_ms}))
        )

    async def settlements(self, symbol: str, from_ms: int, to_ms: int, page: int) -> tuple[Rate, ...]:
        """Read a page of settled funding rates: those within, or the page of this number where the venue knows no times.

        None where the library says that the venue tells none.

        Raises:
            RequestFailed: there is no answer, or it is a refusal.
            ShapeError: the answer is no list of such rows.
        """
        import ccxt.async_support as library

        since, params = (
            (None, {"page_num": page}) if self._facts.rates_by_page else (from_ms, {"until": to_ms})
        )
        ask = self._clients["futures"].fetch_funding_rate_history
        try:
            return rates_of(*await self._asked(ask(symbol, since, RATES_PAGE, params)))
        except RequestFailed as failed:
            if isinstance(failed.__cause__, library.NotSupported):
                return ()
            raise

    async def _asked(self, asked: Any) -> tuple[Any, object]:  # noqa: ANN401 - ccxt has no types
        """Await a question; returns what the library made of the answer, and the answer."""
        trip = Trip()
        return await self._watched(asked, trip), trip.answer

    async def _stocked(self, name: Client, *, again: bool = False) -> Any:  # noqa: ANN401 - ccxt has no types
        """Give a client that has its markets; those of spot are loaded when they are first asked for."""
        client = self._clients.get(name, self._clients["futures"])
        if again or client.markets is None:
            key = (self.access.venue, self.access.mode, self.access.address, name)
            await self._asked(self._catalogue.fill(client, key, again=again))
        return client

    async def create(self, request: OrderRequest, listed: Listed) -> None:
        """Send an order. What is answered is not read: an ack proves that the venue has it, and no more.

        Raises:
            RequestFailed: there is no answer, or a refusal, or it did not leave.
        """
        ticket = self._manner.ticket(request, listed)
        client = self._clients["futures"]
        sent = client.create_order(
            request.symbol, ticket.kind, request.side.value, ticket.amount, ticket.price, dict(ticket.params)
        )
        answer = await self._watched(sent, Trip(request, listed))
        if not isinstance(answer, Mapping) or not answer.get("id"):
            failure = Failure(sent=True, status=200, code="", message="the answer to an order has no number")
            raise RequestFailed(failure, Outcome.UNKNOWN)
        self.names[str(answer["id"])] = request.client_order_id

    async def _watched(self, asked: Any, trip: Trip) -> Any:  # noqa: ANN401 - ccxt has no types
        """Await a question, and say what its failure proves.

        Raises:
            RequestFailed: it failed.
        """
        import ccxt.async_support as library

        token = TRIP.set(trip)
        try:
            return await asked
        except MisdirectedError as error:
            failure = Failure(sent=trip.placed, status=None, code="", message=str(error))
            # What we stop ourselves will be stopped again: an order is not tried as if the network had failed.
            stopped = Outcome.NOT_SENT if trip.order is None else Outcome.REJECTED
            raise RequestFailed(failure, Outcome.UNKNOWN if trip.placed else stopped) from error
        except library.BaseError as error:
            raise self._failed(error, trip) from error
        except (TypeError, AttributeError, KeyError, ValueError) as error:
            if not trip.left:
                raise  # nothing was asked yet: the fault is ours
            # A library's parser that stumbles over an answer says nothing about the order: as unknown as any.
            raise self._failed(error, trip) from error
        finally:
            TRIP.reset(token)

    def _failed(self, error: Exception, trip: Trip) -> RequestFailed:
        status, headers, answer = getattr(error, "answered", (None, {}, None))
        code, message = self._manner.code_of(answer)
        left = trip.placed if trip.order is not None else trip.left
        failure = Failure(
            sent=left and not _never_connected(error),
            status=status,
            code=code,
            message=message or f"{type(error).__name__}: {QUERY.sub('', str(error))[:200]}",
            retry_seconds=seconds_of(headers),
        )
        outcome = outcome_of(failure, self._manner.codes)
        if not failure.sent and code:
            # A question before the order itself was refused: that says more than "not sent".
            told = self._manner.codes.outcomes.get(code, Outcome.NOT_SENT)
            outcome = told if told in {Outcome.AUTH, Outcome.RATE_LIMITED, Outcome.RETRY} else outcome
        if outcome is Outcome.RATE_LIMITED:
            self.budget.close_for(failure.retry_seconds or 1)
        return RequestFailed(failure, outcome)

    # --- leaving ----------------------------------------------------------------------------------------------

    async def _throttle(self, cost: object = None) -> None:
        await self.budget.spend(Decimal(str(1 if cost is None else cost)))

    def _inspect(self, method: str, url: URL, headers: Mapping[str, str], body: str) -> None:
        """Read a request before it leaves: an order must say in the venue's words what it is meant to say."""
        del headers
        wire = Wire(method=method, path=url.path, words=words_of(url, body))
        if not self._manner.places(wire):
            return
        trip = TRIP.get()
        if trip.order is None or trip.listed is None:
            raise MisdirectedError(f"{method} {url.path} would place an order that nobody asked for.")
        wrong = self._manner.misread(wire, trip.order, trip.listed)
        if wrong:
            raise MisdirectedError(f"The order would be read otherwise than it is meant: {wrong}.")

    def _left(self, method: str, url: URL) -> None:
        """Note that a request is leaving."""
        self.told(method, url.path)
        self._left_ms = self._clock.now_ms()
        trip = TRIP.get()
        trip.left = True
        wire = Wire(method=method, path=url.path, words=MappingProxyType({}))
        trip.placed = trip.placed or self._manner.places(wire)


def _guarded(kind: type) -> Any:  # noqa: ANN401 - ccxt has no types
    """Make a reader of errors that hangs the answer on the exception, and takes no page for an answer."""
    import ccxt.async_support as library

    read = kind.handle_errors  # type: ignore[attr-defined]  # every class of the library has it

    def handle_errors(
        self: Any,  # noqa: ANN401 - ccxt has no types
        code: int,
        reason: str,
        url: str,
        method: str,
        headers: Mapping[str, str],
        body: str,
        response: object,
        request_headers: object,
        request_body: object,
    ) -> object:
        try:
            done = read(
                self, code, reason, url, method, headers, body, response, request_headers, request_body
            )
            if response is None:
                raise library.BadResponse(f"{self.id} {method} {url} {code}: no JSON")
            TRIP.get().answer = response
        except library.BaseError as error:
            error.answered = (code, headers, response)
            raise
        return done

    return handle_errors


def _never_connected(error: BaseException) -> bool:
    """Whether a failure proves that there was no connection to send anything on."""
    import aiohttp

    cause = error.__cause__
    return isinstance(cause, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError)
