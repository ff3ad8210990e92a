"""One picture of one margin account: everything a decision may know, with the time printed on it."""

from dataclasses import replace
from decimal import Decimal
from enum import IntEnum, StrEnum
from typing import Literal

from bot.core.instruments import Contract, MarginMode
from bot.core.lookback import Bars, Settled
from bot.core.orders import WorkingOrder
from bot.core.values import ONE, ZERO, Coins, Contracts, Money, Price, Ratio, record


@record
class Holding:
    """Spot coins the owner has, outside the futures wallet."""

    asset: str
    coins: Coins
    place: str
    """Where they lie: ``declared``, an exchange, an address."""


@record
class Wallet:
    """A futures wallet in one settlement currency: the margin of the account.

    A unified account also takes coins of another kind as margin, less a haircut; they lie in wallets of their own.
    """

    asset: str
    balance: Money
    """Realised: deposits + realised profit + funding - fees."""
    deposited: Money
    """Deposits less withdrawals since the account began."""
    spare: Money = Money(ZERO)
    """What lies in the venue's spot wallet and could be moved here at once."""
    collateral_share: Ratio = Ratio(ZERO)
    """Share of its value that backs positions that settle in something else: 0.95 is a haircut of 5 %; 0 backs none."""
    equity: Money | None = None
    """Wallet and unrealised profit by the venue's word; None if it gives none."""
    maintenance: Money | None = None
    """Maintenance margin of the wallet's positions by the venue's word; None if it gives none."""


@record
class Position:
    """A futures position. Signed: a short is negative."""

    symbol: str
    contracts: Contracts
    entry_price: Price
    """Average entry: quantity-weighted (linear) or harmonic (inverse); 0 when flat."""
    realised_pnl: Money
    """Price profit realised so far, fees and funding excluded, in settlement currency."""
    isolated_margin: Money | None = None
    """Margin set aside for it; None in a cross account, where the whole wallet stands behind it."""
    liquidation_price: Price | None = None
    """By the venue's word; None if it gives none, or if no price liquidates."""
    adl_rank: int | None = None
    """Place in the queue for auto-deleveraging, 1 the last and 5 the first to go; None if the venue gives none."""


@record
class Quote:
    """Prices of one contract at one instant, or of a spot market. Sizes in contracts; in coins of spot."""

    symbol: str
    at_ms: int
    bid: Price
    bid_contracts: Contracts
    ask: Price
    ask_contracts: Contracts
    mark: Price
    """The venue's fair price: margin and liquidation go by it."""
    index: Price
    """The spot reference: holdings are valued at it."""

    @property
    def mid(self) -> Price:
        """Half way between bid and ask."""
        return Price((self.bid + self.ask) / 2)


@record
class Spot:
    """The price of a coin whose exposure is hedged in another coin's contract."""

    symbol: str
    """Its spot market, such as ``ADA/USDT``."""
    at_ms: int
    price: Price


@record
class Funding:
    """The funding a contract is about to pay."""

    symbol: str
    rate: Ratio
    """Per settlement; positive: longs pay, shorts receive."""
    next_at_ms: int


@record
class Turnover:
    """How busy a contract is: what a roll looks at."""

    symbol: str
    volume_24h: Contracts
    """Traded in the last 24 hours."""
    open_interest: Contracts


@record
class Volatility:
    """How much a contract's price moves."""

    symbol: str
    day: Ratio
    """Standard deviation of daily log returns."""
    until_ms: int
    """Up to this time no newer figure is expected."""


@record
class Peg:
    """What a settlement coin is worth."""

    asset: str
    price: Price
    """In US dollars."""


@record
class Control:
    """A person's word that is in force: nothing new, or everything closed."""

    kind: Literal["freeze", "unwind"]
    hedge: str | None
    """None is the whole account."""
    who: str
    why: str
    at_ms: int


@record
class Resume:
    """A person's word that ended a freeze, an unwinding or a halt."""

    hedge: str | None
    """None is the whole account."""
    at_ms: int


@record
class Transfer:
    """Money on its way from the venue's spot wallet to a futures wallet, whose arrival nobody has confirmed."""

    transfer_id: str
    asset: str
    amount: Money
    since_ms: int


@record
class Setback:
    """Orders in one contract that the venue rejected, one after the other, since one was taken."""

    symbol: str
    count: int
    last_at_ms: int


@record
class Arrival:
    """The mid of a contract when an intent began: what its fills are measured against."""

    symbol: str
    mid: Price


@record
class RollMemory:
    """What a roll remembers of itself. How far it has come is read off the positions, never remembered."""

    near: str
    far: str
    trigger: str
    """Why it began, in words; it is not taken back."""
    clip_end: Contracts | None = None
    """Signed position of the leading leg's contract at which the clip now worked is done; None between clips."""
    held_before: Contracts | None = None
    """What the hedge held when the clip began, told in far contracts: how much of it the second leg may restore."""
    naked_since_ms: int | None = None
    """Since when a clip is out of step on the unhedged side."""
    rests_until_ms: int = 0
    """A roll whose clip was restored rests until then."""


@record
class HedgeMemory:
    """What a hedge remembers from one decision to the next."""

    hedge: str
    gap_since_ms: int | None = None
    """When the gap was first seen outside the band without having been closed since: the intent's beginning."""
    reprices: int = 0
    """Orders already sent for this gap."""
    intent: int = 0
    """Number of the decision that first saw the gap; 0 is none."""
    arrivals: tuple[Arrival, ...] = ()
    """Mids when the gap was first seen."""
    urgent: str = ""
    """Why the gap cannot wait at the touch, in words; empty if it can."""
    own: Coins | None = None
    """Own coins at the last decision; a jump of them is a deposit or a withdrawal."""
    roll: RollMemory | None = None
    ratio: Ratio | None = None
    """The last good ratio of the policy: held while a stage fails."""


class Rung(IntEnum):
    """How near an account is to liquidation, and what the guard does about it; each rung includes those before."""

    CLEAR = 0
    """Nothing."""
    WARN = 1
    """Calls a person."""
    TOP_UP = 2
    """Moves collateral, where it may."""
    STOP = 3
    """Adds nothing."""
    CANCEL = 4
    """Takes orders back that would add."""
    REDUCE = 5
    """Closes what is needed to restore the distance of the top-up rung."""
    HALT = 6
    """Lets no policy trade until a person has released it; the guard itself goes on reducing."""


class State(StrEnum):
    """What the guard lets an account or a hedge do."""

    NORMAL = "normal"
    """Everything that passes its gates."""
    REDUCING = "reducing"
    """Nothing that adds exposure; what reduces it passes."""
    HALTED = "halted"
    """Nothing but what the guard itself closes; released by a person only."""


@record
class Latch:
    """A halt that only a person releases."""

    hedge: str | None
    """None is the whole account."""
    kind: Literal["margin", "shifted"]
    since_ms: int


@record
class GuardMemory:
    """What the guard remembers of an account's margin."""

    state: State = State.NORMAL
    """As margin alone would have it."""
    since_ms: int = 0
    """When margin was last found too thin, or the guard last reduced: the minimum stay runs from here."""
    rung: Rung = Rung.CLEAR
    """At the last look."""
    reducing: bool = False
    """A reduction has begun and has not yet restored the top-up distance."""
    latches: tuple[Latch, ...] = ()
    called: tuple[str, ...] = ()
    """Keys of the causes that were found at the last look: a person is told of new ones only."""


@record
class Memory:
    """What the account remembers from one decision to the next."""

    number: int = 0
    """Number of the last decision."""
    hedges: tuple[HedgeMemory, ...] = ()
    guard: GuardMemory = GuardMemory()

    def of(self, hedge: str) -> HedgeMemory:
        """Give the memory of one hedge, empty if it has none."""
        for memory in self.hedges:
            if memory.hedge == hedge:
                return memory
        return HedgeMemory(hedge=hedge)


@record
class Snapshot:
    """One picture of one margin account."""

    account: str
    at_ms: int
    contracts: tuple[Contract, ...]
    holdings: tuple[Holding, ...]
    wallets: tuple[Wallet, ...]
    positions: tuple[Position, ...]
    quotes: tuple[Quote, ...]
    funding: tuple[Funding, ...]
    working: tuple[WorkingOrder, ...]
    memory: Memory
    margin_mode: MarginMode = "cross"
    leverage: Decimal = ONE
    """Leverage the account is set to at the venue: an isolated position brings value / leverage along."""
    turnovers: tuple[Turnover, ...] = ()
    setbacks: tuple[Setback, ...] = ()
    shifted: tuple[str, ...] = ()
    """Contracts whose position moved without a fill of ours since the last decision: deleveraged, liquidated, a person."""
    account_at_ms: int | None = None
    """When the venue's word on the account was read; None if nobody says."""
    volatilities: tuple[Volatility, ...] = ()
    pegs: tuple[Peg, ...] = ()
    spots: tuple[Spot, ...] = ()
    bars: tuple[Bars, ...] = ()
    """Closed bars of the markets that policies look back on."""
    settled: tuple[Settled, ...] = ()
    """Funding rates that were settled, of the contracts whose policies look back on them."""
    orders_last_minute: int = 0
    """Orders sent in the minute before."""
    controls: tuple[Control, ...] = ()
    """What persons have said and not taken back."""
    resumes: tuple[Resume, ...] = ()
    """When persons last released the account and its hedges."""
    transfers: tuple[Transfer, ...] = ()
    """Top-ups whose fate is open."""
    top_up_refused_ms: int = 0
    """When the venue last refused a top-up; 0 if the last one was taken."""
    moved_today: Money = Money(ZERO)
    """Moved from spot wallets to futures wallets in the last 24 hours."""
    foreign: tuple[str, ...] = ()
    """Contracts held that no hedge explains: their margin is known by the venue's word only."""
    missing: tuple[str, ...] = ()
    """Letters that did not come or came late, in words; any of them means: decide nothing."""

    def moved(self, multiple: Decimal) -> "Snapshot":
        """Show the account at a multiple of all prices; the venue's figures, which were of today's, are left out."""
        quotes = tuple(
            replace(
                one,
                bid=Price(one.bid * multiple),
                ask=Price(one.ask * multiple),
                mark=Price(one.mark * multiple),
                index=Price(one.index * multiple),
            )
            for one in self.quotes
        )
        wallets = tuple(replace(one, equity=None, maintenance=None) for one in self.wallets)
        positions = tuple(replace(one, liquidation_price=None) for one in self.positions)
        spots = tuple(replace(one, price=Price(one.price * multiple)) for one in self.spots)
        return replace(self, quotes=quotes, spots=spots, wallets=wallets, positions=positions)

    def contract(self, symbol: str) -> Contract:
        """Find a contract by symbol; KeyError if the picture lacks it."""
        for contract in self.contracts:
            if contract.symbol == symbol:
                return contract
        raise KeyError(symbol)

    def quote(self, symbol: str) -> Quote:
        """Find a quote by symbol; KeyError if the picture lacks it."""
        for quote in self.quotes:
            if quote.symbol == symbol:
                return quote
        raise KeyError(symbol)

    def volatility(self, symbol: str) -> Volatility | None:
        """Find how much a contract's price moves; None if it is not known."""
        return next((one for one in self.volatilities if one.symbol == symbol), None)

    def spot(self, symbol: str) -> Spot:
        """Find a spot price by its market; KeyError if the picture lacks it."""
        for spot in self.spots:
            if spot.symbol == symbol:
                return spot
        raise KeyError(symbol)

    def position(self, symbol: str) -> Position:
        """Find a position by symbol; a flat one if the venue listed none."""
        for position in self.positions:
            if position.symbol == symbol:
                return position
        return Position(
            symbol=symbol, contracts=Contracts(ZERO), entry_price=Price(ZERO), realised_pnl=Money(ZERO)
        )

    def wallet(self, asset: str) -> Wallet:
        """Find the futures wallet of an asset; an empty one if the venue listed none."""
        for wallet in self.wallets:
            if wallet.asset == asset:
                return wallet
        return Wallet(asset=asset, balance=Money(ZERO), deposited=Money(ZERO))

    def coins_held(self, asset: str) -> Coins:
        """Sum the owner's coins of an asset outside the futures wallet that settles in it.

        Coins in the venue's spot wallet count, and so do coins that back positions which settle in something else.
        """
        coins = sum([holding.coins for holding in self.holdings if holding.asset == asset], ZERO)
        for wallet in self.wallets:
            if wallet.asset == asset:
                coins += wallet.spare + (wallet.balance if wallet.collateral_share > ZERO else ZERO)
        return Coins(coins)

    def working_on(self, symbol: str) -> tuple[WorkingOrder, ...]:
        """List our working orders in one contract."""
        return tuple([order for order in self.working if order.request.symbol == symbol])

    def flying(self, symbol: str, sign: int) -> Contracts:
        """Sum the signed contracts that working orders of one side may still fill: +1 buys, -1 sells."""
        mine = [one.in_flight for one in self.working_on(symbol) if one.request.side.sign == sign]
        return Contracts(sum(mine, ZERO))

    def in_flight(self, symbol: str) -> Contracts:
        """Sum the signed contracts that working orders in one contract may still fill."""
        return Contracts(sum([order.in_flight for order in self.working_on(symbol)], ZERO))
