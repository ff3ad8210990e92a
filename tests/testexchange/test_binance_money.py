"""The dialect of Binance, both products, word for word: money that moved, and what the venue does by its own hand."""

from decimal import Decimal

import pytest

from bot.core.values import Price
from bot.testexchange.keyring import Key, Permission
from tests.testexchange.binance_street import BOTH, BTC, SIZE, SYMBOLS, Customer, Product, on_binance
from tests.testexchange.street import FROM_MS

HOUR = 3600
DAY = 24 * HOUR
COIN = {"usdm": "USDT", "coinm": "BTC"}
WALLET = {"usdm": "UMFUTURE", "coinm": "CMFUTURE"}
TRANSFER = "/sapi/v1/asset/transfer"


async def income(customer: Customer, **asked: object) -> list[tuple[str, Decimal]]:
    """List kinds and amounts of money that moved."""
    return [(one["incomeType"], Decimal(one["income"])) for one in await customer.get("v1/income", **asked)]


async def wallet(customer: Customer) -> Decimal:
    """Tell what is in the futures wallet."""
    version = "v3" if customer.product == "usdm" else "v1"
    rows = (await customer.get(f"{version}/account"))["assets"]
    return Decimal({one["asset"]: one["walletBalance"] for one in rows}[COIN[customer.product]])


@pytest.mark.parametrize("product", BOTH)
@pytest.mark.parametrize(("side", "sign"), [("SELL", 1), ("BUY", -1)])
async def test_funding_that_is_received_is_positive(product: Product, side: str, sign: int) -> None:
    async with on_binance(product) as (street, customer):
        await customer.trade(side)
        street.pass_time(8 * HOUR + 60)
        [paid] = await customer.get("v1/income", incomeType="FUNDING_FEE", symbol=BTC[product])
        [rate] = await customer.shown("v1/fundingRate", symbol=BTC[product], limit=1)
        assert (paid["asset"], paid["time"], paid["symbol"]) == (
            COIN[product],
            FROM_MS + 8 * HOUR * 1000,
            BTC[product],
        )
        assert rate["fundingTime"] == paid["time"]
        amount, told = Decimal(paid["income"]), Decimal(rate["fundingRate"])
        assert (amount > 0) == (sign * told > 0), "shorts receive what is positive"
        contract, mark = (
            street.office.contract(SYMBOLS[product]),
            street.office.exchange.marks[SYMBOLS[product]],
        )
        about = abs(told) * contract.value(Decimal(SIZE[product]), mark)
        assert abs(amount) == pytest.approx(about, rel=Decimal("0.1"))


@pytest.mark.parametrize("product", BOTH)
async def test_income_explains_the_wallet(product: Product) -> None:
    async with on_binance(product) as (street, customer):
        await customer.trade("SELL")
        street.pass_time(8 * HOUR + 60)
        await customer.trade("BUY")
        asset = COIN[product]
        rows = [one for one in await customer.get("v1/income") if one["asset"] == asset]
        assert sum(Decimal(one["income"]) for one in rows) == await wallet(customer)
        assert [one["incomeType"] for one in rows] == [
            "WELCOME_BONUS",
            "COMMISSION",
            "FUNDING_FEE",
            "REALIZED_PNL",
            "COMMISSION",
        ]
        fills = await customer.get("v1/userTrades", symbol=BTC[product])
        assert [rows[1]["tradeId"], rows[4]["tradeId"]] == [str(one["id"]) for one in fills]
        assert Decimal(rows[3]["income"]) == Decimal(fills[1]["realizedPnl"])
        assert len({one["tranId"] for one in rows}) == len(rows)


@pytest.mark.parametrize("product", BOTH)
async def test_income_is_chosen_by_kind_contract_time_and_page(product: Product) -> None:
    async with on_binance(product) as (street, customer):
        street.pass_time(60)
        for side in ("SELL", "BUY", "SELL"):
            await customer.trade(side)
        every = await income(customer)
        fees = [one for one in every if one[0] == "COMMISSION"]
        assert await income(customer, incomeType="COMMISSION") == fees
        assert len(fees) == 3
        assert await income(customer, incomeType="COMMISSION_REBATE") == []
        assert await income(customer, symbol=BTC[product]) == every[3:], "three coins were given before"
        assert await income(customer, startTime=FROM_MS + 60_000) == every[3:]
        assert await income(customer, startTime=FROM_MS + 60_000, limit=2) == every[3:5], "the first since"
        assert await income(customer, endTime=FROM_MS) == every[:3]
        assert await income(customer, limit=2) == every[-2:], "the last"
        pages = [await income(customer, limit=3, page=page) for page in (1, 2, 3, 4)]
        assert pages == [every[:3], every[3:6], every[6:9], every[9:12]]
        street.pass_time(8 * DAY)
        assert {kind for kind, _ in await income(customer)} == {"FUNDING_FEE"}, "the last week's"


# --- the spot host --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("product", BOTH)
async def test_money_goes_between_the_wallets_and_is_told_afterwards(product: Product) -> None:
    async with on_binance(product) as (street, customer):
        there, back, coin = f"MAIN_{WALLET[product]}", f"{WALLET[product]}_MAIN", COIN[product]
        before = await wallet(customer)
        street.pass_time(60)
        one = await customer.post(TRANSFER, type=there, asset=coin, amount="0.5")
        street.pass_time(60)
        await customer.post(TRANSFER, type=back, asset=coin, amount="0.2")
        await customer.post(TRANSFER, type=there, asset=coin, amount="0.1")
        assert await wallet(customer) == before + Decimal("0.4")
        spot = {
            one["asset"]: Decimal(one["free"]) for one in (await customer.get("/api/v3/account"))["balances"]
        }
        assert spot[coin] == {"USDT": 50_000, "BTC": 1}[coin] - Decimal("0.4")
        told = await customer.get(TRANSFER, type=there)
        assert (told["total"], [row["amount"] for row in told["rows"]]) == (2, ["0.1", "0.5"])
        assert told["rows"][1] == {
            "asset": coin,
            "amount": "0.5",
            "type": there,
            "status": "CONFIRMED",
            "tranId": one["tranId"],
            "timestamp": FROM_MS + 60_000,
        }
        assert [row["amount"] for row in (await customer.get(TRANSFER, type=back))["rows"]] == ["0.2"]
        assert (await customer.get(TRANSFER, type="MAIN_MARGIN"))["total"] == 0, "that wallet is not there"

        async def amounts(**asked: object) -> list[str]:
            return [row["amount"] for row in (await customer.get(TRANSFER, type=there, **asked))["rows"]]

        assert await amounts(size=1) == ["0.1"]
        assert await amounts(size=1, current=2) == ["0.5"]
        assert await amounts(startTime=FROM_MS + 60_001) == ["0.1"]
        assert await amounts(endTime=FROM_MS + 60_001) == ["0.5"]
        assert [kind for kind, _ in await income(customer, incomeType="TRANSFER")] == ["TRANSFER"] * 3


@pytest.mark.parametrize("product", BOTH)
@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"amount": "60000000"}, -5013),
        ({"amount": "0"}, -1130),
        ({"amount": "-1"}, -1130),
        ({"amount": "NaN"}, -1102),
        ({"amount": None}, -1102),
        ({"asset": None}, -1102),
        ({"asset": "DOGE"}, -5013),
        ({"type": None}, -1102),
        ({"type": "MAIN_MOON"}, -1130),
        ({"type": "MAIN_FUNDING"}, -1020),
    ],
)
async def test_money_that_cannot_move_stays(product: Product, changed: dict[str, object], code: int) -> None:
    async with on_binance(product) as (street, customer):
        asked = {"type": f"MAIN_{WALLET[product]}", "asset": COIN[product], "amount": "1", **changed}
        told = await customer.ask("POST", TRANSFER, **asked)
        assert (told.status, told.code) == (400, code)
        assert street.office.transfers("main") == ()


async def test_money_that_is_margin_does_not_leave() -> None:
    async with on_binance() as (_, customer):
        await customer.trade("SELL", "4")
        told = await customer.ask("POST", TRANSFER, type="UMFUTURE_MAIN", asset="USDT", amount="50000")
        assert told.code == -5013


@pytest.mark.parametrize("product", BOTH)
async def test_the_demo_moves_no_money_and_says_nothing_of_keys(product: Product) -> None:
    async with on_binance(product) as (_, customer):
        customer.host = "demo-api.binance.com"
        for method, path in (
            ("POST", TRANSFER),
            ("GET", TRANSFER),
            ("GET", "/sapi/v1/account/apiRestrictions"),
            ("GET", "/sapi/v1/capital/config/getall"),
            ("GET", "/sapi/v1/margin/allPairs"),
        ):
            told = await customer.ask(method, path)
            assert (told.status, told.code) == (404, -5000), path
        spot = await customer.ask("GET", "/api/v3/account")
        assert spot.status == 200


async def test_spot_is_quoted_at_the_index() -> None:
    async with on_binance() as (street, customer):
        pairs = (await customer.shown("/api/v3/exchangeInfo"))["symbols"]
        assert [one["symbol"] for one in pairs] == ["BTCUSDT", "ETHUSDT"]
        index = street.office.exchange.indices["BTC"]
        one = await customer.shown("/api/v3/ticker/bookTicker", symbol="BTCUSDT")
        assert Decimal(one["bidPrice"]) == Decimal(one["askPrice"]) == index
        assert len(await customer.shown("/api/v3/ticker/bookTicker")) == 2
        assert (await customer.show("/api/v3/ticker/bookTicker", symbol="DOGEUSDT")).code == -1121
        assert (await customer.shown("/api/v3/time"))["serverTime"] == FROM_MS


@pytest.mark.parametrize("product", BOTH)
async def test_coins_of_the_spot_wallet_are_listed_and_are_no_margin(product: Product) -> None:
    async with on_binance(product) as (_, customer):
        listed = await customer.get("/sapi/v1/capital/config/getall")
        held = {one["coin"]: one["free"] for one in listed}
        assert held == {"BTC": "1", "ETH": "10", "USDT": "50000"}
        for path in ("/sapi/v1/margin/allPairs", "/sapi/v1/margin/isolated/allPairs"):
            assert await customer.get(path) == []


@pytest.mark.parametrize(
    ("rights", "bound"),
    [({"read", "trade", "transfer"}, True), ({"read"}, False), ({"read", "withdraw"}, True)],
)
async def test_a_key_is_told_what_it_may_do(rights: set[Permission], bound: bool) -> None:  # noqa: FBT001 - a column
    key = Key(key="one", secret="s", permissions=frozenset(rights), ip_bound=bound)  # noqa: S106 - a test's
    async with on_binance(keys=(key,), key=key) as (_, customer):
        told = await customer.get("/sapi/v1/account/apiRestrictions")
        spot = await customer.get("/api/v3/account")
    assert (told["enableReading"], told["ipRestrict"]) == (True, bound)
    assert told["enableFutures"] == ("trade" in rights)
    assert told["permitsUniversalTransfer"] == told["enableInternalTransfer"] == ("transfer" in rights)
    assert told["enableWithdrawals"] == spot["canWithdraw"] == ("withdraw" in rights)


# --- by its own hand ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("product", BOTH)
async def test_what_the_venue_does_by_its_own_hand_has_names_of_its_own(product: Product) -> None:
    async with on_binance(product) as (street, customer):
        symbol, exchange = SYMBOLS[product], street.office.exchange
        await customer.trade("SELL", None if product == "usdm" else "3000")
        exchange.deleverage(
            "main",
            symbol,
            street.office.contract(symbol).contracts_step,
            Price(exchange.touches[symbol].quote.bid),
        )
        await customer.shown("v1/time")
        [deleveraged] = await customer.get("v1/forceOrders", autoCloseType="ADL")
        assert (deleveraged["clientOrderId"], deleveraged["side"], deleveraged["status"]) == (
            "adl_autoclose",
            "BUY",
            "FILLED",
        )
        assert (deleveraged["reduceOnly"], deleveraged["timeInForce"]) == (False, "IOC")
        exchange.accounts["main"].post(
            street.now_ms,
            "transfer",
            COIN[product],
            1 - exchange.accounts["main"].balance("futures", COIN[product]),
        )
        exchange.mark(symbol, exchange.marks[symbol] * 3)
        await customer.shown("v1/time")
        [gone] = await customer.get("v1/forceOrders", autoCloseType="LIQUIDATION", symbol=BTC[product])
        assert gone["clientOrderId"] == f"autoclose-{gone['orderId']}"
        assert len(await customer.get("v1/forceOrders")) == 2
        assert [one["orderId"] for one in await customer.get("v1/forceOrders", limit=1)] == [gone["orderId"]]
        told = await customer.ask("GET", "v1/forceOrders", autoCloseType="WHIM")
        assert told.code == -1130
        assert "INSURANCE_CLEAR" in {kind for kind, _ in await income(customer)}
        street.pass_time(8 * DAY)
        assert await customer.get("v1/forceOrders") == [], "the last week's"
        assert len(await customer.get("v1/forceOrders", startTime=FROM_MS)) == 2


@pytest.mark.parametrize(("product", "name"), [("usdm", "BTCUSDT_260306"), ("coinm", "BTCUSD_260306")])
async def test_a_dated_contract_ends_in_money(product: Product, name: str) -> None:
    async with on_binance(product, scenario="roll") as (street, customer):
        listed = {one["symbol"]: one for one in (await customer.shown("v1/exchangeInfo"))["symbols"]}
        expiry_ms = listed[name]["deliveryDate"]
        await customer.trade("SELL", symbol=name)
        resting = await customer.rest(symbol=name, price="90000")
        kept = await customer.rest(price="90000")
        street.pass_time((expiry_ms - FROM_MS) // 1000 + 60)
        last = (await customer.get("v1/userTrades", symbol=name))[-1]
        assert (last["side"], last["qty"], last["time"]) == ("BUY", SIZE[product], expiry_ms)
        settled = await customer.get("v1/order", symbol=name, orderId=last["orderId"])
        assert settled["clientOrderId"] == f"settlement_autoclose-{last['orderId']}"
        assert settled["status"] == "FILLED"
        gone = await customer.get("v1/order", symbol=name, orderId=resting["orderId"])
        assert gone["status"] == "CANCELED"
        assert [one["orderId"] for one in await customer.get("v1/openOrders")] == [kept["orderId"]]
        kinds = [one["incomeType"] for one in await customer.get("v1/income", symbol=name)]
        assert "REALIZED_PNL" in kinds
        assert "FUNDING_FEE" not in kinds
        assert name not in {one["symbol"] for one in (await customer.shown("v1/exchangeInfo"))["symbols"]}
        assert (await customer.show("v1/ticker/bookTicker", symbol=name)).code == -1121
        assert (await customer.order(symbol=name)).code == -4141
        assert (await customer.ask("POST", "v1/leverage", symbol=name, leverage=2)).code == -1121
        version = "v3" if product == "usdm" else "v1"
        rows = await customer.get(f"{version}/positionRisk")
        assert name not in {one["symbol"] for one in rows}
