"""A model account at a real venue's prices: public data comes from the venue, orders go to the model exchange.

Nothing here can reach the venue's order desk: the source has no key. Prices are asked for once a second at most, and
orders fill by them as they do on the model exchange, pessimistically. Funding is booked while the bot runs.
"""

from collections.abc import Sequence
from dataclasses import replace

from bot.adapters.model_market import INVERSE_TIERS, LINEAR_TIERS
from bot.adapters.remote_venue import RemoteVenue
from bot.adapters.sim_venue import SimVenue
from bot.core.instruments import Contract, Perpetual, is_spot, tiers_from
from bot.core.lookback import Bars, Need, Settled
from bot.core.orders import OrderRequest
from bot.core.reports import OrderReport, TransferReport
from bot.core.snapshot import Funding, Peg, Position, Quote, Transfer, Turnover, Volatility
from bot.core.values import Money
from bot.shell.ports import AccountReport, Activity, Clock
from bot.sim.exchange import Exchange

LOOK_MS = 1000


def with_tiers(contract: Contract) -> Contract:
    """Give a contract the model's margin tiers if its venue tells its own to key holders only."""
    if contract.tiers:
        return contract
    return replace(contract, tiers=tiers_from(LINEAR_TIERS if contract.linear else INVERSE_TIERS))


class PaperVenue:
    """One model account at a real venue's prices."""

    def __init__(self, source: RemoteVenue, exchange: Exchange, account: str, clock: Clock) -> None:
        self._source = source
        self._exchange = exchange
        self._sim = SimVenue(exchange, account)
        self._clock = clock
        self._looked_ms = 0
        self._next: dict[str, Funding] = {}

    # --- the venue's word -------------------------------------------------------------------------------------

    async def contracts(self, symbols: Sequence[str]) -> tuple[Contract, ...]:
        """Describe contracts as the venue does."""
        return self._listed(await self._source.contracts(symbols))

    async def dated(self, family: str) -> tuple[Contract, ...]:
        """List the dated futures of a family as the venue does."""
        return self._listed(await self._source.dated(family))

    async def turnovers(self, symbols: Sequence[str]) -> tuple[Turnover, ...]:
        """Read how busy contracts are at the venue."""
        return await self._source.turnovers(symbols)

    async def volatilities(self, symbols: Sequence[str]) -> tuple[Volatility, ...]:
        """Measure how much contracts move a day at the venue."""
        return await self._source.volatilities(symbols)

    async def bars(self, needs: Sequence[Need]) -> tuple[Bars, ...]:
        """Read the venue's closed bars."""
        return await self._source.bars(needs)

    async def settled(self, symbols: Sequence[str], count: int) -> tuple[Settled, ...]:
        """Read the venue's settled funding rates."""
        return await self._source.settled(symbols, count)

    async def pegs(self, assets: Sequence[str]) -> tuple[Peg, ...]:
        """Read what settlement coins are worth, where the venue tells."""
        return await self._source.pegs(assets)

    async def funding(self, symbols: Sequence[str]) -> tuple[Funding, ...]:
        """Read the next funding at the venue."""
        return await self._source.funding(symbols)

    async def quotes(self, symbols: Sequence[str]) -> tuple[Quote, ...]:
        """Read prices at the venue; what has no price is left out. Spot is not traded at the model exchange."""
        quotes = await self._source.quotes(symbols)
        for quote in quotes:
            if not is_spot(quote.symbol):
                self._exchange.quote(quote)
        return quotes

    def _listed(self, contracts: tuple[Contract, ...]) -> tuple[Contract, ...]:
        """Let the model exchange list what the venue lists, in its terms."""
        found = tuple(with_tiers(contract) for contract in contracts)
        for contract in found:
            if self._exchange.contracts.get(contract.symbol) != contract:
                self._exchange.relist(contract)
        return found

    # --- the model account ------------------------------------------------------------------------------------

    async def account(self) -> AccountReport:
        """Read the model account, at the venue's prices."""
        await self._look()
        return replace(await self._sim.account(), at_ms=self._clock.now_ms())

    async def positions(self, symbols: Sequence[str]) -> tuple[Position, ...]:
        """Read the model account's positions once more."""
        return await self._sim.positions(symbols)

    async def activity(self, cursor: int) -> Activity:
        """List what happened on the model account after ``cursor``."""
        await self._look()
        return await self._sim.activity(cursor)

    async def order(self, symbol: str, client_order_id: str) -> OrderReport | None:
        """Look an order up at the model exchange."""
        await self._look()
        return await self._sim.order(symbol, client_order_id)

    async def place(self, request: OrderRequest) -> OrderReport:
        """Place an order at the model exchange."""
        await self._look()
        return await self._sim.place(request)

    async def cancel(self, symbol: str, client_order_id: str) -> OrderReport:
        """Cancel an order at the model exchange."""
        await self._look()
        return await self._sim.cancel(symbol, client_order_id)

    async def transfer(self, transfer_id: str, asset: str, amount: Money) -> TransferReport:
        """Move margin between the model account's wallets."""
        return await self._sim.transfer(transfer_id, asset, amount)

    async def transfer_of(self, transfer: Transfer) -> TransferReport | None:
        """Look a transfer between the model account's wallets up."""
        return await self._sim.transfer_of(transfer)

    # --- time -------------------------------------------------------------------------------------------------

    async def _look(self) -> None:
        """Show the model exchange the venue's prices, and let it pay funding that is due; once a second at most."""
        now_ms = self._clock.now_ms()
        if now_ms - self._looked_ms < LOOK_MS:
            return
        self._looked_ms = now_ms
        live = [
            one for one in self._exchange.contracts.values() if not self._exchange.has_expired(one.symbol)
        ]
        self._pay_due(now_ms)
        await self.quotes([one.symbol for one in live])
        for told in await self._source.funding([one.symbol for one in live if isinstance(one, Perpetual)]):
            if told.next_at_ms > now_ms:
                self._next[told.symbol] = told

    def _pay_due(self, now_ms: int) -> None:
        """Pay funding whose time has come, before new prices fill anything that was not held then."""
        for due in sorted(self._next.values(), key=lambda one: one.next_at_ms):
            if due.next_at_ms <= now_ms and due.symbol in self._exchange.marks:
                mark = self._exchange.marks[due.symbol]
                self._exchange.settle_funding(due.symbol, due.rate, mark, due.next_at_ms)
                del self._next[due.symbol]
