"""MEXC's words: how contracts, orders, positions and deals look on its wire, and its codes for saying no.

Sides, types and states are numbers. Margin tiers are base rates and increments by so many contracts: they are written from
the contract's own tiers at the mark of now, to whole contracts.
"""

from collections.abc import Mapping
from decimal import Decimal

from bot.core.instruments import Contract
from bot.core.orders import TimeInForce
from bot.core.snapshot import Position
from bot.core.values import ONE, ZERO, Side
from bot.testexchange.office import Office
from bot.testexchange.reading import number_of, price_of, size_of
from bot.testexchange.records import Ask, PlacedOrder, Standing, Trade
from bot.testexchange.wire import No, NoError, digits

LEVELS = 5
RATE, RATE_STEP, MARGIN, MARGIN_STEP = (Decimal(one) for one in ("0.004", "0.004", "0.01", "0.01"))
LINEAR_STEP, INVERSE_STEP = Decimal(10_000_000), Decimal(150)
"""Value at which each tier ends, in settlement currency."""
STATES = {
    Standing.NEW: 2,
    Standing.PARTIAL: 2,
    Standing.FILLED: 3,
    Standing.CANCELLED: 4,
    Standing.EXPIRED: 4,
    Standing.REJECTED: 5,
}
TYPES = {
    1: TimeInForce.GTC,
    2: TimeInForce.POST_ONLY,
    3: TimeInForce.IOC,
    5: TimeInForce.IOC,
    6: TimeInForce.IOC,
}
MARKET = frozenset({5, 6})
SIDES = {1: (Side.BUY, False), 2: (Side.BUY, True), 3: (Side.SELL, False), 4: (Side.SELL, True)}
"""Number of a side: what is traded, and whether it only reduces."""
BY_ITS_HAND = {
    "liquidation": "autoclose-{}",
    "deleverage": "adl_autoclose-{}",
    "settlement": "settlement_autoclose-{}",
}
CATEGORIES = {"customer": 1, "liquidation": 2, "settlement": 3, "deleverage": 4}
REFUSALS: Mapping[No, tuple[int, int, str]] = {
    No.PATH: (404, 404, "Not found"),
    No.PARAMETER: (200, 600, "Parameter error: {}"),
    No.SYMBOL: (200, 1001, "Contract not exists"),
    No.CLOSED: (200, 1002, "Contract not activated"),
    No.UNPRICED: (200, 1002, "Contract not activated"),
    No.SIZE_SMALL: (200, 2011, "Order quantity error"),
    No.SIZE_STEP: (200, 2011, "Order quantity error"),
    No.TICK: (200, 2007, "Order price error"),
    No.WOULD_TAKE: (200, 2014, "Post-only order would be filled at once"),
    No.NOT_REDUCING: (200, 2009, "Position is nonexistent or closed"),
    No.NOTIONAL: (200, 2011, "Order quantity error"),
    No.MARGIN: (200, 2005, "Balance insufficient"),
    No.DUPLICATE: (200, 2029, "Duplicate externalOid"),
    No.CLIENT_ID: (200, 600, "Parameter error: externalOid"),
    No.NO_ORDER: (200, 2040, "Order not exist"),
    No.ORDER_DONE: (200, 2041, "Order state cannot be cancelled"),
    No.NO_CHANGE: (200, 2043, "Nothing was changed"),
    No.POSITION_OPEN: (200, 2019, "Positions or orders are open"),
    No.POSITION_SIDE: (200, 2003, "The side does not fit the position mode"),
    No.LEVERAGE: (200, 2018, "Leverage ratio error"),
    No.FUNDS: (400, 10101, "Insufficient balance"),
    No.KEY: (200, 402, "API key expired or invalid"),
    No.SIGNATURE: (200, 602, "Signature verification failed"),
    No.PASSPHRASE: (200, 402, "API key expired or invalid"),
    No.TIMESTAMP: (200, 603, "Invalid request time"),
    No.PERMISSION: (200, 401, "No authority"),
    No.IP: (200, 406, "Accessed IP is not in the whitelist"),
    No.NO_FUTURES: (200, 401, "No authority"),
    No.RATE: (200, 510, "Excessive frequency of requests"),
    No.BANNED: (403, 510, "Excessive frequency of requests, banned {}"),
    No.MAINTENANCE: (503, 501, "System busy: in maintenance"),
    No.BUSY: (200, 501, "System busy"),
    No.UNSUPPORTED: (200, 600, "Parameter error: not supported"),
}
SPOT_REFUSALS: Mapping[No, tuple[int, str]] = {
    No.KEY: (10072, "Api key info invalid"),
    No.SIGNATURE: (700002, "Signature for this request is not valid."),
    No.TIMESTAMP: (700003, "Timestamp for this request is outside of the recvWindow."),
    No.IP: (700006, "IP non white list"),
    No.PERMISSION: (700007, "No permission to access the endpoint"),
    No.FUNDS: (10101, "Insufficient balance"),
}
"""Codes of the spot interface where it has others."""


def risk_tiers(contract: Contract) -> list[tuple[Decimal, Decimal, Decimal]]:
    """List (value from, maintenance rate, highest leverage), in even steps."""
    step = LINEAR_STEP if contract.linear else INVERSE_STEP
    return [
        (step * level, RATE + RATE_STEP * level, (ONE / (MARGIN + MARGIN_STEP * level)).quantize(ONE))
        for level in range(LEVELS)
    ]


def market_id(contract: Contract) -> str:
    """Give the venue's symbol."""
    return f"{contract.base}_{contract.quote}"


def instrument(contract: Contract, mark: Decimal) -> dict[str, object]:
    """Describe a contract."""
    value = LINEAR_STEP if contract.linear else INVERSE_STEP
    step = (value / contract.value(ONE, mark)).quantize(ONE) if mark else ONE
    return {
        "symbol": market_id(contract),
        "displayName": f"{market_id(contract)} PERPETUAL",
        "displayNameEn": f"{market_id(contract)} PERPETUAL",
        "positionOpenType": 3,
        "baseCoin": contract.base,
        "quoteCoin": contract.quote,
        "settleCoin": contract.settle,
        "contractSize": contract.contract_size,
        "minLeverage": 1,
        "maxLeverage": 100,
        "priceScale": digits(contract.price_tick),
        "volScale": 0,
        "amountScale": 4,
        "priceUnit": contract.price_tick,
        "volUnit": contract.contracts_step,
        "minVol": contract.contracts_min,
        "maxVol": 10_000_000,
        "bidLimitPriceRate": "0.1",
        "askLimitPriceRate": "0.1",
        "takerFeeRate": contract.fee_taker,
        "makerFeeRate": contract.fee_maker,
        "maintenanceMarginRate": RATE,
        "initialMarginRate": MARGIN,
        "riskBaseVol": step,
        "riskIncrVol": step,
        "riskIncrMmr": RATE_STEP,
        "riskIncrImr": MARGIN_STEP,
        "riskLevelLimit": LEVELS,
        "priceCoefficientVariation": "0.1",
        "indexOrigin": ["MEXC"],
        "state": 0 if contract.status == "trading" else 4,
        "isNew": False,
        "isHot": True,
        "isHidden": False,
        "apiAllowed": True,
    }


def asked(words: Mapping[str, object], symbol: str) -> Ask:
    """Read an order off the wire, field by field. A time in force is a word this venue does not know, and ignores.

    Raises:
        NoError: a field is missing, malformed or of no meaning here.
    """
    side, kind = number_of(words, "side"), number_of(words, "type")
    if int(side) not in SIDES or int(kind) not in TYPES:
        raise NoError(No.PARAMETER, "side" if int(side) not in SIDES else "type")
    if number_of(words, "openType") != 2:  # noqa: PLR2004 - its number for the whole wallet
        raise NoError(No.UNSUPPORTED)
    if str(words.get("positionMode", "2")) != "2":
        raise NoError(No.POSITION_SIDE)
    trades, reduces = SIDES[int(side)]
    return Ask(
        symbol=symbol,
        side=trades,
        contracts=size_of(words, "vol"),
        limit_price=None if int(kind) in MARKET else price_of(words, "price"),
        time_in_force=TYPES[int(kind)],
        reduce_only=reduces,
        client_id=str(words.get("externalOid", "")),
    )


def side_of_order(order: PlacedOrder) -> int:
    """Give the number of an order's side."""
    wanted = order.ask.side, order.ask.reduce_only
    return next(number for number, words in SIDES.items() if words == wanted)


def order_words(order: PlacedOrder, contract: Contract) -> dict[str, object]:
    """Describe an order."""
    ask, taken = order.ask, sum((one.fill.fee for one in order.trades if not one.fill.maker), ZERO)
    numbers = {TimeInForce.GTC: 1, TimeInForce.POST_ONLY: 2, TimeInForce.IOC: 3}
    own = BY_ITS_HAND.get(order.cause, "").format(order.number)
    return {
        "orderId": str(order.number),
        "symbol": market_id(contract),
        "positionId": 0,
        "price": ask.limit_price or ZERO,
        "vol": ask.contracts,
        "leverage": 20,
        "side": side_of_order(order),
        "category": CATEGORIES[order.cause],
        "orderType": 5 if ask.limit_price is None else numbers[ask.time_in_force],
        "dealAvgPrice": order.mean_price(contract),
        "dealVol": order.filled,
        "orderMargin": "0",
        "takerFee": taken,
        "makerFee": order.fee - taken,
        "profit": sum((one.fill.told_pnl for one in order.trades), ZERO),
        "feeCurrency": contract.settle,
        "openType": 2,
        "state": STATES[order.standing],
        "externalOid": own or ask.client_id or f"_m_{order.number:032x}",
        "errorCode": 0,
        "usedMargin": "0",
        "createTime": order.created_ms,
        "updateTime": order.updated_ms,
        "positionMode": 2,
    }


def deal_words(trade: Trade, contract: Contract) -> dict[str, object]:
    """Describe a deal."""
    fill = trade.fill
    return {
        "id": str(trade.number),
        "symbol": market_id(contract),
        "side": side_of_order(trade.order),
        "vol": fill.contracts,
        "price": fill.price,
        "feeCurrency": contract.settle,
        "fee": fill.fee,
        "timestamp": fill.at_ms,
        "profit": fill.told_pnl,
        "category": CATEGORIES[trade.order.cause],
        "orderId": str(trade.order.number),
        "positionMode": 2,
        "taker": not fill.maker,
    }


def position_words(office: Office, account: str, held: Position, contract: Contract) -> dict[str, object]:
    """Describe a position that is open."""
    trader, mark = office.trader(account), office.exchange.marks.get(held.symbol, ZERO)
    position = trader.positions[held.symbol]
    margin = trader.initial_margin(position, mark) if mark else ZERO
    return {
        "positionId": 1_394_650,
        "symbol": market_id(contract),
        "positionType": 1 if held.contracts > ZERO else 2,
        "openType": 2 if trader.margin_mode == "cross" else 1,
        "state": 1,
        "holdVol": abs(held.contracts),
        "frozenVol": 0,
        "closeVol": 0,
        "holdAvgPrice": held.entry_price,
        "openAvgPrice": held.entry_price,
        "closeAvgPrice": 0,
        "liquidatePrice": held.liquidation_price or ZERO,
        "oim": margin,
        "im": margin,
        "holdFee": 0,
        "realised": held.realised_pnl,
        "leverage": int(office.leverage(account, held.symbol)),
        "createTime": max(1, office.now_ms),
        "updateTime": max(1, office.now_ms),
        "autoAddIm": False,
    }
