"""The front door of coins: what each account hedges of what its owner declares.

A bag that goes by collateral is shared out once a run, at the first look: by what every account's collateral carries then.
The shares stay while the process runs, so that no hedge moves from one account to another because a price moved.
"""

from asyncio import Lock
from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType

from bot.adapters.holdings import DeclaredHoldings, SharedHoldings
from bot.core.instruments import Contract
from bot.core.inventory import room
from bot.core.snapshot import Holding
from bot.core.values import ZERO, Coins, Money, Price
from bot.settings import Settings
from bot.shell.ports import Holdings, Log, UnreachableError, Venue

NOTHING: Mapping[str, Coins] = MappingProxyType({})


def declared(settings: Settings, account: str, carries: Mapping[str, Coins] = NOTHING) -> tuple[Holding, ...]:
    """List the coins the owner declares for the hedges of an account; ``carries`` tells what collateral carries."""
    return tuple(
        Holding(asset=asset, coins=Coins(coins), place="declared")
        for name, hedge in settings.hedges.items()
        if hedge.account == account
        for asset, coins in settings.declared(name, carries)
    )


def by_collateral(settings: Settings) -> tuple[str, ...]:
    """Name the hedges that take of a bag what their collateral carries."""
    return tuple(name for bag in settings.bags for name in bag.by_collateral)


def assumed(settings: Settings, contracts: Mapping[str, Contract], mark: Decimal) -> dict[str, Coins]:
    """Tell what the deposits of the settings carry at a price, by hedge, in the contracts that are given."""
    accounts = {name: settings.accounts[settings.hedges[name].account] for name in contracts}
    return {
        name: room(contract, Money(accounts[name].deposit), Price(mark), settings.risk.rules())
        for name, contract in contracts.items()
    }


class Bags:
    """Shares coins out between accounts that are opened one after the other."""

    def __init__(self, settings: Settings, log: Log) -> None:
        self._settings = settings
        self._log = log
        self._venues: dict[str, Venue] = {}
        self._carries: dict[str, Coins] | None = None
        self._one_at_a_time = Lock()

    def holdings(self, account: str, venue: Venue) -> Holdings:
        """Give the coins of an account at a venue. All accounts must have been opened when the first one reads."""
        self._venues[account] = venue
        if not by_collateral(self._settings):
            return DeclaredHoldings(declared(self._settings, account))

        async def share() -> tuple[Holding, ...]:
            return declared(self._settings, account, await self._carried())

        return SharedHoldings(share)

    async def _carried(self) -> Mapping[str, Coins]:
        async with self._one_at_a_time:
            if self._carries is None:
                self._carries = {name: await self._room(name) for name in by_collateral(self._settings)}
                told = {name: f"{coins:f}" for name, coins in self._carries.items()}
                self._log.info("bags shared out by collateral", coins=told)
        return self._carries

    async def _room(self, hedge: str) -> Coins:
        """Ask what the collateral of a hedge's account carries: realised money alone, as open profit comes and goes.

        Raises:
            VenueError: the venue did not say.
        """
        chosen = self._settings.hedges[hedge]
        venue = self._venues[chosen.account]
        (contract,) = await venue.contracts((chosen.symbol,))
        quotes = await venue.quotes((chosen.symbol,))
        if not quotes:
            raise UnreachableError(
                f"{chosen.symbol} has no price: what {chosen.account} carries is not known."
            )
        report = await venue.account()
        balances = (wallet.balance for wallet in report.wallets if wallet.asset == contract.settle)
        money = Money(sum(balances, ZERO))
        return room(contract, money, quotes[0].mark, self._settings.risk.rules())
