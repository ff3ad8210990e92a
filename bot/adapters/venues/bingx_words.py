"""BingX: its codes and words, and how its rows are read, linear and inverse."""

from datetime import datetime
from decimal import Decimal

from bot.adapters.venues.answers import Row, ShapeError, number, number_or, row, rows, text
from bot.adapters.venues.manner import Api, Listed
from bot.adapters.venues.outcomes import Codes, Outcome, codes_of
from bot.core.orders import OrderRequest, OrderState, TimeInForce
from bot.core.reports import Fill, OrderReport
from bot.core.snapshot import Position, Wallet
from bot.core.values import ZERO, Contracts, Money, Price, Side
from bot.sim.exchange import DELEVERAGE_ID, LIQUIDATION_ID

CODES = Codes(
    outcomes=codes_of(
        rejected="101204 101205 101400 80014 101215 104103 101209 101222 101253 101414 101460 109425 transferErrorMsg",
        retry="100421",
        rate_limited="100410",
        auth="100001 80020 100413 100419 100412 100004 100414",
        gone="80016 80018",
    ),
    by_message=(("109400", "timestamp", Outcome.RETRY), ("100421", "restricted", Outcome.REJECTED)),
)
STATES = {
    "NEW": OrderState.OPEN,
    "PENDING": OrderState.OPEN,
    "PARTIALLY_FILLED": OrderState.OPEN,
    "FILLED": OrderState.FILLED,
    "CANCELED": OrderState.CANCELLED,
    "CANCELLED": OrderState.CANCELLED,
    "EXPIRED": OrderState.CANCELLED,
    "FAILED": OrderState.REJECTED,
}
"""In upper case: the inverse product writes other cases."""
TIMES_IN_FORCE = {TimeInForce.GTC: "GTC", TimeInForce.IOC: "IOC", TimeInForce.POST_ONLY: "PostOnly"}
MEANT = {"POSTONLY": TimeInForce.POST_ONLY, "IOC": TimeInForce.IOC}
OWN_HAND = {"LIQUIDATION": LIQUIDATION_ID, "ADL": DELEVERAGE_ID}
"""Types of orders that the venue makes by its own hand; they bear no name."""


def data_of(answer: object, where: str) -> object:
    """Read what an answer wraps.

    Raises:
        ShapeError: it wraps nothing.
    """
    found = row(answer, where)
    if "data" not in found:
        raise ShapeError(f"{where}: data is missing in {str(dict(found))[:80]}")
    return found["data"]


def orders_of(answer: object, where: str) -> tuple[Row, ...]:
    """Read orders, of which there may be null instead of none."""
    return rows(row(data_of(answer, where), where).get("orders") or [], where)


def report_of(found: Row, symbol: str) -> OrderReport:
    """Read an order; names are spelt in two ways."""
    told = str(found.get("clientOrderId") or found.get("clientOrderID") or "")
    name = OWN_HAND.get(str(found.get("type")), told)
    word = text(found, "status").upper()
    state = STATES.get(word, OrderState.UNKNOWN)
    meant = str(found.get("timeInForce") or "").upper()
    size = number_or(found, "origQty") or number_or(found, "quantity")
    return OrderReport(
        client_order_id=name,
        symbol=symbol,
        state=state,
        filled=Contracts(number_or(found, "executedQty")),
        reason="" if state is OrderState.OPEN else f"the venue says {word.lower()}",
        request=OrderRequest(
            client_order_id=name,
            symbol=symbol,
            side=Side(text(found, "side").lower()),
            contracts=Contracts(size),
            limit_price=None if text(found, "type") == "MARKET" else Price(number_or(found, "price")),
            time_in_force=MEANT.get(meant, TimeInForce.GTC),
            reduce_only=str(found.get("reduceOnly", "false")).lower() == "true",
        ),
    )


def wallet_of(asset: str, found: Row | None, spare: Decimal) -> Wallet:
    """Read a coin of the futures wallet, with what lies in the spot wallet; maintenance is not told."""
    if found is None:
        return Wallet(asset=asset, balance=Money(ZERO), deposited=Money(ZERO), spare=Money(spare))
    return Wallet(
        asset=asset,
        balance=Money(number(found, "balance")),
        deposited=Money(ZERO),
        spare=Money(spare),
        equity=Money(number(found, "equity")),
    )


def position_of(api: Api, found: Row) -> Position:
    """Read a position that is open: LONG and SHORT are unsigned, BOTH is signed."""
    amount = number(found, "positionAmt")
    signed = -abs(amount) if text(found, "positionSide").upper() == "SHORT" else amount
    liquidation = number_or(found, "liquidationPrice")
    return Position(
        symbol=api.symbol_of(text(found, "symbol")),
        contracts=Contracts(signed),
        entry_price=Price(number(found, "avgPrice")),
        realised_pnl=Money(ZERO),
        liquidation_price=Price(liquidation) if liquidation > ZERO else None,
    )


def fill_of(one: Listed, found: Row, order: OrderReport, ordinal: int) -> Fill:
    """Read a fill; ``order`` is what the venue says of its order.

    Linear fills have no number: order, time, price and size name them, and ``ordinal`` among those that are alike.
    """
    price = number(found, "tradePrice" if "tradePrice" in found else "price")
    size = number(found, "qty" if "qty" in found else "volume")
    at_ms = filled_ms(found)
    made_up = f"{text(found, 'orderId')}-{at_ms}-{price}-{size}-{ordinal}"
    side = Side.BUY if order.request is None else order.request.side
    fee = -number_or(found, "commission")
    told = str(found.get("tradeId") or "")
    return Fill(
        fill_id=told or made_up,
        client_order_id=order.client_order_id,
        symbol=one.contract.symbol,
        side=side,
        contracts=Contracts(size),
        price=Price(price),
        fee=Money(fee if found.get("currency") in {None, "", one.contract.settle} else ZERO),
        realised_pnl=None,
        maker=_made(one, found, fee, size, price),
        at_ms=at_ms,
    )


def _made(one: Listed, found: Row, fee: Decimal, size: Decimal, price: Decimal) -> bool:
    """Tell whether a fill provided liquidity, by its word or else by its fee."""
    if found.get("maker") is not None:
        return str(found["maker"]).lower() == "true"
    contract = one.contract
    return fee < contract.value(size, price) * (contract.fee_maker + contract.fee_taker) / 2


def filled_ms(found: Row) -> int:
    """Read when something filled: milliseconds, or a date with its zone."""
    for key in ("tradeTime", "filledTime", "filledTm", "time"):
        told = found.get(key)
        if told in {None, ""}:
            continue
        words = str(told)
        if words.isdigit():
            return int(words)
        try:
            return int(datetime.fromisoformat(words).timestamp() * 1000)
        except ValueError as error:
            raise ShapeError(f"{key} is no time in {str(dict(found))[:120]}") from error
    raise ShapeError(f"no time in {str(dict(found))[:120]}")
