"""Where MEXC takes orders, gives them back and looks them up.

An ack has the order's number and no name of the customer's. Orders are found by name within their contract. What is asked to
go back is answered one by one: a list in which some are told to have failed is no refusal.
"""

from collections.abc import Mapping

from bot.testexchange.mexc_codes import words_of
from bot.testexchange.mexc_reading import asked, contract_named, page_of, span_of, symbol_in, wanted
from bot.testexchange.mexc_words import STATES, deal_words, order_words
from bot.testexchange.office import Office
from bot.testexchange.reading import body_of, text_of, whole_of
from bot.testexchange.records import PlacedOrder
from bot.testexchange.router import Call
from bot.testexchange.wire import No, NoError

Row = dict[str, object]
CANCELS_MAX = 50


class OrderDesks:
    """The desks for orders and deals."""

    def __init__(self, office: Office) -> None:
        self._office = office

    # --- in and out -------------------------------------------------------------------------------------------

    def place(self, call: Call) -> Row:
        """Take an order in."""
        words = body_of(call.request)
        if self._office.hedge_mode.get(call.account, False):
            raise NoError(No.POSITION_SIDE)
        ask = asked(words, contract_named(self._office, words).symbol)
        order = self._office.place(call.account, ask)
        return {"orderId": str(order.number), "ts": self._office.clock_ms()}

    def cancel(self, call: Call) -> list[Row]:
        """Take orders back by number."""
        numbers = call.request.json()
        if not isinstance(numbers, list) or not 0 < len(numbers) <= CANCELS_MAX:
            raise NoError(No.PARAMETER, f"a list of 1 to {CANCELS_MAX} order ids")
        if any(type(number) not in {str, int} for number in numbers):
            raise NoError(No.PARAMETER, "orderId")
        return [self._cancelled(call, str(number)) for number in numbers]

    def _cancelled(self, call: Call, number: str) -> Row:
        try:
            order = self._office.find(call.account, number=whole_of({"orderId": number}, "orderId"))
            self._office.cancel(call.account, order)
        except NoError as error:
            code, text = words_of(error, "cancel")
            return {"orderId": number, "errorCode": code, "errorMsg": text}
        return {"orderId": number, "errorCode": 0, "errorMsg": "success"}

    def cancel_named(self, call: Call) -> Row:
        """Take an order back by the customer's name for it."""
        words = body_of(call.request)
        symbol, name = contract_named(self._office, words).symbol, wanted(words, "externalOid")
        order = self._office.find(call.account, client_id=name, symbol=symbol)
        self._office.cancel(call.account, order)
        return {"symbol": words["symbol"], "externalOid": name}

    def cancel_all(self, call: Call) -> None:
        """Take all orders back, or those of a contract."""
        symbol = symbol_in(self._office, body_of(call.request))
        for order in self._office.open_orders(call.account, symbol):
            self._office.cancel(call.account, order)

    # --- looking up -------------------------------------------------------------------------------------------

    def by_name(self, call: Call) -> Row:
        """Look an order up by the customer's name for it."""
        symbol, name = contract_named(self._office, call.params).symbol, call.wanted("external")
        return self._words(self._office.find(call.account, client_id=name, symbol=symbol))

    def by_number(self, call: Call) -> Row:
        """Look an order up by the venue's number."""
        return self._words(self._office.find(call.account, number=whole_of(call.params, "order")))

    def open_ones(self, call: Call) -> list[Row]:
        """List orders that may still fill, newest first."""
        found = self._office.open_orders(call.account, symbol_in(self._office, call.params))
        return [self._words(order) for order in page_of(found[::-1], call.params)]

    def past(self, call: Call) -> list[Row]:
        """List orders that are done, newest first."""
        from_ms, to_ms = span_of(call.params, self._office.clock_ms())
        states, category = _states(call.params), whole_of(call.params, "category", 0)
        side = whole_of(call.params, "side", 0)
        rows = [
            self._words(order)
            for order in self._office.orders(call.account, symbol_in(self._office, call.params))[::-1]
            if not order.open and from_ms <= order.created_ms <= to_ms and STATES[order.standing] in states
        ]
        found = [row for row in rows if category in {0, row["category"]} and side in {0, row["side"]}]
        return page_of(found, call.params)

    def deals(self, call: Call) -> list[Row]:
        """List deals within a time, newest first."""
        from_ms, to_ms = span_of(call.params, self._office.clock_ms())
        contracts = self._office.exchange.contracts
        found = [
            deal_words(one, contracts[one.fill.symbol])
            for one in self._office.trades(call.account, symbol_in(self._office, call.params))
            if from_ms <= one.fill.at_ms <= to_ms
        ]
        return page_of(found[::-1], call.params)

    def deals_of(self, call: Call) -> list[Row]:
        """List the deals of one order."""
        order = self._office.find(call.account, number=whole_of(call.params, "order"))
        contract = self._office.exchange.contracts[order.ask.symbol]
        return [deal_words(one, contract) for one in order.trades]

    def _words(self, order: PlacedOrder) -> Row:
        leverage = int(self._office.leverage(order.account, order.ask.symbol))
        return order_words(order, self._office.exchange.contracts[order.ask.symbol], leverage)


def _states(params: Mapping[str, object]) -> frozenset[int]:
    """Read which states are wanted, with commas between; all of them if nobody says."""
    known = frozenset(STATES.values())
    text = text_of(params, "states")
    if not text:
        return known
    found = frozenset(whole_of({"states": one}, "states") for one in text.split(","))
    if not found <= known | {1}:
        raise NoError(No.PARAMETER, "states")
    return found
