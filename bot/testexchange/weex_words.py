"""WEEX's words, in which nothing is decided: how parameters are read, and how orders, fills, positions and bills are written.

Numbers go out as strings; numbers of orders, fills and positions are whole JSON numbers beyond 2^53, bills' are strings.
"""

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal

from bot.core.instruments import Contract
from bot.core.orders import TimeInForce
from bot.core.snapshot import Position
from bot.core.values import ONE, ZERO, Side, record
from bot.testexchange.keyring import Environment
from bot.testexchange.office import Office
from bot.testexchange.reading import whole_of
from bot.testexchange.records import Cause, Income, IncomeKind, PlacedOrder, Standing, Trade
from bot.testexchange.router import Call
from bot.testexchange.weex_codes import CodedError, empty
from bot.testexchange.wire import No, NoError, plain

Row = dict[str, object]
HOSTS: dict[str, Environment] = {"api-contract.weex.com": "live", "api-spot.weex.com": "live"}
SIM = "/capi/v3/sim/"
"""Where play money is: on the live hosts, by path."""
STATUSES = {
    Standing.NEW: "NEW",
    Standing.PARTIAL: "PARTIALLY_FILLED",
    Standing.FILLED: "FILLED",
    Standing.CANCELLED: "CANCELED",
    Standing.EXPIRED: "CANCELED",
    Standing.REJECTED: "REJECTED",
}
HISTORY_PARTIAL = "PARTIAL_FILL"
"""How the history calls an order that is partly filled: ccxt takes it for closed."""
TIMES_IN_FORCE = {TimeInForce.GTC: "GTC", TimeInForce.IOC: "IOC", TimeInForce.POST_ONLY: "POST_ONLY"}
OWN_HAND: dict[Cause, str] = {
    "liquidation": "autoclose-",
    "deleverage": "adl_autoclose-",
    "settlement": "settlement_autoclose-",
}
"""How names begin of orders that the venue makes itself; WEEX's own words for it are not known."""
INCOMES: dict[IncomeKind, tuple[str, str]] = {
    "funding": ("position_funding", "position_funding"),
    "deposit": ("deposit", "withdraw"),
    "withdrawal": ("deposit", "withdraw"),
    "transfer": ("deposit", "withdraw"),
    "liquidation": ("order_liquidate_fee_income", "order_liquidate_fee_income"),
}
"""What money that came, and money that went, is called; a transfer to the spot wallet is a withdrawal here."""
MODES = {"cross": "CROSSED", "isolated": "ISOLATED"}
NUMBER = re.compile(r"\d{1,15}(\.\d{1,12})?")
MONEY_DIGITS = ONE.scaleb(-8)
CENTS = ONE.scaleb(-2)


@record
class Held:
    """A position, and what the account's margin says of it."""

    position: Position
    contract: Contract
    cost: Decimal
    unrealised: Decimal
    initial_margin: Decimal
    leverage: Decimal
    isolated: bool
    separated: bool
    trades: tuple[Trade, ...]
    """Fills since it was flat, oldest first."""
    funding: Decimal
    """Funding received since then."""
    at_ms: int
    sim: bool


# --- reading ------------------------------------------------------------------------------------------------------


def in_sim(call: Call) -> bool:
    """Whether a request is about play money."""
    return call.request.path.startswith(SIM)


def fields_of(call: Call) -> dict[str, object]:
    """Read the fields of a JSON body.

    Raises:
        NoError: it is no JSON object, or a field is no single value.
    """
    try:
        found = call.request.json()
    except NoError:
        found = None
    if not isinstance(found, dict):
        raise CodedError(No.PARAMETER, -1135, "Invalid JSON request.")
    for name, value in found.items():
        if isinstance(value, list | dict):
            raise NoError(No.PARAMETER, name)
    return found


def wanted(fields: Mapping[str, object], name: str) -> str:
    """Read a word that must be there.

    Raises:
        NoError: it is not.
    """
    found = fields.get(name)
    if found is None or found == "":
        raise empty(name)
    return f"{found:f}" if isinstance(found, Decimal) else str(found)


def one_of(fields: Mapping[str, object], name: str, known: Iterable[str], code: int = -1142) -> str:
    """Read a word out of a list.

    Raises:
        NoError: it is missing, or none of them.
    """
    found, words = wanted(fields, name), tuple(known)
    if found not in words:
        raise CodedError(No.PARAMETER, code, f"Invalid {name}: {found!r} is none of {', '.join(words)}.")
    return found


def positive(fields: Mapping[str, object], name: str) -> Decimal:
    """Read a number above zero that must be there.

    Raises:
        NoError: it is none.
    """
    text = wanted(fields, name)
    if not NUMBER.fullmatch(text) or Decimal(text) <= ZERO:
        raise NoError(No.PARAMETER, f"{name} {text!r} is no number above 0")
    return Decimal(text)


def limit_of(fields: Mapping[str, object], default: int, most: int) -> int:
    """Read how many rows are asked for.

    Raises:
        NoError: so many cannot be had.
    """
    found = whole_of(fields, "limit", default)
    if not 1 <= found <= most:
        raise CodedError(
            No.PARAMETER, -1140, f"Parameter validation failed. limit must be between 1 and {most}."
        )
    return found


def window(
    fields: Mapping[str, object], end_ms: int, names: tuple[str, str] = ("startTime", "endTime")
) -> range:
    """Read a span of time, both ends included; left out, it is all up to ``end_ms``.

    Raises:
        NoError: an end is no time, or it begins after its end.
    """
    first, last = whole_of(fields, names[0], 0), whole_of(fields, names[1], end_ms)
    if first > last:
        raise CodedError(No.PARAMETER, -1171, f"{names[0]} cannot be greater than {names[1]}.")
    return range(first, last + 1)


def market_id(symbol: str, *, sim: bool = False) -> str:
    """Write a contract's symbol as WEEX does: ``BTCUSDT``, and with play money ``BTCSUSDT``."""
    base, _, rest = symbol.partition("/")
    return base + coin_of(rest.partition(":")[0], sim=sim)


def coin_of(asset: str, *, sim: bool) -> str:
    """Name a coin: play money is ``SUSDT``."""
    return f"S{asset}" if sim else asset


def contract_named(office: Office, name: str, *, sim: bool = False) -> Contract:
    """Find a contract by WEEX's symbol.

    Raises:
        NoError: there is none.
    """
    for contract in office.contracts():
        if market_id(contract.symbol, sim=sim) == name:
            return contract
    raise NoError(No.SYMBOL, name)


def symbol_in(office: Office, fields: Mapping[str, object], *, sim: bool = False) -> str:
    """Read a symbol that may be left out: then it is empty.

    Raises:
        NoError: there is no such contract.
    """
    name = str(fields.get("symbol") or "")
    return contract_named(office, name, sim=sim).symbol if name else ""


# --- writing ------------------------------------------------------------------------------------------------------


def money(amount: Decimal) -> str:
    """Write an amount of money, or a price that was reckoned."""
    return plain(amount.quantize(MONEY_DIGITS))


def done_words(at_ms: int) -> Row:
    """Say that a setting was changed: the only answer with a ``msg`` that is no refusal."""
    return {"code": "200", "msg": "success", "requestTime": at_ms}


def position_side(side: Side, *, reduces: bool) -> str:
    """Say which side an order is about: a buy that reduces is about the short one."""
    return "LONG" if (side is Side.BUY) != reduces else "SHORT"


def name_of(order: PlacedOrder) -> str:
    """Give the name an order goes by: the customer's, or for the venue's own orders one that says why."""
    return order.ask.client_id if order.cause == "customer" else f"{OWN_HAND[order.cause]}{order.number}"


def order_words(order: PlacedOrder, contract: Contract, *, sim: bool = False, history: bool = False) -> Row:
    """Write an order, as it is queried, or as the history has it."""
    ask = order.ask
    at_market = ask.limit_price is None or order.cause != "customer"
    partial = history and order.standing is Standing.PARTIAL
    return {
        "avgPrice": plain(order.mean_price(contract)),
        "clientOrderId": name_of(order),
        "cumQuote": money(order.value(contract)),
        "executedQty": plain(order.filled),
        "orderId": order.number,
        "origQty": plain(ask.contracts),
        "price": "0" if at_market or ask.limit_price is None else plain(ask.limit_price),
        "reduceOnly": ask.reduce_only,
        "side": ask.side.name,
        "positionSide": position_side(ask.side, reduces=ask.reduce_only),
        "status": HISTORY_PARTIAL if partial else STATUSES[order.standing],
        "stopPrice": "0",
        "symbol": market_id(ask.symbol, sim=sim),
        "time": order.created_ms,
        "timeInForce": TIMES_IN_FORCE[ask.time_in_force],
        "type": "MARKET" if at_market else "LIMIT",
        "updateTime": order.updated_ms,
        "workingType": "UNKNOWN_PRICE_TYPE",
    }


def trade_words(trade: Trade, contract: Contract) -> Row:
    """Write a fill."""
    fill = trade.fill
    return {
        "id": trade.number,
        "orderId": trade.order.number,
        "symbol": market_id(fill.symbol),
        "buyer": fill.side is Side.BUY,
        "commission": money(fill.fee),
        "commissionAsset": contract.settle,
        "maker": fill.maker,
        "price": plain(fill.price),
        "qty": plain(fill.contracts),
        "quoteQty": money(contract.value(fill.contracts, fill.price)),
        "realizedPnl": money(fill.told_pnl),
        "side": fill.side.name,
        "positionSide": position_side(fill.side, reduces=trade.order.ask.reduce_only),
        "time": fill.at_ms,
    }


def since_flat(trades: Iterable[Trade]) -> tuple[Trade, ...]:
    """List the fills that made a position what it is: those since it was last flat."""
    found: list[Trade] = []
    held = ZERO
    for trade in trades:
        if held == ZERO:
            found.clear()
        found.append(trade)
        held += trade.fill.side.sign * trade.fill.contracts
    return tuple(found)


def position_words(held: Held) -> Row:
    """Write a position: its size has no sign, and of its entry only the value is told."""
    position = held.position
    long = position.contracts > ZERO
    first, last = (held.trades[0], held.trades[-1]) if held.trades else (None, None)
    return {
        "id": first.number if first else 0,
        "asset": coin_of(held.contract.settle, sim=held.sim),
        "symbol": market_id(position.symbol, sim=held.sim),
        "side": "LONG" if long else "SHORT",
        "marginType": MODES["isolated" if held.isolated else "cross"],
        "separatedMode": "SEPARATED" if held.separated else "COMBINED",
        "separatedOpenOrderId": 0,
        "leverage": plain_cents(held.leverage),
        "size": plain(abs(position.contracts)),
        "openValue": money(held.cost),
        **_sums(held, Side.BUY if long else Side.SELL),
        "marginSize": money(held.initial_margin),
        "isolatedMargin": money(position.isolated_margin or ZERO),
        "isAutoAppendIsolatedMargin": False,
        "createdMatchSequenceId": first.number if first else 0,
        "updatedMatchSequenceId": last.number if last else 0,
        "createdTime": first.fill.at_ms if first else held.at_ms,
        "updatedTime": last.fill.at_ms if last else held.at_ms,
        "unrealizePnl": money(held.unrealised),
        "liquidatePrice": money(position.liquidation_price or ZERO),
    }


def _sums(held: Held, opening: Side) -> Row:
    """Sum what was opened and what was closed since the position was flat."""
    found: Row = {"fundingFee": money(held.funding), "cumFundingFee": money(held.funding)}
    for word, opens in (("Open", True), ("Close", False)):
        fills = [one.fill for one in held.trades if (one.fill.side is opening) == opens]
        value = sum([held.contract.value(one.contracts, one.price) for one in fills], ZERO)
        found |= {
            f"cum{word}Size": plain(sum([one.contracts for one in fills], ZERO)),
            f"cum{word}Value": money(value),
            f"cum{word}Fee": money(sum([one.fee for one in fills], ZERO)),
        }
    return {**found, "openFee": found["cumOpenFee"], "cumLiquidateFee": "0"}


def plain_cents(value: Decimal) -> str:
    """Write a number with two decimals."""
    return f"{value.quantize(CENTS):f}"


def bill_kind(one: Income, trade: Trade | None) -> str:
    """Say what money that moved is called: of a fill, what it did to which side."""
    if one.kind in {"pnl", "fee"} and trade is not None:
        reduces = trade.order.ask.reduce_only
        side = position_side(trade.fill.side, reduces=reduces).lower()
        return f"position_{'close' if reduces else 'open'}_{side}"
    came, went = INCOMES[one.kind]
    return came if one.amount > ZERO else went


def bill_words(one: Income, kind: str, balance: Decimal) -> Row:
    """Write money that moved, and what the wallet held after it."""
    return {
        "billId": str(one.number),
        "asset": one.asset,
        "symbol": None if one.symbol is None else market_id(one.symbol),
        "income": money(one.amount),
        "incomeType": kind,
        "balance": money(balance),
        "fillFee": money(-one.amount) if one.kind == "fee" else "0",
        "time": str(one.at_ms),
        "transferReason": "UNKNOWN_TRANSFER_REASON",
    }
