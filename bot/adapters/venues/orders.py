"""What the manners share about orders: arguments, words on the wire, states, names that are not ours."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

from bot.adapters.venues.manner import Listed, Ticket
from bot.core.orders import OrderRequest, OrderState, TimeInForce
from bot.core.reports import SETTLEMENT_ID
from bot.sim.exchange import DELEVERAGE_ID, LIQUIDATION_ID

ORDER_STATES: dict[str, OrderState] = {
    "NEW": OrderState.OPEN,
    "PARTIALLY_FILLED": OrderState.OPEN,
    "FILLED": OrderState.FILLED,
    "CANCELED": OrderState.CANCELLED,
    "REJECTED": OrderState.REJECTED,
    "EXPIRED": OrderState.CANCELLED,
}
"""Words that several venues use. A word that is not known says nothing: the order is UNKNOWN."""
OWN_HAND = {
    "autoclose-": LIQUIDATION_ID,
    "adl_autoclose": DELEVERAGE_ID,
    "settlement_autoclose-": SETTLEMENT_ID,
    "delivery_autoclose-": SETTLEMENT_ID,
}
"""How names of orders begin that a venue makes by its own hand."""


def own_hand(name: str) -> str:
    """Give our word for what a venue does by its own hand; a name that is none of those as it is."""
    return next((ours for begin, ours in OWN_HAND.items() if name.startswith(begin)), name)


def ticket_of(
    request: OrderRequest,
    name_key: str,
    times_in_force: Mapping[TimeInForce, str],
    more: Mapping[str, object],
    listed: Listed,
) -> Ticket:
    """Put an order into the library's arguments, its name and time in force by the venue's words.

    Raises:
        ValueError: size or price is no whole step, so that the library would round it.
    """
    contract = listed.contract
    if request.contracts % contract.contracts_step:
        raise ValueError(f"{request.contracts} is no whole step of {contract.symbol}")
    if request.limit_price is not None and request.limit_price % contract.price_tick:
        raise ValueError(f"{request.limit_price} is no whole tick of {contract.symbol}")
    params: dict[str, object] = {name_key: request.client_order_id, **more}
    if request.limit_price is not None:
        params["timeInForce"] = times_in_force[request.time_in_force]
    if request.reduce_only:
        params["reduceOnly"] = True
    return Ticket(
        kind="market" if request.limit_price is None else "limit",
        amount=request.contracts,
        price=request.limit_price,
        params=params,
    )


def price_words(request: OrderRequest, times_in_force: Mapping[TimeInForce, str]) -> Mapping[str, object]:
    """Give the words of an order with a price: the price, and its time in force by the venue's words."""
    if request.limit_price is None:
        return {}
    return {"price": request.limit_price, "timeInForce": times_in_force[request.time_in_force]}


def words_missing(found: Mapping[str, object], wanted: Mapping[str, object]) -> str:
    """Say which words an outgoing order lacks or has otherwise; None wants a word not to be there. Nothing if all fit."""
    wrong = [
        f"{key} is {found.get(key, 'missing')}, not {'missing' if value is None else value}"
        for key, value in wanted.items()
        if not _same(found.get(key), value)
    ]
    return ", ".join(wrong)


def _same(found: object, wanted: object) -> bool:
    if wanted is None:
        return found is None or str(found).lower() == "false"
    if isinstance(wanted, Decimal):
        try:
            return found is not None and Decimal(str(found)) == wanted
        except InvalidOperation:
            return False
    return found is not None and str(found).lower() == str(wanted).lower()
