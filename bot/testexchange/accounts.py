"""A venue's customers: their contracts, positions, modes and money, in no venue's words."""

from collections import defaultdict
from decimal import Decimal
from typing import Literal

from bot.core.instruments import Contract, MarginMode
from bot.core.snapshot import Position
from bot.core.values import ZERO
from bot.sim.account import InsufficientFundsError, SimAccount
from bot.testexchange.moods import Moods
from bot.testexchange.records import Income, IncomeKind, World
from bot.testexchange.wire import No, NoError


class Accounts:
    """What a venue is to its customers besides taking their orders."""

    def __init__(self, world: World, first_number: int) -> None:
        self.world = world
        self.exchange = world.exchange
        self.moods = Moods()
        self.hedge_mode: dict[str, bool] = {}
        """Accounts that keep a long and a short side apart; left out is one-way."""
        self.leverages: dict[tuple[str, str], Decimal] = {}
        self.now_ms = 0
        """The venue's clock."""
        self._next_number = first_number
        self._incomes: dict[str, list[Income]] = defaultdict(list)
        self._transfers: dict[tuple[str, str], int] = {}

    def clock_ms(self) -> int:
        """Tell the time as the venue tells it: its clock may be wrong."""
        return self.now_ms + self.moods.clock_skew_ms

    # --- contracts and customers ------------------------------------------------------------------------------

    def contract(self, symbol: str) -> Contract:
        """Give a contract that is listed.

        Raises:
            NoError: there is none.
        """
        found = self.exchange.contracts.get(symbol)
        if found is None or self.exchange.has_expired(symbol):
            raise NoError(No.SYMBOL)
        return found

    def contracts(self) -> tuple[Contract, ...]:
        """List the contracts that have not expired."""
        return tuple(
            one for symbol, one in self.exchange.contracts.items() if not self.exchange.has_expired(symbol)
        )

    def trader(self, account: str) -> SimAccount:
        """Give a customer's account.

        Raises:
            NoError: it has no futures.
        """
        if account not in self.exchange.accounts:
            raise NoError(No.NO_FUTURES)
        return self.exchange.accounts[account]

    def incomes(self, account: str) -> tuple[Income, ...]:
        """List money that moved in an account's futures wallets, oldest first."""
        return tuple(self._incomes[account])

    # --- positions and modes ----------------------------------------------------------------------------------

    def positions(self, account: str) -> tuple[Position, ...]:
        """List what an account holds; flat ones are left out."""
        self.trader(account)
        if self.moods.empty_positions:
            return ()
        return tuple(one for one in self.exchange.positions(account) if one.contracts != ZERO)

    def leverage(self, account: str, symbol: str) -> Decimal:
        """Tell the leverage a contract is set to."""
        return self.leverages.get((account, symbol), self.trader(account).leverage)

    def set_leverage(self, account: str, symbol: str, leverage: Decimal) -> None:
        """Set a contract's leverage; the model exchange knows one for the account, the last that was set.

        Raises:
            NoError: the contract does not allow it.
        """
        most = max(tier.leverage_max for tier in self.contract(symbol).tiers)
        if not 1 <= leverage <= most:
            raise NoError(No.LEVERAGE)
        self.leverages[account, symbol] = leverage
        self.trader(account).leverage = leverage

    def set_margin_mode(self, account: str, mode: MarginMode) -> None:
        """Set how positions are margined, for the account.

        Raises:
            NoError: it is so already, or positions or orders are open.
        """
        if self.trader(account).margin_mode == mode:
            raise NoError(No.NO_CHANGE)
        self._refuse_if_open(account)
        self.trader(account).margin_mode = mode

    def set_hedge_mode(self, account: str, *, on: bool) -> None:
        """Set whether a long and a short side are kept apart.

        Raises:
            NoError: it is so already, or positions or orders are open.
        """
        if self.hedge_mode.get(account, False) == on:
            raise NoError(No.NO_CHANGE)
        self._refuse_if_open(account)
        self.hedge_mode[account] = on

    # --- money ------------------------------------------------------------------------------------------------

    def transfer(
        self, account: str, asset: str, amount: Decimal, to: Literal["futures", "spot"], name: str = ""
    ) -> int:
        """Move money between the spot and the futures wallet; returns the venue's number for it.

        Raises:
            NoError: the wallet holds less, or the name was used before.
        """
        trader = self.trader(account)
        if name and (account, name) in self._transfers:
            raise NoError(No.DUPLICATE)
        try:
            entry = trader.transfer(self.now_ms, asset, amount, self.exchange.marks, to=to)
        except InsufficientFundsError as error:
            raise NoError(No.FUNDS, str(error)) from error
        number = self.book(
            account, "transfer", entry.asset, entry.amount, self.now_ms, symbol=None, name=name
        )
        self._transfers[account, name or str(number)] = number
        return number

    def transfers(self, account: str) -> tuple[Income, ...]:
        """List transfers of an account as its futures wallets saw them, oldest first."""
        return tuple(one for one in self._incomes[account] if one.kind == "transfer")

    def _refuse_if_open(self, account: str) -> None:
        held = any(one.contracts != ZERO for one in self.exchange.positions(account))
        if held or self.exchange.open_orders(account):
            raise NoError(No.POSITION_OPEN)

    def book(
        self,
        account: str,
        kind: IncomeKind,
        asset: str,
        amount: Decimal,
        at_ms: int,
        *,
        symbol: str | None,
        trade: int | None = None,
        name: str = "",
    ) -> int:
        """Write money that moved into an account's history; returns the venue's number for it."""
        found = self.number()
        self._incomes[account].append(
            Income(
                number=found,
                kind=kind,
                symbol=symbol,
                asset=asset,
                amount=amount,
                at_ms=at_ms,
                trade=trade,
                name=name,
            )
        )
        return found

    def number(self) -> int:
        """Give the venue's next number."""
        self._next_number += 1
        return self._next_number - 1
