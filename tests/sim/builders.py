"""A model town with one trader, ready to trade."""

from decimal import Decimal

from bot.adapters.model_market import model_contract
from bot.core.instruments import Contract, MarginMode
from bot.core.orders import OrderRequest, TimeInForce
from bot.core.snapshot import Quote
from bot.core.values import Contracts, Price, Side
from bot.sim.exchange import Exchange

D = Decimal
T = 1_700_000_000_000
LINEAR = model_contract("BTC/USDT:USDT")
INVERSE = model_contract("BTC/USD:BTC")
ME = "me"


def town(
    contract: Contract = LINEAR,
    *,
    deposit: str = "100000",
    margin_mode: MarginMode = "cross",
    price: str = "50000",
) -> Exchange:
    exchange = Exchange((contract,))
    exchange.open_account(ME, margin_mode, D(10))
    exchange.quote(quote(contract, price))
    exchange.deposit(ME, contract.settle, D(deposit))
    return exchange


def quote(
    contract: Contract,
    bid: str,
    ask: str | None = None,
    *,
    size: str = "1000",
    mark: str | None = None,
    at_ms: int = T,
) -> Quote:
    offered = Price(D(ask or bid))
    return Quote(
        symbol=contract.symbol,
        at_ms=at_ms,
        bid=Price(D(bid)),
        bid_contracts=Contracts(D(size)),
        ask=offered,
        ask_contracts=Contracts(D(size)),
        mark=Price(D(mark or bid)),
        index=Price(D(bid)),
    )


def order(
    side: str,
    contracts: str,
    limit: str | None = None,
    *,
    tif: str = "gtc",
    name: str = "o1",
    contract: Contract = LINEAR,
    reduce_only: bool = False,
) -> OrderRequest:
    return OrderRequest(
        client_order_id=name,
        symbol=contract.symbol,
        side=Side(side),
        contracts=Contracts(D(contracts)),
        limit_price=None if limit is None else Price(D(limit)),
        time_in_force=TimeInForce(tif),
        reduce_only=reduce_only,
    )
