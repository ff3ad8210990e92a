from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.adapters.model_market import (
    CYCLE_MS,
    FUNDING_MS,
    MINUTE_MS,
    PHASES,
    ModelMarket,
    ModelTown,
    model_contract,
    quote_at,
)
from bot.core import formulas
from bot.core.instruments import Payoff
from bot.core.reports import Payment
from bot.core.snapshot import Peg
from bot.core.values import Price
from bot.sim.exchange import Exchange
from tests.sim.builders import ME, order

START = 4091 * CYCLE_MS
times = st.integers(START, START + 3 * CYCLE_MS - 1)


@settings(deadline=None)
@given(seed=st.integers(0, 50), at_ms=times)
def test_prices_are_a_pure_function_of_seed_and_time(seed: int, at_ms: int) -> None:
    assert ModelMarket(seed, Decimal(60000)).tick(at_ms) == ModelMarket(seed, Decimal(60000)).tick(at_ms)


def test_a_cycle_is_calm_crash_squeeze_recovery_and_ends_where_it_began() -> None:
    market = ModelMarket(7, Decimal(60000))
    minutes = range(START, START + CYCLE_MS, 60 * MINUTE_MS)
    phases = [market.tick(at_ms).phase for at_ms in minutes]
    ends = {
        phase: market.tick(START + (n + 1) * CYCLE_MS // 4 - MINUTE_MS).index
        for n, (phase, *_) in enumerate(PHASES)
    }

    assert list(dict.fromkeys(phases)) == [phase for phase, *_ in PHASES]
    assert ends["crash"] < Decimal("0.75") * ends["calm"]
    assert ends["squeeze"] > Decimal("1.5") * ends["crash"]
    assert abs(ends["recovery"] / 60000 - 1) < Decimal("0.05")


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 20), at_ms=times)
def test_a_quote_is_on_the_tick_uncrossed_and_near_its_index(seed: int, at_ms: int) -> None:
    tick = ModelMarket(seed, Decimal(60000)).tick(at_ms)
    for symbol in ("BTC/USDT:USDT", "BTC/USD:BTC"):
        contract = model_contract(symbol)
        quote = quote_at(tick, contract, tick.index * (1 + tick.premium))

        assert 0 < quote.bid < quote.ask
        for price in (quote.bid, quote.ask, quote.mark):
            assert price % contract.price_tick == 0
        assert abs(quote.mark / quote.index - 1) < Decimal("0.01")
        assert quote.bid_contracts % contract.contracts_step == 0


def test_funding_settles_every_eight_hours_and_turns_negative_in_a_crash() -> None:
    market = ModelMarket(7, Decimal(60000))
    contract = model_contract("BTC/USDT:USDT")
    exchange = Exchange((contract,))
    exchange.open_account(ME, "cross", Decimal(10))
    town = ModelTown(market, exchange, START)
    exchange.deposit(ME, "USDT", Decimal(1_000_000))
    exchange.place(ME, order("sell", "1"))

    town.advance(START + CYCLE_MS - MINUTE_MS)

    paid = [p for p in exchange.activity[ME] if isinstance(p, Payment) and p.kind == "funding"]
    assert [p.at_ms for p in paid] == [START + n * FUNDING_MS for n in range(1, 15)]
    assert min(p.amount for p in paid) < 0 < max(p.amount for p in paid)


def test_advancing_in_steps_or_at_once_is_the_same() -> None:
    towns = []
    for step in (MINUTE_MS, 7 * MINUTE_MS, CYCLE_MS // 2):
        exchange = Exchange((model_contract("BTC/USD:BTC"),))
        exchange.open_account(ME, "cross", Decimal(10))
        town = ModelTown(ModelMarket(3, Decimal(60000)), exchange, START)
        exchange.deposit(ME, "BTC", Decimal(2))
        exchange.place(ME, order("sell", "500", contract=model_contract("BTC/USD:BTC")))
        for at_ms in range(START + step, START + CYCLE_MS // 2 + 1, step):
            town.advance(at_ms)
        town.advance(START + CYCLE_MS // 2)
        towns.append((town.now, exchange.wallets(ME), exchange.activity[ME]))

    assert towns[0] == towns[1] == towns[2]


@pytest.mark.parametrize(
    ("symbol", "payoff", "settle"),
    [
        ("BTC/USDT:USDT", Payoff.LINEAR, "USDT"),
        ("ETH/USD:ETH", Payoff.INVERSE, "ETH"),
        ("SOL/USDC:USDC", Payoff.LINEAR, "USDC"),
    ],
)
def test_a_symbol_tells_the_payoff(symbol: str, payoff: Payoff, settle: str) -> None:
    contract = model_contract(symbol)

    assert (contract.payoff, contract.settle) == (payoff, settle)


@pytest.mark.parametrize("symbol", ["BTCUSDT", "BTC/USDT", "BTC/USDT:ETH", "BTC/BTC:BTC", "/USDT:USDT", ""])
def test_a_symbol_that_is_no_contract_is_refused(symbol: str) -> None:
    with pytest.raises(ValueError, match="is no contract"):
        model_contract(symbol)


# closes          | standard deviation of log returns, a sample's
VOLATILITIES = """
  100 100 100     | 0
  100 200 400     | 0                     a steady rise does not vary
  100 200 100     | 0.980258143468547     ln 2 up and down: sqrt(2) ln 2
  100 110 99 100  | 0.100712158860745
"""


@pytest.mark.parametrize("row", VOLATILITIES.strip().splitlines())
def test_volatility_is_the_deviation_of_log_returns(row: str) -> None:
    closes, _, rest = row.partition("|")

    found = formulas.day_volatility([Decimal(close) for close in closes.split()])

    assert abs(found - Decimal(rest.split()[0])) < Decimal("1e-15")


def test_two_closes_have_no_volatility() -> None:
    with pytest.raises(ValueError, match="at least 3 are needed"):
        formulas.day_volatility([Decimal(1), Decimal(2)])


def _town(at_ms: int = START) -> ModelTown:
    exchange = Exchange((model_contract("BTC/USDT:USDT"), model_contract("BTC/USD:BTC")))
    return ModelTown(ModelMarket(7, Decimal(60000)), exchange, at_ms)


def test_a_dollar_stablecoin_is_worth_a_dollar_and_other_coins_have_no_peg() -> None:
    dollar = Price(Decimal(1))

    assert [_town().peg(asset) for asset in ("USDT", "USDC", "BTC")] == [
        Peg(asset="USDT", price=dollar),
        Peg(asset="USDC", price=dollar),
        None,
    ]


@pytest.mark.parametrize("symbol", ["BTC/USDT:USDT", "BTC/USD:BTC"])
def test_perpetuals_are_busy_whatever_a_contract_is_worth(symbol: str) -> None:
    town = _town()
    turnover, mark = town.turnover(symbol), town.exchange.marks[symbol]

    assert turnover is not None
    for contracts in (turnover.volume_24h, turnover.open_interest):
        notional = town.exchange.contracts[symbol].notional(contracts, mark)
        assert abs(notional - 2_000_000_000) < mark
