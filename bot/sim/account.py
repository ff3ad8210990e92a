"""One trader's account at the model exchange: wallets, positions, margin, and a ledger that explains every quantum.

Conservation: money moves only in :meth:`SimAccount.post`, in whole quanta, and the ledger's entries sum to the
wallets exactly.
"""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from bot.core.instruments import Contract, MarginMode, MarginRule
from bot.core.positions import entry_of, fill, isolated_margin, open_pnl
from bot.core.values import ONE, ZERO, Price, money, record

WalletKind = Literal["spot", "futures"]
EntryKind = Literal["deposit", "withdrawal", "transfer", "pnl", "fee", "funding", "liquidation"]


class InsufficientFundsError(Exception):
    """A wallet holds less than was asked of it."""


@record
class Entry:
    """One movement of money. Received is positive."""

    number: int
    at_ms: int
    wallet: WalletKind
    asset: str
    kind: EntryKind
    amount: Decimal
    symbol: str | None


@dataclass(slots=True)
class SimPosition:
    """A position: signed contracts, exact cost, and in isolated mode the margin set aside for it."""

    contract: Contract
    contracts: Decimal = ZERO
    cost: Decimal = ZERO
    realised: Decimal = ZERO
    isolated_margin: Decimal = ZERO

    @property
    def entry_price(self) -> Price:
        """Average entry; 0 when flat."""
        return entry_of(self.contract, self.contracts, self.cost)

    def pnl(self, mark: Decimal) -> Decimal:
        """Unrealised profit at a mark, from the exact cost."""
        return open_pnl(self.contract, self.contracts, self.cost, mark)

    def maintenance(self, mark: Decimal) -> Decimal:
        """Maintenance margin at a mark."""
        if self.contracts == ZERO:
            return ZERO
        on_entry = self.contract.margin_rule is MarginRule.ENTRY
        return self.contract.maintenance_on(
            self.cost if on_entry else self.contract.value(self.contracts, mark)
        )

    def fill(self, signed: Decimal, price: Decimal) -> Decimal:
        """Take a fill in and return the profit it realised."""
        after = fill(self.contract, self.contracts, self.cost, signed, price)
        self.contracts, self.cost = after.contracts, after.cost
        self.realised += after.realised
        return after.realised


@dataclass(slots=True)
class SimAccount:
    """A trader: spot wallets, futures wallets by settlement asset, positions by symbol.

    In a unified account coins of some kinds back positions that settle in something else (reference section 5.7).
    """

    name: str
    margin_mode: MarginMode
    leverage: Decimal
    """Chosen leverage: initial margin is value / leverage, or the tier's own limit if that is lower."""
    wallets: dict[tuple[WalletKind, str], Decimal] = field(default_factory=dict)
    deposited: dict[str, Decimal] = field(default_factory=dict)
    positions: dict[str, SimPosition] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)
    collateral_shares: dict[str, Decimal] = field(default_factory=dict)
    """By coin, the share of its value that backs positions in something else: 0.95 is a haircut of 5 %. Cross only."""
    indices: dict[str, Decimal] = field(default_factory=dict)
    """Index prices by coin: the exchange's own, which it keeps up to date."""

    # --- money ----------------------------------------------------------------------------------------------

    def balance(self, wallet: WalletKind, asset: str) -> Decimal:
        """Balance of a wallet."""
        return self.wallets.get((wallet, asset), ZERO)

    def post(
        self,
        at_ms: int,
        kind: EntryKind,
        asset: str,
        amount: Decimal,
        *,
        wallet: WalletKind = "futures",
        symbol: str | None = None,
    ) -> Entry:
        """Move money: the only place where a wallet changes."""
        amount = money(amount)
        self.wallets[wallet, asset] = self.balance(wallet, asset) + amount
        entry = Entry(
            number=len(self.entries) + 1,
            at_ms=at_ms,
            wallet=wallet,
            asset=asset,
            kind=kind,
            amount=amount,
            symbol=symbol,
        )
        self.entries.append(entry)
        return entry

    def deposit(
        self, at_ms: int, wallet: WalletKind, asset: str, amount: Decimal, marks: dict[str, Decimal]
    ) -> Entry:
        """Bring money in from outside, or with a negative amount take it out.

        Raises:
            InsufficientFundsError: more would leave than is free.
        """
        free = self.loose(asset, marks) if wallet == "futures" else self.balance(wallet, asset)
        if amount < ZERO and -amount > free:
            raise InsufficientFundsError(
                f"{self.name}: {-amount} {asset} asked of the {wallet} wallet, {free} is free."
            )
        return self.deposit_again(at_ms, wallet, asset, amount)

    def deposit_again(self, at_ms: int, wallet: WalletKind, asset: str, amount: Decimal) -> Entry:
        """Book a deposit, or a negative withdrawal, that was granted before: whether it may be is not asked again."""
        if wallet == "futures":
            self.deposited[asset] = self.deposited.get(asset, ZERO) + money(amount)
        return self.post(at_ms, "deposit" if amount >= ZERO else "withdrawal", asset, amount, wallet=wallet)

    def transfer(
        self, at_ms: int, asset: str, amount: Decimal, marks: dict[str, Decimal], *, to: WalletKind
    ) -> Entry:
        """Move money between the spot and the futures wallet; returns what the futures wallet saw of it.

        Raises:
            InsufficientFundsError: the source has less free, or the amount is not positive.
        """
        source: WalletKind = "spot" if to == "futures" else "futures"
        free = self.balance("spot", asset) if source == "spot" else self.loose(asset, marks)
        if not ZERO < amount <= free:
            raise InsufficientFundsError(
                f"{self.name}: {amount} {asset} asked of the {source} wallet, {free} is free."
            )
        return self._move(at_ms, asset, amount if to == "futures" else -amount)

    def transfer_again(self, at_ms: int, asset: str, amount: Decimal) -> Entry:
        """Book a transfer into the futures wallet that was granted before.

        Raises:
            ValueError: the spot wallet never held so much; whoever restores brings its money in first.
        """
        there = self.balance("spot", asset)
        if amount > there:
            raise ValueError(
                f"{self.name} moved {amount} {asset} out of a spot wallet with {there}: bring its money in first."
            )
        return self._move(at_ms, asset, amount)

    def _move(self, at_ms: int, asset: str, amount: Decimal) -> Entry:
        """Move money into the futures wallet, or with a negative amount back; it counts as deposited there."""
        self.post(at_ms, "transfer", asset, -amount, wallet="spot")
        self.deposited[asset] = self.deposited.get(asset, ZERO) + money(amount)
        return self.post(at_ms, "transfer", asset, amount)

    # --- margin ---------------------------------------------------------------------------------------------

    def position(self, contract: Contract) -> SimPosition:
        """Give the position in a contract, flat if it was never traded."""
        if contract.symbol not in self.positions:
            self.positions[contract.symbol] = SimPosition(contract=contract)
        return self.positions[contract.symbol]

    def holds(self, symbol: str) -> bool:
        """Whether there is an open position in a contract."""
        return symbol in self.positions and self.positions[symbol].contracts != ZERO

    def open_positions(self, asset: str) -> list[SimPosition]:
        """List positions that settle in ``asset``."""
        return [p for p in self.positions.values() if p.contracts != ZERO and p.contract.settle == asset]

    def share(self, asset: str) -> Decimal:
        """Share of a coin's value that backs positions which settle in something else; 0 in isolated mode."""
        return self.collateral_shares.get(asset, ZERO) if self.margin_mode == "cross" else ZERO

    def worth(self, asset: str, settle: str) -> Decimal:
        """Backing that one coin gives to positions that settle in ``settle``; 0 as long as it has no index price.

        What has no index price itself, as a stablecoin, is taken to be what indices are quoted in.
        """
        if asset == settle:
            return ZERO
        return self.share(asset) * self.indices.get(asset, ZERO) / self.indices.get(settle, ONE)

    def collateral(self, settle: str) -> Decimal:
        """Value of coins that back positions which settle in ``settle``, in that, haircuts taken off."""
        coins = [
            self.worth(asset, settle) * self.balance("futures", asset) for asset in self.collateral_shares
        ]
        return sum(coins, ZERO)

    def priced(self, settle: str, marks: dict[str, Decimal]) -> bool:
        """Whether every open position that settles in ``settle`` has a mark, and every coin behind them an index price."""
        coins = [
            asset
            for asset in self.collateral_shares
            if asset != settle and self.share(asset) > ZERO and self.balance("futures", asset) != ZERO
        ]
        marked = all(held.contract.symbol in marks for held in self.open_positions(settle))
        return marked and all(coin in self.indices for coin in coins)

    def wallet_equity(self, asset: str, marks: dict[str, Decimal]) -> Decimal:
        """Futures wallet and unrealised profit at the marks, by symbol; coins of another kind left out."""
        profits = [p.pnl(marks[p.contract.symbol]) for p in self.open_positions(asset)]
        return sum(profits, self.balance("futures", asset))

    def equity(self, asset: str, marks: dict[str, Decimal]) -> Decimal:
        """All that backs the positions which settle in ``asset``: wallet, unrealised profit, coins of another kind."""
        return self.wallet_equity(asset, marks) + self.collateral(asset)

    def maintenance(self, asset: str, marks: dict[str, Decimal]) -> Decimal:
        """Maintenance margin of all positions that settle in ``asset``."""
        return sum([p.maintenance(marks[p.contract.symbol]) for p in self.open_positions(asset)], ZERO)

    def initial_margin(self, position: SimPosition, mark: Decimal) -> Decimal:
        """Margin that holds a position: what was set aside (isolated) or value / leverage at the mark (cross)."""
        if self.margin_mode == "isolated":
            return position.isolated_margin
        return position.contract.value(position.contracts, mark) / self.leverage

    def free(self, asset: str, marks: dict[str, Decimal]) -> Decimal:
        """What can back a new order. Unrealised profit and other coins count in cross mode only, losses always."""
        free = self.balance("futures", asset) + self.collateral(asset)
        for position in self.open_positions(asset):
            mark = marks[position.contract.symbol]
            free -= self.initial_margin(position, mark)
            if self.margin_mode == "cross":
                free += position.pnl(mark)
        return free

    def loose(self, asset: str, marks: dict[str, Decimal]) -> Decimal:
        """Money that can leave the futures wallet: it backs nothing, and no other coin stands in for what is not there."""
        most = self.free(asset, marks)
        if self.collateral(asset) > ZERO:
            most = min(most, self.wallet_equity(asset, marks))
        for settle in {p.contract.settle for p in self.positions.values() if p.contracts != ZERO}:
            worth = self.worth(asset, settle)
            if worth > ZERO:
                most = min(most, self.free(settle, marks) / worth)
        return most

    def backing(self, position: SimPosition, marks: dict[str, Decimal]) -> Decimal:
        """What backs one position besides its own profit: see ``Perpetual.liquidation_price``."""
        if self.margin_mode == "isolated":
            return position.isolated_margin
        asset, symbol = position.contract.settle, position.contract.symbol
        others = [p for p in self.open_positions(asset) if p.contract.symbol != symbol]
        return (
            self.balance("futures", asset)
            + self.collateral(asset)
            + sum(
                (p.pnl(marks[p.contract.symbol]) - p.maintenance(marks[p.contract.symbol]) for p in others),
                ZERO,
            )
        )

    def trade(
        self, at_ms: int, position: SimPosition, signed: Decimal, price: Decimal, fee: Decimal
    ) -> tuple[Decimal, Decimal]:
        """Take a trade into position and wallet; returns the profit it realised and the fee as booked."""
        contract, before = position.contract, position.contracts
        realised = position.fill(signed, price)
        self.settle_isolated(position, before, price)
        if realised != ZERO:
            self.post(at_ms, "pnl", contract.settle, realised, symbol=contract.symbol)
        if fee == ZERO:
            return realised, ZERO
        return realised, -self.post(at_ms, "fee", contract.settle, -fee, symbol=contract.symbol).amount

    def settle_isolated(self, position: SimPosition, before: Decimal, price: Decimal) -> None:
        """Set margin aside for what a fill added, release what it closed; nothing to do in cross mode."""
        if self.margin_mode == "isolated":
            position.isolated_margin = isolated_margin(
                position.contract, position.isolated_margin, before, position.contracts, price, self.leverage
            )
