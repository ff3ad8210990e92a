"""One picture of one margin account: everything a decision may know, with the time printed on it."""

from dataclasses import replace
from decimal import Decimal
from typing import Literal

from bot.core.instruments import Contract, MarginMode
from bot.core.lookback import Bars, Settled
from bot.core.memory import Memory
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
    ends: str = ""
    """What ends it, as a sentence, where a person's resume does not."""


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
