"""The verbs that look at venues: what is possible where, what is listed, what would be sent."""

import json
from pathlib import Path

import pytest

from bot.adapters.venues.table import FEATURES, VENUES, lacking
from bot.core.instruments import DatedFuture
from bot.settings_tables import VenueName
from bot.testexchange.dialects import DIALECTS
from tests.venues.streets import Desk, live_street

EVERY_DIALECT = pytest.mark.parametrize("name", list(DIALECTS))
WIDTHS = pytest.mark.parametrize("width", [80, 100])

# --- what is possible where -------------------------------------------------------------------------------------


def test_every_venue_mode_kind_and_feature_is_told_with_a_reason_where_it_is_not_to_be_had(
    desk: Desk,
) -> None:
    rows = {row["venue"]: row for row in desk.run("venues", "--json").json()}

    assert set(rows) == set(VENUES)
    for name, row in rows.items():
        assert set(row["features"]) == set(FEATURES)
        assert all(row[mode] for mode in ("paper", "local", "testnet", "live"))
        assert bool(row["testnet_features"]) is (VENUES[name].sandbox is not None)
        for feature in FEATURES:
            assert row["features"][feature] == lacking(name, "live", feature)
    assert rows["mexc"]["testnet"].startswith("no: the venue has no play money: rehearse with mode local")
    assert rows["weex"]["features"]["transfers by key"].startswith(
        "the venue moves no money by key: move it on its page"
    )
    assert rows["binance-usdm"]["features"]["transfers by key"] == ""
    assert rows["binance-usdm"]["testnet_features"]["transfers by key"].startswith("the demo has none")
    assert rows["bybit"]["live"] == "linear, inverse, linear dated, inverse dated"
    assert rows["weex"]["live"] == "linear"


@WIDTHS
def test_the_table_of_venues_has_a_reason_for_every_number_in_it(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))

    said = desk.run("venues").out

    reasons = {
        reason
        for facts in VENUES.values()
        for reason in (*facts.lacking.values(), *facts.testnet_lacking.values())
    }
    for number in range(1, len(reasons) + 1):
        assert f"\n{number:>3}  " in said
    assert "…" not in said
    tables = [line for line in said.splitlines() if line[:1] in set("│┃┏└")]
    assert max(map(len, tables)) <= width


def test_no_feature_is_lacking_that_is_none(desk: Desk) -> None:
    assert desk.run("venues").code == 0
    for facts in VENUES.values():
        assert {*facts.lacking, *facts.testnet_lacking} <= set(FEATURES)


# --- what is listed ---------------------------------------------------------------------------------------------


@EVERY_DIALECT
def test_contracts_on_the_coins_of_the_hedges_are_listed_with_their_terms(
    desk: Desk, name: VenueName
) -> None:
    with live_street(name) as street:
        desk.settle(street)

        found = {row["contract"]["symbol"]: row for row in desk.run("list-instruments", "--json").json()}
        listed = {one.symbol: one for one in street.office.contracts() if one.base == "BTC"}

        assert set(found) == set(listed)
        for symbol, row in found.items():
            assert row["contract"]["contract_size"] == f"{listed[symbol].contract_size:f}"
            assert (row["expiry_ms"] is not None) is isinstance(listed[symbol], DatedFuture)
        assert street.changes() == []


def test_another_coin_and_a_coin_nobody_knows_can_be_asked_about(desk: Desk) -> None:
    with live_street("binance-usdm") as street:
        desk.settle(street)

        ether = desk.run("list-instruments", "--asset", "ETH", "--json").json()
        nothing = desk.run("list-instruments", "--asset", "NIX")

        assert {row["contract"]["base"] for row in ether} == {"ETH"}
        assert nothing.code == 0
        assert "Nothing is listed on it." in nothing.out


@WIDTHS
def test_contracts_are_readable_in_a_narrow_terminal(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    with live_street("binance-usdm") as street:
        desk.settle(street)

        said = desk.run("list-instruments").out

        for one in street.office.contracts():
            assert (f"{one.symbol} " in said) is (one.base == "BTC")
        assert "venue: binance-usdm" in said
        assert "…" not in said
        assert max(map(len, said.splitlines())) <= width


# --- what would be sent -----------------------------------------------------------------------------------------


@EVERY_DIALECT
def test_a_plan_shows_the_first_order_of_a_flat_account_and_sends_nothing(
    desk: Desk, name: VenueName
) -> None:
    with live_street(name) as street:
        desk.settle(street)

        (plan,) = desk.run("plan", "--json").json()
        (order,) = plan["orders"]

        assert (plan["account"], plan["missing"]) == ("main", [])
        assert (order["what"], order["side"], order["symbol"]) == ("place", "sell", street.symbol)
        assert float(order["contracts"]) > 0
        assert street.changes() == []
        assert street.office.orders("main") == ()
        assert not (desk.folder / ".hedgerow").exists()


@pytest.mark.parametrize("name", [name for name in DIALECTS if name.startswith("binance")])
def test_a_plan_beside_a_position_is_about_what_is_left_and_sends_nothing(
    desk: Desk, name: VenueName
) -> None:
    with live_street(name) as street:
        desk.settle(street)
        street.short("1")
        held, orders = street.held(), len(street.office.orders("main"))

        (plan,) = desk.run("plan", "--json").json()

        assert [one["side"] for one in plan["orders"]] == ["sell"]
        assert street.held() == held < 0
        assert len(street.office.orders("main")) == orders
        assert street.changes() == []


def test_a_plan_of_a_frozen_account_says_that_nothing_would_be_sent(desk: Desk) -> None:
    with live_street("binance-usdm") as street:
        desk.settle(street)
        assert desk.run("run", "--seconds", "0.5").code == 0
        sent = street.changes()
        assert desk.run("freeze", "--why", "looking into it").code == 0
        journal = _state(desk.folder)

        said = desk.run("plan")

        assert said.code == 0
        assert "account main: nothing would be sent now" in said.out
        assert street.changes() == sent
        assert _state(desk.folder) == journal


def test_a_plan_goes_by_the_journal_and_leaves_it_as_it_is(desk: Desk) -> None:
    with live_street("binance-usdm") as street:
        desk.settle(street)
        assert desk.run("run", "--seconds", "0.5").code == 0
        sent, journal = street.changes(), _state(desk.folder)

        said = desk.run("plan", "--json")

        assert said.code == 0
        assert len(json.loads(said.out)) == 1
        assert street.changes() == sent
        assert _state(desk.folder) == journal


def _state(folder: Path) -> dict[str, bytes]:
    """Read every file of the journal."""
    return {path.name: path.read_bytes() for path in sorted((folder / ".hedgerow").iterdir())}
