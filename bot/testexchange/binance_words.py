"""Binance's words: how orders, positions, fills and money look on its wire, and its codes for saying no."""

from collections.abc import Mapping
from datetime import UTC, datetime

from bot.core.instruments import Contract, DatedFuture
from bot.core.orders import TimeInForce
from bot.core.snapshot import Position
from bot.core.values import ZERO, Contracts, Money, Price, Side
from bot.testexchange.board import brackets
from bot.testexchange.office import Office
from bot.testexchange.reading import price_of, size_of, whole_of
from bot.testexchange.records import Ask, Income, IncomeKind, PlacedOrder, Standing, Trade
from bot.testexchange.wire import No, NoError, digits, plain

FAR_MS = 10**15
SPAN_MS_MAX = 7 * 86_400_000
NEVER_MS = 4_133_404_800_000
"""Delivery of what is never delivered."""
LISTED_MS = 1_569_398_400_000
STANDINGS = {
    Standing.NEW: "NEW",
    Standing.PARTIAL: "PARTIALLY_FILLED",
    Standing.FILLED: "FILLED",
    Standing.CANCELLED: "CANCELED",
    Standing.EXPIRED: "EXPIRED",
    Standing.REJECTED: "REJECTED",
}
TIMES_IN_FORCE = {"GTC": TimeInForce.GTC, "IOC": TimeInForce.IOC, "GTX": TimeInForce.POST_ONLY}
WORDS = {meant: word for word, meant in TIMES_IN_FORCE.items()}
BY_ITS_HAND = {
    "liquidation": "autoclose-{}",
    "deleverage": "adl_autoclose",
    "settlement": "settlement_autoclose-{}",
}
INCOMES: Mapping[IncomeKind, str] = {
    "funding": "FUNDING_FEE",
    "pnl": "REALIZED_PNL",
    "fee": "COMMISSION",
    "deposit": "WELCOME_BONUS",
    "withdrawal": "WELCOME_BONUS",
    "transfer": "TRANSFER",
    "liquidation": "INSURANCE_CLEAR",
}
REFUSALS: Mapping[No, tuple[int, int, str]] = {
    No.PATH: (404, -1, "Not found"),
    No.PARAMETER: (400, -1102, "Mandatory parameter was not sent, was empty/null, or malformed: {}"),
    No.SYMBOL: (400, -1121, "Invalid symbol."),
    No.CLOSED: (400, -4141, "Symbol is closed."),
    No.UNPRICED: (400, -1112, "No orders on book for symbol."),
    No.SIZE_SMALL: (400, -4003, "Quantity less than or equal to zero."),
    No.SIZE_STEP: (400, -1111, "Precision is over the maximum defined for this asset."),
    No.TICK: (400, -4014, "Price not increased by tick size."),
    No.WOULD_TAKE: (
        400,
        -5022,
        "Due to the order could not be executed as maker, the Post Only order will be rejected.",
    ),
    No.NOT_REDUCING: (400, -2022, "ReduceOnly Order is rejected."),
    No.NOTIONAL: (
        400,
        -4164,
        "Order's notional must be no smaller than the minimum (unless you choose reduce only).",
    ),
    No.MARGIN: (400, -2019, "Margin is insufficient."),
    No.DUPLICATE: (400, -4116, "ClientOrderId is duplicated."),
    No.CLIENT_ID: (400, -4015, "Client order id is not valid."),
    No.NO_ORDER: (400, -2013, "Order does not exist."),
    No.ORDER_DONE: (400, -2011, "Unknown order sent."),
    No.NO_CHANGE: (400, -4046, "No need to change margin type."),
    No.POSITION_OPEN: (400, -4048, "Margin type cannot be changed if there exists position."),
    No.POSITION_SIDE: (400, -4061, "Order's position side does not match user's setting."),
    No.LEVERAGE: (400, -4028, "Leverage is not valid."),
    No.FUNDS: (400, -5013, "Asset transfer failed: insufficient balance"),
    No.KEY: (401, -2015, "Invalid API-key, IP, or permissions for action."),
    No.SIGNATURE: (400, -1022, "Signature for this request is not valid."),
    No.PASSPHRASE: (401, -2015, "Invalid API-key, IP, or permissions for action."),
    No.TIMESTAMP: (400, -1021, "Timestamp for this request is outside of the recvWindow."),
    No.PERMISSION: (401, -2015, "Invalid API-key, IP, or permissions for action."),
    No.IP: (401, -2015, "Invalid API-key, IP, or permissions for action, request ip: 203.0.113.7"),
    No.NO_FUTURES: (401, -2015, "Invalid API-key, IP, or permissions for action."),
    No.RATE: (429, -1003, "Too many requests; current limit is 2400 requests per minute."),
    No.BANNED: (418, -1003, "Way too many requests; IP banned {}."),
    No.MAINTENANCE: (503, -1016, "This service is no longer available: system maintenance."),
    No.BUSY: (
        503,
        -1008,
        "Server is currently overloaded with other requests. Please try again in a few minutes.",
    ),
    No.UNSUPPORTED: (400, -1020, "This operation is not supported."),
}


def market_id(contract: Contract) -> str:
    """Give the venue's symbol: BTCUSDT, BTCUSDT_260327; BTCUSD_PERP, BTCUSD_260327."""
    pair = f"{contract.base}{contract.quote}"
    if isinstance(contract, DatedFuture):
        return f"{pair}_{datetime.fromtimestamp(contract.expiry_ms / 1000, UTC):%y%m%d}"
    return pair if contract.linear else f"{pair}_PERP"


def instrument(contract: Contract) -> dict[str, object]:
    """Describe a contract."""
    dated = isinstance(contract, DatedFuture)
    status = "TRADING" if contract.status == "trading" else "PENDING_TRADING"
    words: dict[str, object] = {
        "symbol": market_id(contract),
        "pair": f"{contract.base}{contract.quote}",
        "contractType": "CURRENT_QUARTER" if dated else "PERPETUAL",
        "deliveryDate": contract.expiry_ms if isinstance(contract, DatedFuture) else NEVER_MS,
        "onboardDate": LISTED_MS,
        "maintMarginPercent": "2.5000",
        "requiredMarginPercent": "5.0000",
        "baseAsset": contract.base,
        "quoteAsset": contract.quote,
        "marginAsset": contract.settle,
        "pricePrecision": digits(contract.price_tick),
        "quantityPrecision": digits(contract.contracts_step),
        "baseAssetPrecision": 8,
        "quotePrecision": 8,
        "underlyingType": "COIN",
        "underlyingSubType": [],
        "settlePlan": 0,
        "triggerProtect": "0.0500",
        "liquidationFee": "0.012500",
        "marketTakeBound": "0.05",
        "filters": _filters(contract),
        "orderTypes": ["LIMIT", "MARKET"],
        "timeInForce": ["GTC", "IOC", "GTX"],
    }
    if contract.linear:
        return words | {"status": status}
    return words | {
        "contractStatus": status,
        "contractSize": int(contract.contract_size),
        "equalQtyPrecision": 4,
    }


def _filters(contract: Contract) -> list[dict[str, object]]:
    step = {"stepSize": contract.contracts_step, "minQty": contract.contracts_min, "maxQty": "1000000"}
    tick = contract.price_tick
    filters: list[dict[str, object]] = [
        {"filterType": "PRICE_FILTER", "minPrice": tick, "maxPrice": "10000000", "tickSize": tick},
        {"filterType": "LOT_SIZE", **step},
        {"filterType": "MARKET_LOT_SIZE", **step},
        {"filterType": "MAX_NUM_ORDERS", "limit": 200},
        {
            "filterType": "PERCENT_PRICE",
            "multiplierUp": "1.1500",
            "multiplierDown": "0.8500",
            "multiplierDecimal": "4",
        },
    ]
    if contract.linear:
        filters.append({"filterType": "MIN_NOTIONAL", "notional": contract.notional_min})
    return filters


def client_name(order: PlacedOrder) -> str:
    """Give the name an order goes by: the customer's, the venue's for its own hand, or one made up."""
    if order.cause in BY_ITS_HAND:
        return BY_ITS_HAND[order.cause].format(order.number)
    return order.ask.client_id or f"web_{order.number:x}"


def order_words(order: PlacedOrder, contract: Contract) -> dict[str, object]:
    """Describe an order."""
    ask = order.ask
    kind = "MARKET" if ask.limit_price is None else "LIMIT"
    words: dict[str, object] = {
        "orderId": order.number,
        "symbol": market_id(contract),
        "status": STANDINGS[order.standing],
        "clientOrderId": client_name(order),
        "price": ask.limit_price or ZERO,
        "avgPrice": order.mean_price(contract),
        "origQty": ask.contracts,
        "executedQty": order.filled,
        "timeInForce": "GTC" if ask.limit_price is None else WORDS[ask.time_in_force],
        "type": kind,
        "reduceOnly": ask.reduce_only and order.cause == "customer",
        "closePosition": False,
        "side": ask.side.value.upper(),
        "positionSide": "BOTH",
        "stopPrice": "0",
        "workingType": "CONTRACT_PRICE",
        "priceProtect": False,
        "origType": kind,
        "time": order.created_ms,
        "updateTime": order.updated_ms,
    }
    value = order.value(contract)
    if contract.linear:
        extra = {"priceMatch": "NONE", "selfTradePreventionMode": "NONE", "goodTillDate": 0}
        return words | {"cumQuote": value} | extra
    return words | {"pair": f"{contract.base}{contract.quote}", "cumBase": value}


def asked(params: Mapping[str, str], symbol: str) -> Ask:
    """Read an order off the wire, field by field.

    Raises:
        NoError: a field is missing, malformed or of no meaning here.
    """
    side, kind = params.get("side", ""), params.get("type", "")
    if side not in {"BUY", "SELL"} or kind not in {"LIMIT", "MARKET"}:
        raise NoError(No.PARAMETER, "side" if side not in {"BUY", "SELL"} else "type")
    if params.get("positionSide", "BOTH") != "BOTH":
        raise NoError(No.POSITION_SIDE)
    word = params.get("timeInForce", "")
    if kind == "LIMIT" and word not in TIMES_IN_FORCE:
        raise NoError(No.PARAMETER, "timeInForce")
    if kind == "MARKET" and ("price" in params or word):
        raise NoError(No.PARAMETER, "price")
    reduces = params.get("reduceOnly", "false")
    if reduces not in {"true", "false"}:
        raise NoError(No.PARAMETER, "reduceOnly")
    return Ask(
        symbol=symbol,
        side=Side(side.lower()),
        contracts=size_of(params, "quantity"),
        limit_price=price_of(params, "price") if kind == "LIMIT" else None,
        time_in_force=TIMES_IN_FORCE[word] if kind == "LIMIT" else TimeInForce.IOC,
        reduce_only=reduces == "true",
        client_id=params.get("newClientOrderId", ""),
    )


def trade_words(trade: Trade, contract: Contract) -> dict[str, object]:
    """Describe a fill."""
    fill = trade.fill
    value = contract.value(fill.contracts, fill.price)
    words: dict[str, object] = {
        "symbol": market_id(contract),
        "id": trade.number,
        "orderId": trade.order.number,
        "side": fill.side.value.upper(),
        "price": fill.price,
        "qty": fill.contracts,
        "realizedPnl": fill.told_pnl,
        "marginAsset": contract.settle,
        "commission": fill.fee,
        "commissionAsset": contract.settle,
        "time": fill.at_ms,
        "positionSide": "BOTH",
        "maker": fill.maker,
        "buyer": fill.side is Side.BUY,
    }
    return words | (
        {"quoteQty": value}
        if contract.linear
        else {"baseQty": value, "pair": f"{contract.base}{contract.quote}"}
    )


def income_words(income: Income, market: str) -> dict[str, object]:
    """Describe money that moved."""
    return {
        "symbol": market,
        "incomeType": INCOMES[income.kind],
        "income": income.amount,
        "asset": income.asset,
        "time": income.at_ms,
        "info": INCOMES[income.kind],
        "tranId": income.number,
        "tradeId": "" if income.trade is None else str(income.trade),
    }


def position_words(office: Office, account: str, held: Position, contract: Contract) -> dict[str, object]:
    """Describe a position."""
    trader, mark = office.trader(account), office.exchange.marks.get(held.symbol, ZERO)
    position = trader.positions.get(held.symbol)
    flat = position is None or ZERO in {held.contracts, mark}
    profit = ZERO if flat or position is None else position.pnl(mark)
    maintenance = ZERO if flat or position is None else position.maintenance(mark)
    margin = ZERO if flat or position is None else trader.initial_margin(position, mark)
    value = ZERO if flat else contract.value(held.contracts, mark)
    sign = -1 if held.contracts < ZERO else 1
    isolated = held.isolated_margin or ZERO
    shared: dict[str, object] = {
        "symbol": market_id(contract),
        "positionSide": "BOTH",
        "positionAmt": held.contracts,
        "entryPrice": held.entry_price,
        "breakEvenPrice": held.entry_price,
        "markPrice": mark,
        "unRealizedProfit": profit,
        "liquidationPrice": held.liquidation_price or ZERO,
        "isolatedMargin": isolated,
        "isolatedWallet": isolated,
        "updateTime": office.now_ms,
    }
    if contract.linear:
        return shared | {
            "notional": sign * value,
            "initialMargin": margin,
            "maintMargin": maintenance,
            "positionInitialMargin": margin,
            "openOrderInitialMargin": "0",
            "adl": (held.adl_rank or 1) - 1,
            "bidNotional": "0",
            "askNotional": "0",
            "marginAsset": contract.settle,
        }
    return shared | {
        "notionalValue": sign * value,
        "leverage": plain(office.leverage(account, held.symbol)),
        "marginType": trader.margin_mode,
        "isAutoAddMargin": "false",
        "maxQty": "1000000",
    }


def bracket_words(contract: Contract) -> dict[str, object]:
    """Describe margin tiers: by value in quote currency (USD-M), by coins (COIN-M)."""
    low, high = ("notionalFloor", "notionalCap") if contract.linear else ("qtyFloor", "qtyCap")
    return {
        "symbol": market_id(contract),
        "brackets": [
            {
                "bracket": number,
                "initialLeverage": int(leverage),
                low: floor,
                high: end,
                "maintMarginRatio": rate,
                "cum": amount,
            }
            for number, floor, end, leverage, rate, amount in brackets(contract)
        ],
    }


def flat(contract: Contract) -> Position:
    """Describe a position that is none."""
    return Position(
        symbol=contract.symbol, contracts=Contracts(ZERO), entry_price=Price(ZERO), realised_pnl=Money(ZERO)
    )


def span_of(params: Mapping[str, str]) -> tuple[int, int]:
    """Read a time to list, open at either end.

    Raises:
        NoError: it is longer than the venue lists at once.
    """
    start_ms, end_ms = whole_of(params, "startTime", 0), whole_of(params, "endTime", FAR_MS)
    if start_ms and end_ms != FAR_MS and end_ms - start_ms > SPAN_MS_MAX:
        raise NoError(No.PARAMETER, "the time between startTime and endTime")
    return start_ms, end_ms
