"""The world of a rehearsal: today's account at a model exchange, and the prices that it is shown.

Every price moves along a straight line in its logarithm. What is displayed at the touch is there again for every order:
a rehearsal asks what the guard would do, not how deep a book is.
"""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

from bot.adapters.clock import SimClock
from bot.adapters.sim_venue import SimVenue
from bot.core.instruments import Contract, DatedFuture, Perpetual, family_of, tier_fault
from bot.core.lookback import Bars, Need, Settled, bars_among, settled_among
from bot.core.policy import NO_END_MS
from bot.core.reports import Fill, Payment
from bot.core.snapshot import Funding, Position, Quote, Snapshot, Volatility
from bot.core.values import ONE, ZERO, Contracts, Price, Ratio, floor_to_step, money, record, round_to_step
from bot.sim.account import SimAccount
from bot.sim.exchange import Exchange

MINUTE_MS, HOUR_MS = 60_000, 3_600_000
STEPS_MAX = 1440
"""Prices of a long rehearsal; a short one has a price a minute."""
DEPTH_NOTIONAL = Decimal(100_000)
"""Taken to be displayed where the picture shows nothing, in quote currency."""
FINE = ONE.scaleb(-2)
"""Marks and indices are rounded to this share of a tick."""


@record
class Shock:
    """What happens to prices."""

    share: Ratio
    """Move of every price by the end, as a share of today's: 0.4 is +40 %; above -1."""
    over_ms: int
    """How long it takes; 0 is a gap, with no price between."""
    funding: Ratio = Ratio(ZERO)
    """Paid by perpetuals at every settlement; positive: longs pay, shorts receive."""
    basis: Ratio = Ratio(ZERO)
    """What marks gain over indices by the end, as a share."""

    @property
    def steps(self) -> int:
        """How many prices there are after today's."""
        return max(min(self.over_ms // MINUTE_MS, STEPS_MAX), 1)

    def after_ms(self, number: int) -> int:
        """Time of a price since the beginning."""
        return self.over_ms * number // self.steps

    def multiple(self, number: int) -> Decimal:
        """Multiple of today's prices at one of the steps."""
        return (ONE + self.share) ** (Decimal(number) / self.steps)


class World:
    """A model exchange that holds one account as a picture shows it; :meth:`turn_to` brings the next prices."""

    def __init__(self, today: Snapshot, shock: Shock) -> None:
        self._today, self._shock = today, shock
        self._number = 0
        self.clock = SimClock(today.at_ms)
        self.exchange = Exchange(tuple(_ageless(one) for one in today.contracts))
        self.exchange.at_ms = today.at_ms
        _open(self.exchange, today)
        self.told: list[Fill | Payment] = self.exchange.activity[today.account]
        self.show()

    def venue(self) -> SimVenue:
        """Give the account's door. What policies look back on stays today's: it grows old as it would without news."""
        turnovers = {one.symbol: one for one in self._today.turnovers}
        pegs = {one.asset: one for one in self._today.pegs}
        days = {one.symbol: one for one in self._today.volatilities}
        lasting = {name: _lasting(one) for name, one in days.items()}
        return SimVenue(
            self.exchange,
            self._today.account,
            next_funding=self._next_funding,
            turnover=turnovers.get,
            volatility=lasting.get,
            peg=pegs.get,
            spot=self._spot,
            bars=self._bars,
            settled=self._settled,
        )

    def turn_to(self, number: int) -> None:
        """Let time pass to the next price: funding that falls due on the way, then the price."""
        before_ms = self.clock.now_ms()
        self._number = number
        now_ms = self._today.at_ms + self._shock.after_ms(number)
        for at_ms, symbol in sorted(self._fundings(before_ms, now_ms)):
            self.exchange.settle_funding(symbol, self._shock.funding, self.exchange.marks[symbol], at_ms)
        self.clock.turn_to(now_ms)
        self.show()

    def show(self) -> None:
        """Quote every contract at the price of now, with its displayed size whole again."""
        for quote in self._today.quotes:
            self.exchange.quote(self._quote(quote))

    # --- prices -----------------------------------------------------------------------------------------------

    def _quote(self, today: Quote) -> Quote:
        contract, number, shock = self._today.contract(today.symbol), self._number, self._shock
        shown = replace(
            today,
            at_ms=self.clock.now_ms(),
            bid_contracts=_depth(contract, today.bid_contracts, today.mark),
            ask_contracts=_depth(contract, today.ask_contracts, today.mark),
        )
        if number == 0:
            return shown
        spot = shock.multiple(number)
        future, tick = spot * (ONE + shock.basis * number / shock.steps), contract.price_tick
        return replace(
            shown,
            bid=_rounded(today.bid * future, tick),
            ask=_rounded(today.ask * future, tick),
            mark=_rounded(today.mark * future, tick * FINE),
            index=_rounded(today.index * spot, tick * FINE),
        )

    def _spot(self, symbol: str) -> Quote | None:
        """Quote the market of a coin that another coin's contract hedges: it moves as all prices do."""
        today = next((one for one in self._today.spots if one.symbol == symbol), None)
        if today is None:
            return None
        price = Price(today.price * self._shock.multiple(self._number))
        return Quote(
            symbol=symbol,
            at_ms=self.clock.now_ms(),
            bid=price,
            bid_contracts=Contracts(ZERO),
            ask=price,
            ask_contracts=Contracts(ZERO),
            mark=price,
            index=price,
        )

    # --- what policies look back on: today's past, throughout; a shock is no history ------------------------------

    def _bars(self, need: Need) -> Bars | None:
        found = bars_among(self._today.bars, need)
        last_ms = self.clock.now_ms() // need.bar_ms * need.bar_ms
        return None if found is None else replace(found, last_ms=last_ms)

    def _settled(self, symbol: str, count: int) -> Settled | None:
        found = settled_among(self._today.settled, symbol)
        if found is None:
            return None
        passed = (self.clock.now_ms() - found.last_ms) // found.interval_ms
        last_ms = found.last_ms + max(passed, 0) * found.interval_ms
        return replace(found, last_ms=last_ms, rates=found.rates[-count:])

    # --- funding ----------------------------------------------------------------------------------------------

    def _fundings(self, before_ms: int, now_ms: int) -> Iterator[tuple[int, str]]:
        """List the settlements after one time up to another."""
        for contract in self._today.contracts:
            if isinstance(contract, Perpetual) and contract.symbol in self.exchange.marks:
                every_ms = contract.funding_interval_hours * HOUR_MS
                for at_ms in range((before_ms // every_ms + 1) * every_ms, now_ms + 1, every_ms):
                    yield at_ms, contract.symbol

    def _next_funding(self, symbol: str) -> Funding | None:
        contract = self.exchange.contracts[symbol]
        if isinstance(contract, DatedFuture):
            return None
        every_ms = contract.funding_interval_hours * HOUR_MS
        due_ms = (self.clock.now_ms() // every_ms + 1) * every_ms
        return Funding(symbol=symbol, rate=self._shock.funding, next_at_ms=due_ms)


def _rounded(price: Decimal, step: Decimal) -> Price:
    return Price(round_to_step(price, step))


def _depth(contract: Contract, displayed: Contracts, mark: Price) -> Contracts:
    """Give the size displayed, or where there is none a modest one, at least a step."""
    if displayed > ZERO:
        return displayed
    size = floor_to_step(DEPTH_NOTIONAL / contract.notional(ONE, mark), contract.contracts_step)
    return Contracts(max(size, contract.contracts_step))


def _lasting(one: Volatility) -> Volatility:
    """Let a volatility stand for all of the rehearsal."""
    return replace(one, until_ms=NO_END_MS)


def _ageless(contract: Contract) -> Contract:
    """Let a table of margin tiers not grow old meanwhile."""
    return replace(contract, tiers_at_ms=None)


# --- the account ----------------------------------------------------------------------------------------------


def held_at_first(today: Snapshot) -> dict[str, Decimal]:
    """Give the positions that can be taken along: in contracts that the picture describes."""
    known = {contract.symbol for contract in today.contracts}
    return {
        one.symbol: one.contracts for one in today.positions if one.contracts != ZERO and one.symbol in known
    }


def objection(today: Snapshot) -> str:
    """Say why an account cannot be rehearsed, as a sentence, or nothing."""
    if today.missing:
        return f"the last picture has holes: {'; '.join(today.missing)}."
    held = held_at_first(today)
    if not held:
        return "it holds no position, so that no price can liquidate it."
    quoted = {quote.symbol for quote in today.quotes}
    for contract in today.contracts:
        fault = tier_fault(contract.tiers)
        if fault:
            return f"the margin tiers of {contract.symbol} cannot be right: {fault}."
    bare = [symbol for symbol in held if symbol not in quoted]
    return f"{bare[0]} is held, and the last picture has no price of it." if bare else ""


def left_out(today: Snapshot) -> tuple[str, ...]:
    """Name, in words, what of a picture is not taken along."""
    words = [f"the position in {symbol}, which no hedge explains" for symbol in today.foreign]
    words += [f"the working order {one.request.client_order_id}" for one in today.working]
    words += [f"{one.amount:f} {one.asset} on their way to the futures wallet" for one in today.transfers]
    return tuple(words)


def _open(exchange: Exchange, today: Snapshot) -> None:
    """Open the account with today's wallets, and rebuild its positions at their entry prices. Its owner is told nothing."""
    trader = exchange.open_account(today.account, today.margin_mode, today.leverage)
    priced = {today.contract(quote.symbol).base for quote in today.quotes}
    for wallet in today.wallets:
        trader.deposit_again(today.at_ms, "futures", wallet.asset, wallet.balance)
        if wallet.spare > ZERO:
            exchange.reserve(today.account, wallet.asset, wallet.spare)
        if wallet.collateral_share > ZERO and wallet.asset in priced:  # a coin without a price backs nothing
            trader.collateral_shares[wallet.asset] = wallet.collateral_share
    for position in today.positions:
        contract = _carrier(exchange, position.symbol)
        if contract is not None:
            _rebuild(trader, contract, position, today.at_ms)


def _carrier(exchange: Exchange, symbol: str) -> Contract | None:
    """Find a position's contract; one that expired is stood in for by another of its family, for its realised profit."""
    known = exchange.contracts.get(symbol)
    family = (one for one in exchange.contracts.values() if one.family == family_of(symbol))
    return next(family, None) if known is None else known


def _rebuild(trader: SimAccount, contract: Contract, told: Position, at_ms: int) -> None:
    """Trade a position again at its entry price, without a fee, and give it what it had realised and set aside."""
    position = trader.position(contract)
    position.realised += told.realised_pnl
    if contract.symbol != told.symbol or told.contracts == ZERO:
        return
    trader.trade(at_ms, position, told.contracts, told.entry_price, ZERO)
    if told.isolated_margin is not None:
        position.isolated_margin = money(told.isolated_margin)
