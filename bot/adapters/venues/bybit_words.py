"""Bybit: its codes and words, and how its rows are read."""

from decimal import Decimal

from bot.adapters.venues.answers import Row, flag, number, number_or, text, time_ms
from bot.adapters.venues.manner import Api, Listed
from bot.adapters.venues.outcomes import Codes, codes_of
from bot.core.orders import OrderRequest, OrderState, TimeInForce
from bot.core.reports import SETTLEMENT_ID, Fill, OrderReport, Payment
from bot.core.snapshot import Position, Wallet
from bot.core.values import ZERO, Contracts, Money, Price, Ratio, Side
from bot.sim.exchange import DELEVERAGE_ID, LIQUIDATION_ID

CODES = Codes(
    outcomes=codes_of(
        rejected="110007 110017 110094 170193 110003 110004 110005 110006 110012 110020 110021 110044 110045 110057"
        " 131212",
        retry="10002 110079",
        rate_limited="10006 10018 10429",
        auth="10003 10004 10005 10010 33004",
        gone="110001 110008 110010",
        same="110043 110025 110026",
    ),
)
STATES = {
    "New": OrderState.OPEN,
    "PartiallyFilled": OrderState.OPEN,
    "Untriggered": OrderState.OPEN,
    "Filled": OrderState.FILLED,
    "Cancelled": OrderState.CANCELLED,
    "PartiallyFilledCanceled": OrderState.CANCELLED,
    "Deactivated": OrderState.CANCELLED,
    "Rejected": OrderState.REJECTED,
}
TIMES_IN_FORCE = {TimeInForce.GTC: "GTC", TimeInForce.IOC: "IOC", TimeInForce.POST_ONLY: "PostOnly"}
MEANT = {"PostOnly": TimeInForce.POST_ONLY, "IOC": TimeInForce.IOC}
OWN_HAND = {
    "BustTrade": LIQUIDATION_ID,
    "AdlTrade": DELEVERAGE_ID,
    "Settle": SETTLEMENT_ID,
    "Delivery": SETTLEMENT_ID,
}
"""Kinds of executions that nobody ordered."""
INVERSE_AND_USDT = ({"category": "linear", "settleCoin": "USDT"}, {"category": "inverse"})
MONEY_MOVED = {
    "SETTLEMENT": "funding",
    "TRANSFER_IN": "transfer",
    "TRANSFER_OUT": "transfer",
    "LIQUIDATION": "liquidation",
}


def report_of(found: Row, symbol: str) -> OrderReport:
    """Read an order."""
    name, word = text(found, "orderLinkId"), text(found, "orderStatus")
    state = STATES.get(word, OrderState.UNKNOWN)
    return OrderReport(
        client_order_id=name,
        symbol=symbol,
        state=state,
        filled=Contracts(number_or(found, "cumExecQty")),
        reason="" if state is OrderState.OPEN else f"the venue says {word}, {found.get('rejectReason', '')}",
        request=OrderRequest(
            client_order_id=name,
            symbol=symbol,
            side=Side(text(found, "side").lower()),
            contracts=Contracts(number(found, "qty")),
            limit_price=None if text(found, "orderType") == "Market" else Price(number(found, "price")),
            time_in_force=MEANT.get(text(found, "timeInForce"), TimeInForce.GTC),
            reduce_only=flag(found, "reduceOnly"),
        ),
    )


def wallet_of(asset: str, found: Row | None, spare: Decimal, share: Decimal) -> Wallet:
    """Read a coin of the unified wallet, with what lies in the funding wallet and the share that backs other positions."""
    if found is None:
        return Wallet(asset=asset, balance=Money(ZERO), deposited=Money(ZERO), spare=Money(spare))
    return Wallet(
        asset=asset,
        balance=Money(number(found, "walletBalance")),
        deposited=Money(ZERO),
        spare=Money(spare),
        collateral_share=Ratio(share),
        equity=Money(number_or(found, "equity", number(found, "walletBalance"))),
        maintenance=Money(number_or(found, "totalPositionMM")),
    )


def position_of(api: Api, found: Row) -> Position:
    """Read a position that is open."""
    sign = 1 if text(found, "side") == "Buy" else -1
    liquidation = number_or(found, "liqPrice")
    rank = number_or(found, "adlRankIndicator")
    return Position(
        symbol=api.symbol_of(text(found, "symbol")),
        contracts=Contracts(sign * number(found, "size")),
        entry_price=Price(number(found, "avgPrice")),
        realised_pnl=Money(ZERO),
        liquidation_price=Price(liquidation) if liquidation > ZERO else None,
        adl_rank=int(rank) or None,
    )


def fill_of(one: Listed, found: Row) -> Fill:
    """Read an execution."""
    side, size, price = (
        Side(text(found, "side").lower()),
        number(found, "execQty"),
        number(found, "execPrice"),
    )
    told = found.get("feeCurrency")
    return Fill(
        fill_id=text(found, "execId"),
        client_order_id=OWN_HAND.get(text(found, "execType"), str(found.get("orderLinkId") or "")),
        symbol=one.contract.symbol,
        side=side,
        contracts=Contracts(size),
        price=Price(price),
        fee=Money(number(found, "execFee") if told in {None, "", one.contract.settle} else ZERO),
        realised_pnl=None,
        maker=flag(found, "isMaker"),
        at_ms=time_ms(found, "execTime"),
    )


def payment_of(api: Api, found: Row) -> Payment:
    """Read a row of the account's log."""
    kind, market = MONEY_MOVED[text(found, "type")], str(found.get("symbol") or "")
    number_of = found.get("id") or found.get("tradeId") or found.get("orderId")
    return Payment(
        payment_id=str(
            number_of or f"{found.get('transactionTime')} {found.get('currency')} {found.get('change')}"
        ),
        kind="funding" if kind == "funding" else "liquidation" if kind == "liquidation" else "transfer",
        symbol=api.symbol_of(market) if market else None,
        asset=text(found, "currency"),
        amount=Money(number(found, "change")),
        at_ms=time_ms(found, "transactionTime"),
    )
