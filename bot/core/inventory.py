"""What is exposed and to what: coin by coin, its value, the ratio its policy wants for it alone, and what hedges it."""

from dataclasses import replace
from decimal import ROUND_DOWN, Decimal

from bot.core import bands, exposure, policy
from bot.core.decide import legs_of, view_of
from bot.core.instruments import Contract
from bot.core.rules import HedgeRules, RiskRules, Rules
from bot.core.snapshot import Snapshot
from bot.core.values import ZERO, Coins, Money, Notional, Price, Ratio, record


@record
class Line:
    """One coin of one hedge."""

    account: str
    hedge: str
    asset: str
    coins: Coins
    """Own coins, wherever they lie."""
    price: Price
    notional: Notional
    """What they are worth, in quote currency."""
    ratio: Ratio
    """Value wanted short per value held if this coin were alone: for another coin's contract its beta."""
    symbol: str
    """The contract that hedges it."""
    proxy: bool
    """The contract is on another coin."""
    effectiveness: Ratio | None
    """Share of variance that the hedge took away out of sample; None if the policy does not say."""
    carries: Coins
    """Coins of the contract's kind that the account's collateral carries in it, at the leverage limit; gates may shrink it."""
    reason: str
    """What the policy says of this coin."""


def inventory(snapshot: Snapshot, rules: Rules) -> tuple[Line, ...]:
    """List every coin of the hedges that some contract can carry now; a coin without a contract is left out.

    Raises:
        KeyError: the picture lacks a contract, a quote or a price.
    """
    lines: list[Line] = []
    for hedge in rules.hedges:
        _, legs = legs_of(snapshot, hedge, rules)
        if legs.carrier is not None:
            lines += _lines(snapshot, rules, hedge, exposure.book(snapshot, hedge, legs.carrier.symbol))
    return tuple(lines)


def carried(contract: Contract, equity: Money, mark: Price, risk: RiskRules) -> Coins:
    """Coins that a wallet's equity carries in a contract: equity x leverage, in coins at the mark; never negative."""
    backing: Decimal = max(equity, ZERO)
    if contract.linear:
        return Coins(backing * risk.leverage_max / mark)
    return Coins(backing * risk.leverage_inverse_max)


def room(contract: Contract, equity: Money, mark: Price, risk: RiskRules) -> Coins:
    """Coins from elsewhere that a wallet's equity carries, rounded down to the coin's hundred-millionth.

    The margin of an inverse contract is hedged there first.
    """
    own = ZERO if contract.linear else max(equity, ZERO)
    left = max(carried(contract, equity, mark, risk) - own, ZERO)
    return Coins(left.quantize(Decimal("1e-8"), ROUND_DOWN))


def _lines(snapshot: Snapshot, rules: Rules, hedge: HedgeRules, book: exposure.Book) -> list[Line]:
    prices = {book.contract.base: book.index} | {one.asset: one.spot.price for one in book.foreign}
    view = view_of(snapshot, hedge, book)
    lines = []
    for asset, coins in view.coins:
        proxy = asset != book.contract.base
        alone = replace(view, asset=asset, coins=((asset, coins),), same_coin=not proxy)
        target = policy.ask(hedge.stages, alone, bands.start_of(hedge.band), Ratio(ZERO))
        told = [Ratio(value) for name, value in target.signals if name == "effectiveness"]
        lines.append(
            Line(
                account=rules.account,
                hedge=hedge.name,
                asset=asset,
                coins=coins,
                price=prices[asset],
                notional=Notional(coins * prices[asset]),
                ratio=target.ratio,
                symbol=book.contract.symbol,
                proxy=proxy,
                effectiveness=told[-1] if told else None,
                carries=carried(book.contract, book.equity, book.mark, rules.risk),
                reason=target.reason,
            )
        )
    return lines
