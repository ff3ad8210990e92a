"""An account's margin as it is, and as it would be after an order: our forecast, and what the venue's word takes off it."""

from decimal import Decimal

from bot.core.instruments import Contract, tier_fault
from bot.core.margin import Collateral, Pool, Stake
from bot.core.positions import cost_of, fill, isolated_margin
from bot.core.snapshot import Position, Snapshot
from bot.core.values import ONE, ZERO, Money, Price, record


@record
class Change:
    """An order as if filled."""

    symbol: str
    signed: Decimal
    """Contracts."""
    price: Price


@record
class Forecast:
    """An account's margin, as it is or after a change."""

    pool: Pool
    """What stands or falls with the position."""
    account: Pool
    """Everything that settles in the same currency: in cross mode the same."""
    stake: Stake | None
    """The position in question; None when flat."""
    liquidation_price: Price | None
    """Of that position alone, the others' marks standing still: what venues print."""
    doubt: Decimal
    """Backing the venue's word takes off ours, in settlement currency."""


def forecast(
    snapshot: Snapshot, symbol: str, change: Change | None = None, *, doubt: Decimal | None = None
) -> Forecast:
    """Reckon the margin behind ``symbol``, after a change if one is given, taker fee paid.

    In cross mode that is the wallet with all its positions, whose working orders that add count as filled at the mark; in
    isolated mode the margin set aside. Where the venue's word on the account as it is is worse than ours, the difference
    is taken off (reference section 14: the worse figure rules).
    """
    contract = snapshot.contract(symbol)
    cash, stakes, aside = snapshot.wallet(contract.settle).balance, [], ZERO
    own: Stake | None = None
    for quote in snapshot.quotes:
        if snapshot.contract(quote.symbol).settle != contract.settle:
            continue
        mine = (
            change
            if change is not None and change.symbol == quote.symbol
            else _flying(snapshot, quote.symbol)
        )
        stake, earned, set_aside = _stake(snapshot, quote.symbol, mine)
        cash = Money(cash + earned)
        stakes += [] if stake is None else [stake]
        if quote.symbol == symbol:
            own, aside = stake, set_aside
    doubt = doubt_of(snapshot, symbol) if doubt is None else doubt
    linear, collaterals = contract.linear, _collaterals(snapshot, contract)
    account = Pool(cash=cash - doubt, collaterals=collaterals, stakes=tuple(stakes), linear=linear)
    pool = account
    if snapshot.margin_mode == "isolated":
        backing = min(aside, cash) - doubt  # no more can be set aside than there is
        pool = Pool(cash=backing, collaterals=(), stakes=() if own is None else (own,), linear=linear)
    return Forecast(
        pool=pool,
        account=account,
        stake=own,
        liquidation_price=None if own is None else _liquidation(pool, own, snapshot.quote(symbol).mark),
        doubt=doubt,
    )


def _flying(snapshot: Snapshot, symbol: str) -> Change | None:
    """Make a change of working orders that add to a position; what only may reduce it is not counted on."""
    held = snapshot.position(symbol).contracts
    bought, sold = snapshot.flying(symbol, 1), snapshot.flying(symbol, -1)
    flying = max(bought, sold, key=abs) if held == ZERO else (bought if held > ZERO else sold)
    if flying == ZERO:
        return None
    return Change(symbol=symbol, signed=flying, price=snapshot.quote(symbol).mark)


def _stake(snapshot: Snapshot, symbol: str, change: Change | None) -> tuple[Stake | None, Decimal, Decimal]:
    """Give a position after a change, what the change realised, and the margin set aside for it."""
    contract, position = snapshot.contract(symbol), snapshot.position(symbol)
    contracts: Decimal = position.contracts
    cost: Decimal = cost_of(contract, contracts, position.entry_price)
    aside, earned = position.isolated_margin or ZERO, ZERO
    if change is not None and change.signed != ZERO:
        filled = fill(contract, contracts, cost, change.signed, change.price)
        earned = filled.realised - contract.fee_taker * contract.value(change.signed, change.price)
        aside = isolated_margin(contract, aside, contracts, filled.contracts, change.price, snapshot.leverage)
        contracts, cost = filled.contracts, filled.cost
    if contracts == ZERO:
        return None, earned, aside
    value = contract.value(contracts, snapshot.quote(symbol).mark)
    return Stake(contract=contract, contracts=contracts, cost=cost, value=value), earned, aside


def _collaterals(snapshot: Snapshot, contract: Contract) -> tuple[Collateral, ...]:
    """Value coins that back positions which settle in quote currency; a coin without an index counts nothing."""
    if not contract.linear:
        return ()
    index = {snapshot.contract(quote.symbol).base: quote.index for quote in snapshot.quotes}
    return tuple(
        Collateral(asset=wallet.asset, value=wallet.balance * wallet.collateral_share * index[wallet.asset])
        for wallet in snapshot.wallets
        if wallet.asset != contract.settle and wallet.collateral_share > ZERO and wallet.asset in index
    )


def _liquidation(pool: Pool, own: Stake, mark: Price) -> Price | None:
    """Give the price that liquidates one position while every other price stands still."""
    if tier_fault(own.contract.tiers):
        return None
    alone = _alone(pool, own)
    if not alone.collaterals:
        return own.contract.liquidation_price(own.contracts, _entry(own), alone.cash)
    reach = alone.reach()
    first, second = (reach.up, reach.down) if own.contracts < ZERO else (reach.down, reach.up)
    multiple = second if first is None else first
    return None if multiple is None else Price(mark * multiple)


def _alone(pool: Pool, own: Stake) -> Pool:
    """Show a pool in which the price of one position's coin is all that moves."""
    others = [stake for stake in pool.stakes if stake.contract.symbol != own.contract.symbol]
    mine = tuple(one for one in pool.collaterals if one.asset == own.contract.base)
    still = pool.collateral - sum((one.value for one in mine), ZERO)
    cash = pool.cash + still + sum((stake.profit - stake.maintenance for stake in others), ZERO)
    return Pool(cash=cash, collaterals=mine, stakes=(own,), linear=pool.linear)


def _entry(stake: Stake) -> Decimal:
    size = abs(stake.contract.size(stake.contracts))
    return stake.cost / size if stake.contract.linear else size / stake.cost


# --- the venue's word ------------------------------------------------------------------------------------------


def doubt_of(snapshot: Snapshot, symbol: str) -> Decimal:
    """Say how much less backing the venue's word leaves than ours, for the account as it is; 0 if it is no worse.

    It may say so in three ways: less equity, more maintenance, a nearer liquidation price. The worst rules; what the venue
    does not say counts as our forecast has it.
    """
    contract, mark = snapshot.contract(symbol), snapshot.quote(symbol).mark
    ours, position = _ours(snapshot, symbol), snapshot.position(symbol)
    wallet = snapshot.wallet(contract.settle)
    found = [ZERO]
    if snapshot.margin_mode == "cross":
        less = ZERO if wallet.equity is None else ours.equity - ours.collateral - wallet.equity
        more = ZERO if wallet.maintenance is None else wallet.maintenance - ours.maintenance
        found.append(max(less, ZERO) + max(more, ZERO))
    if position.liquidation_price is not None and position.contracts != ZERO:
        found.append(_nearer(ours, position, contract, mark))
    worst = max(found)
    return worst if worst > DOUBT_MIN * ours.value else ZERO


DOUBT_MIN = ONE.scaleb(-4)
"""Share of the positions' value up to which the venue's figures may differ from ours by rounding."""


def _ours(snapshot: Snapshot, symbol: str) -> Pool:
    """Reckon the pool behind a position as it is, by our forecast alone, working orders left out."""
    settle = snapshot.contract(symbol).settle
    isolated = snapshot.margin_mode == "isolated"
    stakes = [
        stake
        for quote in snapshot.quotes
        if snapshot.contract(quote.symbol).settle == settle
        and (quote.symbol == symbol or not isolated)
        and (stake := _stake(snapshot, quote.symbol, None)[0]) is not None
    ]
    cash: Decimal = snapshot.wallet(settle).balance
    if isolated:
        cash = min(snapshot.position(symbol).isolated_margin or ZERO, cash)
    contract = snapshot.contract(symbol)
    collaterals = () if isolated else _collaterals(snapshot, contract)
    return Pool(cash=cash, collaterals=collaterals, stakes=tuple(stakes), linear=contract.linear)


def _nearer(ours: Pool, position: Position, contract: Contract, mark: Price) -> Decimal:
    """Give the backing that is missing if a position is liquidated where the venue says so."""
    price = position.liquidation_price
    own = next((stake for stake in ours.stakes if stake.contract.symbol == contract.symbol), None)
    if price is None or own is None or price <= ZERO:
        return ZERO
    alone = _alone(ours, own)
    moved = price / mark
    return max(alone.cash - alone.backing(moved if contract.linear else ONE / moved), ZERO)
