"""How the manners read wallets, tiers, prices and modes: units and figures, venue by venue."""

from decimal import Decimal
from typing import Any

import pytest

from bot.adapters.venues.manner import Listed
from bot.adapters.venues.manners import manner_of
from bot.core.values import ZERO
from tests.adapters.manners.canned import BTC, Canned, answers_of, listed
from tests.testexchange.shapes import fixture

D = Decimal


NO_SPOT: dict[str, Any] = {"balances": [{"asset": "BTC", "free": "0.5", "locked": "0.25"}]}


async def test_binance_wallets_have_balance_equity_and_maintenance() -> None:
    api = Canned(
        {"fapiPrivateV3GetAccount": fixture("binance-usdm", "account_v3.json"), "privateGetAccount": NO_SPOT}
    )

    coin, dollar = await manner_of("binance-usdm").wallets(api, (BTC,))

    assert (coin.asset, coin.balance, coin.spare) == ("BTC", ZERO, D("0.75"))
    assert (dollar.asset, str(dollar.balance), str(dollar.equity)) == ("USDT", "72.72317863", "83.90238613")
    assert str(dollar.maintenance) == "11.95476475"


async def test_bybits_unified_wallet_tells_which_coins_back_others() -> None:
    api = Canned(
        {
            "privateGetV5AccountWalletBalance": fixture("bybit", "wallet_balance_unified.json"),
            "privateGetV5AssetTransferQueryAccountCoinsBalance": {
                "retCode": 0,
                "result": {"balance": [{"coin": "USDT", "walletBalance": "7"}]},
            },
            "privateGetV5AccountCollateralInfo": {
                "retCode": 0,
                "result": {
                    "list": [
                        {
                            "currency": "BTC",
                            "collateralRatio": "0.95",
                            "marginCollateral": True,
                            "collateralSwitch": True,
                        }
                    ]
                },
            },
        }
    )

    coin, dollar = await manner_of("bybit").wallets(api, (BTC,))

    assert (str(coin.balance), str(coin.collateral_share), coin.spare) == ("0.805994", "0.95", ZERO)
    assert (dollar.balance, dollar.spare, dollar.collateral_share) == (ZERO, D(7), ZERO)


@pytest.mark.parametrize(
    ("inverse", "asset", "balance", "equity"),
    [(False, "USDT", "194.8212", "196.7431"), (True, "SOL", "0.35707951", "0.35791051")],
)
async def test_bingx_wallets_are_those_of_the_product(
    inverse: bool,  # noqa: FBT001 - a column
    asset: str,
    balance: str,
    equity: str,
) -> None:
    api = Canned(
        {
            "swapV3PrivateGetUserBalance": fixture("bingx", "balance_linear_v3.json"),
            "cswapV1PrivateGetUserBalance": fixture("bingx", "balance_inverse.json"),
            "spotV1PrivateGetAccountBalance": {"code": 0, "data": NO_SPOT},
        }
    )

    found = await manner_of("bingx").wallets(api, (listed("SOL-USD", "SOL", inverse=inverse),))

    wallet = next(one for one in found if one.asset == asset)
    assert (str(wallet.balance), str(wallet.equity), wallet.maintenance) == (balance, equity, None)


async def test_mexcs_balance_is_its_equity_without_what_is_unrealised() -> None:
    answer = fixture("mexc", "account_assets.json")
    answer["data"][0] |= {"currency": "USDT", "equity": "110", "unrealized": "12.5"}
    api = Canned({"contractPrivateGetAccountAssets": answer, "spotPrivateGetAccount": NO_SPOT})

    _, dollar = await manner_of("mexc").wallets(api, (BTC,))

    assert (dollar.balance, dollar.equity) == (D("97.5"), D(110))


async def test_weex_equity_is_its_balance_with_what_is_unrealised() -> None:
    answer = fixture("weex", "account_balance.json")
    answer[0]["unrealizePnl"] = "-3"
    api = Canned({"contractPrivateGetCapiV3AccountBalance": answer, "privateGetApiV3Account": NO_SPOT})

    _, dollar = await manner_of("weex").wallets(api, (BTC,))

    assert (dollar.balance, dollar.equity) == (D(20), D(17))


Tiers = list[tuple[str, str, str, str]]
"""Value from, maintenance rate, amount off, highest leverage."""
TIERS: list[tuple[str, str, dict[str, str], Listed, Tiers]] = [
    (
        "binance-usdm",
        "in dollars",
        {"fapiPrivateGetLeverageBracket": "leverageBracket_2024-10"},
        BTC,
        [
            ("0", "0.004", "0.0", "125"),
            ("50000", "0.005", "50.0", "100"),
            ("600000", "0.0065", "950.0", "75"),
        ],
    ),
    (
        "binance-coinm",
        "in coins",
        {"dapiPrivateV2GetLeverageBracket": "leverageBracket_v2"},
        listed("XRPUSD_210326", "XRP", inverse=True, unit="10"),
        [("0", "0.0185", "0.0", "20")],
    ),
    (
        "bybit",
        "in per cent",
        {"publicGetV5MarketRiskLimit": "risk_limit_inverse"},
        listed("BTCUSD", "BTC", inverse=True),
        [("0", "0.005", "0", "100.00")],
    ),
    (
        "bingx",
        "leverage is half of what maintenance allows",
        {"swapV1PrivateGetMaintMarginRatio": "maint_margin_ratio"},
        listed("ETH-USDT", "ETH"),
        [("0", "0.003300", "0.000000", "151")],
    ),
]


@pytest.mark.parametrize(
    ("venue", "what", "files", "one", "wanted"), TIERS, ids=[f"{row[0]} {row[1]}" for row in TIERS]
)
async def test_margin_tiers_are_read_in_settlement_value(
    venue: str, what: str, files: dict[str, str], one: Listed, wanted: Tiers
) -> None:
    del what
    found = await manner_of(venue).tiers(Canned(answers_of(venue, files)), one)

    told = [
        (
            str(tier.value_min),
            str(tier.maintenance_rate),
            str(tier.maintenance_amount),
            str(tier.leverage_max),
        )
        for tier in found[: len(wanted)]
    ]
    assert [tuple(D(figure) for figure in row) for row in told] == [
        tuple(D(figure) for figure in row) for row in wanted
    ]


@pytest.mark.parametrize(
    ("rate", "leverage", "read"),
    [
        ("0.5", "100", "0.005"),
        ("0.005", "100", "0.005"),
        ("2.5", "25", "0.025"),
        ("0.025", "25", "0.025"),
        ("10", "5", "0.1"),
    ],
)
async def test_bybits_rates_are_read_as_shares_or_per_cent_whichever_is_possible(
    rate: str, leverage: str, read: str
) -> None:
    answer = fixture("bybit", "risk_limit_inverse.json")
    answer["result"]["list"][0] |= {"maintenanceMargin": rate, "maxLeverage": leverage}
    api = Canned({"publicGetV5MarketRiskLimit": answer})

    (tier,) = await manner_of("bybit").tiers(api, listed("BTCUSD", "BTC", inverse=True))

    assert tier.maintenance_rate == D(read)


async def test_mexcs_tiers_are_reckoned_from_steps_of_contracts_at_the_mark() -> None:
    ticker = fixture("mexc", "ticker.json")
    ticker["data"][0] |= {"symbol": "BTC_USDT", "fairPrice": 50_000}
    api = Canned(
        {
            "contractPublicGetDetail": fixture("mexc", "contract_detail_doc.json"),
            "contractPublicGetTicker": ticker,
        }
    )

    found = await manner_of("mexc").tiers(api, listed("BTC_USDT", "BTC", unit="0.0001"))

    assert [(tier.value_min, tier.maintenance_rate, tier.leverage_max) for tier in found] == [
        (D(0), D("0.004"), D(125)),
        (D(50_000), D("0.008"), 1 / D("0.012")),
        (D(1_050_000), D("0.012"), 1 / D("0.016")),
        (D(2_050_000), D("0.016"), D(50)),
        (D(3_050_000), D("0.020"), 1 / D("0.024")),
    ]


async def test_inverse_prices_and_sizes_are_those_on_the_wire() -> None:
    mark = fixture("binance-usdm", "premiumIndex.json") | {"symbol": "BTCUSD_PERP"}
    api = Canned(
        {
            "dapiPublicGetTickerBookTicker": fixture("binance-coinm", "bookTicker.json"),
            "dapiPublicGetPremiumIndex": [mark],
        }
    )

    (quote,) = await manner_of("binance-coinm").quotes(
        api, (listed("BTCUSD_PERP", "BTC", inverse=True, unit="100"),)
    )

    assert (str(quote.bid), str(quote.bid_contracts)) == ("21301.2", "188")
    assert (str(quote.ask), str(quote.ask_contracts)) == ("21301.3", "10302")
    assert quote.at_ms == 1_621_252_344_001


async def test_mexcs_best_prices_are_the_ends_of_the_book_that_face_each_other() -> None:
    api = Canned(
        {
            "contractPublicGetDepthSymbol": fixture("mexc", "depth.json"),
            "contractPublicGetTicker": fixture("mexc", "ticker.json"),
        }
    )

    (quote,) = await manner_of("mexc").quotes(api, (listed("ETH_USDT", "ETH", unit="0.01"),))

    assert (str(quote.bid), str(quote.ask)) == ("3445.55", "3445.72")
    assert (quote.bid_contracts, quote.ask_contracts) == (D(44_081), D(48_379))
    assert quote.at_ms == 1_634_117_846_232


async def test_bybits_best_prices_and_their_age_are_read_off_the_book_as_its_ticker_bears_no_time() -> None:
    api = Canned(
        {
            "publicGetV5MarketOrderbook": fixture("bybit", "orderbook.json"),
            "publicGetV5MarketTickers": fixture("bybit", "tickers_linear.json"),
        }
    )

    (quote,) = await manner_of("bybit").quotes(api, (BTC,))

    assert (str(quote.bid), str(quote.bid_contracts)) == ("16638.27", "0.305749")
    assert (str(quote.ask), str(quote.ask_contracts)) == ("16638.64", "0.008479")
    assert quote.at_ms == 1_672_765_737_733
    ticker = fixture("bybit", "tickers_linear.json")["result"]["list"][0]
    assert (quote.mark, quote.index) == (D(ticker["markPrice"]), D(ticker["indexPrice"]))


async def test_funding_is_told_with_the_next_settlement() -> None:
    weex = Canned({"contractGetCapiV3MarketPremiumIndex": fixture("weex", "premiumIndex.json")})
    mexc = Canned({"contractPublicGetFundingRateSymbol": fixture("mexc", "funding_rate.json")})
    bybit = Canned({"publicGetV5MarketTickers": fixture("bybit", "tickers_inverse.json")})

    told = [
        await manner_of("weex").funding(weex, listed("ETHUSDT", "ETH")),
        await manner_of("mexc").funding(mexc, listed("BTC_USDT", "BTC")),
        await manner_of("bybit").funding(bybit, listed("BTCUSD", "BTC", inverse=True)),
    ]

    assert [None if one is None else (one.rate, one.next_at_ms) for one in told] == [
        (D("0.00005618"), 1_775_606_400_000),
        (D("0.000014"), 1_643_241_600_000),
        (D("-0.001034"), 1_672_387_200_000),
    ]


async def test_modes_are_read_in_each_venues_words() -> None:
    binance = Canned(
        {
            "fapiPrivateGetPositionSideDual": fixture("binance-usdm", "positionSide_dual.json"),
            "fapiPrivateGetSymbolConfig": fixture("binance-usdm", "symbolConfig.json"),
            "fapiPrivateGetMultiAssetsMargin": {"multiAssetsMargin": False},
        }
    )
    weex = Canned({"contractPrivateGetCapiV3AccountSymbolConfig": fixture("weex", "symbolConfig.json")})

    one = await manner_of("binance-usdm").modes(binance, BTC)
    two = await manner_of("weex").modes(weex, listed("DOGEUSDT", "DOGE"))

    assert (one.one_way, one.margin_mode, one.leverage, one.multi_asset) == (False, "cross", D(21), False)
    assert (two.one_way, two.margin_mode, two.leverage) == (True, "cross", D(20))
