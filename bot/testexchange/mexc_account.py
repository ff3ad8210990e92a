"""Where MEXC keeps a customer's futures: wallets, positions, settings, and what moved."""

from decimal import Decimal

from bot.core.values import ZERO
from bot.testexchange.mexc_reading import ONE_WAY, contract_named, one_of, paged, refuse_isolated, symbol_in
from bot.testexchange.mexc_words import (
    funding_words,
    leverage_words,
    moved_words,
    position_words,
)
from bot.testexchange.office import Office
from bot.testexchange.reading import body_of, text_of, whole_of
from bot.testexchange.records import Income
from bot.testexchange.router import Call
from bot.testexchange.wire import No, NoError

Row = dict[str, object]
HEDGED = 1
"""Number of the position mode that keeps a long and a short side apart."""
MOVED_STATES = frozenset({"WAIT", "SUCCESS", "FAILED"})
WAYS = frozenset({"IN", "OUT"})


class AccountDesks:
    """The desks for the account."""

    def __init__(self, office: Office) -> None:
        self._office = office

    # --- what is held -----------------------------------------------------------------------------------------

    def assets(self, call: Call) -> list[Row]:
        """List futures wallets: money that backs positions is not available."""
        trader, marks = self._office.trader(call.account), self._office.exchange.marks
        found: list[Row] = []
        for kind, coin in sorted(trader.wallets):
            if kind != "futures":
                continue
            balance, priced = trader.balance("futures", coin), trader.priced(coin, marks)
            held = trader.open_positions(coin) if priced else []
            margin = sum((trader.initial_margin(one, marks[one.contract.symbol]) for one in held), ZERO)
            equity = trader.wallet_equity(coin, marks) if priced else balance
            found.append(
                {
                    "currency": coin,
                    "positionMargin": margin,
                    "availableBalance": max(balance - margin, ZERO),
                    "cashBalance": max(balance - margin, ZERO),
                    "frozenBalance": "0",
                    "equity": equity,
                    "unrealized": equity - balance,
                    "bonus": "0",
                }
            )
        return found

    def positions(self, call: Call) -> list[Row]:
        """List open positions."""
        contracts, symbol = self._office.exchange.contracts, symbol_in(self._office, call.params)
        return [
            position_words(self._office, call.account, one, contracts[one.symbol])
            for one in self._office.positions(call.account)
            if symbol in {"", one.symbol}
        ]

    # --- settings ---------------------------------------------------------------------------------------------

    def mode(self, call: Call) -> int:
        """Tell whether a long and a short side are kept apart."""
        return HEDGED if self._office.hedge_mode.get(call.account, False) else ONE_WAY

    def leverage(self, call: Call) -> list[Row]:
        """Tell the leverage of a contract."""
        contract = contract_named(self._office, call.params)
        mark = self._office.exchange.marks.get(contract.symbol, ZERO)
        return leverage_words(contract, mark, int(self._office.leverage(call.account, contract.symbol)))

    def set_leverage(self, call: Call) -> None:
        """Set the leverage of a contract; the other side's follows, for there is one position here."""
        words = body_of(call.request)
        if words.get("positionId"):
            raise NoError(No.UNSUPPORTED, "positionId")
        contract, leverage = contract_named(self._office, words), whole_of(words, "leverage")
        refuse_isolated(words)
        if whole_of(words, "positionType") not in {1, 2}:
            raise NoError(No.PARAMETER, "positionType")
        self._office.set_leverage(call.account, contract.symbol, Decimal(leverage))

    def set_mode(self, call: Call) -> None:
        """Set whether a long and a short side are kept apart."""
        mode = whole_of(body_of(call.request), "positionMode")
        if mode not in {HEDGED, ONE_WAY}:
            raise NoError(No.PARAMETER, "positionMode")
        self._office.set_hedge_mode(call.account, on=mode == HEDGED)

    # --- money ------------------------------------------------------------------------------------------------

    def fundings(self, call: Call) -> Row:
        """List payments of funding, newest first."""
        if call.params.get("position_id"):
            raise NoError(No.UNSUPPORTED, "position_id")
        symbol = symbol_in(self._office, call.params)
        found = [
            self._funding(one, one.symbol)
            for one in self._office.incomes(call.account)
            if one.kind == "funding" and one.symbol is not None and symbol in {"", one.symbol}
        ]
        return paged(found[::-1], call.params)

    def _funding(self, one: Income, symbol: str) -> Row:
        rates = dict(self._office.world.funding_paid(symbol, one.at_ms, one.at_ms))
        return funding_words(one, self._office.exchange.contracts[symbol], rates.get(one.at_ms, ZERO))

    def moved(self, call: Call) -> Row:
        """List transfers, newest first."""
        wanted = {
            "currency": text_of(call.params, "currency"),
            "state": one_of(call.params, "state", MOVED_STATES),
            "type": one_of(call.params, "type", WAYS),
        }
        rows = [moved_words(one) for one in self._office.transfers(call.account)]
        found = [row for row in rows if all(word in {"", row[name]} for name, word in wanted.items())]
        return paged(found[::-1], call.params)
