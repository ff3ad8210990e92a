"""`hedgerow exposures`: the inventory, coin by coin, on the model market; and a bag that hedges share."""

import json
import signal
import time
from decimal import Decimal
from pathlib import Path

import pytest

from tests.backtest.builders import hours, saved
from tests.test_cli import Shell

D = Decimal
SETTINGS = """
mode = "paper"
[accounts.main]
deposit = 200000
[accounts.coin]
deposit = 1
[hedges.btc]
account = "main"
asset = "BTC"
symbol = "BTC/USDT:USDT"
holdings = 0
also = [{ asset = "ETH", holdings = 20 }]
policy = [{ stage = "beta", bar_hours = 1, lookback_bars = 100, proof_bars = 50 }]
[hedges.inverse]
account = "coin"
asset = "BTC"
symbol = "BTC/USD:BTC"
holdings = 0
policy = [{ stage = "fixed_ratio", ratio = 1 }]
[[bags]]
asset = "BTC"
holdings = 3
over = [{ hedge = "btc", share = 0.5, coins_max = 1 }, { hedge = "inverse" }]
"""

OTHER_HEDGE = """{ hedge = "btc", by_collateral = true }, { hedge = "inverse" }]
[hedges.other]
account = "main"
asset = "SOL"
symbol = "SOL/USDT:USDT"
holdings = 1
policy = [{ stage = "fixed_ratio", ratio = 1 }]
"""


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    shell = Shell(tmp_path)
    (tmp_path / "hedgerow.toml").write_text(SETTINGS)
    return shell


def test_each_coin_is_listed_with_its_value_its_beta_and_what_hedges_it(shell: Shell) -> None:
    told = json.loads(shell.run("exposures", "--json").stdout)
    words = shell.run("exposures").stdout

    assert told["missing"] == []
    btc, eth, inverse = told["lines"]
    assert [one["asset"] for one in told["lines"]] == ["BTC", "ETH", "BTC"]
    assert [D(btc["coins"]), D(eth["coins"])] == [D(1), D(20)]
    assert D(inverse["coins"]) == 3, "two of the bag, and the coin that is the margin"
    assert (btc["proxy"], eth["proxy"], eth["symbol"]) == (False, True, "BTC/USDT:USDT")
    assert float(btc["carries"]) == pytest.approx(400_000 / float(btc["price"]), rel=0.01), "at two times"
    assert D(inverse["carries"]) == 3, "one coin, at three times"
    for one in (btc, eth):
        assert D(one["notional"]) == D(one["coins"]) * D(one["price"])
        assert D("0.9") < D(one["ratio"]) < D("1.1"), "the model's coins move together"
        assert "out of sample" in one["reason"]
    for head in (
        "quantity",
        "notional",
        "beta",
        "hedged by",
        "carries",
        "own future",
        "proxy",
        "short in BTC/USDT:USDT",
    ):
        assert head in " ".join(words.split())


COLLATERAL = """
mode = "paper"
[model_market]
start_price = 50000
[accounts.main]
deposit = DOLLARS
[accounts.coin]
deposit = COINS
[hedges.linear]
account = "main"
asset = "BTC"
symbol = "BTC/USDT:USDT"
holdings = 0
policy = [{ stage = "fixed_ratio", ratio = 1 }]
[hedges.inverse]
account = "coin"
asset = "BTC"
symbol = "BTC/USD:BTC"
holdings = 0
policy = [{ stage = "fixed_ratio", ratio = 1 }]
[[bags]]
asset = "BTC"
holdings = 3
over = [{ hedge = "inverse", by_collateral = true }, { hedge = "linear", by_collateral = true }]
[pricing]
patience_seconds = 0
[loop]
poll_seconds = 0.1
heartbeat_seconds = 1
"""


@pytest.mark.parametrize(
    ("dollars", "coins", "inverse", "linear"),
    [
        ("200000", "1", "3", "1"),
        ("200000", "0.4", "1.2", "2.2"),
        ("200000", "5", "8", "0"),
        ("1", "1", "3", "1"),
        ("200000", "0.001", "0.003", "2.998"),
    ],
    ids=["two of three", "little coin", "all in coins", "neither carries the rest", "hardly any coin"],
)
def test_a_bag_goes_linear_or_inverse_by_what_collateral_there_is(
    shell: Shell, dollars: str, coins: str, inverse: str, linear: str
) -> None:
    """One coin at three times carries three; it is hedged itself first, so that two of the bag find room."""
    (shell.folder / "hedgerow.toml").write_text(
        COLLATERAL.replace("DOLLARS", dollars).replace("COINS", coins)
    )

    told = {one["hedge"]: one for one in json.loads(shell.run("exposures", "--json").stdout)["lines"]}

    assert D(told["inverse"]["coins"]) == D(inverse), "with the coins that are its margin"
    assert D(told["linear"]["coins"]) == D(linear)


def test_a_replay_shares_a_bag_by_what_the_deposits_carry_at_its_first_price(shell: Shell) -> None:
    """Half a coin at three times carries 1.5; one of the bag finds room beside it, and two go to the linear hedge."""
    (shell.folder / "hedgerow.toml").write_text(COLLATERAL.replace("DOLLARS", "1000").replace("COINS", "0.5"))
    candles = saved(hours([100.0] * 30), shell.folder)

    done = shell.run("backtest", "--data", str(candles), "--hedge", "linear", "--json")

    assert done.returncode == 0, done.stderr
    assert D(json.loads(done.stdout)["position_contracts"]) == pytest.approx(D("-2"), abs=D("0.05"))


def test_shares_by_collateral_hold_from_run_to_run(shell: Shell) -> None:
    """Two runs on one journal: what open positions earn moves no coins between accounts, so that the second trades nothing."""
    (shell.folder / "hedgerow.toml").write_text(COLLATERAL.replace("DOLLARS", "200000").replace("COINS", "1"))

    def run() -> dict[str, list[tuple[int, str]]]:
        process = shell.start("run")
        time.sleep(6)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)
        assert process.returncode == 0
        told = json.loads(shell.run("orders", "--json").stdout)
        return {name: [(row["intent"], row["contracts"]) for row in rows] for name, rows in told.items()}

    first, second = run(), run()

    assert {name: len(rows) for name, rows in first.items()} == {"main": 1, "coin": 1}
    assert second == first


@pytest.mark.parametrize(
    ("line", "instead_of", "sentence"),
    [
        ('hedge = "nope"', 'hedge = "inverse"', "There is no hedge 'nope'."),
        (
            "coins_max = 1 }]",
            'coins_max = 1 }, { hedge = "inverse" }]',
            "2 BTC are left that no hedge may take",
        ),
        ('asset = "ETH"\nholdings = 3', 'asset = "BTC"\nholdings = 3', "Hedge btc is of BTC."),
        (
            'symbol = "BTC/USD:BTC"\nholdings = 1',
            'symbol = "BTC/USD:BTC"\nholdings = 0',
            "Hedge inverse has holdings of its own: the coins would count twice.",
        ),
        ('{ hedge = "btc" }', '{ hedge = "inverse" }', "Hedge btc takes part already."),
        (
            OTHER_HEDGE,
            '{ hedge = "btc", share = 0.5, coins_max = 1 }, { hedge = "inverse" }]',
            "The collateral of main carries other as well.",
        ),
        (
            'asset = "BTC"\nsymbol = "ETH/USDT:USDT"\ncross = true\nholdings = 0',
            'asset = "BTC"\nsymbol = "BTC/USDT:USDT"\nholdings = 0\nalso = [{ asset = "ETH", holdings = 20 }]',
            "ETH/USDT:USDT is not on BTC: what collateral carries there is counted in another coin.",
        ),
    ],
)
def test_a_bag_that_cannot_be_shared_so_is_refused(
    shell: Shell, line: str, instead_of: str, sentence: str
) -> None:
    assert instead_of in SETTINGS
    taken = SETTINGS.replace(instead_of, line)
    if "cross" in line:
        taken = taken.replace("share = 0.5, coins_max = 1", "by_collateral = true")
    (shell.folder / "hedgerow.toml").write_text(taken)

    done = shell.run("check-config")

    assert (done.returncode, sentence in done.stderr) == (2, True), done.stderr
