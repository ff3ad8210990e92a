"""BingX's settings, keys, wallets, own orders and testnet, as an unmodified ccxt client meets them."""

from decimal import Decimal
from typing import Any

import ccxt
import pytest

from bot.core.values import Price
from bot.testexchange.keyring import TEST_KEY, Key
from tests.testexchange.bingx_street import INVERSE, LINEAR, on_bingx, sell
from tests.testexchange.street import FROM_MS, open_street, plain_client

BOTH = pytest.mark.parametrize(("symbol", "amount"), [(LINEAR, "0.5"), (INVERSE, "5")])


@BOTH
async def test_leverage_and_margin_mode_are_set_and_told(symbol: str, amount: str) -> None:
    async with on_bingx() as (_, client):
        await client.set_leverage(7, symbol, {"side": "BOTH"})
        told = await client.fetch_leverage(symbol)
        assert (told["longLeverage"], told["shortLeverage"], told["info"]["maxLongLeverage"]) == (7, 7, 100)
        for _ in range(2):
            await client.set_margin_mode("isolated", symbol)
            assert (await client.fetch_margin_mode(symbol))["marginMode"] == "isolated"
        await sell(client, symbol, amount)
        [held] = await client.fetch_positions([symbol])
        assert (held["marginMode"], held["leverage"]) == ("isolated", 7)
        with pytest.raises(ccxt.BadRequest, match="80001"):
            await client.set_margin_mode("cross", symbol)


async def test_hedge_mode_asks_for_a_side_and_keeps_one_position() -> None:
    async with on_bingx() as (_, client):
        assert (await client.fetch_position_mode())["hedged"] is False
        for _ in range(2):
            await client.set_position_mode(True)
        assert (await client.fetch_position_mode())["hedged"] is True
        with pytest.raises(ccxt.ExchangeError, match="104103"):
            await sell(client)
        await sell(client, hedged=True)
        [held] = await client.fetch_positions()
        assert (held["side"], held["contracts"]) == ("short", Decimal("0.5"))
        with pytest.raises(ccxt.BadRequest, match="one position per contract"):
            await client.create_order(LINEAR, "market", "buy", Decimal("0.5"), None, {"hedged": True})
        closing = {"hedged": True, "reduceOnly": True}
        await client.create_order(LINEAR, "market", "buy", Decimal("0.5"), None, closing)
        assert await client.fetch_positions() == []


async def test_fees_are_told() -> None:
    async with on_bingx() as (_, client):
        for symbol in (LINEAR, INVERSE):
            told = await client.fetch_trading_fee(symbol)
            assert (told["maker"], told["taker"]) == (Decimal("0.0002"), Decimal("0.0005"))


async def test_a_key_tells_what_it_may_do() -> None:
    key = Key(key="k", secret="s", permissions=frozenset({"read", "withdraw"}), ip_bound=False)  # noqa: S106 - a test's
    async with on_bingx(keys=(TEST_KEY, key), key=key) as (_, client):
        told = await client.accountV1PrivateGetAccountApiPermissions()
    assert (told["permissions"], told["ipAddresses"], told["apiKey"]) == ([2, 5], [], "k")


@pytest.mark.parametrize(("wallet", "asset", "amount"), [("linear", "USDT", 100), ("inverse", "BTC", "0.5")])
async def test_money_moves_between_spot_and_a_product_and_is_told(
    wallet: str, asset: str, amount: Any
) -> None:
    async with on_bingx() as (street, client):
        there = await client.transfer(asset, Decimal(amount), "spot", wallet)
        street.pass_time(60)
        back = await client.transfer(asset, Decimal(amount), wallet, "spot")
        [found] = await client.fetch_transfers(asset, params={"fromAccount": "spot", "toAccount": wallet})
        assert (found["id"], found["amount"], found["timestamp"]) == (there["id"], Decimal(amount), FROM_MS)
        assert (found["fromAccount"], found["toAccount"], found["status"]) == ("spot", wallet, "ok")
        [one] = await client.fetch_transfers(params={"transferId": back["id"]})
        assert (one["fromAccount"], one["toAccount"]) == (wallet, "spot")
        old = (await client.apiV3PrivateGetAssetTransfer({"type": "FUND_PFUTURES"}))["rows"]
        assert [str(row["tranId"]) for row in old] == ([there["id"]] if asset == "USDT" else [])
        assert (await client.fetch_balance({"type": "spot"}))["total"][asset] == {"USDT": 50_000, "BTC": 1}[
            asset
        ]


async def test_the_venues_own_orders_are_called_what_they_are() -> None:
    async with on_bingx() as (street, client):
        await sell(client)
        await sell(client, INVERSE, "5")
        street.office.exchange.deleverage("main", LINEAR, Decimal("0.1"), Price(Decimal(60_000)))
        street.office.exchange.deleverage("main", INVERSE, Decimal(1), Price(Decimal(60_000)))
        fills = await client.fetch_my_trades(LINEAR)
        assert [one["info"]["type"] for one in fills] == ["MARKET", "ADL"]
        [forced] = (await client.swapV2PrivateGetTradeForceOrders({"autoCloseType": "ADL"}))["data"]["orders"]
        assert (forced["type"], forced["side"], forced["clientOrderId"], forced["status"]) == (
            "ADL",
            "BUY",
            "",
            "FILLED",
        )
        assert len((await client.cswapV1PrivateGetTradeForceOrders({}))["data"]) == 1
        assert await client.fetch_my_liquidations(LINEAR) == []


async def test_a_liquidation_is_told_with_its_price() -> None:
    async with on_bingx() as (street, client):
        await client.set_leverage(100, LINEAR, {"side": "BOTH"})
        await client.transfer("USDT", Decimal(99_000), "linear", "spot")
        await sell(client, amount="1")
        street.office.exchange.mark(LINEAR, Decimal(61_000))
        [seized] = await client.fetch_my_liquidations(LINEAR)
        assert (seized["info"]["executedQty"], seized["info"]["type"]) == ("1", "LIQUIDATION")
        fill = (await client.fetch_my_trades(LINEAR))[-1]
        assert Decimal(fill["info"]["liquidatedPrice"]) == fill["price"]
        assert await client.fetch_positions() == []


async def test_the_testnet_knows_linear_contracts_only_and_plays_for_vst() -> None:
    async with open_street("bingx") as street, plain_client(street, "bingx", defaultType="swap") as client:
        street.dialect.meter.budget = 0
        client.set_sandbox_mode(True)
        await client.load_markets()
        assert set(client.markets) == {LINEAR, "ETH/USDT:USDT"}
        assert (await client.fetch_balance())["total"] == {"VST": 100_000}
        order = await sell(client)
        assert (await client.fetch_order(order["id"], LINEAR))["status"] == "closed"
        assert (await client.fetch_my_trades(LINEAR))[0]["info"]["currency"] == "VST"
        with pytest.raises(ccxt.BadRequest, match="100400"):
            await client.cswapV1PrivateGetUserBalance()
        assert street.dialect.operation(street.heard[-1][0]) == "unknown"
