"""`hedgerow exposures`: the inventory, coin by coin, on the model market; and a bag that hedges share."""

import json
from decimal import Decimal
from pathlib import Path

import pytest

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
    ],
)
def test_a_bag_that_cannot_be_shared_so_is_refused(
    shell: Shell, line: str, instead_of: str, sentence: str
) -> None:
    assert instead_of in SETTINGS
    (shell.folder / "hedgerow.toml").write_text(SETTINGS.replace(instead_of, line))

    done = shell.run("check-config")

    assert (done.returncode, sentence in done.stderr) == (2, True), done.stderr
