"""Binance's words: how contracts, orders, positions, fills and money look on its wire."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal

from bot.core.instruments import Contract, DatedFuture
from bot.core.orders import TimeInForce
from bot.core.snapshot import Position
from bot.core.values import ZERO, Contracts, Money, Price, Side
from bot.testexchange.board import brackets
from bot.testexchange.office import Office
from bot.testexchange.records import Income, IncomeKind, PlacedOrder, Standing, Trade
from bot.testexchange.wire import No, NoError, digits, plain

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
SIZE_MAX, PRICE_MAX, ORDERS_MAX = 1_000_000, 10_000_000, 200
UP_MAX, DOWN_MAX = Decimal("1.15"), Decimal("0.85")
"""How far from the mark a buyer may bid, and a seller ask."""


def pair_of(contract: Contract) -> str:
    """Give what a contract is about: BTCUSD."""
    return f"{contract.base}{contract.quote}"


def market_id(contract: Contract) -> str:
    """Give the venue's symbol: BTCUSDT, BTCUSDT_260327; BTCUSD_PERP, BTCUSD_260327."""
    pair = pair_of(contract)
    if isinstance(contract, DatedFuture):
        return f"{pair}_{datetime.fromtimestamp(contract.expiry_ms / 1000, UTC):%y%m%d}"
    return pair if contract.linear else f"{pair}_PERP"


def contract_type(contract: Contract, listed: Iterable[Contract]) -> str:
    """Tell a perpetual from the next quarter to expire, and that from later ones."""
    if not isinstance(contract, DatedFuture):
        return "PERPETUAL"
    sooner = [
        one
        for one in listed
        if isinstance(one, DatedFuture) and one.base == contract.base and one.expiry_ms < contract.expiry_ms
    ]
    return "NEXT_QUARTER" if sooner else "CURRENT_QUARTER"


def instrument(contract: Contract, kind: str) -> dict[str, object]:
    """Describe a contract of a type."""
    status = "TRADING" if contract.status == "trading" else "PENDING_TRADING"
    words: dict[str, object] = {
        "symbol": market_id(contract),
        "pair": pair_of(contract),
        "contractType": kind,
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
        "maxMoveOrderLimit": 10000,
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
    step = {"stepSize": contract.contracts_step, "minQty": contract.contracts_min, "maxQty": str(SIZE_MAX)}
    tick = contract.price_tick
    filters: list[dict[str, object]] = [
        {"filterType": "PRICE_FILTER", "minPrice": tick, "maxPrice": str(PRICE_MAX), "tickSize": tick},
        {"filterType": "LOT_SIZE", **step},
        {"filterType": "MARKET_LOT_SIZE", **step},
        {"filterType": "MAX_NUM_ORDERS", "limit": ORDERS_MAX},
        {
            "filterType": "PERCENT_PRICE",
            "multiplierUp": UP_MAX,
            "multiplierDown": DOWN_MAX,
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
    return words | {"pair": pair_of(contract), "cumBase": value}


def taken_words(order: PlacedOrder, contract: Contract) -> dict[str, object]:
    """Describe an order that was placed or taken back: the size filled under one more name, and no time it came in."""
    words = order_words(order, contract) | {"cumQty": order.filled}
    return {name: value for name, value in words.items() if name != "time"}


def ack_words(order: PlacedOrder, contract: Contract) -> dict[str, object]:
    """Describe an order as it came in, whatever has become of it since."""
    worth = "cumQuote" if contract.linear else "cumBase"
    fresh = dict.fromkeys(("avgPrice", "executedQty", "cumQty", worth), ZERO)
    return taken_words(order, contract) | fresh | {"status": "NEW", "updateTime": order.created_ms}


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
    return words | ({"quoteQty": value} if contract.linear else {"baseQty": value, "pair": pair_of(contract)})


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


def _numbers(office: Office, account: str, held: Position, contract: Contract) -> dict[str, Decimal]:
    """Reckon a position at the mark, in settlement currency.

    Raises:
        NoError: there is no mark to reckon with.
    """
    trader, mark = office.trader(account), office.exchange.marks.get(held.symbol)
    if held.contracts == ZERO:
        shown = ZERO if mark is None else mark
        return {"mark": shown, "value": ZERO, "profit": ZERO, "margin": ZERO, "maintenance": ZERO}
    if mark is None:
        raise NoError(No.UNPRICED)
    position, sign = trader.position(contract), -1 if held.contracts < ZERO else 1
    return {
        "mark": mark,
        "value": sign * contract.value(held.contracts, mark),
        "profit": position.pnl(mark),
        "margin": trader.initial_margin(position, mark),
        "maintenance": position.maintenance(mark),
    }


def position_words(office: Office, account: str, held: Position, contract: Contract) -> dict[str, object]:
    """Describe a position and its risk."""
    found = _numbers(office, account, held, contract)
    wallet = held.isolated_margin or ZERO
    shared: dict[str, object] = {
        "symbol": market_id(contract),
        "positionSide": "BOTH",
        "positionAmt": held.contracts,
        "entryPrice": held.entry_price,
        "breakEvenPrice": held.entry_price,
        "markPrice": found["mark"],
        "unRealizedProfit": found["profit"],
        "liquidationPrice": held.liquidation_price or ZERO,
        "isolatedMargin": wallet + found["profit"] if wallet else ZERO,
        "isolatedWallet": wallet,
        "updateTime": office.now_ms if held.contracts else 0,
    }
    if contract.linear:
        return shared | {
            "notional": found["value"],
            "initialMargin": found["margin"],
            "maintMargin": found["maintenance"],
            "positionInitialMargin": found["margin"],
            "openOrderInitialMargin": "0",
            "adl": (held.adl_rank or 1) - 1,
            "bidNotional": "0",
            "askNotional": "0",
            "marginAsset": contract.settle,
        }
    leverage = office.leverage(account, held.symbol)
    return shared | {
        "notionalValue": found["value"],
        "leverage": plain(leverage),
        "marginType": office.trader(account).margin_mode,
        "isAutoAddMargin": "false",
        "maxQty": value_max(contract, leverage),
    }


def held_words(office: Office, account: str, held: Position, contract: Contract) -> dict[str, object]:
    """Describe a position as the account lists it: USD-M says less there than COIN-M."""
    found = _numbers(office, account, held, contract)
    wallet = held.isolated_margin or ZERO
    shared: dict[str, object] = {
        "symbol": market_id(contract),
        "positionSide": "BOTH",
        "positionAmt": held.contracts,
        "unrealizedProfit": found["profit"],
        "isolatedWallet": wallet,
        "initialMargin": found["margin"],
        "maintMargin": found["maintenance"],
        "updateTime": office.now_ms if held.contracts else 0,
    }
    if contract.linear:
        isolated = wallet + found["profit"] if wallet else ZERO
        return shared | {"isolatedMargin": isolated, "notional": found["value"]}
    leverage = office.leverage(account, held.symbol)
    return shared | {
        "positionInitialMargin": found["margin"],
        "openOrderInitialMargin": "0",
        "leverage": plain(leverage),
        "isolated": office.trader(account).margin_mode == "isolated",
        "entryPrice": held.entry_price,
        "breakEvenPrice": held.entry_price,
        "maxQty": value_max(contract, leverage),
        "notionalValue": found["value"],
    }


def asset_words(office: Office, account: str, asset: str) -> dict[str, object]:
    """Describe a futures wallet.

    Raises:
        NoError: a position it backs has no mark.
    """
    trader, marks = office.trader(account), office.exchange.marks
    if not trader.priced(asset, marks):
        raise NoError(No.UNPRICED)
    balance, equity = trader.balance("futures", asset), trader.wallet_equity(asset, marks)
    held = trader.open_positions(asset)
    margin = sum((trader.initial_margin(one, marks[one.contract.symbol]) for one in held), ZERO)
    free = max(trader.free(asset, marks), ZERO)
    return {
        "asset": asset,
        "walletBalance": balance,
        "unrealizedProfit": equity - balance,
        "marginBalance": equity,
        "maintMargin": trader.maintenance(asset, marks),
        "initialMargin": margin,
        "positionInitialMargin": margin,
        "openOrderInitialMargin": "0",
        "crossWalletBalance": balance,
        "crossUnPnl": equity - balance,
        "availableBalance": free,
        "maxWithdrawAmount": free,
        "updateTime": max(1, office.now_ms),
    }


def value_max(contract: Contract, leverage: Decimal) -> Decimal:
    """Tell the largest position that a leverage allows, in settlement currency."""
    return max(end for _, _, end, most, _, _ in brackets(contract) if most >= leverage)


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
