"""Bybit's words: how orders, positions, executions and money look on its wire, and its codes for saying no."""

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from bot.core.instruments import Contract, DatedFuture
from bot.core.orders import TimeInForce
from bot.core.snapshot import Position
from bot.core.values import ZERO, Side
from bot.testexchange.board import brackets
from bot.testexchange.office import Office
from bot.testexchange.reading import price_of, size_of
from bot.testexchange.records import Ask, Income, PlacedOrder, Standing, Trade
from bot.testexchange.wire import No, NoError, plain

MONTHS = "FGHJKMNQUVXZ"
"""Letters of the months that contracts expire in, January first."""
STANDINGS = {
    Standing.NEW: "New",
    Standing.PARTIAL: "PartiallyFilled",
    Standing.FILLED: "Filled",
    Standing.CANCELLED: "Cancelled",
    Standing.EXPIRED: "Cancelled",
    Standing.REJECTED: "Rejected",
}
TIMES_IN_FORCE = {
    "GTC": TimeInForce.GTC,
    "IOC": TimeInForce.IOC,
    "PostOnly": TimeInForce.POST_ONLY,
}
WORDS = {meant: word for word, meant in TIMES_IN_FORCE.items()}
EXEC_TYPES = {
    "customer": "Trade",
    "liquidation": "BustTrade",
    "deleverage": "AdlTrade",
    "settlement": "Delivery",
}
REFUSALS: Mapping[No, tuple[int, str]] = {
    No.PATH: (10404, "invalid request, please check the path"),
    No.PARAMETER: (10001, "params error: {}"),
    No.SYMBOL: (10001, "params error: symbol invalid {}"),
    No.CLOSED: (110074, "This contract is not live"),
    No.UNPRICED: (110074, "This contract has no price yet"),
    No.SIZE_SMALL: (10001, "The number of contracts is below the minimum limit allowed"),
    No.SIZE_STEP: (10001, "Qty invalid"),
    No.TICK: (10001, "price invalid"),
    No.WOULD_TAKE: (170218, "The LIMIT-MAKER order is rejected"),
    No.NOT_REDUCING: (110017, "current position is zero, cannot fix reduce-only order qty"),
    No.NOTIONAL: (110094, "Order does not meet minimum order value"),
    No.MARGIN: (110007, "ab not enough for new order"),
    No.DUPLICATE: (110072, "OrderLinkedID is duplicate"),
    No.CLIENT_ID: (10001, "orderLinkId invalid"),
    No.NO_ORDER: (110001, "order not exists or too late to cancel"),
    No.ORDER_DONE: (110001, "order not exists or too late to cancel"),
    No.NO_CHANGE: (110043, "Set leverage not modified"),
    No.POSITION_OPEN: (110024, "You have an existing position, so the position mode cannot be switched"),
    No.POSITION_SIDE: (10001, "position idx not match position mode"),
    No.LEVERAGE: (110013, "Cannot set leverage due to risk limit"),
    No.FUNDS: (131212, "Insufficient balance."),
    No.KEY: (10003, "API key is invalid."),
    No.SIGNATURE: (10004, "error sign! origin_string"),
    No.PASSPHRASE: (10003, "API key is invalid."),
    No.TIMESTAMP: (10002, "invalid request, please check your server timestamp or recv_window param"),
    No.PERMISSION: (10005, "Permission denied, please check your API key permissions."),
    No.IP: (10010, "Unmatched IP, please check your API key's bound IP addresses."),
    No.NO_FUTURES: (10005, "Permission denied for current apikey."),
    No.RATE: (10006, "Too many visits. Exceeded the API Rate Limit."),
    No.BANNED: (10018, "Exceeded the IP Rate Limit. {}"),
    No.MAINTENANCE: (10016, "Server error: the service is restarting for maintenance"),
    No.BUSY: (10016, "Internal System Error"),
    No.UNSUPPORTED: (10001, "params error: not supported: {}"),
}
"""Codes and words; what is unknown of the venue's maintenance is guessed."""


def market_id(contract: Contract) -> str:
    """Give the venue's symbol: BTCUSDT, BTCUSDT-25DEC26; BTCUSD, BTCUSDZ26 for quarters, BTCUSD-25DEC26 for weeks."""
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
    """Write an order's number as the venue does: as a UUID."""
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
        "leverageFilter": {"minLeverage": "1", "maxLeverage": "100.00", "leverageStep": "0.01"},
        "priceFilter": {
            "minPrice": contract.price_tick,
            "maxPrice": "1999999.80",
            "tickSize": contract.price_tick,
        },
        "lotSizeFilter": {
            "maxOrderQty": "1000000",
            "minOrderQty": contract.contracts_min,
            "qtyStep": contract.contracts_step,
            "minNotionalValue": contract.notional_min,
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
    }


def asked(words: Mapping[str, object], contract: Contract) -> Ask:
    """Read an order off the wire, field by field.

    Raises:
        NoError: a field is missing, malformed or of no meaning here.
    """
    if words.get("category") != category(contract):
        raise NoError(No.PARAMETER, "category")
    side, kind = str(words.get("side", "")), str(words.get("orderType", ""))
    if side not in {"Buy", "Sell"} or kind not in {"Limit", "Market"}:
        raise NoError(No.PARAMETER, "side or orderType")
    if str(words.get("positionIdx", 0)) != "0":
        raise NoError(No.POSITION_SIDE)
    word = str(words.get("timeInForce", "GTC" if kind == "Limit" else "IOC"))
    if word not in TIMES_IN_FORCE:
        raise NoError(No.PARAMETER, "timeInForce")
    reduces = words.get("reduceOnly", False)
    if not isinstance(reduces, bool):
        raise NoError(No.PARAMETER, "reduceOnly")
    return Ask(
        symbol=contract.symbol,
        side=Side(side.lower()),
        contracts=size_of(words, "qty"),
        limit_price=price_of(words, "price") if kind == "Limit" else None,
        time_in_force=TIMES_IN_FORCE[word] if kind == "Limit" else TimeInForce.IOC,
        reduce_only=reduces,
        client_id=str(words.get("orderLinkId", "")),
    )


def order_words(order: PlacedOrder, contract: Contract) -> dict[str, object]:
    """Describe an order."""
    ask, would_take = order.ask, order.why == "EC_PostOnlyWillTakeLiquidity"
    market = ask.limit_price is None
    mean = order.mean_price(contract)
    return {
        "symbol": market_id(contract),
        "orderId": order_id(order.number),
        "orderLinkId": ask.client_id,
        "orderType": "Market" if market else "Limit",
        "side": ask.side.value.capitalize(),
        "orderStatus": STANDINGS[order.standing],
        "timeInForce": "IOC" if market else WORDS[ask.time_in_force],
        "price": ask.limit_price or ZERO,
        "avgPrice": mean if order.filled else "",
        "qty": ask.contracts,
        "cumExecQty": order.filled,
        "cumExecValue": order.value(contract),
        "cumExecFee": order.fee,
        "cumFeeDetail": {contract.settle: order.fee},
        "leavesQty": order.remaining if order.open else ZERO,
        "leavesValue": "0",
        "reduceOnly": ask.reduce_only,
        "closeOnTrigger": False,
        "positionIdx": 0,
        "rejectReason": order.why if would_take else "EC_NoError",
        "cancelType": "UNKNOWN" if order.open else "CancelByUser",
        "createType": "CreateByUser",
        "stopOrderType": "",
        "triggerPrice": "",
        "triggerDirection": 0,
        "takeProfit": "",
        "stopLoss": "",
        "tpslMode": "",
        "createdTime": str(order.created_ms),
        "updatedTime": str(order.updated_ms),
    }


def trade_words(trade: Trade, contract: Contract) -> dict[str, object]:
    """Describe an execution."""
    fill, order = trade.fill, trade.order
    value = contract.value(fill.contracts, fill.price)
    return {
        "symbol": market_id(contract),
        "orderId": order_id(order.number),
        "orderLinkId": order.ask.client_id,
        "orderType": "Market" if order.ask.limit_price is None else "Limit",
        "side": fill.side.value.capitalize(),
        "orderPrice": order.ask.limit_price or ZERO,
        "orderQty": order.ask.contracts,
        "leavesQty": order.remaining,
        "stopOrderType": "UNKNOWN",
        "execType": EXEC_TYPES[order.cause],
        "execId": str(uuid.UUID(int=trade.number)),
        "execPrice": fill.price,
        "execQty": fill.contracts,
        "execValue": value,
        "execFee": fill.fee,
        "feeRate": (fill.fee / value).quantize(Decimal("0.00000001")) if value else ZERO,
        "feeCurrency": "",
        "execTime": str(fill.at_ms),
        "isMaker": fill.maker,
        "markPrice": fill.price,
        "indexPrice": "",
        "closedSize": "0",
        "seq": trade.number,
    }


def funding_words(income: Income, contract: Contract) -> dict[str, object]:
    """Describe a settlement of funding as an execution: what was paid is positive."""
    return {
        "symbol": market_id(contract),
        "orderId": order_id(income.number),
        "orderLinkId": "",
        "orderType": "UNKNOWN",
        "side": "Sell",
        "execType": "Funding",
        "execId": str(uuid.UUID(int=income.number)),
        "execPrice": "0",
        "execQty": "0",
        "execValue": "0",
        "execFee": -income.amount,
        "feeRate": "0",
        "execTime": str(income.at_ms),
        "isMaker": False,
        "leavesQty": "0",
        "seq": income.number,
    }


def position_words(office: Office, account: str, held: Position, contract: Contract) -> dict[str, object]:
    """Describe a position; a flat one has size 0 and no side."""
    trader, mark = office.trader(account), office.exchange.marks.get(held.symbol, ZERO)
    position = trader.positions.get(held.symbol)
    if position is None or ZERO in {held.contracts, mark}:
        profit = maintenance = margin = value = ZERO
    else:
        profit, maintenance = position.pnl(mark), position.maintenance(mark)
        margin, value = trader.initial_margin(position, mark), contract.value(held.contracts, mark)
    sides = {True: "Buy", False: "Sell"}
    return {
        "symbol": market_id(contract),
        "positionIdx": 1 if office.hedge_mode.get(account, False) else 0,
        "side": sides[held.contracts > ZERO] if held.contracts else "",
        "size": abs(held.contracts),
        "avgPrice": held.entry_price,
        "positionValue": value if held.contracts else "",
        "markPrice": mark,
        "liqPrice": held.liquidation_price
        if held.liquidation_price and held.liquidation_price < LIQ_MAX
        else "",
        "bustPrice": "",
        "leverage": plain(office.leverage(account, held.symbol)),
        "unrealisedPnl": profit,
        "cumRealisedPnl": held.realised_pnl,
        "positionIM": margin,
        "positionMM": maintenance,
        "positionBalance": "0",
        "positionStatus": "Normal",
        "adlRankIndicator": held.adl_rank or 0,
        "autoAddMargin": 0,
        "tradeMode": 0,
        "riskId": 1,
        "riskLimitValue": "2000000",
        "takeProfit": "",
        "stopLoss": "",
        "trailingStop": "0",
        "tpslMode": "Full",
        "createdTime": str(max(1, office.now_ms)),
        "updatedTime": str(max(1, office.now_ms)),
    }


LIQ_MAX = Decimal(10) ** 9


def tier_words(contract: Contract) -> list[dict[str, object]]:
    """Describe margin tiers, by the value at which each ends."""
    return [
        {
            "id": number,
            "symbol": market_id(contract),
            "riskLimitValue": end,
            "maintenanceMargin": rate,
            "initialMargin": (1 / leverage).quantize(Decimal("0.0001")),
            "isLowestRisk": int(number == 1),
            "maxLeverage": plain(leverage),
            "mmDeduction": amount,
        }
        for number, _, end, leverage, rate, amount in brackets(contract)
    ]


LOG_TYPES = {
    "funding": "SETTLEMENT",
    "transfer": "TRANSFER_IN",
    "liquidation": "LIQUIDATION",
    "deposit": "AIRDROP",
    "withdrawal": "AIRDROP",
}


def log_words(income: Income, market: str, kind: str) -> dict[str, object]:
    """Describe money that moved, as the account's log does."""
    taken_out = income.kind == "transfer" and income.amount < ZERO
    return {
        "id": str(income.number),
        "symbol": market,
        "category": kind,
        "side": "None",
        "transactionTime": str(income.at_ms),
        "type": "TRANSFER_OUT" if taken_out else LOG_TYPES[income.kind],
        "qty": "0",
        "size": "0",
        "currency": income.asset,
        "tradePrice": "0",
        "funding": income.amount if income.kind == "funding" else "",
        "fee": "0",
        "cashFlow": "0" if income.kind == "funding" else income.amount,
        "change": income.amount,
        "cashBalance": "0",
        "feeRate": "0",
        "tradeId": str(uuid.UUID(int=income.number)),
        "orderId": "",
        "orderLinkId": "",
    }
