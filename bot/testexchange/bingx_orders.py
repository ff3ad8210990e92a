"""Where BingX takes orders, gives them back and looks them up, for both products.

BingX would cut a size or a price with too many decimals and take the order; here it is refused, so that the mistake is seen.
One position is kept per contract, in hedge mode too: what would open the other side beside it is refused.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Protocol

from bot.core.instruments import Contract
from bot.core.orders import TimeInForce
from bot.core.values import ZERO, Contracts, Price, Side
from bot.testexchange import bingx_inverse, bingx_words
from bot.testexchange.bingx_codes import SaidError
from bot.testexchange.bingx_words import (
    OWN_HAND,
    Bare,
    Row,
    coin_of,
    contract_named,
    one_of,
    positive,
    whole,
    window,
)
from bot.testexchange.office import Office
from bot.testexchange.records import Ask, PlacedOrder, Standing, Trade
from bot.testexchange.router import Call
from bot.testexchange.wire import No, NoError

NAME_LENGTH_MAX = 40
NAME_REACH_MS = 2 * 60 * 60 * 1000
"""Orders older than this are not found by their customer's name."""
ORDERS_MAX, FORCED_MAX, FILLS_MAX = 1000, 100, 1000
CREATE_NAMES = CANCEL_NAMES = ("clientOrderID", "clientOrderId")
QUERY_NAMES = ("clientOrderId",)
"""How each request spells the customer's name for an order."""
KNOWN = frozenset(
    {
        "symbol",
        "type",
        "side",
        "positionSide",
        "price",
        "quantity",
        "timeInForce",
        "reduceOnly",
        "workingType",
        "recvWindow",
        "timestamp",
        "signature",
        *CREATE_NAMES,
    }
)
NOT_SET = frozenset({"", "0", "false"})
"""Values that leave a parameter as if it had not been sent."""
MEANT = {word: meant for meant, word in bingx_words.TIMES_IN_FORCE.items()}
OPENS = {("BUY", "LONG"), ("SELL", "SHORT")}


class OrderWords(Protocol):
    """Words for an order."""

    def __call__(self, order: PlacedOrder, contract: Contract, leverage: Decimal, *, hedged: bool) -> Row:
        """Write it."""


class OrderDesks:
    """The desks for orders and fills."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def hedged(self, call: Call) -> bool:
        """Whether the account keeps a long and a short side apart."""
        return self._office.hedge_mode.get(call.account, False)

    # --- in and out -------------------------------------------------------------------------------------------

    def place(self, call: Call, *, linear: bool) -> object:
        """Take an order in."""
        contract = contract_named(self._office, call.wanted("symbol"), linear=linear)
        held = self._office.trader(call.account).position(contract).contracts
        hedged = self.hedged(call)
        order = self._office.place(call.account, ask_of(call.params, contract, held, hedged=hedged))
        if linear:
            return {"order": bingx_words.linear_ack(order, hedged=hedged)}
        return Bare(body={"code": 0, "msg": "", **bingx_inverse.ack_words(order, hedged=hedged)})

    def cancel(self, call: Call, *, linear: bool) -> Row:
        """Take an order back."""
        order = self._found(call, CANCEL_NAMES, linear=linear)
        if not order.open and order.standing is not Standing.FILLED:
            raise NoError(No.NO_ORDER)
        self._office.cancel(call.account, order)
        return {"order": self._cancelled(call, order, linear=linear)}

    def cancel_all(self, call: Call, *, linear: bool) -> Row:
        """Take all orders of a contract back, or of the product."""
        open_ones = self._of_product(call, self._office.open_orders(call.account), linear=linear)
        done = [self._office.cancel(call.account, order) for order in open_ones]
        return {"success": [self._cancelled(call, order, linear=linear) for order in done], "failed": None}

    # --- looked up --------------------------------------------------------------------------------------------

    def one(self, call: Call, *, linear: bool) -> Row:
        """Give one order, by number or by name; by name only if it is not old."""
        order = self._found(call, QUERY_NAMES, linear=linear)
        if not call.params.get("orderId") and self._office.now_ms - order.created_ms > NAME_REACH_MS:
            raise NoError(No.NO_ORDER)
        return {"order": self._words(call, order, linear=linear)}

    def open_ones(self, call: Call, *, linear: bool) -> Row:
        """List the orders that may still fill."""
        found = self._of_product(call, self._office.open_orders(call.account), linear=linear)
        return {"orders": [self._words(call, order, linear=linear) for order in found]}

    def past(self, call: Call, *, linear: bool) -> Row:
        """List the orders that are done, newest first."""
        found = [order for order in self._ever(call, linear=linear) if not order.open]
        if linear:
            return {"orders": [self._words(call, order, linear=True) for order in found]}
        return {"orders": [self._said(bingx_inverse.past_words, call, order) for order in found]}

    def all_ones(self, call: Call) -> Row:
        """List all linear orders, newest first."""
        return {"orders": [self._words(call, order, linear=True) for order in self._ever(call, linear=True)]}

    def forced(self, call: Call, *, linear: bool) -> object:
        """List the orders that the venue made itself, newest first."""
        kind = call.params.get("autoCloseType", "")
        kinds = (
            (one_of(call.params, "autoCloseType", ("LIQUIDATION", "ADL")),)
            if kind
            else tuple(OWN_HAND.values())
        )
        found = [
            self._words(call, order, linear=linear)
            for order in self._ever(call, linear=linear)
            if order.cause != "customer" and OWN_HAND[order.cause] in kinds
        ][:FORCED_MAX]
        return {"orders": found} if linear else found

    # --- fills ------------------------------------------------------------------------------------------------

    def fills(self, call: Call) -> Row:
        """List linear fills, oldest first. Sizes are coins, whatever unit is asked for."""
        one_of(call.params, "tradingUnit", ("COIN", "CONT"))
        found = self._fills(call)
        hedged = self.hedged(call)
        return {
            "fill_orders": [
                bingx_words.linear_fill(one, coin_of(call, "USDT"), hedged=hedged) for one in found
            ]
        }

    def fill_details(self, call: Call) -> Row:
        """List linear fills by page, newest first, with ids and with who made them."""
        found = self._fills(call)[::-1]
        size = min(whole(call.params, "pageSize", 50), FILLS_MAX)
        first = (max(1, whole(call.params, "pageIndex", 1)) - 1) * size
        coin, hedged = coin_of(call, "USDT"), self.hedged(call)
        rows = [
            bingx_words.linear_fill_detail(one, coin, hedged=hedged) for one in found[first : first + size]
        ]
        return {"fill_history_orders": rows, "total": len(found)}

    def inverse_fills(self, call: Call) -> list[Row]:
        """List the fills of one inverse order, oldest first."""
        call.wanted("orderId")
        order = self._office.find(call.account, number=whole(call.params, "orderId", 0))
        contract = self._office.contract(order.ask.symbol)
        if contract.linear:
            raise NoError(No.NO_ORDER)
        return [bingx_inverse.fill_words(one, contract, hedged=self.hedged(call)) for one in order.trades]

    def _fills(self, call: Call) -> list[Trade]:
        for name in ("startTs", "endTs"):
            call.wanted(name)
        times, number = window(call.params, 0, ("startTs", "endTs")), whole(call.params, "orderId", 0)
        symbol = call.params.get("symbol", "")
        wanted = contract_named(self._office, symbol, linear=True).symbol if symbol else ""
        return [
            trade
            for trade in self._office.trades(call.account, wanted)
            if self._office.contract(trade.fill.symbol).linear
            and trade.fill.at_ms in times
            and number in {0, trade.order.number}
        ]

    # --- inside -----------------------------------------------------------------------------------------------

    def _words(self, call: Call, order: PlacedOrder, *, linear: bool) -> Row:
        return self._said(bingx_words.linear_order if linear else bingx_inverse.order_words, call, order)

    def _cancelled(self, call: Call, order: PlacedOrder, *, linear: bool) -> Row:
        return self._said(bingx_words.linear_order if linear else bingx_inverse.cancelled_words, call, order)

    def _said(self, words: OrderWords, call: Call, order: PlacedOrder) -> Row:
        contract = self._office.contract(order.ask.symbol)
        leverage = self._office.leverage(call.account, order.ask.symbol)
        return words(order, contract, leverage, hedged=self.hedged(call))

    def _found(self, call: Call, names: tuple[str, ...], *, linear: bool) -> PlacedOrder:
        contract = contract_named(self._office, call.wanted("symbol"), linear=linear)
        number, name = whole(call.params, "orderId", 0), name_in(call.params, names)
        if number:
            order = self._office.find(call.account, number=number, symbol=contract.symbol)
            if name not in {"", order.ask.client_id}:
                raise NoError(No.NO_ORDER)
            return order
        if not name:
            raise SaidError(No.PARAMETER, 80001, f"orderId and {names[0]} are both empty")
        return self._office.find(call.account, client_id=name, symbol=contract.symbol)

    def _of_product(self, call: Call, orders: tuple[PlacedOrder, ...], *, linear: bool) -> list[PlacedOrder]:
        symbol = call.params.get("symbol", "")
        wanted = contract_named(self._office, symbol, linear=linear).symbol if symbol else ""
        return [
            order
            for order in orders
            if self._office.contract(order.ask.symbol).linear == linear and wanted in {"", order.ask.symbol}
        ]

    def _ever(self, call: Call, *, linear: bool) -> list[PlacedOrder]:
        times, first = window(call.params, self._office.now_ms), whole(call.params, "orderId", 0)
        limit = min(whole(call.params, "limit", 500), ORDERS_MAX)
        found = [
            order
            for order in self._of_product(call, self._office.orders(call.account), linear=linear)
            if order.created_ms in times
            and order.number >= first
            and self._office.now_ms - order.created_ms >= self._office.moods.forget_ms
        ]
        return found[::-1][:limit]


# --- an order as it is asked for ------------------------------------------------------------------------------------


def name_in(params: Mapping[str, str], spellings: tuple[str, ...]) -> str:
    """Read a customer's name for an order: BingX keeps it in lower case.

    Raises:
        NoError: it is too long, or not of printable characters.
    """
    name = next((params[spelling] for spelling in spellings if params.get(spelling)), "")
    if len(name) > NAME_LENGTH_MAX or not (name.isascii() and name.isprintable()):
        raise NoError(No.CLIENT_ID)
    return name.lower()


def ask_of(params: Mapping[str, str], contract: Contract, held: Decimal, *, hedged: bool) -> Ask:
    """Read an order.

    Raises:
        NoError: something is missing, malformed, or not offered here.
    """
    strange = sorted(name for name, value in params.items() if name not in KNOWN and value not in NOT_SET)
    if strange:
        raise NoError(No.PARAMETER, f"{', '.join(strange)}: not offered by this test exchange")
    kind = one_of(params, "type", ("LIMIT", "MARKET"))
    side = one_of(params, "side", ("BUY", "SELL"))
    return Ask(
        symbol=contract.symbol,
        side=Side[side],
        contracts=Contracts(positive(params, "quantity")),
        limit_price=_price(params, kind),
        time_in_force=_time_in_force(params, kind),
        reduce_only=_reduces(params, side, held, hedged=hedged),
        client_id=name_in(params, CREATE_NAMES),
    )


def _price(params: Mapping[str, str], kind: str) -> Price | None:
    if kind == "LIMIT":
        return Price(positive(params, "price"))
    if params.get("price", "") not in NOT_SET:
        raise NoError(No.PARAMETER, "price: a MARKET order has none")
    return None


def _time_in_force(params: Mapping[str, str], kind: str) -> TimeInForce:
    meant = MEANT[one_of({"timeInForce": params.get("timeInForce") or "GTC"}, "timeInForce", tuple(MEANT))]
    if kind == "LIMIT":
        return meant
    if meant is TimeInForce.POST_ONLY:
        raise NoError(No.PARAMETER, "timeInForce: a MARKET order cannot be PostOnly")
    return TimeInForce.IOC


def _reduces(params: Mapping[str, str], side: str, held: Decimal, *, hedged: bool) -> bool:
    """Whether an order may only reduce: by its word in one-way mode, by its sides in hedge mode."""
    word = one_of({"reduceOnly": params.get("reduceOnly") or "false"}, "reduceOnly", ("true", "false"))
    position = params.get("positionSide") or "LONG"
    if not hedged:
        if position != "BOTH":
            raise SaidError(
                No.POSITION_SIDE,
                104103,
                "In the One-way mode, the 'PositionSide' field can only be set to BOTH.",
            )
        return word == "true"
    if position not in {"LONG", "SHORT"}:
        raise SaidError(
            No.POSITION_SIDE,
            104103,
            "In the Hedge mode, the 'PositionSide' field can only be set to LONG or SHORT.",
        )
    if word == "true":
        raise NoError(No.PARAMETER, "In the Hedge mode, the 'ReduceOnly' field can not be filled.")
    if (side, position) not in OPENS:
        return True
    if held * Side[side].sign < ZERO:
        raise NoError(
            No.UNSUPPORTED,
            "this test exchange keeps one position per contract: close it before opening another side",
        )
    return False
