"""The front door: the only place where concrete classes meet. Keys to rooms are handed out here, once."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from decimal import Decimal
from functools import partial
from pathlib import Path

from pydantic import SecretStr

from bot.adapters.journal import SqlJournal, open_journal
from bot.adapters.journal_lock import WriterLock, locked_accounts
from bot.adapters.journal_place import refuse_other_mode
from bot.adapters.journal_reader import JournalReader, open_reader
from bot.adapters.journal_sqlite import SqliteFile
from bot.adapters.journal_url import place_of, shown
from bot.adapters.log import SilentLog
from bot.adapters.model_market import ModelMarket, ModelTown, model_contract
from bot.adapters.model_past import ModelPast
from bot.adapters.sim_venue import SimVenue
from bot.adapters.switch import FileSwitch
from bot.backtest.tally import Tally
from bot.core.instruments import Contract, Perpetual
from bot.core.orders import WORKING
from bot.core.reports import Fill, Payment
from bot.core.rules import Rules
from bot.core.values import ZERO
from bot.looks import OpenAccount
from bot.settings import Hedge, Settings
from bot.shell.loop import Loop
from bot.shell.ports import Clock, Journal, JournalUnavailableError, Log, SettingsError
from bot.sim.exchange import Exchange
from bot.wiring_bags import Bags

Journals = Callable[[str], AbstractContextManager[Journal]]
"""Opens the journal of an account, and closes it."""


def journal_url(settings: Settings) -> str:
    """Give the address of the journal of these settings, password and all: one file or database a mode."""
    given = settings.journal.url.get_secret_value() or url_of(Path(settings.journal.path))
    return given.replace("{mode}", settings.mode)


def url_of(path: Path) -> str:
    """Give the address of a journal's file."""
    return f"sqlite:///{path}"


def journal_name(url: str) -> str:
    """Give an address as it may be shown: without a password."""
    return shown(url)


def journal_there(url: str) -> bool:
    """Whether there is a journal.

    Raises:
        JournalUnavailableError: something else is there, or nobody can tell.
    """
    return place_of(url).look() is not None


def switch_path(settings: Settings, mode: str | None = None) -> Path:
    """Say where the kill switch lies."""
    return Path(settings.guard.kill_switch.replace("{mode}", settings.mode if mode is None else mode))


def reader_of(url: str, mode: str | None = None) -> JournalReader:
    """Open a journal for reading.

    Raises:
        JournalUnavailableError: there is none, or it cannot be read.
    """
    return open_reader(url, mode=mode)


def clear_demo(path: Path) -> None:
    """Remove the journal of an earlier demo; any other file is refused.

    Raises:
        JournalUnavailableError: what lies there is no demo's journal, is being written, or cannot be removed.
    """
    place = SqliteFile(path)
    path, found = place.path, place.look()
    if found is None:
        return
    refuse_other_mode(found, place, "demo")
    for account in locked_accounts(path):
        WriterLock(path, account).release()  # refused while that account is written
    try:
        for leftover in (path, *path.parent.glob(f"{path.name}-*"), *path.parent.glob(f"{path.name}.*.lock")):
            leftover.unlink()
    except OSError as error:
        raise JournalUnavailableError(
            f"The earlier demo's journal {path} cannot be removed ({error.strerror}): give another with --journal."
        ) from error


def offline(settings: Settings) -> Settings:
    """Put every account on the built-in model market, with a journal of its own.

    Raises:
        SettingsError: another mode than paper is set.
    """
    if settings.mode != "paper":
        raise SettingsError(
            f'--offline is for mode paper, and mode {settings.mode} is set: set mode = "paper".'
        )
    accounts = {name: one.model_copy(update={"venue": "model"}) for name, one in settings.accounts.items()}
    kept, address = settings.journal, settings.journal.url.get_secret_value()
    if address and "{mode}" not in address:
        raise SettingsError(
            "--offline keeps a journal of its own, and journal.url names one for all: put {mode} into it, or leave it out."
        )
    own = {name: getattr(kept, name).replace("{mode}", "offline") for name in ("path", "spool")}
    journal = kept.model_copy(update={**own, "url": SecretStr(address.replace("{mode}", "offline"))})
    return settings.model_copy(update={"accounts": accounts, "journal": journal})


def hedges_of(settings: Settings, account: str) -> dict[str, Hedge]:
    """List the hedges of one account."""
    return {name: hedge for name, hedge in settings.hedges.items() if hedge.account == account}


def contract_of(name: str, symbol: str, price: Decimal) -> Perpetual:
    """Find a hedge's contract at the model exchange, with steps that suit a price.

    Raises:
        SettingsError: there is no such contract.
    """
    try:
        return model_contract(symbol, price)
    except ValueError as error:
        raise SettingsError(f"hedges.{name}.symbol: {error}") from error


def journal_of(settings: Settings, account: str, label: str = "") -> SqlJournal:
    """Open an account's journal for writing; its mode is ``label`` if one is given, else that of the settings.

    Raises:
        JournalUnavailableError: it cannot be used.
    """
    mode = label or settings.mode
    return open_journal(
        journal_url(settings), mode=mode, account=account, rules_json=settings.model_dump_json()
    )


def contracts_of(settings: Settings, account: str) -> tuple[Contract, ...]:
    """List the perpetuals of an account's hedges; dated ones are bridged by theirs. The town lists the quarterlies."""
    price = settings.model_market.start_price
    return tuple(
        contract_of(name, hedge.symbol, price) for name, hedge in hedges_of(settings, account).items()
    )


def check_contracts(settings: Settings) -> None:
    """Check that every hedge's contract exists.

    Raises:
        SettingsError: one does not.
    """
    for account in settings.accounts:
        contracts_of(settings, account)


def dated_families(settings: Settings, account: str) -> tuple[str, ...]:
    """List the families whose quarterlies an account's hedges roll."""
    hedges = hedges_of(settings, account).values()
    return tuple(hedge.symbol for hedge in hedges if hedge.kind.dated)


# --- paper --------------------------------------------------------------------------------------------------


class PaperAccount(OpenAccount):
    """One account in paper mode, and the model town it trades in."""

    def __init__(self, *, name: str, rules: Rules, town: ModelTown, loop: Loop, url: str, mode: str) -> None:
        super().__init__(name=name, rules=rules, loop=loop, url=url, mode=mode)
        self.town = town


@contextmanager
def paper_accounts(
    settings: Settings,
    clock: Clock,
    log: Log,
    *,
    accept_terms: bool = False,
    journals: Journals | None = None,
) -> Iterator[list[PaperAccount]]:
    """Open every account of the settings on the model market, each with its journal, restored from it.

    ``journals`` opens the journal of an account; without it each is opened by ``journal_of``.

    Raises:
        JournalUnavailableError: the journal cannot be used.
        SettingsError: a hedge's contract does not exist.
    """
    market = ModelMarket(settings.model_market.seed, settings.model_market.start_price)
    contracts = {name: contracts_of(settings, name) for name in settings.accounts}
    bags, url, mode = Bags(settings, log), journal_url(settings), settings.mode
    opened = partial(journal_of, settings) if journals is None else journals
    with ExitStack() as stack:
        accounts = []
        for name in settings.accounts:
            journal = stack.enter_context(opened(name))
            with reader_of(url, mode) as reader:
                exchange = restored(settings, name, contracts[name], reader, clock)
            town = _town(settings, name, market, exchange, exchange.at_ms)
            accounts.append(
                _paper_account(
                    settings, name, town, journal, clock, log, url, mode, bags, accept_terms=accept_terms
                )
            )
        yield accounts


def preview_accounts(settings: Settings, clock: Clock) -> list[PaperAccount]:
    """Open every account on the model market as new, with a journal in memory only.

    Raises:
        SettingsError: a hedge's contract does not exist.
    """
    market = ModelMarket(settings.model_market.seed, settings.model_market.start_price)
    log = SilentLog()
    bags, accounts = Bags(settings, log), []
    for name in settings.accounts:
        exchange = new_exchange(settings, name, contracts_of(settings, name), clock)
        town = _town(settings, name, market, exchange, clock.now_ms())
        accounts.append(
            _paper_account(
                settings, name, town, Tally(), clock, log, journal_url(settings), settings.mode, bags
            )
        )
    return accounts


def _town(
    settings: Settings, account: str, market: ModelMarket, exchange: Exchange, from_ms: int
) -> ModelTown:
    coins = frozenset(asset for name in hedges_of(settings, account) for asset, _ in settings.declared(name))
    return ModelTown(market, exchange, from_ms, dated_families(settings, account), coins=coins)


def new_exchange(settings: Settings, account: str, contracts: tuple[Contract, ...], clock: Clock) -> Exchange:
    """Open an account at a model exchange of its own, with its deposits."""
    exchange = _empty(settings, account, contracts, clock.now_ms())
    chosen = settings.accounts[account]
    if chosen.deposit > ZERO:
        exchange.deposit(account, contracts[0].settle, chosen.deposit)
    for collateral in chosen.collateral:
        exchange.deposit(account, collateral.asset, collateral.coins)
    return exchange


def _empty(settings: Settings, account: str, contracts: tuple[Contract, ...], at_ms: int) -> Exchange:
    exchange = Exchange(contracts)
    chosen = settings.accounts[account]
    trader = exchange.open_account(account, chosen.margin_mode, chosen.leverage)
    trader.collateral_shares |= {one.asset: one.share for one in chosen.collateral}
    exchange.at_ms = at_ms
    if chosen.reserve > ZERO:
        exchange.reserve(account, contracts[0].settle, chosen.reserve)
    return exchange


def restored(
    settings: Settings, account: str, contracts: tuple[Contract, ...], reader: JournalReader, clock: Clock
) -> Exchange:
    """Rebuild an account's model exchange as its journal left it; an account without a journal is new.

    It resumes at the last decision's time, so that funding due since is paid when the town is turned to now.
    """
    last = reader.last_decision(account)
    told: tuple[Fill | Payment, ...] = (*reader.fills(account), *reader.payments(account))
    if last is None or not told:
        return new_exchange(settings, account, contracts, clock)
    traded = {contract.symbol: contract for contract in (*reader.terms(account), *contracts)}
    exchange = _empty(settings, account, tuple(traded.values()), last.at_ms)
    working = tuple(order for order in reader.orders(account, None) if order.state in WORKING)
    exchange.restore(
        account, tuple(sorted(told, key=_order_told)), tuple((one.request, one.filled) for one in working)
    )
    return exchange


def _order_told(item: Fill | Payment) -> int:
    """Give the place of a fill or payment in what the model exchange told: its ids count."""
    name = item.fill_id if isinstance(item, Fill) else item.payment_id
    return int(name.rpartition("-")[2])


def _paper_account(
    settings: Settings,
    name: str,
    town: ModelTown,
    journal: Journal,
    clock: Clock,
    log: Log,
    url: str,
    mode: str,
    bags: Bags,
    *,
    accept_terms: bool = False,
) -> PaperAccount:
    rules, past = settings.rules(name), ModelPast(town)
    venue = SimVenue(
        town.exchange,
        name,
        lambda: town.advance(clock.now_ms()),
        town.next_funding,
        town.turnover,
        peg=town.peg,
        bars=past.bars,
        settled=past.settled,
        spot=town.spot,
    )
    loop = Loop(
        rules=rules,
        venue=venue,
        holdings=bags.holdings(name, venue),
        journal=journal,
        clock=clock,
        log=log,
        switch=FileSwitch(path=switch_path(settings, mode)),
        accept_terms=accept_terms,
    )
    return PaperAccount(name=name, rules=rules, town=town, loop=loop, url=url, mode=mode)
