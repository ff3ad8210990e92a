"""One picture of one margin account: everything a decision may know, with the time printed on it."""

from decimal import Decimal

from bot.core.instruments import Contract, MarginMode
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
    """A futures wallet in one settlement currency: the margin of the account."""

    asset: str
    balance: Money
    """Realised: deposits + realised profit + funding - fees."""
    deposited: Money
    """Deposits less withdrawals since the account began."""


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


@record
class Quote:
    """Prices of one contract at one instant. Sizes in contracts."""

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


@record
class Memory:
    """What the account remembers from one decision to the next."""

    number: int = 0
    """Number of the last decision."""
    hedges: tuple[HedgeMemory, ...] = ()

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
    missing: tuple[str, ...] = ()
    """Letters that did not come or came late, in words; any of them means: decide nothing."""

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
        """Sum the owner's coins of an asset outside the futures wallet."""
        return Coins(sum([holding.coins for holding in self.holdings if holding.asset == asset], ZERO))

    def working_on(self, symbol: str) -> tuple[WorkingOrder, ...]:
        """List our working orders in one contract."""
        return tuple([order for order in self.working if order.request.symbol == symbol])

    def in_flight(self, symbol: str) -> Contracts:
        """Sum the signed contracts that working orders in one contract may still fill."""
        return Contracts(sum([order.in_flight for order in self.working_on(symbol)], ZERO))
