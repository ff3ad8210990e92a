"""The model exchange's counter: accounts, the money their owners bring, take and move, and what they are told."""

from collections import defaultdict
from decimal import Decimal

from bot.core.instruments import MarginMode
from bot.core.reports import Fill, Payment, TransferReport
from bot.core.snapshot import Position, Wallet
from bot.core.values import Price
from bot.sim.account import Entry, InsufficientFundsError, SimAccount, SimPosition
from bot.sim.told import Told, asked_name, tell_fill, tell_payment, told_positions, told_wallets


class Counter:
    """What an exchange is to those who keep accounts there and do not trade."""

    def __init__(self) -> None:
        self.accounts: dict[str, SimAccount] = {}
        self.marks: dict[str, Decimal] = {}
        self.indices: dict[str, Decimal] = {}
        """Index price of every coin, as last quoted with any contract on it."""
        self.adl_ranks: dict[tuple[str, str], int] = {}
        """Place in the queue for auto-deleveraging, by account and symbol, where a scenario gives one."""
        self.at_ms = 0
        self.activity: dict[str, Told] = defaultdict(list)
        """Per account, in order: what its owner is told."""
        self._transfers: dict[tuple[str, str], TransferReport] = {}

    def open_account(self, name: str, margin_mode: MarginMode, leverage: Decimal) -> SimAccount:
        """Open an account with empty wallets."""
        self.accounts[name] = SimAccount(
            name=name, margin_mode=margin_mode, leverage=leverage, indices=self.indices
        )
        return self.accounts[name]

    def deposit(self, account: str, asset: str, amount: Decimal) -> None:
        """Bring margin into a futures wallet, or with a negative amount take it out.

        Raises:
            InsufficientFundsError: more would leave than is free.
        """
        trader = self.accounts[account]
        entry = trader.deposit(self.at_ms, "futures", asset, amount, self.marks)
        self._tell(trader, entry)

    def reserve(self, account: str, asset: str, amount: Decimal) -> None:
        """Bring money into a spot wallet, or with a negative amount take it out; no futures wallet is told of it.

        Raises:
            InsufficientFundsError: more would leave than is there.
        """
        self.accounts[account].deposit(self.at_ms, "spot", asset, amount, self.marks)

    def transfer(self, account: str, transfer_id: str, asset: str, amount: Decimal) -> TransferReport:
        """Move money from the spot to the futures wallet. A known name is answered again, and nothing is moved twice."""
        known = self.transfer_of(account, transfer_id)
        if known is not None:
            return known
        trader = self.accounts[account]
        try:
            entry = trader.transfer(self.at_ms, asset, amount, self.marks, to="futures")
        except InsufficientFundsError as error:
            report = TransferReport(transfer_id=transfer_id, state="refused", reason=str(error))
        else:
            self._tell(trader, entry, transfer_id)
            report = TransferReport(transfer_id=transfer_id, state="done")
        self._transfers[account, transfer_id] = report
        return report

    def transfer_of(self, account: str, transfer_id: str) -> TransferReport | None:
        """Look a transfer up by its owner's name for it; None if it was never asked for."""
        return self._transfers.get((account, transfer_id))

    def positions(self, account: str) -> tuple[Position, ...]:
        """List an account's positions; a flat one is listed for its realised profit."""
        return told_positions(self.accounts[account], self.marks, self.adl_ranks)

    def wallets(self, account: str) -> tuple[Wallet, ...]:
        """List the futures wallets of an account."""
        return told_wallets(self.accounts[account], self.marks)

    def _trade(
        self,
        trader: SimAccount,
        position: SimPosition,
        signed: Decimal,
        price: Price,
        fee: Decimal,
        name: str,
        *,
        maker: bool = False,
    ) -> Decimal:
        """Book a trade, or what the venue closes by its own hand: position, wallet, report; returns the profit realised."""
        realised, booked = trader.trade(self.at_ms, position, signed, price, fee)
        tell_fill(
            self.activity[trader.name],
            trader.name,
            self.at_ms,
            client_order_id=name,
            symbol=position.contract.symbol,
            signed=signed,
            price=price,
            realised=realised,
            fee=booked,
            maker=maker,
        )
        return realised

    def _tell(self, trader: SimAccount, entry: Entry, name: str = "") -> None:
        """Tell an owner of a payment, which goes by a ``name`` if the owner gave it one."""
        tell_payment(self.activity[trader.name], trader.name, entry, name)

    def _transferred(self, account: str, told: Fill | Payment) -> None:
        """Know a transfer again by what was told of it; other payments, and fills, are none."""
        if isinstance(told, Payment) and told.kind == "transfer":
            name = asked_name(told)
            self._transfers[account, name] = TransferReport(transfer_id=name, state="done")
