"""Where WEEX takes orders, gives them back and looks them up.

A long and a short side always stand apart at WEEX. One position is kept per contract here, so what would open the other side
beside it, or beside an order that opens one, is refused. POST_ONLY is taken as the documentation says; a key ``postOnly`` is
not known to the venue and says nothing.
"""

import re
import uuid
from collections.abc import Mapping

from bot.core.instruments import Contract
from bot.core.orders import TimeInForce
from bot.core.values import ZERO, Contracts, Price, Side
from bot.testexchange.office import Office
from bot.testexchange.reading import whole_of
from bot.testexchange.records import Ask, PlacedOrder, Standing
from bot.testexchange.router import Call
from bot.testexchange.weex_codes import CodedError
from bot.testexchange.weex_words import (
    TIMES_IN_FORCE,
    Row,
    contract_named,
    fields_of,
    in_sim,
    limit_of,
    market_id,
    one_of,
    order_words,
    position_side,
    positive,
    symbol_in,
    trade_words,
    wanted,
    window,
)
from bot.testexchange.wire import No, NoError

NAME = re.compile(r"[.A-Z:/a-z0-9_-]{1,36}")
"""Names that customers may give orders; the refusal says 40."""
KNOWN = frozenset(
    {
        "symbol",
        "side",
        "positionSide",
        "type",
        "quantity",
        "price",
        "timeInForce",
        "newClientOrderId",
        "reduceOnly",
    }
)
IGNORED = frozenset({"postOnly"})
"""Keys that mean something to ccxt, and nothing to the venue."""
MEANT = {word: meant for meant, word in TIMES_IN_FORCE.items()}
OPEN_MAX, TRADES_MAX, HISTORY_MAX = 100, 100, 1000
NOT_FOUND = "FAILED_ORDER_NOT_FOUND"


class OrderDesks:
    """The desks for orders and fills."""

    def __init__(self, office: Office) -> None:
        self._office = office

    # --- in and out -------------------------------------------------------------------------------------------

    def place(self, call: Call) -> Row:
        """Take an order in: the answer has its numbers, and nothing of how it stands."""
        fields = fields_of(call)
        if self._office.hedge_mode.get(call.account, False):
            raise NoError(
                No.POSITION_SIDE,
                "this test exchange takes no orders while positions are SEPARATED: set separatedType to COMBINED",
            )
        contract = contract_named(self._office, wanted(fields, "symbol"), sim=in_sim(call))
        ask = ask_of(fields, contract, self._unnamed(call))
        self._refuse_other_side(call, contract, ask)
        order = self._office.place(call.account, ask)
        return {
            "orderId": str(order.number),
            "clientOrderId": order.ask.client_id,
            "success": True,
            "errorCode": "",
            "errorMsg": "",
        }

    def _unnamed(self, call: Call) -> str:
        """Make a name up for an order whose customer gives none."""
        return str(uuid.uuid5(uuid.NAMESPACE_OID, f"{call.account} {len(self._office.orders(call.account))}"))

    def _refuse_other_side(self, call: Call, contract: Contract, ask: Ask) -> None:
        if ask.reduce_only:
            return
        held = self._office.trader(call.account).position(contract).contracts
        coming = any(
            one.open and not one.ask.reduce_only and one.ask.side is not ask.side
            for one in self._office.orders(call.account, contract.symbol)
        )
        if held * ask.side.sign < ZERO or coming:
            side = position_side(ask.side, reduces=False)
            raise NoError(
                No.POSITION_SIDE,
                f"this would open a {side} side beside the other one, and this test exchange keeps one position a"
                " contract: close the other side first, with reduceOnly",
            )

    def cancel(self, call: Call) -> Row:
        """Take an order back; that there is none to take back is no refusal, but a word in the answer."""
        name = call.params.get("origClientOrderId", "")
        said: Row = {"origClientOrderId": name} if name else {"orderId": whole_of(call.params, "orderId", 0)}
        try:
            self._office.cancel(call.account, self._found(call))
        except NoError as error:
            if error.no not in {No.NO_ORDER, No.ORDER_DONE}:
                raise
            return {**said, "status": "FAILED", "errorMsg": NOT_FOUND}
        return {**said, "status": "CANCELED"}

    def cancel_all(self, call: Call) -> list[Row]:
        """Take all orders back, or those of a contract."""
        symbol = symbol_in(self._office, call.params)
        done = [
            self._office.cancel(call.account, one) for one in self._office.open_orders(call.account, symbol)
        ]
        return [
            {"orderId": one.number, "clientOrderId": one.ask.client_id, "status": "CANCELED"} for one in done
        ]

    def no_method(self, call: Call) -> Row:
        """Refuse what the documentation has and the venue has not.

        Raises:
            NoError: always.
        """
        method = call.request.method
        raise CodedError(No.UNSUPPORTED, -1150, f"Request method '{method}' not supported")

    # --- looked up --------------------------------------------------------------------------------------------

    def one(self, call: Call) -> Row:
        """Give one order, by number or by name."""
        return self._words(self._found(call))

    def open_ones(self, call: Call) -> list[Row]:
        """List the orders that may still fill, newest first."""
        times, limit = window(call.params, self._office.now_ms), limit_of(call.params, OPEN_MAX, OPEN_MAX)
        found = [
            one
            for one in self._office.open_orders(call.account, symbol_in(self._office, call.params))
            if one.created_ms in times
        ]
        return [self._words(one) for one in found[::-1][:limit]]

    def past(self, call: Call) -> list[Row]:
        """List the orders that are done or have begun to fill, newest first."""
        sim = in_sim(call)
        times = window(call.params, self._office.now_ms)
        limit = limit_of(call.params, HISTORY_MAX // 2, HISTORY_MAX)
        found = [
            one
            for one in self._office.orders(call.account, symbol_in(self._office, call.params, sim=sim))
            if one.standing is not Standing.NEW
            and one.created_ms in times
            and self._office.now_ms - one.created_ms >= self._office.moods.forget_ms
        ]
        return [
            order_words(one, self._office.contract(one.ask.symbol), sim=sim, history=True)
            for one in found[::-1][:limit]
        ]

    def trades(self, call: Call) -> list[Row]:
        """List fills, oldest first: from a time on the first of them, without one the last."""
        limit, number = limit_of(call.params, TRADES_MAX, TRADES_MAX), whole_of(call.params, "orderId", 0)
        times = window(call.params, self._office.now_ms)
        found = [
            one
            for one in self._office.trades(call.account, symbol_in(self._office, call.params))
            if one.fill.at_ms in times and number in {0, one.order.number}
        ]
        shown = found[:limit] if call.params.get("startTime") else found[-limit:]
        return [trade_words(one, self._office.contract(one.fill.symbol)) for one in shown]

    # --- inside -----------------------------------------------------------------------------------------------

    def _words(self, order: PlacedOrder) -> Row:
        return order_words(order, self._office.contract(order.ask.symbol))

    def _found(self, call: Call) -> PlacedOrder:
        name, number = call.params.get("origClientOrderId", ""), whole_of(call.params, "orderId", 0)
        symbol = symbol_in(self._office, call.params)
        if not name and not number:
            raise CodedError(No.PARAMETER, -1140, "Either orderId or origClientOrderId must be sent.")
        if not number:
            return self._office.find(call.account, client_id=checked(name), symbol=symbol)
        order = self._office.find(call.account, number=number, symbol=symbol)
        if name not in {"", order.ask.client_id}:
            raise NoError(No.NO_ORDER, market_id(order.ask.symbol))
        return order


# --- an order as it is asked for ------------------------------------------------------------------------------------


def checked(name: str) -> str:
    """Give a customer's name for an order if it is one.

    Raises:
        NoError: it is too long, or has characters that names have not.
    """
    if not NAME.fullmatch(name):
        raise NoError(No.CLIENT_ID)
    return name


def ask_of(fields: Mapping[str, object], contract: Contract, unnamed: str) -> Ask:
    """Read an order.

    Raises:
        NoError: something is missing, malformed, or not offered here.
    """
    strange = sorted(set(fields) - KNOWN - IGNORED)
    if strange:
        raise NoError(No.PARAMETER, f"{', '.join(strange)} not offered by this test exchange")
    side = Side[one_of(fields, "side", ("BUY", "SELL"), -1117)]
    kind = one_of(fields, "type", ("LIMIT", "MARKET"), -1116)
    return Ask(
        symbol=contract.symbol,
        side=side,
        contracts=Contracts(positive(fields, "quantity")),
        limit_price=_price(fields, kind),
        time_in_force=_time_in_force(fields, kind),
        reduce_only=_reduces(fields, side),
        client_id=checked(str(fields.get("newClientOrderId") or unnamed)),
    )


def _price(fields: Mapping[str, object], kind: str) -> Price | None:
    if kind == "LIMIT":
        return Price(positive(fields, "price"))
    if fields.get("price") is not None:
        raise NoError(No.UNSUPPORTED, "a MARKET order has no price")
    return None


def _time_in_force(fields: Mapping[str, object], kind: str) -> TimeInForce:
    usual = "GTC" if kind == "LIMIT" else "IOC"
    asked = {"timeInForce": fields.get("timeInForce") or usual}
    meant = MEANT[one_of(asked, "timeInForce", MEANT, -1115)]
    if kind == "MARKET" and meant is not TimeInForce.IOC:
        raise NoError(No.UNSUPPORTED, "a MARKET order is IOC")
    return meant


def _reduces(fields: Mapping[str, object], side: Side) -> bool:
    """Whether an order closes: its side and its position side say so, and reduceOnly must not contradict."""
    position = one_of(fields, "positionSide", ("LONG", "SHORT"))
    closes = position != position_side(side, reduces=False)
    word = fields.get("reduceOnly")
    if word is not None and str(word).lower() not in {"true", "false"}:
        raise NoError(No.PARAMETER, "reduceOnly")
    if str(word).lower() == "true" and not closes:
        raise NoError(
            No.POSITION_SIDE, f"{side.name} with positionSide {position} opens, and cannot be reduceOnly"
        )
    return closes
