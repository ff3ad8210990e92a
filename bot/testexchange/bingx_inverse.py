"""BingX's coin-margined product in its own words: other spellings, and sizes now in contracts, now in dollars."""

from decimal import Decimal

from bot.core.instruments import Contract
from bot.core.values import ZERO, Side
from bot.testexchange.bingx_words import (
    TIMES_IN_FORCE,
    Held,
    Row,
    common_words,
    digits,
    market_id,
    money,
    position_side,
    type_of,
)
from bot.testexchange.records import PlacedOrder, Standing, Trade
from bot.testexchange.wire import plain

STATUSES = {
    Standing.NEW: "Pending",
    Standing.PARTIAL: "PARTIALLY_FILLED",
    Standing.FILLED: "Filled",
    Standing.CANCELLED: "CANCELLED",
    Standing.EXPIRED: "CANCELLED",
    Standing.REJECTED: "FAILED",
}
LISTED_MS = 1_713_175_200_000


def contract_words(contract: Contract) -> Row:
    """Write a contract: what is called its smallest tick is its size in dollars."""
    return {
        "symbol": market_id(contract.symbol),
        "pricePrecision": digits(contract.price_tick),
        "minTickSize": plain(contract.contract_size),
        "minTradeValue": plain(contract.notional_min),
        "minQty": f"{contract.contracts_min:.8f}",
        "status": 1 if contract.status == "trading" else 25,
        "timeOnline": LISTED_MS,
    }


def order_words(order: PlacedOrder, contract: Contract, leverage: Decimal, *, hedged: bool) -> Row:
    """Write an order as it is queried and listed: sizes in contracts, the one that was asked for in ``quantity`` only."""
    return {
        **common_words(order, leverage),
        "orderId": str(order.number),
        "positionSide": position_side(order, hedged=hedged).title(),
        "quantity": int(order.ask.contracts),
        "origQty": "",
        "price": plain(order.ask.limit_price or ZERO),
        "executedQty": plain(order.filled),
        "avgPrice": plain(order.mean_price(contract)),
        "cumQuote": "",
        "status": STATUSES[order.standing],
        "reduceOnly": order.ask.reduce_only and not hedged,
    }


def past_words(order: PlacedOrder, contract: Contract, leverage: Decimal, *, hedged: bool) -> Row:
    """Write an order as the history does: ``origQty`` and ``executedQty`` in dollars, not in contracts."""
    return {
        **order_words(order, contract, leverage, hedged=hedged),
        "positionSide": position_side(order, hedged=hedged),
        "origQty": f"{contract.size(order.ask.contracts):.8f}",
        "executedQty": f"{contract.size(order.filled):.8f}",
    }


def cancelled_words(order: PlacedOrder, contract: Contract, leverage: Decimal, *, hedged: bool) -> Row:
    """Write an order as its cancelling answers: the size that was asked for is lost."""
    return {
        **order_words(order, contract, leverage, hedged=hedged),
        "quantity": 0,
        "origQty": "0",
        "avgPrice": "0",
        "cumQuote": "0",
    }


def ack_words(order: PlacedOrder, *, hedged: bool) -> Row:
    """Write how an order was taken in: it stands at the top of the answer, with no envelope around it."""
    return {
        "orderId": order.number,
        "symbol": market_id(order.ask.symbol),
        "positionSide": position_side(order, hedged=hedged),
        "side": order.ask.side.name,
        "type": type_of(order),
        "price": plain(order.ask.limit_price or ZERO),
        "quantity": plain(order.ask.contracts),
        "stopPrice": 0,
        "workingType": "",
        "timeInForce": TIMES_IN_FORCE[order.ask.time_in_force],
        "clientOrderID": order.ask.client_id,
        "reduceOnly": order.ask.reduce_only and not hedged,
    }


def fill_words(trade: Trade, contract: Contract, *, hedged: bool) -> Row:
    """Write a fill."""
    fill = trade.fill
    return {
        "orderId": str(trade.order.number),
        "symbol": market_id(fill.symbol),
        "type": type_of(trade.order),
        "side": fill.side.name,
        "positionSide": position_side(trade.order, hedged=hedged),
        "tradeId": str(trade.number),
        "volume": plain(fill.contracts),
        "tradePrice": plain(fill.price),
        "amount": f"{contract.size(fill.contracts):.8f}",
        "realizedPnl": money(fill.told_pnl),
        "commission": money(-fill.fee),
        "currency": contract.settle,
        "buyer": fill.side is Side.BUY,
        "maker": fill.maker,
        "tradeTime": fill.at_ms,
    }


def position_words(held: Held) -> Row:
    """Write a position: it does not say what it is worth."""
    position = held.position
    return {
        "symbol": market_id(position.symbol),
        "positionId": str(held.number),
        "positionSide": held.side,
        "isolated": held.isolated,
        "positionAmt": plain(held.amount),
        "availableAmt": plain(held.amount),
        "unrealizedProfit": money(held.unrealised),
        "initialMargin": money(held.initial_margin),
        "liquidationPrice": money(position.liquidation_price or ZERO),
        "avgPrice": money(position.entry_price),
        "leverage": int(held.leverage),
        "markPrice": plain(held.mark),
        "riskRate": money(held.risk_rate),
        "maxMarginReduction": "0",
        "updateTime": held.at_ms,
    }
