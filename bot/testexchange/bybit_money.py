"""Bybit's words for what happened: executions, funding among them, and the account's log."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from decimal import Decimal

from bot.core.instruments import Contract
from bot.core.values import ONE, ZERO, Side, record, side_of
from bot.testexchange.bybit_words import CREATED_BY, category, market_id, order_id
from bot.testexchange.office import Office
from bot.testexchange.records import Cause, Income, Trade

EXEC_TYPES: dict[Cause, str] = {
    "customer": "Trade",
    "liquidation": "BustTrade",
    "deleverage": "AdlTrade",
    "settlement": "Delivery",
}
"""Kinds of executions; an inverse contract that ends is settled, not delivered."""
EXECUTIONS = frozenset({"Funding", "Settle", *EXEC_TYPES.values()})
LOG_TYPES = {
    "funding": "SETTLEMENT",
    "transfer": "TRANSFER_IN",
    "liquidation": "LIQUIDATION",
    "deposit": "AIRDROP",
    "withdrawal": "AIRDROP",
}
"""Words for money that moved without a trade; a transfer out has its own."""
RATE = ONE.scaleb(-8)
NEVER_SAID: dict[str, object] = {
    "underlyingPrice": "",
    "indexPrice": "",
    "feeCurrency": "",
    "tradeIv": "",
    "markIv": "",
    "blockTradeId": "",
    "marketUnit": "",
    "isLeverage": "0",
    "extraFees": "",
    "stopOrderType": "UNKNOWN",
}
"""Fields of an execution that say nothing of contracts."""


# --- executions -------------------------------------------------------------------------------------------------


def trade_words(trade: Trade, contract: Contract) -> dict[str, object]:
    """Describe an execution."""
    fill, order = trade.fill, trade.order
    value = contract.value(fill.contracts, fill.price)
    done = sum((one.fill.contracts for one in order.trades if one.number <= trade.number), ZERO)
    market = order.ask.limit_price is None or order.cause != "customer"
    settled = order.cause == "settlement" and not contract.linear
    closed = fill.contracts if fill.told_pnl != ZERO or order.ask.reduce_only else ZERO
    return {
        "symbol": market_id(contract),
        "orderId": order_id(order.number),
        "orderLinkId": order.ask.client_id,
        "orderType": "Market" if market else "Limit",
        "side": fill.side.value.capitalize(),
        "orderPrice": order.ask.limit_price or ZERO,
        "orderQty": order.ask.contracts,
        "leavesQty": order.ask.contracts - done,
        "execType": "Settle" if settled else EXEC_TYPES[order.cause],
        "execId": order_id(trade.number),
        "execPrice": fill.price,
        "execQty": fill.contracts,
        "execValue": value,
        "execFee": fill.fee,
        "execPnl": fill.told_pnl,
        "feeRate": (fill.fee / value).quantize(RATE),
        "execTime": str(fill.at_ms),
        "isMaker": fill.maker,
        "markPrice": fill.price,
        "closedSize": closed,
        "createType": CREATED_BY[order.cause],
        "seq": trade.number,
        **NEVER_SAID,
    }


@record
class Paid:
    """A payment of funding, and the position it was for."""

    income: Income
    held: Decimal
    """Signed size of the position."""
    rate: Decimal
    """The market's: longs pay what is positive."""

    @property
    def side(self) -> Side:
        """Side of the position."""
        return side_of(self.held)

    @property
    def fee(self) -> Decimal:
        """What was paid; what was received is negative."""
        return -self.income.amount

    @property
    def signed_rate(self) -> Decimal:
        """The rate as the venue tells it: for a short with its sign turned."""
        return self.side.sign * self.rate

    def price(self, contract: Contract) -> Decimal:
        """Price that the payment was reckoned at; 0 where it cannot be told."""
        if ZERO in {self.rate, self.held, self.income.amount}:
            return ZERO
        value, size = abs(self.income.amount / self.rate), abs(self.held) * contract.contract_size
        return (value / size if contract.linear else size / value).quantize(contract.price_tick)


def paid(office: Office, account: str, income: Income, symbol: str) -> Paid:
    """Find what a payment of funding was for."""
    before = [one for one in office.trades(account, symbol) if one.number < income.number]
    held = sum((one.fill.side.sign * one.fill.contracts for one in before), ZERO)
    rates = dict(office.world.funding_paid(symbol, income.at_ms - 1, income.at_ms))
    return Paid(income=income, held=held, rate=rates.get(income.at_ms, ZERO))


def funding_words(one: Paid, contract: Contract) -> dict[str, object]:
    """Describe a payment of funding as an execution: side and size are the position's, what was paid is positive."""
    price = one.price(contract)
    number = one.income.number
    return {
        "symbol": market_id(contract),
        "orderId": order_id(number),
        "orderLinkId": "",
        "orderType": "UNKNOWN",
        "side": one.side.value.capitalize(),
        "orderPrice": "0",
        "orderQty": "0",
        "leavesQty": "0",
        "execType": "Funding",
        "execId": order_id(number),
        "execPrice": price,
        "execQty": abs(one.held),
        "execValue": contract.value(one.held, price) if price else ZERO,
        "execFee": one.fee,
        "execPnl": "0",
        "feeRate": one.signed_rate,
        "execTime": str(one.income.at_ms),
        "isMaker": False,
        "markPrice": price,
        "closedSize": "0",
        "createType": "",
        "seq": number,
        **NEVER_SAID,
    }


# --- the account's log ------------------------------------------------------------------------------------------


@record
class Entry:
    """One line of the log: what a trade moved, profit and fee together, or one other income."""

    incomes: tuple[Income, ...]
    balance: Decimal
    """Of the coin, afterwards."""

    @property
    def first(self) -> Income:
        """Give what the line is about."""
        return self.incomes[0]

    def sum_of(self, *kinds: str) -> Decimal:
        """Sum what moved, of some kinds."""
        return sum((one.amount for one in self.incomes if one.kind in kinds), ZERO)


def entries(incomes: Iterable[Income]) -> Iterator[Entry]:
    """Put the incomes of an account into lines, oldest first."""
    lines: dict[int, list[Income]] = defaultdict(list)
    for one in incomes:
        lines[one.trade or one.number].append(one)
    balances: dict[str, Decimal] = defaultdict(Decimal)
    for line in lines.values():
        balances[line[0].asset] += sum((one.amount for one in line), ZERO)
        yield Entry(incomes=tuple(line), balance=balances[line[0].asset])


def log_words(office: Office, account: str, entry: Entry) -> dict[str, object]:
    """Describe a line of the log: change is cash flow and funding, less the fee."""
    one = entry.first
    contract = office.exchange.contracts[one.symbol] if one.symbol else None
    trade = next((found for found in office.trades(account) if found.number == one.trade), None)
    return {
        "id": order_id(one.number),
        "symbol": "" if contract is None else market_id(contract),
        "category": "" if contract is None else category(contract),
        "transactionTime": str(one.at_ms),
        "type": _type_of(entry, trade),
        "transSubType": "",
        "currency": one.asset,
        "change": entry.sum_of("pnl", "fee", one.kind),
        "cashFlow": entry.sum_of("pnl", *LOG_TYPES) if one.kind != "funding" else ZERO,
        "fee": -entry.sum_of("fee"),
        "funding": one.amount if one.kind == "funding" else "",
        "cashBalance": entry.balance,
        "bonusChange": "",
        **_about(office, account, entry, trade),
    }


def _type_of(entry: Entry, trade: Trade | None) -> str:
    """Name a line. One that the venue traded by its own hand is a trade: what it seized has a line of its own."""
    one = entry.first
    if trade is not None:
        return "DELIVERY" if trade.order.cause == "settlement" else "TRADE"
    if one.kind == "transfer" and one.amount < ZERO:
        return "TRANSFER_OUT"
    return LOG_TYPES[one.kind]


def _about(office: Office, account: str, entry: Entry, trade: Trade | None) -> dict[str, object]:
    """Say which trade or position a line is about."""
    one = entry.first
    if trade is not None:
        contract = office.exchange.contracts[trade.fill.symbol]
        words = trade_words(trade, contract)
        before = [found for found in office.trades(account, contract.symbol) if found.number <= trade.number]
        return {
            "side": words["side"],
            "qty": trade.fill.contracts,
            "size": sum((found.fill.side.sign * found.fill.contracts for found in before), ZERO),
            "tradePrice": trade.fill.price,
            "feeRate": words["feeRate"],
            "tradeId": words["execId"],
            "orderId": words["orderId"],
            "orderLinkId": words["orderLinkId"],
        }
    about = {"tradeId": order_id(one.number), "orderId": "", "orderLinkId": ""}
    if one.kind != "funding" or one.symbol is None:
        return {"side": "None", "qty": "0", "size": "0", "tradePrice": "0", "feeRate": "0", **about}
    found = paid(office, account, one, one.symbol)
    price = found.price(office.exchange.contracts[one.symbol])
    return {
        "side": found.side.value.capitalize(),
        "qty": abs(found.held),
        "size": found.held,
        "tradePrice": price,
        "feeRate": found.signed_rate,
        **about,
    }
