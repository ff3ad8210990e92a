"""From the library's description of a market to our contract. What a unit of size stands for is the manners' word."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from bot.core.instruments import Contract, DatedFuture, MarginRule, Payoff, Perpetual, Status, Tier
from bot.core.values import ONE, ZERO, Contracts, Notional, Price, Ratio

Market = Mapping[str, Any]
FEE_DELIVERY = Decimal("0.0005")
"""On settlement, where the venue tells none; charged on the safe side."""
FEES = Decimal("0.0002"), Decimal("0.0005")
"""Maker and taker, where neither the account's nor the market's are told."""


def family_matches(market: Market, family: str) -> bool:
    """Whether a market is a dated contract of a family."""
    return bool(market.get("future")) and str(market.get("symbol", "")).partition("-")[0] == family


def expires_ms(market: Market) -> int:
    """Tell when a market expires; 0 if it does not."""
    return int(market.get("expiry") or 0)


def contract_of(
    market: Market,
    unit: Decimal,
    *,
    tiers: tuple[Tier, ...] = (),
    tiers_at_ms: int | None = None,
    fees: tuple[Decimal, Decimal] | None = None,
) -> Contract:
    """Describe a contract.

    ``unit`` is coins (linear) or quote currency (inverse) a unit of size; ``fees`` are maker and taker. Empty tiers are named
    by the guard, which then lets nothing be added.
    """
    step = _or(market["precision"].get("amount"), ONE)
    limits = market["limits"]
    maker, taker = fees or (_or(market.get("maker"), FEES[0]), _or(market.get("taker"), FEES[1]))
    status: Status = "trading" if market.get("active") in {True, None} else "halted"
    shared: dict[str, Any] = {
        "symbol": str(market["symbol"]),
        "base": str(market["base"]),
        "quote": str(market["quote"]),
        "settle": str(market["settle"]),
        "payoff": Payoff.LINEAR if market.get("linear") else Payoff.INVERSE,
        "contract_size": unit,
        "contracts_step": Contracts(step),
        "contracts_min": Contracts(max(step, _or(limits["amount"].get("min"), step))),
        "notional_min": Notional(_or(limits["cost"].get("min"), ZERO)),
        "price_tick": Price(_or(market["precision"].get("price"), ZERO)),
        "fee_maker": Ratio(maker),
        "fee_taker": Ratio(taker),
        "margin_rule": MarginRule.MARK,
        "tiers": tiers,
        "tiers_at_ms": tiers_at_ms,
        "status": status,
    }
    if market.get("future"):
        return DatedFuture(**shared, expiry_ms=expires_ms(market), fee_delivery=Ratio(FEE_DELIVERY))
    return Perpetual(**shared, funding_interval_hours=8)


def _or(value: object, default: Decimal) -> Decimal:
    return default if value is None else Decimal(str(value))
