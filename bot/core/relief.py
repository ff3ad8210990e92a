"""What brings an account away from liquidation: collateral moved in, or positions made smaller.

Both restore the distance of the ladder's top-up settings, by our forecast with the venue's doubts taken off.
"""

from dataclasses import replace
from decimal import ROUND_CEILING, ROUND_DOWN, Decimal
from typing import Literal

from bot.core.causes import Cause
from bot.core.forecast import Change, Forecast, doubt_of, forecast
from bot.core.ladder import Standing, limit_of, standings
from bot.core.memory import Rung, State
from bot.core.orders import transfer_id
from bot.core.rules import GuardRules, Rules
from bot.core.snapshot import Snapshot
from bot.core.values import ONE, ZERO, Money, Price, Ratio, record

SHARES = 1000
"""A reduction is found in thousandths of the positions."""
CENT = ONE.scaleb(-8)
"""Transfers are whole quanta of this: what venues take."""
TOP_UP_RETRY_MS = 600_000
"""How long a refused top-up is not asked for again: the guard reduces meanwhile if it must."""


@record
class TopUp:
    """Move collateral from the venue's spot wallet to the futures wallet."""

    transfer_id: str
    asset: str
    amount: Money
    needed: Money
    """What would restore the distance; more than ``amount`` if there is less, or less may be moved."""
    reason: str
    kind: Literal["top_up"] = "top_up"


# --- top-up ---------------------------------------------------------------------------------------------------


def top_up(
    snapshot: Snapshot, rules: Rules, found: tuple[Standing, ...]
) -> tuple[TopUp | None, tuple[Cause, ...]]:
    """Ask for the collateral that restores the top-up distance, as far as there is some and it may be moved.

    Only in cross mode: an isolated position does not see what comes into the wallet. While the fate of a transfer is open
    none is asked for; only what has been credited counts.
    """
    guard = rules.guard
    thin = next((one for one in found if one.rung >= Rung.TOP_UP), None)
    limits = guard.of(Rung.TOP_UP)
    if thin is None or limits is None or snapshot.margin_mode == "isolated" or not thin.symbols:
        return None, ()
    needed = _needed(forecast(snapshot, thin.symbols[0]), guard, thin)
    wallet = snapshot.wallet(thin.settle)
    allowed = guard.top_up_day_max - snapshot.moved_today if guard.top_up else ZERO
    amount = max(min(needed, wallet.spare, allowed), ZERO).quantize(CENT, ROUND_DOWN)
    short = () if amount >= needed else (_short(thin, needed, wallet.spare, guard),)
    waits = snapshot.at_ms < snapshot.top_up_refused_ms + TOP_UP_RETRY_MS and snapshot.top_up_refused_ms > 0
    if amount <= ZERO or snapshot.transfers or waits:
        return None, short
    name = transfer_id(snapshot.account, snapshot.memory.number + 1)
    why = f"liquidation is {(thin.distance or ZERO) * 100:.1f} % away"
    top_up = TopUp(
        transfer_id=name, asset=thin.settle, amount=Money(amount), needed=Money(needed), reason=why
    )
    return top_up, short


def _needed(found: Forecast, guard: GuardRules, thin: Standing) -> Decimal:
    """Settlement currency that restores the top-up distance, and keeps the margin ratio below the rung's."""
    limits, pool = guard.of(Rung.TOP_UP), found.pool
    if limits is None or not pool.stakes:
        return ZERO
    scale = limit_of(limits, thin.sigma_day) / limits.distance
    multiple = ONE + guard.top_up_distance * scale
    far = multiple if thin.dies_up else max(2 - multiple, CENT)
    by_distance = pool.backing(far if pool.linear else ONE / far) - pool.cash
    by_ratio = pool.maintenance / limits.margin_ratio - pool.equity
    return max(by_distance, by_ratio, ZERO).quantize(CENT, ROUND_CEILING)


def _short(thin: Standing, needed: Decimal, spare: Decimal, guard: GuardRules) -> Cause:
    why = (
        "top-ups are off"
        if not guard.top_up
        else f"{spare:.8f} are in the spot wallet, and a day's cap holds"
    )
    return Cause(
        kind="top_up",
        state=State.NORMAL,
        hedge=None,
        key=f"top_up {thin.settle} {thin.rung.name}",
        text=f"{needed:.8f} {thin.settle} would restore the margin, and less can be moved: {why}. Bring the rest in.",
    )


# --- reduction ------------------------------------------------------------------------------------------------


def share_to_close(snapshot: Snapshot, guard: GuardRules) -> Ratio:
    """Find the smallest share of all threatened positions whose closing at the touch restores the top-up distance.

    Closing more never brings liquidation nearer, so that halving finds it; everything if nothing less does.
    """
    symbols = threatened(snapshot, guard)
    if not symbols:
        return Ratio(ZERO)
    believed = _believed(snapshot)

    def restored(share: int) -> bool:
        after = believed
        for symbol in symbols:
            after = _closed(after, symbol, Decimal(share) / SHARES)
        return all(one.rung < Rung.TOP_UP for one in standings(after, guard))

    low, high = 0, SHARES
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if restored(middle) else (middle, high)
    return Ratio(Decimal(high) / SHARES)


def threatened(snapshot: Snapshot, guard: GuardRules) -> tuple[str, ...]:
    """List contracts whose positions bring an account near liquidation: the shorts if prices kill by rising."""
    found = []
    for one in standings(snapshot, guard):
        if one.rung < Rung.TOP_UP or not one.symbols:
            continue
        found += [s for s in one.symbols if (snapshot.position(s).contracts < ZERO) is one.dies_up]
    return tuple(found)


def _believed(snapshot: Snapshot) -> Snapshot:
    """Write the venue's doubts into the account's money, so that they last while positions are pictured smaller."""
    doubts: dict[str, Decimal] = {}
    for quote in snapshot.quotes:
        settle = snapshot.contract(quote.symbol).settle
        doubts[settle] = max(doubts.get(settle, ZERO), doubt_of(snapshot, quote.symbol))
    positions = tuple(
        replace(
            one,
            liquidation_price=None,
            isolated_margin=None
            if one.isolated_margin is None
            else Money(one.isolated_margin - doubts.get(snapshot.contract(one.symbol).settle, ZERO)),
        )
        for one in snapshot.positions
        if one.contracts != ZERO
    )
    wallets = tuple(
        replace(one, balance=Money(one.balance - doubts.get(one.asset, ZERO)), equity=None, maintenance=None)
        for one in snapshot.wallets
    )
    return replace(snapshot, positions=positions, wallets=wallets)


def _closed(snapshot: Snapshot, symbol: str, share: Decimal) -> Snapshot:
    """Picture the account with a share of a position closed at the touch, fee paid."""
    contract, quote, position = snapshot.contract(symbol), snapshot.quote(symbol), snapshot.position(symbol)
    signed = -position.contracts * share
    price = quote.ask if signed > ZERO else quote.bid
    after = forecast(snapshot, symbol, Change(symbol=symbol, signed=signed, price=Price(price)), doubt=ZERO)
    before = forecast(snapshot, symbol, Change(symbol=symbol, signed=ZERO, price=Price(price)), doubt=ZERO)
    wallet = snapshot.wallet(contract.settle)
    cash = wallet.balance + after.account.cash - before.account.cash
    positions = tuple(
        replace(
            one,
            contracts=type(one.contracts)(one.contracts + signed),
            isolated_margin=None
            if one.isolated_margin is None
            else Money(one.isolated_margin * (ONE - share)),
        )
        if one.symbol == symbol
        else one
        for one in snapshot.positions
    )
    wallets = tuple(
        replace(one, balance=Money(cash)) if one.asset == wallet.asset else one for one in snapshot.wallets
    )
    return replace(snapshot, positions=positions, wallets=wallets)
