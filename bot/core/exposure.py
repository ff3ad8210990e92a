"""How exposed the owner is, and how far that is from the wish: net delta, achieved ratio, gap.

Here is where an inverse hedge is right or wrong. Coins count where they lie *and* as unrealised coin profit
(reference section 3.1), so that a price move alone opens no gap.
"""

from decimal import Decimal

from bot.core import formulas
from bot.core.instruments import Contract
from bot.core.policy import Target
from bot.core.rules import HedgeRules, Meaning
from bot.core.snapshot import Position, Snapshot, Wallet
from bot.core.values import (
    ONE,
    ZERO,
    Coins,
    Contracts,
    Price,
    Ratio,
    ceil_to_step,
    floor_to_step,
    record,
    round_to_step,
)


@record
class Exposure:
    """Where a hedge stands. Coins are base coins; contracts and coins of a short are negative."""

    holdings: Coins
    """Coins outside the futures wallet."""
    own: Coins
    """B0: coins the owner would have without price profit of the hedge."""
    equity: Coins
    """Coins in the futures wallet with unrealised coin profit; 0 for a linear contract."""
    net_delta: Coins
    """What the dollar value gains per unit of price, in coins."""
    held: Contracts
    in_flight: Contracts
    """Signed contracts that working orders may still fill."""
    target: Contracts
    """Wanted position, in whole steps."""
    gap: Contracts
    """Exact target - held - in flight; negative: more short is needed."""
    band_outer: Contracts
    band_inner: Contracts
    ratio_achieved: Ratio | None
    """Hedged share of own coins; None when there are none."""
    net_short: bool
    """The target itself is a net short bet."""

    @property
    def outside(self) -> bool:
        """Whether the gap is beyond the outer edge of the band."""
        return abs(self.gap) > self.band_outer


@record
class Book:
    """The figures that targets are made of, gathered once."""

    contract: Contract
    holdings: Coins
    wallet: Wallet
    position: Position
    mark: Price
    index: Price
    equity: Coins
    """Wallet and unrealised profit, in settlement currency."""
    own: Coins
    """B0: own coins. Coin funding and fees move them, price profit does not."""

    @property
    def coin_equity(self) -> Coins:
        """Q: coins in the futures wallet, unrealised profit included; a linear contract's wallet holds no coins."""
        return Coins(ZERO) if self.contract.linear else self.equity


def book(snapshot: Snapshot, hedge: HedgeRules) -> Book:
    """Gather the figures of one hedge; the quote's mark and index are the prices."""
    quote, contract = snapshot.quote(hedge.symbol), snapshot.contract(hedge.symbol)
    return book_of(
        contract,
        snapshot.coins_held(hedge.asset),
        snapshot.wallet(contract.settle),
        snapshot.position(hedge.symbol),
        quote.mark,
        quote.index,
    )


def book_of(
    contract: Contract, holdings: Coins, wallet: Wallet, position: Position, mark: Price, index: Price
) -> Book:
    """Gather the figures of a position at two prices."""
    open_pnl = ZERO
    if position.contracts != ZERO:
        open_pnl = contract.pnl(position.contracts, position.entry_price, mark)
    in_wallet = ZERO if contract.linear else wallet.balance - position.realised_pnl
    return Book(
        contract=contract,
        holdings=holdings,
        wallet=wallet,
        position=position,
        mark=mark,
        index=index,
        equity=Coins(wallet.balance + open_pnl),
        own=Coins(holdings + in_wallet),
    )


def wanted_size(b: Book, hedge: HedgeRules, ratio: Ratio) -> Coins:
    """Native size the short should have, exact: coins (linear) or US dollars (inverse). Never negative."""
    size = _wanted_linear(b, hedge, ratio) if b.contract.linear else _wanted_inverse(b, hedge, ratio)
    return Coins(max(size, ZERO))


def _wanted_linear(b: Book, hedge: HedgeRules, ratio: Ratio) -> Coins:
    match hedge.meaning:
        case Meaning.SHARE_OF_HOLDINGS:
            size = formulas.target_linear_share(ratio, b.own)
        case Meaning.CONSTANT_MIX:
            # Price profit of this hedge alone: the wallet may carry others, whose money is not this coin's wealth.
            profit = Coins(b.equity - b.wallet.balance + b.position.realised_pnl)
            size = formulas.target_linear_mix(ratio, b.holdings, profit, b.index)
        case Meaning.FIXED_AMOUNT:
            size = formulas.target_linear_amount(ratio * hedge.amount, b.index)
    return Coins(size)


def _wanted_inverse(b: Book, hedge: HedgeRules, ratio: Ratio) -> Coins:
    match hedge.meaning:
        case Meaning.SHARE_OF_HOLDINGS:
            size = formulas.target_inverse_share(ratio, b.own, b.holdings, b.equity, b.mark)
        case Meaning.CONSTANT_MIX:
            size = formulas.target_inverse_mix(ratio, b.holdings, b.equity, b.mark)
        case Meaning.FIXED_AMOUNT:
            amount = ratio * hedge.amount
            size = formulas.target_inverse_amount(amount, b.own, b.holdings, b.equity, b.mark, b.index)
    return Coins(size)


def net_delta(b: Book) -> Coins:
    """Coins the dollar value still moves with, collateral and unrealised coin profit included."""
    return Coins(b.holdings + b.coin_equity + b.contract.coins(b.position.contracts, b.mark))


def measure(b: Book, hedge: HedgeRules, target: Target, in_flight: Contracts) -> Exposure:
    """Set what is held and in flight (signed contracts) against what ``target`` wants."""
    contract, own, delta = b.contract, b.own, net_delta(b)
    exact = -wanted_size(b, hedge, target.ratio) / contract.contract_size
    round_target = floor_to_step if contract.linear else round_to_step
    own_contracts = contract.contracts_for(own, b.mark)
    after = b.holdings + b.coin_equity + contract.coins(exact, b.mark)
    return Exposure(
        holdings=b.holdings,
        own=own,
        equity=b.coin_equity,
        net_delta=delta,
        held=b.position.contracts,
        in_flight=in_flight,
        target=Contracts(round_target(exact, contract.contracts_step)),
        gap=Contracts(exact - b.position.contracts - in_flight),
        band_outer=Contracts(target.band.outer * own_contracts),
        band_inner=Contracts(target.band.inner * own_contracts),
        ratio_achieved=Ratio(ONE - delta / own) if own > ZERO else None,
        net_short=after < -contract.coins(contract.contracts_step, b.mark),
    )


def trade_needed(exposure: Exposure, contract: Contract) -> Contracts:
    """Signed whole steps that bring the hedge from outside the band to its near inner edge, 0 if none is due.

    The fewest steps that reach the inner edge are traded, and never more than reach the target. A remainder below one
    step, or below the venue's minimum, is left alone.
    """
    if not exposure.outside:
        return Contracts(ZERO)
    step = contract.contracts_step
    to_target = exposure.target - exposure.held - exposure.in_flight
    to_edge = ceil_to_step(max(abs(exposure.gap) - exposure.band_inner, ZERO), step)
    signed = max(-to_edge, min(to_edge, to_target))
    return Contracts(signed if abs(signed) >= max(step, contract.contracts_min) else ZERO)


# --- how far prices may move, and coins come in, before the answer changes ----------------------------------


@record
class PriceBox:
    """What one hedge may see without a trade becoming due: prices of its contract, and money paid to its wallet."""

    symbol: str
    mark: Price
    index: Price
    low: Ratio | None
    """Lowest multiple of the mark and of the index; None is any price."""
    high: Ratio | None
    """Highest multiple of the mark and of the index; None is any price."""
    income_min: Coins | None
    """Least that may come in, in settlement currency, fees and funding paid being negative; None is any amount."""
    income_max: Coins | None
    """Most that may come in; None is any amount."""

    def contains(self, mark: Decimal, index: Decimal, income: Decimal) -> bool:
        """Whether both prices and what came in since lie inside."""
        if self.income_min is not None and income < self.income_min:
            return False
        if self.income_max is not None and income > self.income_max:
            return False
        if self.low is None or self.high is None:
            return True
        return (
            self.low * self.mark <= mark <= self.high * self.mark
            and self.low * self.index <= index <= self.high * self.index
        )


def box_of(b: Book, width: Decimal | None, incomes: tuple[Coins | None, Coins | None]) -> PriceBox:
    """Make a box of a half-width around today's prices, None for any price, and of incomes."""
    return PriceBox(
        symbol=b.contract.symbol,
        mark=b.mark,
        index=b.index,
        low=None if width is None else Ratio(ONE / (ONE + width)),
        high=None if width is None else Ratio(ONE + width),
        income_min=incomes[0],
        income_max=incomes[1],
    )


NO_INCOME = Coins(ZERO), Coins(ZERO)
ANY_INCOME = None, None


def price_box(b: Book, hedge: HedgeRules, target: Target, now: Exposure) -> PriceBox:
    """Find a box inside which no trade becomes due, given that none is due now and no order works.

    No linear target reads the wallet, and a linear share of holdings no price either. An inverse share of holdings opens
    no gap by price as long as its drift is inside the band; there it has room for coins that come in. Any other hedge
    gets a box of prices.
    """
    shares = hedge.meaning is Meaning.SHARE_OF_HOLDINGS
    incomes = ANY_INCOME if b.contract.linear else NO_INCOME
    if shares and b.contract.linear:
        return box_of(b, None, incomes)
    if shares and b.position.contracts <= ZERO and _steady(b, target, ZERO):
        return box_of(b, None, (_income(b, target, -ONE), _income(b, target, ONE)))
    return box_of(b, _width(b, hedge, target, now), incomes)


def _steady(b: Book, target: Target, income: Decimal) -> bool:
    """Whether an inverse share of holdings is inside its band at *every* price, ``income`` coins having come in.

    Its drift, net delta less the delta wanted, is the gap in coins. Prices do not move it (reference section 3.1), and
    income moves it by the hedged share. Where the drift asks for less than no short, the gap is smaller than the drift.
    """
    own = b.own + income
    drift = net_delta(b) + income - (ONE - target.ratio) * own
    return abs(drift) <= target.band.outer * own * CLEARLY


def _income(b: Book, target: Target, sign: Decimal) -> Coins:
    """Find how many coins may come in (``sign`` 1) or go out (-1) without leaving the band: the most of a short list.

    Both edges of the band and the drift are straight lines in the income, so that what holds at the end holds between.
    """
    room = target.band.outer * b.own
    amounts = (sign * room * share for share in INCOME_SHARES)
    return Coins(next(amount for amount in amounts if _steady(b, target, amount)))


def _width(b: Book, hedge: HedgeRules, target: Target, now: Exposure) -> Decimal:
    """Find the half-width of a safe box of prices, the widest of a short list.

    The gap is monotone in the mark at a fixed index and in the index at a fixed mark, so that a box is safe if its four
    corners are, all for the same reason: inside the band, or below one step.
    """

    def safe(width: Decimal) -> bool:
        wider = ONE + width / CLEARLY
        ends = ONE / wider, wider
        corners = [measure(_moved(b, m, i), hedge, target, now.in_flight) for m in ends for i in ends]
        if not now.outside:
            return all(abs(corner.gap) <= corner.band_outer * CLEARLY for corner in corners)
        return all(trade_needed(corner, b.contract) == ZERO and corner.outside for corner in corners)

    return next((width for width in BOX_WIDTHS if safe(width)), ZERO)


def _moved(b: Book, mark: Decimal, index: Decimal) -> Book:
    """Show a book at multiples of its prices."""
    prices = Price(b.mark * mark), Price(b.index * index)
    return book_of(b.contract, b.holdings, b.wallet, b.position, *prices)


CLEARLY = ONE - ONE.scaleb(-9)
"""How far inside an edge counts as inside at other prices: what 28 digits round away must not open a gap."""
BOX_WIDTHS = tuple(Decimal(width).scaleb(-4) for width in (10000, 3000, 1000, 300, 100, 30, 10, 3, 1))
"""Candidates for the half-width of a box, as shares of the price."""
INCOME_SHARES = tuple(Decimal(share).scaleb(-2) for share in (100, 90, 75, 50, 25, 10, 5, 1, 0))
"""Candidates for the income a box has room for, as shares of the band."""
