"""One account at the model exchange, behind the same door as a real venue."""

from collections.abc import Callable, Sequence

from bot.core.instruments import Contract, DatedFuture, is_spot
from bot.core.lookback import Bars, Need, Settled
from bot.core.orders import OrderRequest, OrderState
from bot.core.reports import Fill, OrderReport, Payment, TransferReport
from bot.core.snapshot import Funding, Peg, Position, Quote, Transfer, Turnover, Volatility
from bot.core.values import ZERO, Contracts, Money
from bot.shell.ports import AccountReport, Activity, NotListedError
from bot.sim.exchange import Exchange


def _stand_still() -> None:
    """Leave the world as it is: someone else turns it."""


class SimVenue:
    """A door to the model exchange. ``turn`` brings the world up to now before every question."""

    def __init__(
        self,
        exchange: Exchange,
        account: str,
        turn: Callable[[], None] = _stand_still,
        next_funding: Callable[[str], Funding | None] = lambda _symbol: None,
        turnover: Callable[[str], Turnover | None] = lambda _symbol: None,
        volatility: Callable[[str], Volatility | None] = lambda _symbol: None,
        peg: Callable[[str], Peg | None] = lambda _asset: None,
        bars: Callable[[Need], Bars | None] = lambda _need: None,
        settled: Callable[[str, int], Settled | None] = lambda _symbol, _count: None,
        spot: Callable[[str], Quote | None] = lambda _symbol: None,
    ) -> None:
        self._exchange = exchange
        self._account = account
        self._turn = turn
        self._next_funding = next_funding
        self._turnover = turnover
        self._volatility = volatility
        self._peg = peg
        self._bars = bars
        self._settled = settled
        self._spot = spot

    async def contracts(self, symbols: Sequence[str]) -> tuple[Contract, ...]:
        """Describe contracts.

        Raises:
            NotListedError: a symbol is not listed here.
        """
        self._turn()
        known = self._exchange.contracts
        listed = {symbol: one for symbol, one in known.items() if not self._exchange.has_expired(symbol)}
        for symbol in symbols:
            if symbol not in listed:
                names = ", ".join(sorted(listed))
                raise NotListedError(f"The model exchange does not list {symbol}; it lists {names}.")
        return tuple(listed[symbol] for symbol in symbols)

    async def dated(self, family: str) -> tuple[Contract, ...]:
        """List the dated futures of a family that have not expired, nearest expiry first."""
        self._turn()
        dated = [
            one
            for one in self._exchange.contracts.values()
            if isinstance(one, DatedFuture)
            and one.family == family
            and not self._exchange.has_expired(one.symbol)
            and one.status != "delisted"
        ]
        return tuple(sorted(dated, key=lambda one: one.expiry_ms))

    async def turnovers(self, symbols: Sequence[str]) -> tuple[Turnover, ...]:
        """Read how busy contracts are, where it is known."""
        known = (self._turnover(symbol) for symbol in symbols)
        return tuple(turnover for turnover in known if turnover is not None)

    async def volatilities(self, symbols: Sequence[str]) -> tuple[Volatility, ...]:
        """Tell how much contracts move a day, where it is known."""
        self._turn()
        known = (self._volatility(symbol) for symbol in symbols)
        return tuple(volatility for volatility in known if volatility is not None)

    async def bars(self, needs: Sequence[Need]) -> tuple[Bars, ...]:
        """Tell the closed bars that are known."""
        self._turn()
        known = (self._bars(need) for need in needs)
        return tuple(bars for bars in known if bars is not None)

    async def settled(self, symbols: Sequence[str], count: int) -> tuple[Settled, ...]:
        """Tell the settled funding rates that are known."""
        self._turn()
        known = (self._settled(symbol, count) for symbol in symbols)
        return tuple(settled for settled in known if settled is not None)

    async def pegs(self, assets: Sequence[str]) -> tuple[Peg, ...]:
        """Read what settlement coins are worth in dollars, where it is known."""
        known = (self._peg(asset) for asset in assets)
        return tuple(peg for peg in known if peg is not None)

    async def account(self) -> AccountReport:
        """Read open orders, then wallets and positions."""
        self._turn()
        exchange, trader = self._exchange, self._exchange.accounts[self._account]
        return AccountReport(
            at_ms=exchange.at_ms,
            wallets=exchange.wallets(self._account),
            positions=exchange.positions(self._account),
            open_orders=exchange.open_orders(self._account),
            margin_mode=trader.margin_mode,
            leverage=trader.leverage,
        )

    async def positions(self, symbols: Sequence[str]) -> tuple[Position, ...]:
        """Read positions from a second source; flat ones are left out."""
        held = {position.symbol: position for position in self._exchange.positions(self._account)}
        return tuple(held[symbol] for symbol in symbols if symbol in held and held[symbol].contracts != ZERO)

    async def quotes(self, symbols: Sequence[str]) -> tuple[Quote, ...]:
        """Read prices; a contract that was never quoted is left out, and a spot market whose price is not known."""
        self._turn()
        touches = self._exchange.touches
        found = [
            touches[symbol].quote if symbol in touches else self._spot(symbol) if is_spot(symbol) else None
            for symbol in symbols
        ]
        return tuple(quote for quote in found if quote is not None)

    async def funding(self, symbols: Sequence[str]) -> tuple[Funding, ...]:
        """Read the next funding, where it is known."""
        known = (self._next_funding(symbol) for symbol in symbols)
        return tuple(funding for funding in known if funding is not None)

    async def activity(self, cursor: int) -> Activity:
        """List fills and payments after ``cursor``, which counts what was told before."""
        self._turn()
        told = self._exchange.activity[self._account]
        new = told[cursor:]
        return Activity(
            fills=tuple(item for item in new if isinstance(item, Fill)),
            payments=tuple(item for item in new if isinstance(item, Payment)),
            cursor=len(told),
        )

    async def order(self, symbol: str, client_order_id: str) -> OrderReport | None:  # noqa: ARG002 - a port's argument
        """Look an order up by our name for it."""
        return self._exchange.order(self._account, client_order_id)

    async def place(self, request: OrderRequest) -> OrderReport:
        """Place an order."""
        self._turn()
        return self._exchange.place(self._account, request)

    async def cancel(self, symbol: str, client_order_id: str) -> OrderReport:
        """Cancel an order; one the exchange has no record of stands no more."""
        self._turn()
        report = self._exchange.cancel(self._account, client_order_id)
        if report is not None:
            return report
        return OrderReport(
            client_order_id=client_order_id,
            symbol=symbol,
            state=OrderState.CANCELLED,
            filled=Contracts(ZERO),
            reason="the model exchange has no such order",
        )

    async def transfer(self, transfer_id: str, asset: str, amount: Money) -> TransferReport:
        """Move margin from the spot wallet to the futures wallet; what is not there is refused."""
        self._turn()
        return self._exchange.transfer(self._account, transfer_id, asset, amount)

    async def transfer_of(self, transfer: Transfer) -> TransferReport | None:
        """Look a transfer up by our name for it."""
        return self._exchange.transfer_of(self._account, transfer.transfer_id)
