"""Roll stages, triggers and the choice of contracts, as tables; the hours are the reference's."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from bot.core import rolls
from bot.core.instruments import Contract, DatedFuture
from bot.core.memory import HedgeMemory, RollMemory
from bot.core.rolls import STAGES, Stage, advantage, next_stage_ms, stage_of
from bot.core.rules import HedgeRules, Unlisted
from bot.core.selection import choose
from bot.core.snapshot import Snapshot, Turnover
from bot.core.values import Contracts, Ratio
from tests.core.builders import (
    HOUR,
    LINEAR,
    D,
    T,
    dated,
    hedge_rules,
    position,
    quote,
    roll_rules,
    rows,
    snapshot,
)

NEAR, FAR = "260327", "260626"

# Hours to expiry; whether something asked for the roll already.
STAGE_BY_TIME = """
# hours   triggered | stage      opens near  rolls  crosses  restores  replaces
  2000    no        | hold       yes         no     no       yes       no
  168.1   yes       | hold       yes         no     no       yes       no
  168     no        | no_open    no          no     no       yes       no
  168     yes       | passive    no          yes    no       yes       no
  48.1    no        | no_open    no          no     no       yes       no
  48      no        | force      no          yes    yes      yes       no
  48      yes       | force      no          yes    yes      yes       no
  24.1    no        | force      no          yes    yes      yes       no
  24      no        | deadline   no          yes    yes      no        yes
  1.1     no        | deadline   no          yes    yes      no        yes
  1       no        | settle     no          no     yes      no        yes
  0       no        | settle     no          no     yes      no        yes
"""


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        (left.split(), right.split())
        for left, _, right in (line.partition("|") for line in STAGE_BY_TIME.strip().splitlines()[1:])
    ],
)
def test_the_stages_of_a_contract_on_its_way_to_expiry(columns: list[str], expected: list[str]) -> None:
    hours, triggered = columns
    stage = stage_of(dated(LINEAR, hours), T, roll_rules(), triggered=triggered == "yes")
    moves = STAGES[stage]

    allowed = (moves.open_near, moves.roll, moves.cross, moves.restore, moves.replace)
    assert [str(stage), *("yes" if one else "no" for one in allowed)] == expected


def test_urgency_only_rises_as_time_passes() -> None:
    order = list(Stage)
    for triggered in (False, True):
        stages = [
            stage_of(dated(LINEAR, h), T, roll_rules(), triggered=triggered) for h in range(200, -1, -1)
        ]
        assert stages == sorted(stages, key=order.index)


def test_a_perpetual_only_bridges_and_never_expires() -> None:
    assert stage_of(LINEAR, T, roll_rules(), triggered=False) is Stage.HOLD
    assert stage_of(LINEAR, T, roll_rules(), triggered=True) is Stage.PASSIVE
    assert next_stage_ms(LINEAR, T, roll_rules()) is None


def test_the_next_change_of_stage_is_known() -> None:
    contract, at_ms, changes = dated(LINEAR, 200), T, []
    while (then := next_stage_ms(contract, at_ms, roll_rules())) is not None:
        changes.append((contract.expiry_ms - then) / HOUR)
        at_ms = then

    assert changes == [168, 48, 24, 1, 0.5, 0]


# Near expires in 100 h, far 91 days later. Volumes and open interest in contracts; prices of ask near and bid far.
TRIGGERS = """
# vol near  vol far  oi near  oi far  near   far    | why
  100       99       100      100     60000  60000  | -
  100       101      100      100     60000  60000  | trades more
  100       100      100      101     60000  60000  | has more open interest
  -         -        -        -       60000  60000  | -
  100       1        100      1       60000  61200  | earns 8.02 % a year
  100       1        100      1       60000  60700  | -
  100       1        100      1       60000  58800  | -
"""


@pytest.mark.parametrize(("columns", "expected"), list(rows(TRIGGERS)))
def test_a_roll_starts_early_when_the_market_has_moved_on_or_when_it_pays(
    columns: list[str], expected: str
) -> None:
    vol_near, vol_far, oi_near, oi_far, at_near, at_far = columns
    near, far = dated(LINEAR, 100, code=NEAR), dated(LINEAR, 100 + 91 * 24, code=FAR)
    turnovers = (
        () if vol_near == "-" else (_turnover(near, vol_near, oi_near), _turnover(far, vol_far, oi_far))
    )
    picture = _picture([near, far], prices=(at_near, at_far), turnovers=turnovers)

    why = rolls.trigger(picture, near, far, roll_rules(advantage_min="0.05"))

    assert expected.strip("-") in why
    assert bool(why) == (expected != "-")


def _turnover(contract: Contract, volume: str, interest: str) -> Turnover:
    return Turnover(
        symbol=contract.symbol, volume_24h=Contracts(D(volume)), open_interest=Contracts(D(interest))
    )


def test_the_advantage_is_net_of_both_taker_fees_as_in_the_reference() -> None:
    near, far = dated(LINEAR, 0, code=NEAR), dated(LINEAR, 91 * 24, code=FAR)
    near, far = (replace(one, fee_taker=Ratio(D("0.0005"))) for one in (near, far))

    gain = advantage(near, quote(near, 60_000), far, quote(far, 61_200))

    assert gain is not None
    assert gain * 91 / 365 == pytest.approx(D("0.01899"), abs=D("0.000001"))


def _picture(
    contracts: Sequence[Contract],
    *,
    held: dict[str, str] | None = None,
    prices: Sequence[str] | None = None,
    turnovers: tuple[Turnover, ...] = (),
) -> Snapshot:
    marks = ["50000"] * len(contracts) if prices is None else prices
    return replace(
        snapshot(),
        contracts=tuple(contracts),
        quotes=tuple(quote(c, m) for c, m in zip(contracts, marks, strict=True) if m != "-"),
        positions=tuple(
            position(contract, (held or {})[contract.symbol])
            for contract in contracts
            if contract.symbol in (held or {})
        ),
        turnovers=turnovers,
    )


# Listed: the hours of each dated contract to expiry, "p" is the perpetual; "*" is held, "!" has no book, "h" is halted.
CHOICES = """
# listed               triggered  unlisted | carrier  leaves  stage     lacks
  p 900 3000           no         bridge   | 900      -       hold      -            the front contract
  p 100 3000           no         bridge   | 3000     -       hold      -            not into a window
  p 100                no         bridge   | p        -       hold      no dated     nothing else is there: the bridge
  p*                   no         bridge   | p        -       hold      -            still no dated contract
  p* 3000              no         bridge   | 3000     p       passive   -            the bridge is left
  p 900* 3000          no         bridge   | 900      -       hold      -
  p 100* 3000          no         bridge   | 3000     100     no_open   -            new short goes far
  p 100* 3000          yes        bridge   | 3000     100     passive   -
  p 40* 3000           no         bridge   | 3000     40      force     -
  p 20* 3000           no         bridge   | 3000     20      deadline  -
  p 100*               no         bridge   | 100      -       no_open   no contract  far is not listed yet
  p 40* 3000!          no         bridge   | 40       -       force     has no book  and may come before the deadline
  p 20* 3000!          no         bridge   | p        20      deadline  -            bridged
  p 20* 3000h          no         bridge   | p        20      deadline  -
  20* 3000!            no         bridge   | 20       -       deadline  has no book  nothing to bridge with
  p 20* 3000!          no         settle   | 20       -       deadline  has no book  left to settle
  p 0.9* 3000!         no         settle   | p        0.9     settle    -            re-opened while it settles
  p 0.9* 3000          no         settle   | 3000     0.9     settle    -
  0.9*                 no         settle   | -        -       settle    no contract  named, and a person is called
  p 20* 100 3000       no         bridge   | 3000     20      deadline  -            past a contract in its own window
  p* 20* 3000          no         bridge   | 3000     20      deadline  -            the bridge is left after it
"""


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        (left.split("  "), right.split("  "))
        for left, _, right in (line.strip().partition("|") for line in CHOICES.strip().splitlines()[1:])
    ],
)
def test_which_contract_carries_a_hedge_and_which_is_left(columns: list[str], expected: list[str]) -> None:
    listed, triggered, unlisted = (column.strip() for column in columns if column.strip())
    carrier, near, stage, lacks = [column.strip() for column in expected if column.strip()][:4]
    picture, names = _listed(listed)
    memory = HedgeMemory(hedge="btc")
    if triggered == "yes":
        near_contract = next(
            c for c in picture.contracts if c.symbol in {p.symbol for p in picture.positions}
        )
        picture = replace(
            picture,
            turnovers=tuple(_turnover(c, "1" if c == near_contract else "2", "1") for c in picture.contracts),
        )

    legs = choose(picture, _dated_hedge(), roll_rules(unlisted=Unlisted(unlisted), advantage_min=10), memory)

    assert [
        "-" if legs.carrier is None else names[legs.carrier.symbol],
        "-" if legs.near is None else names[legs.near.symbol],
        str(legs.stage),
    ] == [carrier, near, stage]
    assert lacks.strip("-") in legs.lacks
    assert bool(legs.lacks) == (lacks != "-")


def _dated_hedge() -> HedgeRules:
    return hedge_rules(dated(LINEAR, 1))


def _listed(text: str) -> tuple[Snapshot, dict[str, str]]:
    contracts: list[Contract] = []
    names, held, prices = {}, {}, []
    for number, word in enumerate(text.split()):
        name = word.rstrip("*!h")
        contract: Contract = LINEAR if name == "p" else dated(LINEAR, name, code=f"26010{number}")
        if "h" in word and isinstance(contract, DatedFuture):
            contract = replace(contract, status="halted")
        contracts.append(contract)
        names[contract.symbol] = name
        prices.append("-" if "!" in word else "50000")
        if "*" in word:
            held[contract.symbol] = "-1"
    picture = _picture(contracts, held=held, prices=prices)
    empty = tuple(
        replace(quote(contract), bid_contracts=Contracts(D(0)))
        for contract, price in zip(contracts, prices, strict=True)
        if price == "-"
    )
    return replace(picture, quotes=picture.quotes + empty), names


def test_a_trigger_is_not_taken_back() -> None:
    picture, _ = _listed("p 100* 3000")
    near = next(c for c in picture.contracts if isinstance(c, DatedFuture))
    memory = HedgeMemory(
        hedge="btc", roll=RollMemory(near=near.symbol, far="any", trigger="it paid yesterday")
    )

    assert choose(picture, _dated_hedge(), roll_rules(advantage_min=10), memory).stage is Stage.PASSIVE
