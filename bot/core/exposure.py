"""How exposed the owner is, and how far that is from the wish: net delta, achieved ratio, gap.

A hedge is measured as a whole: during a roll it lies in two contracts, told in contracts of the one that carries it on.

Here is where an inverse hedge is right or wrong. Coins count where they lie *and* as unrealised coin profit
(reference section 3.1), so that a price move alone opens no gap.
"""

from decimal import Decimal

from bot.core import formulas
from bot.core.instruments import Contract, family_of
from bot.core.policy import Target
from bot.core.rules import HedgeRules, Meaning
from bot.core.snapshot import Position, Snapshot, Spot, Wallet
from bot.core.values import (
    ONE,
    ZERO,
    Coins,
    Contracts,
    Money,
    Price,
    Ratio,
    ceil_to_step,
    floor_to_step,
    record,
    round_to_step,
)


@record
class Foreign:
    """Coins that are hedged in another coin's contract."""

    asset: str
    spot: Spot
    coins: Coins

    @property
    def value(self) -> Money:
        """What they are worth, in the contract's quote currency."""
        return Money(self.coins * self.spot.price)


@record
class Exposure:
    """Where a hedge stands. Coins are base coins; contracts and coins of a short are negative."""

    holdings: Coins
    """Coins outside the futures wallet; other coins than the contract's count by their value."""
    own: Coins
    """B0: coins the owner would have without price profit of the hedge."""
    foreign: tuple[Foreign, ...] = ()
    """Other coins among them, that count by their value."""
    own_alone: Coins = Coins(ZERO)
    """Own coins of the contract's kind."""
    equity: Coins
    """Coins in the futures wallet with unrealised coin profit; 0 for a linear contract."""
    net_delta: Coins
    """What the dollar value gains per unit of price, in coins."""
    held: Contracts
    """In all legs of the hedge, told in contracts of the one that carries it."""
    in_flight: Contracts
    """Signed contracts that working orders may still fill, told so, too."""
    target: Contracts
    """Wanted position, in whole steps."""
    gap: Contracts
    """Exact target - held - in flight; negative: more short is needed."""
    band_outer: Contracts
    """On the side of the gap, as is the inner edge."""
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
class OtherLegs:
    """What a hedge holds in contracts of its family besides the one that carries it: during a roll, or at its end."""

    coins: Coins
    """Signed coins they still move with; a contract that is settling loses its share bit by bit."""
    open_pnl: Money
    realised: Money
    """Price profit realised so far, that of expired contracts included."""


NO_OTHER_LEGS = OtherLegs(coins=Coins(ZERO), open_pnl=Money(ZERO), realised=Money(ZERO))


@record
class Book:
    """The figures that targets are made of, gathered once."""

    contract: Contract
    coins: Coins
    """Of the contract's own kind, outside the futures wallet."""
    foreign: tuple[Foreign, ...]
    holdings: Coins
    """All coins outside the futures wallet, told in the contract's by value at its mark (reference section 3.6)."""
    wallet: Wallet
    position: Position
    others: OtherLegs
    mark: Price
    index: Price
    equity: Money
    """Wallet and unrealised profit, in settlement currency."""
    own: Coins
    """B0: own coins. Coin funding and fees move them, price profit does not."""

    @property
    def own_alone(self) -> Coins:
        """Own coins of the contract's kind."""
        return self.coins if self.foreign else self.own

    @property
    def other_contracts(self) -> Contracts:
        """The other legs' coins, told in contracts of the carrying one at its mark."""
        return self.contract.contracts_for(self.others.coins, self.mark)

    @property
    def held(self) -> Contracts:
        """Signed contracts in all legs, told in those of the carrying one."""
        return Contracts(self.position.contracts + self.other_contracts)

    @property
    def coin_equity(self) -> Coins:
        """Q: coins in the futures wallet, unrealised profit included; a linear contract's wallet holds no coins."""
        return Coins(ZERO) if self.contract.linear else Coins(self.equity)


def book(snapshot: Snapshot, hedge: HedgeRules, carrier: str) -> Book:
    """Gather the figures of one hedge that ``carrier`` carries; its quote's mark and index are the prices.

    Raises:
        KeyError: the picture lacks a contract or a quote of one of the hedge's legs, or the price of a coin.
    """
    quote, contract = snapshot.quote(carrier), snapshot.contract(carrier)
    foreign = tuple(
        Foreign(asset=one, spot=snapshot.spot(hedge.spot(one)), coins=snapshot.coins_held(one))
        for one in hedge.assets
        if one != contract.base
    )
    own = snapshot.coins_held(contract.base) if contract.base in hedge.assets else Coins(ZERO)
    return book_of(
        contract,
        own,
        foreign,
        snapshot.wallet(contract.settle),
        snapshot.position(carrier),
        other_legs(snapshot, hedge, carrier),
        quote.mark,
        quote.index,
    )


def other_legs(snapshot: Snapshot, hedge: HedgeRules, carrier: str) -> OtherLegs:
    """Add up the hedge's legs besides the carrying one; an expired leg counts by what it realised."""
    coins, open_pnl, realised = ZERO, ZERO, ZERO
    for position in snapshot.positions:
        if position.symbol == carrier or family_of(position.symbol) != hedge.symbol:
            continue
        realised += position.realised_pnl
        if position.contracts == ZERO:
            continue
        contract, mark = snapshot.contract(position.symbol), snapshot.quote(position.symbol).mark
        share = contract.delta_share(snapshot.at_ms)
        coins += contract.coins(position.contracts, mark) * share
        open_pnl += contract.pnl(position.contracts, position.entry_price, mark)
    return OtherLegs(coins=Coins(coins), open_pnl=Money(open_pnl), realised=Money(realised))


def book_of(
    contract: Contract,
    coins: Coins,
    foreign: tuple[Foreign, ...],
    wallet: Wallet,
    position: Position,
    others: OtherLegs,
    mark: Price,
    index: Price,
) -> Book:
    """Gather the figures of a hedge at two prices of the contract that carries it."""
    open_pnl: Decimal = others.open_pnl
    if position.contracts != ZERO:
        open_pnl += contract.pnl(position.contracts, position.entry_price, mark)
    realised = position.realised_pnl + others.realised
    in_wallet = ZERO if contract.linear else wallet.balance - realised
    holdings = coins + sum((one.value for one in foreign), ZERO) / mark
    return Book(
        contract=contract,
        coins=coins,
        foreign=foreign,
        holdings=Coins(holdings),
        wallet=wallet,
        position=position,
        others=others,
        mark=mark,
        index=index,
        equity=Money(wallet.balance + open_pnl),
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
            realised = b.position.realised_pnl + b.others.realised
            profit = Coins(b.equity - b.wallet.balance + realised)
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
    return _delta(b, b.held)


def _delta(b: Book, contracts: Decimal) -> Coins:
    """Net delta with a position of so many signed contracts, its coin equity being as it is."""
    short = -b.contract.size(contracts)
    if b.contract.linear:
        return Coins(formulas.net_delta_linear(b.holdings, short))
    return Coins(formulas.net_delta_inverse(b.holdings, b.equity, short, b.mark))


def measure(b: Book, hedge: HedgeRules, target: Target, in_flight: Contracts) -> Exposure:
    """Set what is held and in flight (signed contracts) against what ``target`` wants."""
    contract, own, delta = b.contract, b.own, net_delta(b)
    exact = ZERO if target.flat else -wanted_size(b, hedge, target.ratio) / contract.contract_size
    own_contracts = contract.contracts_for(own, b.mark)
    gap = Contracts(exact - b.held - in_flight)
    outer, inner = target.band.edges(gap)
    return Exposure(
        holdings=b.holdings,
        own=own,
        foreign=b.foreign,
        own_alone=b.own_alone,
        equity=b.coin_equity,
        net_delta=delta,
        held=b.held,
        in_flight=in_flight,
        target=whole_steps(exact, contract),
        gap=gap,
        band_outer=Contracts(outer * own_contracts),
        band_inner=Contracts(inner * own_contracts),
        ratio_achieved=Ratio(ONE - delta / own) if own > ZERO else None,
        net_short=_delta(b, exact) < -contract.coins(contract.contracts_step, b.mark),
    )


def whole_steps(exact: Decimal, contract: Contract) -> Contracts:
    """Round a size: a linear one is cut, an inverse one goes to the nearest step (reference section 4)."""
    rounded = floor_to_step if contract.linear else round_to_step
    return Contracts(rounded(exact, contract.contracts_step))


def trade_needed(exposure: Exposure, contract: Contract) -> Contracts:
    """Signed whole steps of the carrying contract that bring the hedge from outside the band to its near inner edge, 0 if none is due.

    The fewest steps that reach the inner edge are traded, and never more than reach the target. A remainder below one
    step, or below the venue's minimum, is left alone.
    """
    if not exposure.outside:
        return Contracts(ZERO)
    step = contract.contracts_step
    to_target = whole_steps(exposure.target - exposure.held - exposure.in_flight, contract)
    to_edge = ceil_to_step(max(abs(exposure.gap) - exposure.band_inner, ZERO), step)
    signed = max(-to_edge, min(to_edge, to_target))
    return Contracts(signed if abs(signed) >= max(step, contract.contracts_min) else ZERO)
