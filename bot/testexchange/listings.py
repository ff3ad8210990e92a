"""Contracts of the test exchange, in the sizes and steps that venues use; fees and tiers are the model's own."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from bot.core.instruments import DatedFuture, MarginRule, Payoff, Perpetual, Tier, tiers_from
from bot.core.values import Contracts, Notional, Price, Ratio, record

SCALES = {"ETH": Decimal("0.05"), "SOL": Decimal("0.0025")}
"""What other coins are worth in the market's price, which is bitcoin's."""
Expiries = Callable[[int], tuple[int, ...]]
FRIDAY, EXPIRY_HOUR = 4, 8


@record
class Terms:
    """Terms of a family of contracts."""

    family: str
    """Symbol of its perpetual: ``BTC/USDT:USDT``."""
    size: str
    """Coins (linear) or quote currency (inverse) of one unit of size on the wire."""
    step: str
    """Step of sizes, in those units; the smallest order, too."""
    tick: str
    notional_min: str = "5"
    funding_hours: int = 8


LINEAR = (
    (0, "0.004", 100),
    (300_000, "0.005", 75),
    (3_000_000, "0.01", 40),
    (12_000_000, "0.025", 20),
)
INVERSE = ((0, "0.004", 100), (5, "0.005", 75), (50, "0.01", 40), (200, "0.025", 20))
"""Value in settlement currency, maintenance rate, highest leverage."""


def tiers(linear: bool) -> tuple[Tier, ...]:  # noqa: FBT001 - the payoff is what it is about
    """Give the margin tiers of linear contracts, or of inverse ones."""
    rows = LINEAR if linear else INVERSE
    return tiers_from((Decimal(floor), Decimal(rate), Decimal(leverage)) for floor, rate, leverage in rows)


def perpetual(terms: Terms) -> Perpetual:
    """Make the perpetual of a family."""
    base, _, rest = terms.family.partition("/")
    quote, _, settle = rest.partition(":")
    linear = settle == quote
    return Perpetual(
        symbol=terms.family,
        base=base,
        quote=quote,
        settle=settle,
        payoff=Payoff.LINEAR if linear else Payoff.INVERSE,
        contract_size=Decimal(terms.size),
        contracts_step=Contracts(Decimal(terms.step)),
        contracts_min=Contracts(Decimal(terms.step)),
        notional_min=Notional(Decimal(terms.notional_min)),
        price_tick=Price(Decimal(terms.tick)),
        fee_maker=Ratio(Decimal("0.0002")),
        fee_taker=Ratio(Decimal("0.0005")),
        funding_interval_hours=terms.funding_hours,
        margin_rule=MarginRule.MARK,
        tiers=tiers(linear),
    )


def dated(terms: Terms, expiry_ms: int) -> DatedFuture:
    """Make a dated contract of a family."""
    one = perpetual(terms)
    day = datetime.fromtimestamp(expiry_ms / 1000, UTC)
    return DatedFuture(
        symbol=f"{terms.family}-{day:%y%m%d}",
        base=one.base,
        quote=one.quote,
        settle=one.settle,
        payoff=one.payoff,
        contract_size=one.contract_size,
        contracts_step=one.contracts_step,
        contracts_min=one.contracts_min,
        notional_min=one.notional_min,
        price_tick=one.price_tick,
        fee_maker=one.fee_maker,
        fee_taker=one.fee_taker,
        margin_rule=one.margin_rule,
        tiers=one.tiers,
        expiry_ms=expiry_ms,
        fee_delivery=Ratio(Decimal("0.0005")),
    )


def fridays(at_ms: int, count: int = 2) -> tuple[int, ...]:
    """List the next Fridays, 08:00 UTC, that are more than a day away: expiries of a town whose contracts roll weekly."""
    day = datetime.fromtimestamp(at_ms / 1000, UTC) + timedelta(days=1)
    friday = day.replace(hour=EXPIRY_HOUR, minute=0, second=0, microsecond=0)
    friday += timedelta(days=(FRIDAY - friday.weekday()) % 7)
    if friday <= day:
        friday += timedelta(days=7)
    return tuple(int((friday + timedelta(weeks=week)).timestamp()) * 1000 for week in range(count))
