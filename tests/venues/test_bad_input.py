"""Bad input at a venue: one sentence, the remedy, the exit code, and nothing sent."""

import dataclasses
import json
import socket
import time
from collections.abc import Callable
from decimal import Decimal
from typing import NamedTuple

import pytest

from bot.adapters.venues.table import VENUES, lacking
from bot.settings_tables import VenueName
from bot.testexchange.dialects import DIALECTS
from bot.testexchange.faults import Fault
from bot.testexchange.keyring import TEST_KEY, Key, Permission
from bot.wiring_street import Customer
from tests.venues.streets import PERPETUALS, Desk, LiveStreet, live_street

EVERY_DIALECT = pytest.mark.parametrize("name", list(DIALECTS))
QUICK = [name for name in DIALECTS if VENUES[name].weight_max >= 100]
QUICK_DIALECT = pytest.mark.parametrize("name", QUICK)
"""Venues that may be asked much at a time: at the others a whole preflight takes many seconds."""
THOROUGH = "binance-usdm"
CHECK_FAILED, USAGE, VENUE = 1, 2, 3


def key(*more: Permission, **changes: object) -> Key:
    """Give the test key with other rights or properties."""
    permissions = TEST_KEY.permissions | set(more)
    return dataclasses.replace(TEST_KEY, permissions=permissions, **changes)  # type: ignore[arg-type]  # fields by name


class Case(NamedTuple):
    """What is wrong, and what is told of it by ``hedgerow run``."""

    code: int
    sentence: str
    remedy: str
    key: Key = TEST_KEY
    account: str = ""
    symbol: str = ""
    upset: Callable[[LiveStreet], object] = lambda _: None
    """What is done to the venue before it is asked."""


def skewed(ms: int) -> Callable[[LiveStreet], object]:
    """Set the venue's clock off."""
    return lambda street: setattr(street.office.moods, "clock_skew_ms", ms)


def banned(street: LiveStreet) -> None:
    """Ban everybody."""
    street.dialect.meter.ban(time.time_ns() // 1_000_000 + 60_000)


def limited(street: LiveStreet) -> None:
    """Let the venue say "too many requests" to the next hundred."""
    street.faults.queue("any", *[Fault.RATE_LIMIT] * 100)


CHECK_KEY = "Check that key, secret and passphrase are right and of this mode, that the key is not revoked"
ADDRESS = "may be used from this address"
FUTURES = "its account has futures"
CLOCK = "Set this machine's clock: run an NTP client."
LESS = "Wait until the venue answers again, and ask less: raise loop.poll_seconds."
LATER = "Try again later"
NOWHERE = "Make a key without the right to withdraw, and use that one."
LISTED = "Listed on BTC: BTC/"
PAGE = "Change it on the venue's page, or set accounts.main.margin_mode to cross."

CASES = {
    # what is wrong             code          sentence                                     remedy      how
    "unknown key":         Case(VENUE,        "",                                          CHECK_KEY,  account='api_key = "nobodys"'),
    "wrong secret":        Case(VENUE,        "",                                          CHECK_KEY,  account='api_secret = "wrong"'),
    "revoked key":         Case(VENUE,        "",                                          CHECK_KEY,  key=key(revoked=True)),
    "testnet key":         Case(VENUE,        "",                                          CHECK_KEY,  key=key(environment="testnet")),
    "key of elsewhere":    Case(VENUE,        "",                                          ADDRESS,    key=key(elsewhere=True)),
    "no futures":          Case(VENUE,        "",                                          FUTURES,    key=key(account="spot-only")),
    "banned":              Case(VENUE,        "connecting",                                LESS,       upset=banned),
    "too many requests":   Case(VENUE,        "connecting",                                LESS,       upset=limited),
    "clock 90 s ahead":    Case(CHECK_FAILED, "clock: the venue's clock is +90.",          CLOCK,      upset=skewed(90_400)),
    "clock 90 s behind":   Case(CHECK_FAILED, "clock: the venue's clock is -",             CLOCK,      upset=skewed(-90_000)),
    "unknown symbol":      Case(CHECK_FAILED, "does not list BTC/EUR:",               LISTED,     symbol="BTC/EUR:"),
}  # fmt: skip


def refused(desk: Desk, street: LiveStreet, code: int, *words: str) -> str:
    """Run a hedge that is not to start; give what was said. What the doctor says is compared at one venue: some are slow."""
    ran = desk.run("run", "--seconds", "0")
    banner, _, sentence = ran.err.strip().partition("\n")

    assert banner.startswith("hedgerow · mode local")
    assert ran.code == code
    assert "\n" not in sentence
    assert sentence.endswith(".")
    assert ".." not in sentence
    for word in words:
        assert word in sentence
    if street.name == THOROUGH:
        compare(desk, code, sentence)
    assert street.changes() == []
    assert street.office.orders("main") == ()
    return sentence


def compare(desk: Desk, code: int, sentence: str) -> None:
    """Check that the doctor finds the same, and that machines are told the same."""
    told = desk.run("run", "--seconds", "0", "--json")
    answer = json.loads(told.err.splitlines()[-1])
    assert (told.code, answer["exit_code"]) == (code, code)
    assert answer["error"][:20] == sentence[:20]
    examined = desk.run("doctor", "--json")
    assert examined.code == (USAGE if code == USAGE else CHECK_FAILED)
    if code != USAGE:
        (failed,) = [one for one in examined.json() if one["verdict"] == "fail"]
        assert failed["remedy"].endswith(".")


EVERY_CASE = [
    (name, wrong) for name in DIALECTS for wrong in CASES if name in QUICK or wrong != "clock 90 s behind"
]


@pytest.mark.parametrize(("name", "wrong"), EVERY_CASE)
def test_what_is_wrong_is_told_in_one_sentence_with_the_remedy_and_nothing_is_sent(
    desk: Desk, name: VenueName, wrong: str
) -> None:
    case = CASES[wrong]
    with live_street(name, keys=(case.key,)) as street:
        symbol = case.symbol and case.symbol + ("BTC" if street.symbol.endswith(":BTC") else "EUR")
        desk.settle(street, account=case.account, symbol=symbol)
        case.upset(street)

        refused(desk, street, case.code, case.sentence, case.remedy)


@EVERY_DIALECT
def test_a_venue_in_maintenance_at_the_start_says_so(desk: Desk, name: VenueName) -> None:
    with live_street(name) as street:
        desk.settle(street)
        street.office.moods.maintenance = True

        said = refused(desk, street, VENUE, f"{name}, connecting")

        assert "Try again later" in said or "Ask again; if it stays, look at the venue's status page." in said


@EVERY_DIALECT
def test_a_key_that_may_withdraw_is_refused_wherever_the_venue_tells(desk: Desk, name: VenueName) -> None:
    with live_street(name, keys=(key("withdraw"),)) as street:
        desk.settle(street)
        if lacking(name, "local", "key's rights told"):
            assert desk.checks()["withdrawal"]["verdict"] == "skip"
            assert (
                "see on the venue's page that the key cannot withdraw" in desk.checks()["withdrawal"]["found"]
            )
        else:
            refused(desk, street, CHECK_FAILED, "the key may withdraw coins", NOWHERE)


@QUICK_DIALECT
def test_a_wrong_passphrase_is_refused_where_there_is_one_and_means_nothing_elsewhere(
    desk: Desk, name: VenueName
) -> None:
    with live_street(name) as street:
        desk.settle(street, account='api_passphrase = "wrong"')
        if VENUES[name].needs_passphrase:
            refused(desk, street, VENUE, CHECK_KEY)
        else:
            assert desk.run("doctor").code == 0


@EVERY_DIALECT
def test_isolated_margin_is_refused_where_it_cannot_be_run_and_elsewhere_while_the_account_is_cross(
    desk: Desk, name: VenueName
) -> None:
    why = lacking(name, "local", "isolated margin")
    with live_street(name) as street:
        desk.settle(street, account='margin_mode = "isolated"')
        if why:
            refused(desk, street, USAGE, "accounts.main.margin_mode", why)
            assert street.heard == []
        else:
            refused(desk, street, CHECK_FAILED, "margin mode: cross, the settings say isolated", PAGE)


@QUICK_DIALECT
def test_an_empty_futures_wallet_is_told(desk: Desk, name: VenueName) -> None:
    with live_street(name, customer=Customer(futures=())) as street:
        desk.settle(street)

        asset = street.contract.settle
        refused(
            desk,
            street,
            CHECK_FAILED,
            f"0 {asset} in the futures wallet",
            f"Move {asset} into the futures wallet",
        )


@QUICK_DIALECT
def test_a_hedge_below_the_smallest_order_is_told(desk: Desk, name: VenueName) -> None:
    with live_street(name, customer=Customer(spot=())) as street:
        desk.settle(street)
        written = (desk.folder / "hedgerow.toml").read_text("utf-8")
        (desk.folder / "hedgerow.toml").write_text(
            written.replace("holdings = 1", "holdings = 0.00001"), "utf-8"
        )

        refused(desk, street, CHECK_FAILED, "smallest order", "there are 0.00001 to hedge", "Hedge more")


@QUICK_DIALECT
def test_a_contract_of_another_size_than_the_settings_say_is_told(desk: Desk, name: VenueName) -> None:
    with live_street(name) as street:
        desk.settle(street, hedge="contract_size = 7")

        refused(
            desk, street, CHECK_FAILED, f"a contract is {street.contract.contract_size:f}, the settings say 7"
        )


# --- the address ------------------------------------------------------------------------------------------------


@EVERY_DIALECT
def test_nobody_at_the_address_is_told_with_the_address(desk: Desk, name: VenueName) -> None:
    with live_street(name) as street:
        desk.settle(street)
    for words in (("run", "--seconds", "0"), ("plan",), ("list-instruments",)):
        said = desk.run(*words)
        assert said.code == VENUE
        assert f"{name}, connecting to a test exchange at {street.address}" in said.err
        assert "Nothing was sent: check the network and the address." in said.err


@EVERY_DIALECT
def test_another_dialect_at_the_address_is_told_as_that(desk: Desk, name: VenueName) -> None:
    other = next(one for one in DIALECTS if one != name)
    with live_street(other) as street:
        desk.settle(street)
        written = (desk.folder / "hedgerow.toml").read_text("utf-8")
        written = written.replace(f'"{other}"', f'"{name}"').replace(street.symbol, PERPETUALS[name])
        (desk.folder / "hedgerow.toml").write_text(written, "utf-8")

        said = desk.run("run", "--seconds", "0")

        assert said.code == VENUE
        assert f"a test exchange at {street.address}, which has to speak this dialect" in said.err
        assert street.changes() == []


def test_a_listener_that_is_no_exchange_is_no_reason_to_trade(desk: Desk) -> None:
    """Something that takes connections and closes them."""
    with live_street("binance-usdm") as street, socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.1)
        street.port = int(listener.getsockname()[1])
        desk.settle(street)
        listener.close()

        assert desk.run("run", "--seconds", "0").code == VENUE


def test_kinds_of_contracts_that_a_venue_does_not_have_are_told_before_anything_is_asked(desk: Desk) -> None:
    with live_street("binance-usdm") as street:
        desk.settle(street, symbol="BTC/USD:BTC")
        inverse = desk.run("run", "--seconds", "0")
        desk.settle(street)
        written = (desk.folder / "hedgerow.toml").read_text("utf-8")
        testnet = written.replace('mode = "local"', 'mode = "testnet"').replace('"binance-usdm"', '"mexc"')
        testnet = testnet.replace("address =", 'api_key = "k"\napi_secret = "s"\naddress =')
        (desk.folder / "hedgerow.toml").write_text(testnet, "utf-8")
        nowhere = desk.run("run", "--seconds", "0")

        assert (inverse.code, nowhere.code) == (USAGE, USAGE)
        assert (
            "Binance USD-M has no inverse contracts: choose binance-coinm, bybit, bingx, mexc" in inverse.err
        )
        assert (
            "MEXC: the venue has no play money: rehearse with mode local and hedgerow testexchange"
            in nowhere.err
        )
        assert street.heard == []


def test_asking_about_venues_in_mode_paper_is_told(desk: Desk) -> None:
    with live_street("binance-usdm") as street:
        desk.settle(street)
        written = (desk.folder / "hedgerow.toml").read_text("utf-8")
        paper = written.replace('mode = "local"', 'mode = "paper"').replace(
            "address =", "deposit = 1000\naddress ="
        )
        (desk.folder / "hedgerow.toml").write_text(paper, "utf-8")
        for words in (("doctor",), ("list-instruments",)):
            said = desk.run(*words)
            assert said.code == USAGE
            assert "set a venue, and mode local, testnet or live" in said.err
        assert street.heard == []


def test_leverage_that_a_venue_cannot_be_set_to_is_told(desk: Desk) -> None:
    with live_street("binance-usdm") as street:
        desk.settle(street, account="leverage = 2.5")

        found = desk.checks("--apply")[f"{street.symbol}: leverage"]

        assert (found["verdict"], found["changed"]) == ("warn", False)
        assert found["remedy"] == "Set accounts.main.leverage to a whole number: the venue takes no other."
        assert street.office.leverage("main", street.symbol) == Decimal(3)
        assert street.changes() == []
