"""MEXC's words: how contracts, orders, positions, deals and money look on its wire.

Sides, types and states are numbers. Margin tiers are base rates and increments by so many contracts: they are written from
the contract's own tiers at the mark of now, to whole contracts.
"""

from decimal import Decimal

from bot.core.instruments import Contract
from bot.core.orders import TimeInForce
from bot.core.snapshot import Position
from bot.core.values import ONE, ZERO, Side
from bot.testexchange.office import Office
from bot.testexchange.records import Income, PlacedOrder, Standing, Trade
from bot.testexchange.wire import digits

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
FIRST_POSITION = 1_394_650
"""Number of the position in the contract that was listed first; the others' follow."""


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


def risk_step(contract: Contract, mark: Decimal) -> Decimal:
    """Tell after how many contracts the next margin tier begins."""
    value = LINEAR_STEP if contract.linear else INVERSE_STEP
    return (value / contract.value(ONE, mark)).quantize(ONE) if mark else ONE


def instrument(contract: Contract, mark: Decimal) -> dict[str, object]:
    """Describe a contract."""
    step = risk_step(contract, mark)
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


def side_of_order(order: PlacedOrder) -> int:
    """Give the number of an order's side."""
    wanted = order.ask.side, order.ask.reduce_only
    return next(number for number, words in SIDES.items() if words == wanted)


def order_words(order: PlacedOrder, contract: Contract, leverage: int) -> dict[str, object]:
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
        "leverage": leverage,
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
        "positionId": FIRST_POSITION + list(office.exchange.contracts).index(held.symbol),
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


def leverage_words(contract: Contract, mark: Decimal, leverage: int) -> list[dict[str, object]]:
    """Describe the leverage of a contract: of both sides, and of either margin, in the lowest tier."""
    shared = {
        "level": 1,
        "maxVol": risk_step(contract, mark),
        "mmr": RATE,
        "imr": MARGIN,
        "leverage": leverage,
        "limitBySys": False,
        "currentMmr": RATE,
    }
    return [{**shared, "positionType": side, "openType": how} for side in (1, 2) for how in (1, 2)]


def funding_words(one: Income, contract: Contract, rate: Decimal) -> dict[str, object]:
    """Describe a payment of funding: who is paid at a positive rate was short."""
    return {
        "id": one.number,
        "symbol": market_id(contract),
        "positionType": 2 if (one.amount > ZERO) == (rate > ZERO) else 1,
        "positionValue": round(abs(one.amount / rate), 8) if rate else ZERO,
        "funding": one.amount,
        "rate": rate,
        "settleTime": one.at_ms,
    }


def moved_words(one: Income) -> dict[str, object]:
    """Describe a transfer as the futures wallet saw it."""
    return {
        "id": one.number,
        "txid": str(one.number),
        "currency": one.asset,
        "amount": abs(one.amount),
        "type": "IN" if one.amount > ZERO else "OUT",
        "state": "SUCCESS",
        "createTime": one.at_ms,
        "updateTime": one.at_ms,
    }
