"""Which hosts a mode may reach: play money never asks a live host, live no other, and nothing else leaves."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path

import pytest
from aiohttp import web
from yarl import URL

from bot.adapters.budget import Budget
from bot.adapters.ccxt_venue import Access, Catalogue, CcxtApi
from bot.adapters.clock import SystemClock
from bot.adapters.model_market import model_contract
from bot.adapters.venue_session import HOST_HEADER, MisdirectedError, VenueSession
from bot.adapters.venues.answers import ShapeError
from bot.adapters.venues.manner import Listed, Manner
from bot.adapters.venues.manners import manner_of
from bot.adapters.venues.outcomes import RequestFailed
from bot.adapters.venues.table import VENUES, Feature, Mode, hosts_of, lacking
from bot.core.snapshot import Transfer
from bot.core.values import Money
from bot.doctor import examine, failed
from bot.settings import Settings, load
from bot.shell.ports import SettingsError
from bot.testexchange.dialects import DIALECTS
from bot.testexchange.keyring import TEST_KEY
from bot.wiring_venues import Doors, access_of, patient_of
from tests.venues.streets import live_street

MODES = [
    (name, mode)
    for name, facts in VENUES.items()
    for mode in ("live", "testnet")
    if mode == "live" or facts.sandbox
]
SYMBOLS = {"linear": "BTC/USDT:USDT", "inverse": "BTC/USD:BTC"}


@dataclass
class Wall:
    """Takes every request and answers none, but writes down which host it was meant for."""

    address: str = ""
    hosts: list[str] = field(default_factory=list)

    async def serve(self, request: web.Request) -> web.Response:
        """Write down, and refuse."""
        self.hosts.append(request.headers.get(HOST_HEADER, request.host))
        return web.json_response({"code": "wall", "msg": "nobody is here"}, status=400)


@asynccontextmanager
async def wall() -> AsyncIterator[Wall]:
    """Put a wall up on loopback."""
    found, app = Wall(), web.Application()
    app.router.add_route("*", "/{path:.*}", found.serve)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    found.address = f"127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield found
    finally:
        await runner.cleanup()


def questions(api: CcxtApi, manner: Manner, one: Listed) -> list[Callable[[], Awaitable[object]]]:
    """List all that is ever asked about a contract, and all that changes something but orders."""
    now, each = api.now_ms(), (one,)
    moved = Transfer(transfer_id="t", asset=one.contract.settle, amount=Money(Decimal(1)), since_ms=now)
    return [
        lambda: manner.clock_ms(api),
        lambda: manner.wallets(api, each),
        lambda: manner.positions(api, each),
        lambda: manner.position(api, one),
        lambda: manner.position_value(api, one),
        lambda: manner.open_orders(api, each),
        lambda: manner.order(api, one, "hr-1"),
        lambda: manner.cancel(api, one, "hr-1"),
        lambda: manner.fills(api, one, now - 1000, now),
        lambda: manner.payments(api, each, now - 1000, now),
        lambda: manner.quotes(api, each),
        lambda: manner.funding(api, one),
        lambda: manner.turnover(api, one),
        lambda: manner.closes(api, one, 31),
        lambda: manner.tiers(api, one),
        lambda: manner.fees(api, one),
        lambda: manner.modes(api, one),
        lambda: manner.key(api),
        lambda: manner.transfer(api, "t", one.contract.settle, Decimal(1), one),
        lambda: manner.transfer_of(api, moved, one),
        lambda: manner.set_leverage(api, one, Decimal(3)),
        lambda: manner.set_cross(api, one),
        lambda: manner.set_one_way(api, one),
    ]


@asynccontextmanager
async def opened(name: str, mode: Mode, address: str) -> AsyncIterator[CcxtApi]:
    """Make a venue's clients in a mode, led to a wall."""
    facts, clock = VENUES[name], SystemClock()
    access = Access(
        venue=name,
        mode=mode,
        api_key=TEST_KEY.key,
        api_secret=TEST_KEY.secret,
        passphrase=TEST_KEY.passphrase,
        address=address,
    )
    budget = Budget(Decimal(10**9), facts.window_ms, clock)
    api = CcxtApi(access, manner_of(name), clock, budget, Catalogue())
    try:
        with pytest.raises(RequestFailed):
            await api.open()
        yield api
    finally:
        await api.close()


async def met(name: str, mode: Mode, address: str) -> list[str]:
    """Ask a venue all there is to ask in a mode; gives why each question failed."""
    why = []
    async with opened(name, mode, address) as api:
        with pytest.raises(RequestFailed):
            await api.load_markets(again=True)
        for kind, symbol in SYMBOLS.items():
            if kind in VENUES[name].kinds:
                one = Listed(contract=model_contract(symbol), market="BTCUSDT")
                for question in questions(api, manner_of(name), one):
                    try:
                        await question()
                    except (RequestFailed, ShapeError) as error:
                        why.append(str(error))
    return why


@pytest.mark.parametrize(("name", "mode"), MODES)
async def test_all_that_is_asked_in_a_mode_is_asked_at_its_hosts(name: str, mode: Mode) -> None:
    async with wall() as found:
        why = await met(name, mode, found.address)

    assert len(why) > 15
    assert len(found.hosts) > 15
    assert set(found.hosts) <= hosts_of(name, mode)
    assert not any("was not sent" in one for one in why)


@pytest.mark.parametrize(("name", "mode"), MODES)
async def test_what_is_told_to_be_lacking_is_not_asked_for_and_all_else_is(name: str, mode: Mode) -> None:
    manner = manner_of(name)
    async with wall() as found, opened(name, mode, found.address) as api:
        one = Listed(contract=model_contract("BTC/USDT:USDT"), market="BTCUSDT")
        asked: dict[Feature, Callable[[], Awaitable[object]]] = {
            "key's rights told": lambda: manner.key(api),
            "transfers by key": lambda: manner.transfer(api, "t", "USDT", Decimal(1), one),
            "account's fees told": lambda: manner.fees(api, one),
        }
        for feature, question in asked.items():
            found.hosts.clear()
            with suppress(RequestFailed, ShapeError):
                await question()
            assert bool(found.hosts) is not bool(lacking(name, mode, feature)), feature


@pytest.mark.parametrize("name", [name for name in DIALECTS if name.startswith("binance")])
async def test_an_account_with_play_money_passes_the_preflight_on_the_hosts_of_play_money(
    tmp_path: Path, name: str
) -> None:
    key = replace(TEST_KEY, environment="testnet")
    with live_street(name, keys=(key,)) as street:
        settings = settings_of(tmp_path, "local", name, street.symbol)
        access = replace(access_of(settings, "main"), mode="testnet", address=street.address)
        async with Doors(settings, SystemClock()).entered(access, "main") as venue:
            patient = replace(patient_of(settings, "main", venue, apply=False), mode="testnet")
            checks = await examine(patient)

        assert failed(checks) == ()
        assert {"withdrawal": "skip"}.items() <= {check.about: check.verdict for check in checks}.items()
        assert {request.host for request in street.heard} == hosts_of(name, "testnet")
        assert street.changes() == []


def test_hosts_of_play_money_and_of_money_are_never_the_same() -> None:
    for name, facts in VENUES.items():
        assert facts.hosts_live, name
        assert not facts.hosts_live & facts.hosts_testnet
        assert bool(facts.hosts_testnet) >= (facts.sandbox is not None)


@pytest.mark.parametrize("name", [name for name, facts in VENUES.items() if facts.sandbox is None])
async def test_a_venue_without_play_money_is_not_asked_for_it(name: str) -> None:
    async with wall() as found:
        with pytest.raises(SettingsError, match=r"has no testnet: .*rehearse with mode local"):
            await met(name, "testnet", found.address)

    assert found.hosts == []


@pytest.mark.parametrize(("name", "mode"), MODES)
@pytest.mark.parametrize("method", ["get", "post", "put", "delete"])
async def test_nothing_leaves_for_a_host_that_is_not_the_modes(name: str, mode: Mode, method: str) -> None:
    left: list[str] = []
    async with wall() as found:
        session = VenueSession(hosts=hosts_of(name, mode), left=lambda _, url: left.append(str(url)))
        other = VENUES[name].hosts_live if mode == "testnet" else VENUES[name].hosts_testnet
        try:
            for host in (found.address, "localhost", "api.example.com", *other):
                with pytest.raises(MisdirectedError, match="was not sent: it does not belong to this mode"):
                    getattr(session, method)(URL(f"http://{host}/order"))
        finally:
            await session.close()

    assert left == []
    assert found.hosts == []


def settings_of(folder: Path, mode: str, name: str, symbol: str) -> Settings:
    """Load settings of one hedge with everything that any mode asks for."""
    path = folder / "hedgerow.toml"
    path.write_text(
        f"""\
mode = "{mode}"
[accounts.main]
venue = "{name}"
address = "127.0.0.1:9999"
api_key = "{TEST_KEY.key}"
api_secret = "{TEST_KEY.secret}"
acknowledge = "live main 1000000"
[hedges.btc]
account = "main"
asset = "BTC"
symbol = "{symbol}"
holdings = 1
policy = [{{ stage = "fixed_ratio", ratio = 1 }}]
""",
        "utf-8",
    )
    return load([path], environ={}, dotenv=folder / ".env").settings


@pytest.mark.parametrize("mode", ["local", "testnet", "live"])
def test_only_mode_local_is_led_to_an_address(tmp_path: Path, mode: str) -> None:
    access = access_of(settings_of(tmp_path, mode, "bybit", "BTC/USDT:USDT"), "main")

    assert access.mode == mode
    assert access.address == ("127.0.0.1:9999" if mode == "local" else None)
