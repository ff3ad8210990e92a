"""BingX's words, in which nothing is decided: codes, the linear product's rows, and how parameters are read.

Numbers go out as strings, also where BingX sends JSON numbers; ids and times are whole numbers.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from bot.core.instruments import Contract
from bot.core.orders import TimeInForce
from bot.core.snapshot import Position
from bot.core.values import ONE, ZERO, Side, record
from bot.testexchange.bingx_codes import NOT_FOR_LINEAR, SaidError
from bot.testexchange.keyring import Environment, Key, Permission
from bot.testexchange.office import Office
from bot.testexchange.records import Cause, Income, IncomeKind, PlacedOrder, Standing, Trade
from bot.testexchange.router import Call
from bot.testexchange.wire import No, NoError, plain

Row = dict[str, object]
HOSTS: dict[str, Environment] = {"open-api.bingx.com": "live", "open-api-vst.bingx.com": "testnet"}
PLAY_COIN = "VST"
"""What USDT is called on the testnet."""

STATUSES = {
    Standing.NEW: "NEW",
    Standing.PARTIAL: "PARTIALLY_FILLED",
    Standing.FILLED: "FILLED",
    Standing.CANCELLED: "CANCELLED",
    Standing.EXPIRED: "CANCELLED",
    Standing.REJECTED: "FAILED",
}
TIMES_IN_FORCE = {TimeInForce.GTC: "GTC", TimeInForce.IOC: "IOC", TimeInForce.POST_ONLY: "PostOnly"}
OWN_HAND: dict[Cause, str] = {"liquidation": "LIQUIDATION", "deleverage": "ADL", "settlement": "SETTLEMENT"}
"""Types of orders that the venue makes itself."""
INCOMES: dict[IncomeKind, str] = {
    "funding": "FUNDING_FEE",
    "pnl": "REALIZED_PNL",
    "fee": "TRADING_FEE",
    "transfer": "TRANSFER",
    "deposit": "TRANSFER",
    "withdrawal": "TRANSFER",
    "liquidation": "INSURANCE_CLEAR",
}
PERMISSIONS: dict[Permission, tuple[int, ...]] = {
    "read": (2,),
    "trade": (1, 3),
    "transfer": (4,),
    "withdraw": (5,),
}
"""1 spot, 2 reading, 3 perpetual futures, 4 universal transfer, 5 withdrawal."""
NUMBER = re.compile(r"\d{1,15}(\.\d{1,18})?([eE]-\d{1,2})?")
MONEY_DIGITS = ONE.scaleb(-8)


@record
class Bare:
    """An answer that comes without the envelope."""

    body: Row


@record
class Held:
    """A position, and what the account's margin says of it."""

    number: int
    position: Position
    contract: Contract
    mark: Decimal
    unrealised: Decimal
    initial_margin: Decimal
    risk_rate: Decimal
    """Maintenance margin of the wallet over its equity."""
    leverage: Decimal
    isolated: bool
    hedged: bool
    coin: str
    at_ms: int

    @property
    def side(self) -> str:
        """The position side: BOTH in one-way mode."""
        if not self.hedged:
            return "BOTH"
        return "LONG" if self.position.contracts > ZERO else "SHORT"

    @property
    def amount(self) -> Decimal:
        """Contracts; signed in one-way mode only."""
        return abs(self.position.contracts) if self.hedged else self.position.contracts


# --- reading ------------------------------------------------------------------------------------------------------


def whole(params: Mapping[str, str], name: str, default: int) -> int:
    """Read a whole number that may be left out.

    Raises:
        NoError: it is none.
    """
    text = params.get(name, "")
    if not text:
        return default
    if not (text.isascii() and text.isdigit()):
        raise NoError(No.PARAMETER, f"{name}: {text!r} is no whole number")
    return int(text)


def positive(params: Mapping[str, str], name: str) -> Decimal:
    """Read a number above zero that must be there.

    Raises:
        NoError: it is none.
    """
    text = params.get(name, "")
    if not NUMBER.fullmatch(text) or Decimal(text) <= ZERO:
        raise NoError(No.PARAMETER, f"{name}: {text!r} is no number above 0")
    return Decimal(text)


def one_of(params: Mapping[str, str], name: str, known: tuple[str, ...]) -> str:
    """Read a word out of a list.

    Raises:
        NoError: it is none of them, or missing.
    """
    if params.get(name) not in known:
        raise NoError(No.PARAMETER, f"{name}: {params.get(name, '')!r} is none of {', '.join(known)}")
    return params[name]


def window(
    params: Mapping[str, str], end_ms: int, names: tuple[str, str] = ("startTime", "endTime")
) -> range:
    """Read a span of time, both ends included; left out, it is all up to ``end_ms``.

    Raises:
        NoError: an end is no time.
    """
    return range(whole(params, names[0], 0), whole(params, names[1], end_ms) + 1)


def market_id(symbol: str) -> str:
    """Write a contract's symbol as BingX does: ``BTC-USDT``, ``BTC-USD``."""
    return symbol.partition(":")[0].replace("/", "-")


def contract_named(office: Office, name: str, *, linear: bool) -> Contract:
    """Find a contract of a product by BingX's symbol.

    Raises:
        NoError: the product has none of that name.
    """
    if linear and not name.endswith("-USDT"):
        raise SaidError(No.SYMBOL, 80014, NOT_FOR_LINEAR)
    for contract in office.contracts():
        if contract.linear == linear and market_id(contract.symbol) == name:
            return contract
    raise NoError(No.SYMBOL, f"{name} not exist")


def coin_of(call: Call, asset: str) -> str:
    """Name a coin as it is called where a request was meant for."""
    return PLAY_COIN if asset == "USDT" and HOSTS.get(call.request.host) == "testnet" else asset


# --- writing ------------------------------------------------------------------------------------------------------


def money(amount: Decimal) -> str:
    """Write an amount of money, or a price that was reckoned."""
    return plain(amount.quantize(MONEY_DIGITS))


def digits(step: Decimal) -> int:
    """Count the decimals of a step."""
    return len(plain(step).partition(".")[2])


def local_time(at_ms: int) -> str:
    """Write a time as BingX's clocks on the wall show it, eight hours ahead."""
    at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=at_ms, hours=8)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at_ms % 1000:03d}+0800"


def utc_seconds(at_ms: int) -> str:
    """Write a time to the second."""
    return f"{datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=at_ms):%Y-%m-%dT%H:%M:%SZ}"


def type_of(order: PlacedOrder) -> str:
    """Say what type of order it is."""
    if order.cause != "customer":
        return OWN_HAND[order.cause]
    return "MARKET" if order.ask.limit_price is None else "LIMIT"


def position_side(order: PlacedOrder, *, hedged: bool) -> str:
    """Say which position an order is about: BOTH in one-way mode."""
    if not hedged:
        return "BOTH"
    return "LONG" if (order.ask.side is Side.BUY) != order.ask.reduce_only else "SHORT"


def realised(order: PlacedOrder) -> Decimal:
    """Sum the profit that an order's fills realised."""
    return sum([trade.fill.told_pnl for trade in order.trades], ZERO)


def nothing_attached(kind: str) -> Row:
    """Write a stop or a target that an order does not have."""
    return {
        "type": kind,
        "quantity": 0,
        "stopPrice": 0,
        "price": 0,
        "workingType": "MARK_PRICE",
        "stopGuaranteed": "",
    }


def common_words(order: PlacedOrder, leverage: Decimal) -> Row:
    """Write what orders of both products say in the same words."""
    return {
        "symbol": market_id(order.ask.symbol),
        "side": order.ask.side.name,
        "type": type_of(order),
        "stopPrice": "",
        "profit": money(realised(order)),
        "commission": money(-order.fee),
        "time": order.created_ms,
        "updateTime": order.updated_ms,
        "clientOrderId": order.ask.client_id,
        "leverage": f"{plain(leverage)}X",
        "takeProfit": nothing_attached("TAKE_PROFIT"),
        "stopLoss": nothing_attached("STOP"),
        "advanceAttr": 0,
        "positionID": 0,
        "takeProfitEntrustPrice": 0,
        "stopLossEntrustPrice": 0,
        "orderType": "",
        "workingType": "MARK_PRICE",
        "timeInForce": TIMES_IN_FORCE[order.ask.time_in_force],
    }


def linear_order(order: PlacedOrder, contract: Contract, leverage: Decimal, *, hedged: bool) -> Row:
    """Write an order of the linear product: as it is queried, listed and cancelled."""
    return {
        **common_words(order, leverage),
        "orderId": order.number,
        "positionSide": position_side(order, hedged=hedged),
        "origQty": plain(order.ask.contracts),
        "price": plain(order.ask.limit_price or ZERO),
        "executedQty": plain(order.filled),
        "avgPrice": plain(order.mean_price(contract)),
        "cumQuote": money(order.value(contract)),
        "status": STATUSES[order.standing],
        "reduceOnly": order.ask.reduce_only and not hedged,
        "onlyOnePosition": not hedged,
        "triggerOrderId": 0,
    }


def linear_ack(order: PlacedOrder, *, hedged: bool) -> Row:
    """Write how an order of the linear product was taken in: its name is spelled otherwise than in queries."""
    return {
        "symbol": market_id(order.ask.symbol),
        "orderId": order.number,
        "side": order.ask.side.name,
        "positionSide": position_side(order, hedged=hedged),
        "type": type_of(order),
        "clientOrderID": order.ask.client_id,
        "workingType": "",
    }


def linear_fill(trade: Trade, coin: str, *, hedged: bool) -> Row:
    """Write a fill of the linear product: it has no id of its own, does not say who made it, and knows full seconds only."""
    fill, seized = trade.fill, trade.order.cause == "liquidation"
    return {
        "filledTm": utc_seconds(fill.at_ms),
        "symbol": market_id(fill.symbol),
        "volume": plain(fill.contracts),
        "price": plain(fill.price),
        "amount": money(fill.contracts * fill.price),
        "commission": money(-fill.fee),
        "currency": coin,
        "orderId": str(trade.order.number),
        "liquidatedPrice": plain(fill.price) if seized else "0.00",
        "liquidatedMarginRatio": "1.00" if seized else "0.00",
        "filledTime": local_time(fill.at_ms),
        "side": fill.side.name,
        "type": type_of(trade.order),
        "positionSide": position_side(trade.order, hedged=hedged),
        "clientOrderID": trade.order.ask.client_id,
        "onlyOnePosition": not hedged,
    }


def linear_fill_detail(trade: Trade, coin: str, *, hedged: bool) -> Row:
    """Write a fill of the linear product as the newer history does: with an id, and with who made it."""
    fill = trade.fill
    return {
        "symbol": market_id(fill.symbol),
        "qty": plain(fill.contracts),
        "price": plain(fill.price),
        "quoteQty": money(fill.contracts * fill.price),
        "commission": money(-fill.fee),
        "commissionAsset": coin,
        "orderId": str(trade.order.number),
        "tradeId": str(trade.number),
        "filledTime": local_time(fill.at_ms),
        "side": fill.side.name,
        "positionSide": position_side(trade.order, hedged=hedged),
        "role": "maker" if fill.maker else "taker",
        "realisedPNL": money(fill.told_pnl),
    }


def linear_position(held: Held) -> Row:
    """Write a position of the linear product."""
    position = held.position
    return {
        "positionId": str(held.number),
        "symbol": market_id(position.symbol),
        "currency": held.coin,
        "positionAmt": plain(held.amount),
        "availableAmt": plain(held.amount),
        "positionSide": held.side,
        "isolated": held.isolated,
        "avgPrice": money(position.entry_price),
        "initialMargin": money(held.initial_margin),
        "margin": money(held.initial_margin + held.unrealised),
        "leverage": int(held.leverage),
        "unrealizedProfit": money(held.unrealised),
        "realisedProfit": money(position.realised_pnl),
        "liquidationPrice": money(position.liquidation_price or ZERO),
        "pnlRatio": money(held.unrealised / held.initial_margin) if held.initial_margin else "0",
        "maxMarginReduction": "0.0000",
        "riskRate": money(held.risk_rate),
        "markPrice": plain(held.mark),
        "positionValue": money(held.contract.value(position.contracts, held.mark)),
        "onlyOnePosition": not held.hedged,
        "updateTime": held.at_ms,
    }


def income_words(one: Income, coin: str) -> Row:
    """Write money that moved."""
    word = INCOMES[one.kind]
    return {
        "symbol": "" if one.symbol is None else market_id(one.symbol),
        "incomeType": word,
        "income": money(one.amount),
        "asset": coin,
        "info": word.replace("_", " ").title(),
        "time": one.at_ms,
        "tranId": str(one.number),
        "tradeId": str(one.number if one.trade is None else one.trade),
    }


def key_words(key: Key) -> Row:
    """Write what a key may do."""
    numbers = [number for name, those in PERMISSIONS.items() if name in key.permissions for number in those]
    return {
        "apiKey": key.key,
        "permissions": sorted(numbers),
        "ipAddresses": ["127.0.0.1"] if key.ip_bound else [],
        "note": key.account,
    }
