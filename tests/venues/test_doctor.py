"""The preflight: what it finds, what it puts right when asked to, and that it changes nothing else."""

from dataclasses import replace
from decimal import Decimal

import pytest

from bot.adapters.venues.table import VENUES, lacking
from bot.core.instruments import DatedFuture
from bot.settings_tables import VenueName
from bot.testexchange.dialects import DIALECTS
from bot.wiring_street import Customer
from tests.venues.streets import Desk, live_street

EVERY_DIALECT = pytest.mark.parametrize("name", list(DIALECTS))
DATED = [name for name in DIALECTS if {"linear dated", "inverse dated"} & set(VENUES[name].kinds)]


@EVERY_DIALECT
def test_an_account_that_is_as_it_should_be_is_ready_to_run_and_nothing_was_touched(
    desk: Desk, name: VenueName
) -> None:
    with live_street(name) as street:
        desk.settle(street)

        said = desk.run("doctor")

        assert said.code == 0, said.out
        assert said.out.rstrip().endswith("Ready to run.")
        for about in (
            "clock",
            "position mode",
            "margin mode",
            "leverage",
            "margin tiers",
            "fees",
            "wallets",
            "foreign",
        ):
            assert about in said.out
        assert street.changes() == []


@EVERY_DIALECT
def test_what_a_contract_stands_for_is_proved_by_a_position_where_the_venue_tells_its_value(
    desk: Desk, name: VenueName
) -> None:
    with live_street(name) as street:
        desk.settle(street)
        street.short("0.5")

        found = desk.checks()[f"{street.symbol}: contract size"]

        if (
            lacking(name, "local", "contract size proved") and name != "bingx"
        ):  # BingX tells it of linear ones
            assert found["verdict"] == "skip"
            assert found["found"].startswith("not proved: the venue gives positions no value")
        else:
            assert found["verdict"] == "ok"
            assert " by the venue and " in found["found"]
        assert street.changes() == []


def test_a_position_that_the_venue_values_otherwise_than_we_do_keeps_a_hedge_from_starting(
    desk: Desk,
) -> None:
    with live_street("binance-usdm") as street:
        desk.settle(street)
        street.short("0.5")
        street.office.exchange.contracts[street.symbol] = replace(street.contract, contract_size=Decimal(10))

        found = desk.checks()[f"{street.symbol}: contract size"]
        ran = desk.run("run", "--seconds", "0")

        assert found["verdict"] == "fail"
        assert found["remedy"] == "Do not trade: report it as a fault of Hedgerow."
        assert ran.code == 1
        assert f"main, {street.symbol}: contract size: -0.5 contracts are worth " in ran.err
        assert street.changes() == []


def test_without_a_position_the_size_of_a_contract_is_not_said_to_be_proved(desk: Desk) -> None:
    with live_street("binance-usdm") as street:
        desk.settle(street)

        found = desk.checks()[f"{street.symbol}: contract size"]

        assert (found["verdict"], found["remedy"]) == ("skip", "")
        assert found["found"].startswith("no position to prove it by")


def test_what_others_do_on_the_account_is_told(desk: Desk) -> None:
    with live_street("binance-usdm") as street:
        desk.settle(street)
        street.rest("0.1", "by-hand-1")
        street.short("0.2", "ETH/USDT:USDT")

        found = desk.checks()

        assert found["foreign orders"]["verdict"] == "warn"
        assert found["foreign orders"]["found"] == "1 that are not ours: by-hand-1 in BTC/USDT:USDT"
        assert found["foreign positions"]["verdict"] == "warn"
        assert found["foreign positions"]["found"] == "-0.2 ETH/USDT:USDT"
        assert "account of its own" in found["foreign positions"]["remedy"]
        assert len(street.office.open_orders("main")) == 1
        assert street.changes() == []


def test_spot_and_futures_money_are_told_apart(desk: Desk) -> None:
    customer = Customer(futures=(("USDT", Decimal(700)),), spot=(("USDT", Decimal(300)), ("BTC", Decimal(2))))
    with live_street("binance-usdm", customer=customer) as street:
        desk.settle(street)

        found = desk.checks()

        assert found["wallets"]["found"] == "700 USDT in the futures wallet, 300 in the spot wallet"
        assert found[f"{street.symbol}: smallest order"]["found"].endswith("there are 3 to hedge")


@pytest.mark.parametrize("name", DATED)
def test_the_calendar_of_rolls_is_told(desk: Desk, name: VenueName) -> None:
    with live_street(name, scenario="roll") as street:
        desk.settle(street, hedge='kind = "dated"')
        dated = [
            one
            for one in street.office.contracts()
            if isinstance(one, DatedFuture) and one.family == street.symbol
        ]

        said = desk.run("doctor", "--json").json()
        rolls = [one["found"] for one in said if one["about"] == "btc: roll"]

        assert len(rolls) == len(dated) >= 2
        for one, told in zip(sorted(dated, key=lambda one: one.expiry_ms), rolls, strict=True):
            assert told.startswith(f"{one.symbol} expires in ")
            assert "its roll begins 20" in told
        assert street.changes() == []


# --- putting right ----------------------------------------------------------------------------------------------

AMISS = ("position mode", "margin mode", "leverage")


def amiss(name: VenueName) -> tuple[str, ...]:
    """List what can be amiss at a venue: some have one margin mode, or sides that always stand apart."""
    margin = not lacking(name, "local", "isolated margin")
    return tuple(one for one in AMISS if margin or one != "margin mode")


@pytest.mark.parametrize("name", [name for name in DIALECTS if name.startswith("binance")])
def test_settings_are_put_right_when_asked_for_and_only_then_and_each_is_said(
    desk: Desk, name: VenueName
) -> None:
    with live_street(name) as street:
        desk.settle(street)
        street.office.set_hedge_mode("main", on=True)
        street.office.set_margin_mode("main", "isolated")
        street.office.set_leverage("main", street.symbol, Decimal(7))

        before = desk.checks()
        untouched = street.changes()
        done = desk.checks("--apply")
        changed = street.changes()
        after = desk.checks("--apply")

        wrong = {f"{street.symbol}: {one}" for one in amiss(name)}
        assert {about for about, one in before.items() if one["verdict"] in {"fail", "warn"}} == wrong
        assert all("hedgerow doctor --apply" in before[about]["remedy"] for about in wrong)
        assert untouched == []
        assert {about for about, one in done.items() if one["changed"]} == wrong
        assert all(done[about]["found"].endswith("; changed now") for about in wrong)
        assert sorted(changed) == ["leverage", "margin_mode", "position_mode"]
        assert not any(one["changed"] for one in after.values())
        assert street.changes() == changed
        assert street.office.leverage("main", street.symbol) == Decimal(3)
        assert street.office.trader("main").margin_mode == "cross"
        assert street.office.hedge_mode["main"] is False
        assert street.office.orders("main") == ()


@EVERY_DIALECT
def test_leverage_alone_is_put_right_and_nothing_else_is_asked_for(desk: Desk, name: VenueName) -> None:
    with live_street(name) as street:
        desk.settle(street)
        street.office.set_leverage("main", street.symbol, Decimal(7))

        done = desk.checks("--apply")[f"{street.symbol}: leverage"]

        assert (done["verdict"], done["changed"]) == ("ok", True)
        assert done["found"] == "was 7 x, the settings say 3 x; changed now"
        assert len(street.changes()) == 1
        assert street.office.leverage("main", street.symbol) == Decimal(3)


def test_what_the_venue_refuses_to_change_stays_a_failed_check_with_its_words(desk: Desk) -> None:
    with live_street("binance-usdm") as street:
        desk.settle(street)
        street.office.set_margin_mode("main", "isolated")
        street.short("0.1")

        said = desk.run("doctor", "--apply", "--json")
        (found,) = [one for one in said.json() if one["verdict"] == "fail"]

        assert said.code == 1
        assert (found["about"], found["changed"]) == (f"{street.symbol}: margin mode", False)
        assert found["found"].startswith("isolated, the settings say cross; not changed: binance-usdm, ")
        assert found["remedy"] == "Close positions and orders first, or change it on the venue's page."
        assert street.office.trader("main").margin_mode == "isolated"


def test_the_remedy_stands_below_what_it_is_for_at_any_width(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    with live_street("binance-usdm") as street:
        desk.settle(street)
        street.office.set_hedge_mode("main", on=True)
        for width in (80, 100):
            monkeypatch.setenv("COLUMNS", str(width))
            said = desk.run("doctor")
            assert said.code == 1
            assert "1 of 15 checks failed: hedgerow run will not start." in said.out
            assert max(map(len, said.out.splitlines())) <= width
            assert "…" not in said.out
