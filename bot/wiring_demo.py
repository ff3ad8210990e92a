"""The front door of the demo: test exchanges on loopback, and settings that lead to them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path

from bot.adapters.model_market import CYCLE_MS, Phase
from bot.core.values import record
from bot.settings import Loaded, Settings, SettingsFaultsError, load
from bot.shell.ports import Clock, SettingsError
from bot.testexchange.keyring import Key
from bot.testexchange.server import Server
from bot.wiring_street import Customer, StreetTown, open_dialect

DEMO_SETTINGS = Path(__file__).parent / "demo.toml"
DEMO_EPOCH_MS = 4107 * CYCLE_MS
"""Model time at which a demo starts: the beginning of a calm, on 23 March 2026, four days before a quarter expires."""
DEPOSITS = {"usdt": ("USDT", "90000"), "coin": ("BTC", "0.6"), "quarters": ("BTC", "0.6")}
"""What lies in the futures wallet of each of the demo's accounts at the start."""


def demo_settings(seed: int, policy: str | None = None, folder: Path | None = None) -> Loaded:
    """Load the settings the demo brings along; nothing of the user's is read but a policy for all hedges, as JSON.

    ``folder`` holds stages of the user's.

    Raises:
        SettingsError: the policy cannot be used.
    """
    flags: dict[str, object] = {
        "model_market.seed": seed,
        "strategies": None if folder is None else str(folder),
    }
    flags |= {f"hedges.{hedge}.policy": policy for hedge in ("linear", "inverse", "quarterly")}
    try:
        return load([DEMO_SETTINGS], flags=flags, environ={}, dotenv=None)
    except SettingsFaultsError as error:
        raise SettingsError(str(error)) from error


@record
class Street:
    """The exchanges of a demo, and the settings with their addresses."""

    settings: Settings
    town: StreetTown

    @property
    def phase(self) -> Phase:
        """What the market is going through."""
        return self.town.phase


@asynccontextmanager
async def demo_street(settings: Settings, journal: Path, clock: Clock) -> AsyncIterator[Street]:
    """Open one test exchange for each venue of the settings, with a key for each account; all go by ``clock``."""
    servers: list[Server] = []
    accounts = dict(settings.accounts)
    towns: list[StreetTown] = []
    try:
        for venue in dict.fromkeys(account.venue for account in accounts.values()):
            names = [name for name, account in accounts.items() if account.venue == venue]
            dialect, town = open_dialect(
                venue,
                from_ms=clock.now_ms(),
                seed=settings.model_market.seed,
                price=settings.model_market.start_price,
                customers=tuple(_customer(name) for name in names),
                keys=tuple(Key(key=f"{name}-key", secret=f"{name}-secret", account=name) for name in names),
                shifted=False,
            )
            dialect.meter.budget = 0  # model time runs a thousandfold, and patience is counted by it
            servers.append(Server(dialect, now_ms=clock.now_ms, wall_ms=clock.now_ms))
            address = f"127.0.0.1:{await servers[-1].start()}"
            towns.append(town)
            for name in names:
                accounts[name] = accounts[name].at(address, f"{name}-key", f"{name}-secret")
        kept = settings.journal.model_copy(update={"path": str(journal)})
        yield Street(
            settings=settings.model_copy(update={"accounts": accounts, "journal": kept}), town=towns[0]
        )
    finally:
        for server in servers:
            await server.stop()


def _customer(name: str) -> Customer:
    asset, amount = DEPOSITS[name]
    return Customer(account=name, futures=((asset, Decimal(amount)),), spot=())
