"""What WEEX keeps of an account besides orders: wallets, positions, settings, fees, bills.

The venue moves no money by key: transfers are its page's, and only their history can be read. Leverage and margin mode hold
for the account here, and for a contract there; of the leverages of cross and of isolated margin, only that of the mode which
is set is kept. Setting what is set already succeeds.
"""

from collections.abc import Mapping
from decimal import Decimal

from bot.core.instruments import Contract, MarginMode
from bot.core.snapshot import Position
from bot.core.values import ZERO
from bot.sim.account import SimAccount
from bot.testexchange.office import Office
from bot.testexchange.records import Income
from bot.testexchange.router import Call
from bot.testexchange.weex_codes import CodedError
from bot.testexchange.weex_words import (
    MODES,
    Held,
    Row,
    bill_kind,
    bill_words,
    coin_of,
    contract_named,
    done_words,
    fields_of,
    in_sim,
    limit_of,
    market_id,
    money,
    one_of,
    plain_cents,
    position_words,
    positive,
    since_flat,
    symbol_in,
    wanted,
    window,
)
from bot.testexchange.wire import No, NoError

BILLS_MAX, TRANSFERS, TRANSFERS_MAX = 100, 10, 100
LAST_BILL = "9" * 19
"""Above the number of any bill."""
SEPARATED = ("COMBINED", "SEPARATED")
CROSS_WORDS, ISOLATED_WORDS = ("crossLeverage",), ("isolatedLongLeverage", "isolatedShortLeverage")


class AccountDesks:
    """The desks for all that is an account's, but orders."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def _priced(self, call: Call, settle: str) -> SimAccount:
        trader = self._office.trader(call.account)
        if not trader.priced(settle, self._office.exchange.marks):
            raise NoError(No.UNPRICED)
        return trader

    # --- wallets and positions --------------------------------------------------------------------------------

    def balance(self, call: Call) -> list[Row]:
        """List the wallets that contracts settle in."""
        settles = dict.fromkeys(one.settle for one in self._office.contracts())
        return [self._wallet(call, settle) for settle in settles]

    def _wallet(self, call: Call, settle: str) -> Row:
        trader, marks = self._priced(call, settle), self._office.exchange.marks
        balance = trader.balance("futures", settle)
        held = trader.open_positions(settle)
        used = sum([trader.initial_margin(one, marks[one.contract.symbol]) for one in held], ZERO)
        return {
            "asset": coin_of(settle, sim=in_sim(call)),
            "balance": money(balance),
            "availableBalance": money(max(ZERO, trader.free(settle, marks))),
            "frozen": money(used),
            "unrealizePnl": money(trader.wallet_equity(settle, marks) - balance),
        }

    def positions(self, call: Call) -> list[Row]:
        """List positions."""
        return [self._position(call, one) for one in self._office.positions(call.account)]

    def position(self, call: Call) -> list[Row]:
        """List the position in one contract: none if it is flat."""
        contract = contract_named(self._office, wanted(call.params, "symbol"))
        found = [one for one in self._office.positions(call.account) if one.symbol == contract.symbol]
        return [self._position(call, one) for one in found]

    def _position(self, call: Call, position: Position) -> Row:
        contract = self._office.contract(position.symbol)
        trader, marks = self._priced(call, contract.settle), self._office.exchange.marks
        own, mark = trader.position(contract), marks[contract.symbol]
        trades = since_flat(self._office.trades(call.account, contract.symbol))
        return position_words(
            Held(
                position=position,
                contract=contract,
                cost=abs(own.cost),
                unrealised=own.pnl(mark),
                initial_margin=trader.initial_margin(own, mark),
                leverage=self._office.leverage(call.account, contract.symbol),
                isolated=trader.margin_mode == "isolated",
                separated=self._office.hedge_mode.get(call.account, False),
                trades=trades,
                funding=self._funding(call, contract, trades[0].fill.at_ms if trades else 0),
                at_ms=self._office.now_ms,
                sim=in_sim(call),
            )
        )

    def _funding(self, call: Call, contract: Contract, since_ms: int) -> Decimal:
        return sum(
            [
                one.amount
                for one in self._office.incomes(call.account)
                if one.kind == "funding" and one.symbol == contract.symbol and one.at_ms >= since_ms
            ],
            ZERO,
        )

    def spot_account(self, call: Call) -> Row:
        """List the spot wallets."""
        trader = self._office.trader(call.account)
        rights = call.key.permissions if call.key is not None else frozenset()
        return {
            "makerCommission": 0,
            "takerCommission": 0,
            "commissionRates": {"maker": "0.00000000", "taker": "0.00000000"},
            "canTrade": "trade" in rights,
            "canWithdraw": "withdraw" in rights,
            "canDeposit": True,
            "updateTime": self._office.now_ms,
            "accountType": "SPOT",
            "balances": [
                {"asset": asset, "free": money(amount), "locked": "0"}
                for (kind, asset), amount in sorted(trader.wallets.items())
                if kind == "spot"
            ],
            "permissions": ["SPOT"],
            "uid": 8_886_281_669,
        }

    # --- settings ---------------------------------------------------------------------------------------------

    def fees(self, call: Call) -> Row:
        """Tell what trading a contract costs."""
        contract = contract_named(self._office, wanted(call.params, "symbol"))
        return {
            "symbol": market_id(contract.symbol),
            "makerCommissionRate": contract.fee_maker,
            "takerCommissionRate": contract.fee_taker,
        }

    def settings(self, call: Call) -> list[Row]:
        """Tell how contracts, or the one that is asked about, are margined and with which leverage."""
        symbol = symbol_in(self._office, call.params)
        return [self._settings(call, one) for one in self._office.contracts() if symbol in {"", one.symbol}]

    def _settings(self, call: Call, contract: Contract) -> Row:
        leverage = plain_cents(self._office.leverage(call.account, contract.symbol))
        return {
            "symbol": market_id(contract.symbol),
            "marginType": MODES[self._office.trader(call.account).margin_mode],
            "separatedType": SEPARATED[self._office.hedge_mode.get(call.account, False)],
            "crossLeverage": leverage,
            **dict.fromkeys(ISOLATED_WORDS, leverage),
        }

    def set_leverage(self, call: Call) -> Row:
        """Set a contract's leverage in the margin mode that is set."""
        fields = fields_of(call)
        contract = contract_named(self._office, wanted(fields, "symbol"))
        mode = MODES[self._office.trader(call.account).margin_mode]
        words, others = (
            (CROSS_WORDS, ISOLATED_WORDS) if mode == MODES["cross"] else (ISOLATED_WORDS, CROSS_WORDS)
        )
        if fields.get("marginType", mode) != mode or any(name in fields for name in others):
            raise NoError(
                No.UNSUPPORTED, f"this test exchange keeps the leverage of the mode that is set, {mode}"
            )
        values = {positive(fields, name) for name in words}
        if len(values) > 1:
            raise NoError(No.UNSUPPORTED, "this test exchange keeps one leverage for both sides")
        leverage = values.pop()
        if leverage != int(leverage):
            raise NoError(No.LEVERAGE, "a whole number")
        self._office.set_leverage(call.account, contract.symbol, leverage)
        return done_words(self._office.clock_ms())

    def set_margin_type(self, call: Call) -> Row:
        """Set how positions are margined, and whether orders' positions are combined or separate."""
        fields = fields_of(call)
        contract_named(self._office, wanted(fields, "symbol"))
        word = one_of(fields, "marginType", MODES.values())
        mode: MarginMode = "cross" if word == MODES["cross"] else "isolated"
        hedged = self._office.hedge_mode.get(call.account, False)
        separate = hedged
        if fields.get("separatedType"):
            separate = one_of(fields, "separatedType", SEPARATED) == SEPARATED[1]
        if self._office.trader(call.account).margin_mode != mode:
            self._office.set_margin_mode(call.account, mode)
        if separate != hedged:
            self._office.set_hedge_mode(call.account, on=separate)
        return done_words(self._office.clock_ms())

    # --- money that moved -------------------------------------------------------------------------------------

    def bills(self, call: Call) -> Row:
        """List money that moved in the contracts' wallets, newest first, by page."""
        fields = fields_of(call)
        if ("startTime" in fields) != ("endTime" in fields):
            raise NoError(No.PARAMETER, "startTime and endTime must be sent together")
        symbol_in(self._office, fields)
        times, limit = window(fields, self._office.now_ms), limit_of(fields, BILLS_MAX, BILLS_MAX)
        rows = [
            row
            for one, row in self._bills(call)
            if one.at_ms in times and _asked_for(fields, row) and one.number < _before(fields)
        ]
        shown, more = rows[:limit], len(rows) > limit
        return {"hasNextPage": more, "nextKey": shown[-1]["billId"] if more else None, "items": shown}

    def _bills(self, call: Call) -> list[tuple[Income, Row]]:
        """Write all bills, newest first, with what a wallet held after each."""
        trader = self._office.trader(call.account)
        trades = {one.number: one for one in self._office.trades(call.account)}
        settles = {one.settle for one in self._office.contracts()}
        left = {asset: trader.balance("futures", asset) for asset in settles}
        found: list[tuple[Income, Row]] = []
        for one in reversed(self._office.incomes(call.account)):
            if one.asset in settles:
                kind = bill_kind(one, trades.get(one.trade or 0))
                found.append((one, bill_words(one, kind, left[one.asset])))
                left[one.asset] -= one.amount
        return found

    def transfers(self, call: Call) -> list[Row]:
        """List transfers between the wallets, newest first."""
        times = window(call.params, self._office.now_ms, ("after", "before"))
        limit = limit_of(call.params, TRANSFERS, TRANSFERS_MAX)
        found = [one for one in self._office.transfers(call.account) if one.at_ms in times]
        return [_transfer_words(one) for one in found[::-1][:limit]]


def _asked_for(fields: Mapping[str, object], row: Row) -> bool:
    named = {"incomeType": "incomeType", "symbol": "symbol", "asset": "asset", "currency": "asset"}
    return all(fields.get(name) in (None, "", row[key]) for name, key in named.items())


def _before(fields: Mapping[str, object]) -> int:
    """Read the bill that a page ends before: the last of the page that was read."""
    key = str(fields.get("nextKey") or LAST_BILL)
    if not (key.isascii() and key.isdigit() and len(key) <= len(LAST_BILL)):
        raise CodedError(No.PARAMETER, -1142, "Parameter is invalid: nextKey")
    return int(key)


def _transfer_words(one: Income) -> Row:
    wallets = ("spot", "contract") if one.amount > ZERO else ("contract", "spot")
    return {
        "coinName": one.asset,
        "status": "Successful",
        "toType": wallets[1],
        "toSymbol": "",
        "fromType": wallets[0],
        "fromSymbol": "",
        "amount": money(abs(one.amount)),
        "tradeTime": str(one.at_ms),
    }
