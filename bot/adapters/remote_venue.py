"""A real venue behind the same door as the model exchange: what the port asks, in the order that is safe to ask it in.

What an order or a position hangs on is read every time; what changes seldom is read seldom.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from decimal import Decimal
from typing import TypeVar

from bot.adapters.budget import urgent
from bot.adapters.ccxt_venue import CcxtApi
from bot.adapters.venue_lookback import VenueLookback
from bot.adapters.venues.answers import ShapeError
from bot.adapters.venues.asking import DAY_MS, HOUR_MS, Asking, GoneError, SameError
from bot.adapters.venues.contracts import contract_of, expires_ms, family_matches
from bot.adapters.venues.manner import KeyFacts, Listed, Manner, Modes
from bot.adapters.venues.outcomes import Outcome, RequestFailed
from bot.adapters.venues.records import Records
from bot.core.formulas import day_volatility
from bot.core.instruments import Contract, DatedFuture, Perpetual, Tier, is_spot
from bot.core.lookback import Bars, Need, Settled
from bot.core.orders import DONE, OrderRequest, OrderState, TimeInForce
from bot.core.reports import OrderReport, TransferReport
from bot.core.snapshot import Funding, Peg, Position, Quote, Transfer, Turnover, Volatility
from bot.core.values import ZERO, Contracts, Money, Ratio
from bot.shell.ports import (
    AccountReport,
    Activity,
    Clock,
    NotListedError,
    OutcomeUnknownError,
)

T = TypeVar("T")
CLOSES = 31


class RemoteVenue:
    """One margin account at a real venue, or at a test exchange that speaks its dialect."""

    def __init__(
        self, api: CcxtApi, manner: Manner, clock: Clock, own_tiers: Mapping[str, tuple[Tier, ...]]
    ) -> None:
        """``own_tiers`` are margin tiers by symbol, for venues that tell none."""
        self.api = api
        self.manner = manner
        self._clock = clock
        self._own_tiers = own_tiers
        self._watched: dict[str, Listed] = {}
        """Contracts that were asked about: orders, fills and positions are read for these."""
        self.anonymous = not api.access.api_key
        """Whether nobody's account is meant: what is told to everybody is asked, and no more."""
        self._asking = Asking(api, manner.name, clock)
        self._records = Records(api, manner, self._asking)
        self._lookback = VenueLookback(api, clock)

    async def open(self) -> None:
        """Connect.

        Raises:
            VenueError: the venue cannot be reached, or does not know us.
            SettingsError: the library cannot do what is asked.
        """
        address = self.api.access.address
        to = f" to a test exchange at {address}, which has to speak this dialect" if address else ""
        await self._asking.ask(f"connecting{to}", self.api.open())

    async def close(self) -> None:
        """Disconnect."""
        await self.api.close()

    # --- contracts --------------------------------------------------------------------------------------------

    async def contracts(self, symbols: Sequence[str]) -> tuple[Contract, ...]:
        """Describe contracts.

        Raises:
            NotListedError: a symbol is not listed here, or not tradable through this adapter.
            VenueError: the venue could not be asked.
        """
        await self._freshen_markets()
        return tuple([(await self._describe(symbol)).contract for symbol in symbols])

    async def dated(self, family: str) -> tuple[Contract, ...]:
        """List the dated futures of a family that have not expired, nearest expiry first."""
        await self._freshen_markets()
        now_ms = self.api.now_ms()
        symbols = [
            symbol
            for symbol, market in self.api.markets().items()
            if family_matches(market, family) and expires_ms(market) > now_ms
        ]
        found = [(await self._describe(symbol)).contract for symbol in symbols]
        dated = [one for one in found if isinstance(one, DatedFuture)]
        return tuple(sorted(dated, key=lambda one: one.expiry_ms))

    async def contracts_on(self, asset: str) -> tuple[Contract, ...]:
        """List all contracts on a coin that can be traded through this adapter, perpetuals first."""
        await self._freshen_markets()
        found = [
            contract_of(market, unit)
            for market in self.api.markets().values()
            if market.get("base") == asset and not market.get("spot") and not market.get("option")
            if (unit := self.manner.unit(market)) is not None
        ]
        return tuple(sorted(found, key=lambda one: (isinstance(one, DatedFuture), one.symbol)))

    async def _freshen_markets(self) -> None:
        again = self._asking.read_ms("markets", "") is not None

        async def load() -> bool:
            await self._asking.ask("markets", self.api.load_markets(again=again))
            return True

        await self._asking.fresh("markets", "", load)
        await self._asking.fresh("clock", "", self._measure)

    async def _measure(self) -> bool:
        await self._asking.ask("the clock", self.api.measure_clock())
        return True

    async def _describe(self, symbol: str) -> Listed:
        """Put a contract together: the market's terms, the account's fees, the venue's tiers or the owner's."""
        market = self.api.markets().get(symbol)
        unit = None if market is None or market.get("spot") else self.manner.unit(market)
        if market is None or unit is None:
            raise NotListedError(f"{self.manner.name} does not list {symbol}: see hedgerow list-instruments.")
        bare = Listed(contract=contract_of(market, unit), market=str(market["id"]))
        own = self._own_tiers.get(symbol)
        if own is None and self.anonymous and self.manner.private_terms:
            own = ()
        tiers = (
            own
            if own is not None
            else await self._asking.fresh(
                "tiers", symbol, lambda: self._asking.ask("tiers", self.manner.tiers(self.api, bare))
            )
        )
        fees = (
            None
            if self.anonymous
            else await self._asking.fresh(
                "fees", symbol, lambda: self._asking.ask("fees", self.manner.fees(self.api, bare))
            )
        )
        read_ms = None if own else self._asking.read_ms("tiers", symbol)
        listed = Listed(
            contract=contract_of(market, unit, tiers=tiers, tiers_at_ms=read_ms, fees=fees),
            market=bare.market,
        )
        self._watched[symbol] = listed
        return listed

    async def listed(self, symbol: str) -> Listed:
        """Give a contract with the venue's name for it; NotListedError as ``contracts``."""
        return self._watched[symbol] if symbol in self._watched else await self._describe(symbol)

    # --- the account ------------------------------------------------------------------------------------------

    async def account(self) -> AccountReport:
        """Read open orders, then wallets and positions: in this order nothing is ever missed in between."""
        watched = self._living()
        orders = await self._asking.ask("open orders", self.manner.open_orders(self.api, watched))
        wallets = await self._asking.ask("wallets", self.manner.wallets(self.api, watched))
        positions = await self._asking.ask("positions", self.manner.positions(self.api, watched))
        at_ms = self._clock.now_ms()
        modes = [await self.modes(one) for one in watched]
        return AccountReport(
            at_ms=at_ms,
            wallets=wallets,
            positions=positions,
            open_orders=orders,
            margin_mode="isolated" if any(mode.margin_mode == "isolated" for mode in modes) else "cross",
            leverage=min([mode.leverage for mode in modes], default=Decimal(1)),
            one_way=all(mode.one_way for mode in modes),
            cumulative=False,
        )

    def _living(self) -> tuple[Listed, ...]:
        """List the contracts in use that have not expired: nothing else is asked about those that have, but fills."""
        return tuple(one for one in self._watched.values() if not self._expired(one))

    def _expired(self, one: Listed) -> bool:
        contract = one.contract
        return isinstance(contract, DatedFuture) and contract.expiry_ms <= self.api.now_ms()

    async def modes(self, one: Listed) -> Modes:
        """Read how the account is set for a contract."""
        symbol = one.contract.symbol
        return await self._asking.fresh(
            "modes", symbol, lambda: self._asking.ask("modes", self.manner.modes(self.api, one))
        )

    async def positions(self, symbols: Sequence[str]) -> tuple[Position, ...]:
        """Read positions from a second source, one by one; flat ones are left out."""
        found = []
        for symbol in symbols:
            one = await self.listed(symbol)
            found.append(await self._asking.ask("position", self.manner.position(self.api, one)))
        return tuple(position for position in found if position is not None)

    # --- looking, and putting right -----------------------------------------------------------------------------

    async def key(self) -> KeyFacts | None:
        """Read what the key may do; None if the venue does not tell."""
        return await self._asking.ask("key", self.manner.key(self.api))

    async def position_value(self, one: Listed) -> tuple[Contracts, Decimal] | None:
        """Read a position's size and its value by the venue's own word; None if there is none."""
        return await self._asking.ask("position", self.manner.position_value(self.api, one))

    async def change(self, what: str, change: Awaitable[None]) -> None:
        """Change how the account is set; what is so already is no error. Nothing read before is gone by any more."""
        with suppress(SameError):
            await self._asking.ask(what, change)
        self._asking.forget()

    # --- prices -----------------------------------------------------------------------------------------------

    async def quotes(self, symbols: Sequence[str]) -> tuple[Quote, ...]:
        """Read prices of contracts and of spot markets; one without a price is left out, and a spot market not listed."""
        found = [await self.listed(symbol) for symbol in symbols if not is_spot(symbol)]
        living = tuple(one for one in found if not self._expired(one))
        quotes = await self._asking.ask("prices", self.manner.quotes(self.api, living))
        spots = [
            await self._asking.ask("spot prices", self._spot(symbol)) for symbol in symbols if is_spot(symbol)
        ]
        return (*quotes, *(quote for quote in spots if quote is not None))

    async def _spot(self, symbol: str) -> Quote | None:
        market = await self.api.spot_market(symbol)
        if market is None:
            return None
        return await self.manner.spot_quote(self.api, symbol, market, self._clock.now_ms())

    async def funding(self, symbols: Sequence[str]) -> tuple[Funding, ...]:
        """Read the next funding; a contract that pays none is left out."""
        found = [await self._each("funding", symbol, self.manner.funding) for symbol in symbols]
        return tuple(one for one in found if one is not None)

    async def turnovers(self, symbols: Sequence[str]) -> tuple[Turnover, ...]:
        """Read how busy contracts are; a contract without figures is left out."""
        living = [symbol for symbol in symbols if not self._expired(await self.listed(symbol))]
        found = [await self._each("turnover", symbol, self.manner.turnover) for symbol in living]
        return tuple(one for one in found if one is not None)

    async def volatilities(self, symbols: Sequence[str]) -> tuple[Volatility, ...]:
        """Measure how much contracts move a day; one without two weeks of candles is left out."""
        living = [symbol for symbol in symbols if not self._expired(await self.listed(symbol))]
        return tuple([one for symbol in living for one in await self._volatility(symbol)])

    async def _volatility(self, symbol: str) -> tuple[Volatility, ...]:
        closes = await self._each("closes", symbol, lambda api, one: self.manner.closes(api, one, CLOSES))
        if len(closes) < CLOSES // 2:
            return ()
        until_ms = (self.api.now_ms() // DAY_MS + 1) * DAY_MS
        return (Volatility(symbol=symbol, day=Ratio(day_volatility(closes)), until_ms=until_ms),)

    async def bars(self, needs: Sequence[Need]) -> tuple[Bars, ...]:
        """Read closed bars; a market that has none is left out."""
        found = [await self._asking.ask("candles", self._lookback.bars(need)) for need in needs]
        return tuple(bars for bars in found if bars is not None)

    async def settled(self, symbols: Sequence[str], count: int) -> tuple[Settled, ...]:
        """Read settled funding rates; a contract that settles none is left out."""
        found = [await self._settled(symbol, count) for symbol in symbols]
        return tuple(settled for settled in found if settled is not None)

    async def _settled(self, symbol: str, count: int) -> Settled | None:
        try:
            contract = (await self.listed(symbol)).contract
        except NotListedError:
            return None
        if not isinstance(contract, Perpetual):
            return None
        interval_ms = contract.funding_interval_hours * HOUR_MS
        asked = self._lookback.settled(symbol, count, interval_ms)
        return await self._asking.ask("funding that was settled", asked)

    async def pegs(self, assets: Sequence[str]) -> tuple[Peg, ...]:
        """No venue's price of a stablecoin in dollars is read yet."""
        del assets
        return ()

    async def _each(self, kind: str, symbol: str, ask: Callable[[CcxtApi, Listed], Awaitable[T]]) -> T:
        one = await self.listed(symbol)
        return await self._asking.fresh(kind, symbol, lambda: self._asking.ask(kind, ask(self.api, one)))

    # --- what happened ----------------------------------------------------------------------------------------

    async def activity(self, cursor: int) -> Activity:
        """List fills and payments since ``cursor``, a time of the venue in milliseconds; 0 begins now."""
        return await self._records.since(cursor, tuple(self._watched.values()))

    # --- orders -----------------------------------------------------------------------------------------------

    async def order(self, symbol: str, client_order_id: str) -> OrderReport | None:
        """Look an order up by our name for it; None if the venue has no record of it now."""
        one = await self.listed(symbol)
        self._records.busy()
        with urgent():
            return await self._asking.ask("order", self.manner.order(self.api, one, client_order_id))

    async def place(self, request: OrderRequest) -> OrderReport:
        """Place an order, once. What its ack says beyond "taken" is not believed; an IOC order is looked up at once."""
        one = await self.listed(request.symbol)
        self._records.busy()
        try:
            with urgent():
                await self.api.create(request, one)
        except RequestFailed as failed:
            if failed.outcome is Outcome.REJECTED:
                who = "the venue says" if failed.failure.sent else "not sent"
                return _report(request, OrderState.REJECTED, f"{who}: {failed}")
            raise self._asking.error("order", failed) from failed
        except ValueError as error:
            return _report(request, OrderState.REJECTED, f"not sent: {error}")
        if request.time_in_force is TimeInForce.IOC or request.limit_price is None:
            found = await self._look_at_once(request, one)
            if found is not None:
                return found
        return _report(request, OrderState.OPEN, "")

    async def _look_at_once(self, request: OrderRequest, one: Listed) -> OrderReport | None:
        """Look up an order that was just taken; a venue that cannot tell yet is asked again by whoever waits for it."""
        try:
            with urgent():
                return await self.manner.order(self.api, one, request.client_order_id)
        except (RequestFailed, ShapeError):
            return None

    async def cancel(self, symbol: str, client_order_id: str) -> OrderReport:
        """Cancel an order, and tell how it ended by the venue's record of it."""
        one = await self.listed(symbol)
        self._records.busy()
        with urgent():
            with suppress(GoneError):  # how it ended is looked up
                await self._asking.ask("cancel", self.manner.cancel(self.api, one, client_order_id))
            report = await self._asking.ask("order", self.manner.order(self.api, one, client_order_id))
        if report is None:
            raise OutcomeUnknownError(f"{self.manner.name} has no record of order {client_order_id}.")
        if report.state not in DONE:
            return OrderReport(
                client_order_id=client_order_id,
                symbol=symbol,
                state=OrderState.CANCELLING,
                filled=report.filled,
                reason="the cancel was taken",
                request=report.request,
            )
        return report

    # --- money ------------------------------------------------------------------------------------------------

    async def transfer(self, transfer_id: str, asset: str, amount: Money) -> TransferReport:
        """Move margin from the spot wallet to the futures wallet, once."""
        self._records.busy()
        try:
            with urgent():
                return await self.manner.transfer(self.api, transfer_id, asset, amount, self._settling(asset))
        except RequestFailed as failed:
            if failed.outcome is Outcome.REJECTED:
                return TransferReport(
                    transfer_id=transfer_id, state="refused", reason=f"the venue says: {failed}"
                )
            raise self._asking.error("transfer", failed) from failed
        except ShapeError as error:
            raise OutcomeUnknownError(f"{self.manner.name}: {error}.") from error

    async def transfer_of(self, transfer: Transfer) -> TransferReport | None:
        """Look a transfer up; None if the venue has no record of it now."""
        one = self._settling(transfer.asset)
        return await self._asking.ask("transfers", self.manner.transfer_of(self.api, transfer, one))

    def _settling(self, asset: str) -> Listed:
        """Give a contract that settles in an asset: its wallet is meant."""
        for one in self._watched.values():
            if one.contract.settle == asset:
                return one
        raise NotListedError(f"No contract that settles in {asset} is in use.")


def _report(request: OrderRequest, state: OrderState, reason: str) -> OrderReport:
    return OrderReport(
        client_order_id=request.client_order_id,
        symbol=request.symbol,
        state=state,
        filled=Contracts(ZERO),
        reason=reason,
        request=request,
    )
