"""Arithmetic of futures: payoff, delta, targets, margin, liquidation, funding, rolls. Nothing but formulas.

Every function is written with ``+ - * /`` and comparisons only, so that it is exact for
:class:`~decimal.Decimal` (to the context's 28 digits) and works on float arrays as well; but for
:func:`day_volatility`, which takes logarithms of Decimals. Section numbers refer
to the house's hedging reference.

Signs and units, everywhere below:

* ``side`` is +1 for a long and -1 for a short; ``coins`` and ``usd`` are sizes and never negative.
* Linear contracts: size in coins, profit and margin in quote currency. Inverse contracts: size in US dollars,
  profit and margin in coins.
* Cash flows are positive when received. A positive funding rate pays the short.
* ``entry`` and ``price`` are quote currency per coin.
"""

from collections.abc import Sequence
from decimal import Decimal
from functools import reduce
from itertools import pairwise
from operator import add
from typing import Protocol, TypeVar


class Array(Protocol):
    """An array of floats, as far as these formulas know: numpy's, without importing numpy."""

    def __add__(self, other: "Array | int", /) -> "Array": ...
    def __radd__(self, other: int, /) -> "Array": ...
    def __sub__(self, other: "Array | int", /) -> "Array": ...
    def __rsub__(self, other: int, /) -> "Array": ...
    def __mul__(self, other: "Array | int", /) -> "Array": ...
    def __rmul__(self, other: int, /) -> "Array": ...
    def __truediv__(self, other: "Array | int", /) -> "Array": ...
    def __rtruediv__(self, other: int, /) -> "Array": ...
    def __neg__(self) -> "Array": ...
    def __abs__(self) -> "Array": ...


Num = TypeVar("Num", Decimal, Array)
"""A Decimal, or an array of floats. Mixing the two is the caller's error, and raises."""

# --- payoff and entry (section 2) ---------------------------------------------------------------------------


def linear_pnl(side: int, coins: Num, entry: Num, price: Num) -> Num:
    """Profit of a linear position, in quote currency: ``side * q * (P - E)``."""
    return side * coins * (price - entry)


def inverse_pnl(side: int, usd: Num, entry: Num, price: Num) -> Num:
    """Profit of an inverse position, in coins: ``side * N * (1/E - 1/P)``."""
    return side * (usd / entry - usd / price)


def inverse_entry(fills: Sequence[tuple[Num, Num]]) -> Num:
    """Average entry of inverse ``(usd, price)`` fills: harmonic, ``sum(N) / sum(N / E)``."""
    sizes = [usd for usd, _ in fills]
    values = [usd / price for usd, price in fills]
    return reduce(add, sizes) / reduce(add, values)


def fee(rate: Num, amount: Num) -> Num:
    """Fee on a trade, in the settlement currency of ``amount``: quote value (linear) or coin value (inverse)."""
    return rate * amount


# --- net delta and targets (section 3) ----------------------------------------------------------------------


def coin_equity(wallet: Num, usd: Num, entry: Num, price: Num) -> Num:
    """Coins behind an inverse short: ``Q = C + N (1/P - 1/E)``, wallet and unrealised profit together."""
    return wallet + inverse_pnl(-1, usd, entry, price)


def net_delta_linear(holdings: Num, short_coins: Num) -> Num:
    """Coins the dollar value still moves with, linear short: ``H - q``."""
    return holdings - short_coins


def net_delta_inverse(holdings: Num, equity: Num, short_usd: Num, price: Num) -> Num:
    """Coins the dollar value still moves with, inverse short: ``H + Q - N/F``, with coin *equity*."""
    return holdings + equity - short_usd / price


def target_linear_share(ratio: Num, own: Num) -> Num:
    """Meaning A, share of holdings, linear: ``q = h * B0`` coins."""
    return ratio * own


def target_inverse_share(ratio: Num, own: Num, holdings: Num, equity: Num, price: Num) -> Num:
    """Meaning A, share of holdings, inverse: ``N = F [H + Q - (1 - h) B0]`` dollars."""
    return price * (holdings + equity - (1 - ratio) * own)


def target_linear_mix(ratio: Num, holdings: Num, hedge_value: Num, spot: Num) -> Num:
    """Meaning B, constant mix, linear: ``q = H - (1 - h)(H + W/S)`` coins, W the hedge's price profit in quote."""
    return holdings - (1 - ratio) * (holdings + hedge_value / spot)


def target_inverse_mix(ratio: Num, holdings: Num, equity: Num, price: Num) -> Num:
    """Meaning B, constant mix, inverse: ``N = h F (H + Q)`` dollars."""
    return ratio * price * (holdings + equity)


def target_linear_amount(amount: Num, spot: Num) -> Num:
    """Meaning C, a fixed quote amount X kept short, linear: ``q = X/S`` coins."""
    return amount / spot


def target_inverse_amount(amount: Num, own: Num, holdings: Num, equity: Num, price: Num, spot: Num) -> Num:
    """Meaning C, a fixed quote amount X kept short, inverse: ``N = F [H + Q - B0 + X/S]`` dollars."""
    return price * (holdings + equity - own + amount / spot)


# --- margin (sections 2 and 5.1) ----------------------------------------------------------------------------


def initial_margin(value: Num, leverage: Num) -> Num:
    """Margin to open a position worth ``value``, in the currency of ``value``."""
    return value / leverage


def tier_amounts(floors: Sequence[Decimal], rates: Sequence[Decimal], first: Decimal) -> tuple[Decimal, ...]:
    """Maintenance amounts of tiers: ``cum_k = cum_{k-1} + floor_k (m_k - m_{k-1})``, so that margin is continuous."""
    amounts = [first]
    for floor, lower, upper in zip(floors[1:], rates, rates[1:], strict=False):
        amounts.append(amounts[-1] + floor * (upper - lower))
    return tuple(amounts)


def maintenance_margin(value: Num, rate: Num, amount: Num) -> Num:
    """Margin to keep a position worth ``value`` by one tier: ``m x - cum``. The venue's figure is the tiers' largest."""
    return rate * value - amount


# --- liquidation (sections 5.2 to 5.4) ----------------------------------------------------------------------
# Each gives the price one tier yields. ``margin`` is what backs the position: WB - TMM + UPNL.


def liquidation_linear(side: int, coins: Num, entry: Num, margin: Num, rate: Num, amount: Num) -> Num:
    """Binance USD-M: ``LP = (margin + cum - side q E) / (q m - side q)``; not positive means never."""
    return (margin + amount - side * coins * entry) / (coins * rate - side * coins)


def liquidation_inverse(side: int, usd: Num, entry: Num, margin: Num, rate: Num, amount: Num) -> Num:
    """Binance COIN-M: ``LP = N (side + m) / (margin + cum + side N/E)``, all in coins.

    The caller checks the denominator's sign: not of the sign of ``side + m`` means that tier never liquidates.
    """
    return usd * (side + rate) / (margin + amount + side * usd / entry)


def liquidation_linear_on_entry(
    side: int, coins: Num, entry: Num, leverage: Num, rate: Num, extra: Num
) -> Num:
    """Bybit linear isolated, maintenance on the *entry* value (until 2 September 2025): ``E (1 -+ (IMR - MMR)) -+ extra/q``."""
    return entry * (1 - side * (1 / leverage - rate)) - side * extra / coins


def liquidation_inverse_on_entry(
    side: int, usd: Num, entry: Num, leverage: Num, rate: Num, amount: Num, extra: Num
) -> Num:
    """Bybit inverse isolated, maintenance on the *entry* value: ``Q0 / [PV +- (IM - MM + extra)]``; extra is coin."""
    value = usd / entry
    return usd / (value + side * (value / leverage - (rate * value - amount) + extra))


def liquidation_linear_on_mark(
    coins: Num, entry: Num, leverage: Num, rate: Num, amount: Num, extra: Num
) -> Num:
    """Bybit linear isolated short, maintenance at the mark (since 2 September 2025): ``(qE + IM + extra + cum) / (q (1 + m))``."""
    return (coins * entry * (1 + 1 / leverage) + extra + amount) / (coins * (1 + rate))


def liquidation_inverse_on_mark(
    usd: Num, entry: Num, leverage: Num, rate: Num, amount: Num, extra: Num, taker: Num
) -> Num:
    """Bybit inverse isolated short, maintenance at the mark: ``Q0 (1 - m) / [PV - PV/lev - extra/(1 - taker) - cum]``."""
    value = usd / entry
    return usd * (1 - rate) / (value - value / leverage - extra / (1 - taker) - amount)


def bankruptcy_inverse_cross_legacy(usd: Num, entry: Num, balance: Num, taker: Num) -> Num:
    """Bybit legacy inverse cross long: ``(1 + t) Q0 / (Q0/E + balance)``."""
    return (1 + taker) * usd / (usd / entry + balance)


def liquidation_inverse_cross_legacy(usd: Num, entry: Num, balance: Num, rate: Num, taker: Num) -> Num:
    """Bybit legacy inverse cross long: ``Q0 (1/E - 1/LP) = -(balance - Q0 MMR/E - t Q0/bankruptcy)``.

    ``balance`` is the wallet less order margin, in coins.
    """
    closing_fee = taker * usd / bankruptcy_inverse_cross_legacy(usd, entry, balance, taker)
    return usd / (usd / entry + balance - usd * rate / entry - closing_fee)


# --- funding (section 6) ------------------------------------------------------------------------------------


def clamp(x: Num, low: Num, high: Num) -> Num:
    """Limit ``x`` to the interval from ``low`` to ``high``, without a comparison, so that arrays pass too."""
    return (abs(x - low) - abs(x - high) + low + high) / 2


def funding_rate(premium: Num, interest: Num, damper: Num) -> Num:
    """Rate of one settlement (Binance, Bybit): ``P + clamp(I - P, -damper, +damper)``."""
    return premium + clamp(interest - premium, -damper, damper)


def funding_cash(side: int, rate: Num, value: Num) -> Num:
    """Cash of one settlement on a position worth ``value`` at the mark: a short receives a positive rate."""
    return -side * rate * value


# --- rolls and cross-hedges (sections 3.6 and 9) ------------------------------------------------------------


def roll_inverse_usd(near_usd: Num, near: Num, far: Num) -> Num:
    """Size of the far leg of an inverse roll: ``N1 F2 / F1``."""
    return near_usd * far / near


def roll_yield(near: Num, far: Num) -> Num:
    """Gross yield of a roll to the short: ``F2/F1 - 1``, positive in contango."""
    return far / near - 1


def roll_fee(rate: Num, near: Num, far: Num) -> Num:
    """Fees of both legs as a share of the near value: ``fee (1 + F2/F1)``."""
    return rate * (1 + far / near)


def one_legged_variance(value: Num, volatility: Num, years: Num) -> Num:
    """Variance of value while a single leg of a roll stands: ``(V sigma)^2 t``; its root is the risk."""
    return value * volatility * value * volatility * years


def beta_hedge_pnl(value: Num, beta: Num, hedge_return: Num) -> Num:
    """Profit of a short sized at ``beta`` times ``value`` when the hedge's price moves by ``hedge_return``."""
    return -beta * value * hedge_return


# --- effectiveness (section 10) -----------------------------------------------------------------------------


def effectiveness(variance_hedged: Num, variance_item: Num) -> Num:
    """Ederington's measure: ``1 - Var(item + hedge) / Var(item)``."""
    return 1 - variance_hedged / variance_item


# --- volatility (section 14) --------------------------------------------------------------------------------


def day_volatility(closes: Sequence[Decimal]) -> Decimal:
    """Standard deviation of the log returns between closes, oldest first: a sample's. Logarithms: Decimals only.

    Raises:
        ValueError: there are fewer than three closes, hence fewer than two returns.
    """
    if len(closes) < 3:  # noqa: PLR2004 - two returns are the smallest sample
        raise ValueError(f"{len(closes)} closes have no volatility: at least 3 are needed.")
    returns = [(after / before).ln() for before, after in pairwise(closes)]
    mean = sum(returns, Decimal(0)) / len(returns)
    squares = sum(((one - mean) ** 2 for one in returns), Decimal(0))
    return (squares / (len(returns) - 1)).sqrt()
