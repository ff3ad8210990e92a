"""Bybit's words: how contracts, orders and positions look on its wire."""

import re
import uuid
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from bot.core.instruments import Contract, DatedFuture
from bot.core.orders import TimeInForce
from bot.core.snapshot import Position
from bot.core.values import ONE, ZERO, Contracts, Money, Price
from bot.testexchange.board import brackets
from bot.testexchange.office import Office
from bot.testexchange.records import Cause, PlacedOrder, Standing, Trade
from bot.testexchange.wire import No, NoError, plain

MONTHS = "FGHJKMNQUVXZ"
"""Letters of the months that contracts expire in, January first."""
CONTRACTS = frozenset({"linear", "inverse"})
KINDS = CONTRACTS | {"spot", "option"}
"""What the venue knows as categories; spot is only shown here, and of options there are none."""
CLIENT_ID = re.compile(r"[A-Za-z0-9_-]{1,36}")
STANDINGS = {
    Standing.NEW: "New",
    Standing.PARTIAL: "PartiallyFilled",
    Standing.FILLED: "Filled",
    Standing.CANCELLED: "Cancelled",
    Standing.EXPIRED: "Cancelled",
    Standing.REJECTED: "Rejected",
}
"""What an IOC order did not fill is cancelled: the word for partly filled and cancelled is for spot only."""
TIMES_IN_FORCE = {
    "GTC": TimeInForce.GTC,
    "IOC": TimeInForce.IOC,
    "PostOnly": TimeInForce.POST_ONLY,
}
WORDS = {meant: word for word, meant in TIMES_IN_FORCE.items()}
CREATED_BY: dict[Cause, str] = {
    "customer": "CreateByUser",
    "liquidation": "CreateByTakeOver_PassThrough",
    "deleverage": "CreateByAdl_PassThrough",
    "settlement": "CreateBySettle",
}
WOULD_TAKE = "EC_PostOnlyWillTakeLiquidity"
"""Why a post-only order is cancelled right after it was acknowledged."""
PRICE_MAX = Decimal("1999999.80")
"""No order has a higher price, and no position is told one at which it would be liquidated."""


def market_id(contract: Contract) -> str:
    """Give the venue's symbol: BTCUSDT, BTCUSDT-25DEC26; BTCUSD, BTCUSDZ26 for quarters, BTCUSD-18DEC26 for weeks."""
    pair = f"{contract.base}{contract.quote}"
    if not isinstance(contract, DatedFuture):
        return pair
    day = datetime.fromtimestamp(contract.expiry_ms / 1000, UTC)
    quarterly = day.month % 3 == 0 and (day + timedelta(days=7)).month != day.month
    if not contract.linear and quarterly:
        return f"{pair}{MONTHS[day.month - 1]}{day:%y}"
    return f"{pair}-{day:%d%b%y}".upper()


def category(contract: Contract) -> str:
    """Give the venue's word for a contract's payoff."""
    return "linear" if contract.linear else "inverse"


def order_id(number: int) -> str:
    """Write a number as the venue does: as a UUID."""
    return str(uuid.UUID(int=number))


def number_of_id(text: str) -> int:
    """Read an order's number.

    Raises:
        NoError: it is none.
    """
    try:
        return uuid.UUID(text).int
    except ValueError as error:
        raise NoError(No.NO_ORDER) from error


def instrument(contract: Contract) -> dict[str, object]:
    """Describe a contract."""
    dated = isinstance(contract, DatedFuture)
    kind = f"{'Linear' if contract.linear else 'Inverse'}{'Futures' if dated else 'Perpetual'}"
    leverage = max(tier.leverage_max for tier in contract.tiers)
    return {
        "symbol": market_id(contract),
        "contractType": kind,
        "status": "Trading" if contract.status == "trading" else "Closed",
        "baseCoin": contract.base,
        "quoteCoin": contract.quote,
        "settleCoin": contract.settle,
        "launchTime": "1584230400000",
        "deliveryTime": str(contract.expiry_ms) if isinstance(contract, DatedFuture) else "0",
        "deliveryFeeRate": plain(contract.fee_delivery) if isinstance(contract, DatedFuture) else "",
        "priceScale": "2",
        "leverageFilter": {"minLeverage": "1", "maxLeverage": f"{leverage:.2f}", "leverageStep": "0.01"},
        "priceFilter": {
            "minPrice": contract.price_tick,
            "maxPrice": str(PRICE_MAX),
            "tickSize": contract.price_tick,
        },
        "lotSizeFilter": {
            "maxOrderQty": "1000000",
            "minOrderQty": contract.contracts_min,
            "qtyStep": contract.contracts_step,
            "minNotionalValue": contract.notional_min if contract.linear else "",
            "maxMktOrderQty": "500000",
            "postOnlyMaxOrderQty": "1000000",
        },
        "unifiedMarginTrade": True,
        "fundingInterval": 0 if isinstance(contract, DatedFuture) else contract.funding_interval_hours * 60,
        "copyTrading": "none",
        "upperFundingRate": "0.00375",
        "lowerFundingRate": "-0.00375",
        "isPreListing": False,
        "preListingInfo": None,
        "riskParameters": {"priceLimitRatioX": "0.01", "priceLimitRatioY": "0.02"},
        "displayName": "",
    }


def tier_words(contract: Contract) -> list[dict[str, object]]:
    """Describe margin tiers, by the value at which each ends; rates are shares, not per cent."""
    return [
        {
            "id": number,
            "symbol": market_id(contract),
            "riskLimitValue": end,
            "maintenanceMargin": rate,
            "initialMargin": (ONE / leverage).quantize(Decimal("0.0001")),
            "isLowestRisk": int(number == 1),
            "maxLeverage": plain(leverage),
            "mmDeduction": amount,
        }
        for number, _, end, leverage, rate, amount in brackets(contract)
    ]


# --- orders -----------------------------------------------------------------------------------------------------


def order_words(order: PlacedOrder, contract: Contract) -> dict[str, object]:
    """Describe an order."""
    ask = order.ask
    market = ask.limit_price is None or order.cause != "customer"
    left = order.remaining if order.open else ZERO
    return {
        "symbol": market_id(contract),
        "orderId": order_id(order.number),
        "orderLinkId": ask.client_id,
        "blockTradeId": "",
        "orderType": "Market" if market else "Limit",
        "side": ask.side.value.capitalize(),
        "orderStatus": STANDINGS[order.standing],
        "timeInForce": "IOC" if market else WORDS[ask.time_in_force],
        "price": ask.limit_price or ZERO,
        "avgPrice": order.mean_price(contract) if order.filled else "",
        "qty": ask.contracts,
        "cumExecQty": order.filled,
        "cumExecValue": order.value(contract),
        "cumExecFee": order.fee,
        "cumFeeDetail": {contract.settle: order.fee},
        "leavesQty": left,
        "leavesValue": contract.value(left, ask.limit_price) if ask.limit_price else ZERO,
        "reduceOnly": ask.reduce_only,
        "closeOnTrigger": False,
        "positionIdx": 0,
        **_ended(order),
        "createType": CREATED_BY[order.cause],
        **UNUSED,
        "createdTime": str(order.created_ms),
        "updatedTime": str(order.updated_ms),
    }


def _ended(order: PlacedOrder) -> dict[str, object]:
    """Say why an order ended as it did."""
    reason, cancelled = "EC_NoError", order.standing is Standing.CANCELLED
    if order.why == WOULD_TAKE:
        reason = WOULD_TAKE
    elif cancelled:
        reason = "EC_PerCancelRequest"
    elif order.standing is Standing.EXPIRED:
        reason = "EC_NoImmediateQtyToFill"
    by_user = cancelled and order.why != WOULD_TAKE
    return {"rejectReason": reason, "cancelType": "CancelByUser" if by_user else "UNKNOWN"}


UNUSED: dict[str, object] = {
    "stopOrderType": "",
    "orderIv": "",
    "isLeverage": "",
    "lastPriceOnCreated": "",
    "triggerPrice": "",
    "triggerDirection": 0,
    "triggerBy": "",
    "takeProfit": "",
    "stopLoss": "",
    "tpTriggerBy": "",
    "slTriggerBy": "",
    "tpLimitPrice": "0",
    "slLimitPrice": "0",
    "tpslMode": "",
    "placeType": "",
    "smpType": "None",
    "smpGroup": 0,
    "smpOrderId": "",
    "slippageToleranceType": "UNKNOWN",
    "slippageTolerance": "0",
    "extraFees": "",
}
"""Fields of an order for what is not offered here."""


# --- positions --------------------------------------------------------------------------------------------------


def flat(contract: Contract) -> Position:
    """Make the position of who holds none."""
    return Position(
        symbol=contract.symbol, contracts=Contracts(ZERO), entry_price=Price(ZERO), realised_pnl=Money(ZERO)
    )


def position_words(
    office: Office, account: str, held: Position, contract: Contract, index: int
) -> dict[str, object]:
    """Describe a position; a flat one has size 0 and no side.

    Raises:
        NoError: it is open, and has no mark.
    """
    opened_ms, changed_ms = _times(office.trades(account, held.symbol))
    side = "Buy" if held.contracts > ZERO else "Sell"
    return {
        "symbol": market_id(contract),
        "positionIdx": index,
        "side": side if held.contracts else "",
        "size": abs(held.contracts),
        "avgPrice": held.entry_price,
        **_worth(office, account, held),
        "liqPrice": _liquidation(held, contract),
        "bustPrice": "",
        "leverage": plain(office.leverage(account, held.symbol)),
        "curRealisedPnl": held.realised_pnl,
        "cumRealisedPnl": held.realised_pnl,
        "positionBalance": held.isolated_margin or ZERO,
        "positionStatus": "Normal",
        "adlRankIndicator": held.adl_rank or 0,
        "autoAddMargin": 0,
        "tradeMode": 0,
        "riskId": 1,
        "riskLimitValue": next(brackets(contract))[2],
        "takeProfit": "",
        "stopLoss": "",
        "trailingStop": "0",
        "tpslMode": "Full",
        "sessionAvgPrice": "",
        "isReduceOnly": False,
        "leverageSysUpdatedTime": "",
        "mmrSysUpdatedTime": "",
        "seq": changed_ms,
        "createdTime": str(opened_ms or office.now_ms),
        "updatedTime": str(changed_ms or office.now_ms),
    }


def _worth(office: Office, account: str, held: Position) -> dict[str, object]:
    """Say what a position is worth, and what margin it needs, at the mark."""
    mark = office.exchange.marks.get(held.symbol)
    if held.contracts == ZERO:
        found = {"positionValue": ZERO, "unrealisedPnl": ZERO, "positionIM": ZERO, "positionMM": ZERO}
        mark = mark or ZERO
    elif mark is None:
        raise NoError(No.UNPRICED)
    else:
        trader = office.trader(account)
        position = trader.positions[held.symbol]
        found = {
            "positionValue": position.contract.value(held.contracts, mark),
            "unrealisedPnl": position.pnl(mark),
            "positionIM": trader.initial_margin(position, mark),
            "positionMM": position.maintenance(mark),
        }
    margins = {"positionIMByMp": found["positionIM"], "positionMMByMp": found["positionMM"]}
    return {"markPrice": mark, **found, **margins}


def _liquidation(held: Position, contract: Contract) -> object:
    """Give the price that liquidates; nothing if no order could have it."""
    price = held.liquidation_price
    return price if price is not None and contract.price_tick < price < PRICE_MAX else ""


def _times(trades: Iterable[Trade]) -> tuple[int, int]:
    """Tell when a position was opened, and when it changed last; 0 if there was never one."""
    held, opened_ms, changed_ms = ZERO, 0, 0
    for one in trades:
        before, changed_ms = held, one.fill.at_ms
        held += one.fill.side.sign * one.fill.contracts
        if before == ZERO or before * held < ZERO:
            opened_ms = changed_ms
    return opened_ms, changed_ms
