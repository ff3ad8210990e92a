"""A bag shared out over hedges: shares, caps, and what flows on."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.splitting import Part, split
from bot.core.values import Coins, Ratio
from tests.core.builders import D

SPLITS = """
    # coins | shares and caps (- is none)   | taken       | left
    10      | 1 -                           | 10          | 0
    10      | 0.6 -    0.4 -                | 6 4         | 0
    10      | 0.6 3    0.4 -                | 3 7         | 0
    10      | 0.6 3    0.4 4                | 3 4         | 3
    10      | 0.5 -    0.2 -                | 8 2         | 0
    10      | 1 4      1 -                  | 4 6         | 0
    10      | 0 2      0 3      0 -         | 2 3 5       | 0
    0       | 0.6 3    0.4 -                | 0 0         | 0
"""


def parts(words: str) -> tuple[Part, ...]:
    cells = words.split()
    return tuple(
        Part(
            hedge=f"h{number}",
            share=Ratio(D(share)),
            coins_max=None if most == "-" else Coins(D(most)),
        )
        for number, (share, most) in enumerate(zip(cells[::2], cells[1::2], strict=True))
    )


@pytest.mark.parametrize("row", [line for line in SPLITS.splitlines()[2:] if line.strip()])
def test_a_bag_is_shared_out_up_to_the_caps_and_the_rest_flows_on(row: str) -> None:
    coins, shares, taken, left = (part.strip() for part in row.split("|"))

    found = split(Coins(D(coins)), parts(shares))

    assert [count for _, count in found.coins] == [D(one) for one in taken.split()]
    assert found.left == D(left)


amounts = st.integers(0, 10**6).map(lambda n: D(n) / 1000)
drawn = st.lists(st.tuples(st.integers(0, 100), st.none() | amounts), min_size=1, max_size=5).map(
    lambda rows: tuple(
        Part(hedge=str(n), share=Ratio(D(share) / 100), coins_max=None if most is None else Coins(most))
        for n, (share, most) in enumerate(rows)
    )
)


@given(coins=amounts, over=drawn)
def test_no_coin_is_lost_or_doubled_and_no_cap_is_passed(coins: Coins, over: tuple[Part, ...]) -> None:
    found = split(Coins(coins), over)

    assert abs(sum((count for _, count in found.coins), found.left) - coins) < D("1e-20")
    for part, (_, count) in zip(over, found.coins, strict=True):
        assert 0 <= count <= (coins if part.coins_max is None else part.coins_max) + D("1e-20")
    room = [p for p, (_, c) in zip(over, found.coins, strict=True) if p.coins_max is None or c < p.coins_max]
    assert not (room and found.left > D("1e-20")), "nothing is left while one has room"
