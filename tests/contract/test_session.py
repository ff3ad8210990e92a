"""A hedge's whole life at every venue: entered, moved by deposits, through faults, rolled, unwound; the books agree."""

from decimal import Decimal
from pathlib import Path

import pytest

from bot.adapters.journal_controls import say
from bot.testexchange.faults import Fault
from bot.wiring_street import Customer
from tests.contract.doors import ALSO, DOORS, KINDS, PERPETUALS, SIM, open_door
from tests.contract.sessions import session, settings

D = Decimal
DOLLARS = Customer(futures=(("USDT", D(400_000)),), spot=(("USDT", D(50_000)), ("BTC", D("0.4"))))
COINS = Customer(futures=(("BTC", D(8)),), spot=(("BTC", D("0.4")),))
FEW_COINS = Customer(futures=(("BTC", D(1)),))
"""What fits into the open interest of a contract that was listed days ago."""
VENUES = tuple(name for name in DOORS if name != SIM)
EVERY = (*VENUES, *(f"{name} inverse" for name in VENUES if name in ALSO))
ROLLING = tuple(name for name in VENUES if any("dated" in kind for kind in KINDS[name]))


@pytest.mark.parametrize("name", EVERY)
async def test_a_session_is_entered_moved_through_faults_and_unwound(name: str, tmp_path: Path) -> None:
    venue, _, kind = name.partition(" ")
    symbol = ALSO[venue] if kind else ""
    inverse = (symbol or PERPETUALS[venue]).endswith(":BTC")
    async with open_door(venue, symbol=symbol, customers=(COINS if inverse else DOLLARS,)) as door:
        own = D("0.5") + (D(8) if inverse else D(0)) + D("0.4")
        async with session(door, tmp_path, settings(door.symbol)) as run:
            await run.until_held(f"{own}", within="0.1")
            run.agrees()

            run.bring("BTC", "0.5")
            await run.until_held(f"{own + D('0.5')}", within="0.1")
            run.agrees()

            door.street.faults.queue("place", Fault.DROP_AFTER)
            door.street.faults.queue("positions", Fault.HTML_AFTER, Fault.EMPTY_AFTER, Fault.BRACES_AFTER)
            door.street.faults.queue("balance", Fault.BAD_GATEWAY_AFTER, Fault.RATE_LIMIT)
            door.street.faults.queue("open_orders", Fault.TRUNCATED_AFTER, Fault.FORBIDDEN_BEFORE)
            door.street.faults.queue("cancel", Fault.DROP_AFTER, Fault.DROP_BEFORE)
            door.street.faults.queue("fills", Fault.UNAVAILABLE_BEFORE, Fault.HTML_AFTER)
            run.bring("BTC", "-0.6")
            await run.until_held(f"{own - D('0.1')}", within="0.1", minutes=120)
            run.agrees()

            say(f"sqlite:///{run.path}", "main", "unwind", None, "trader", "the end", door.clock.now_ms())
            await run.minutes(30, lambda: not run.held())
            assert run.held() == {}
            run.agrees()


@pytest.mark.parametrize("name", ROLLING)
async def test_a_dated_hedge_rolls_before_its_contract_ends(name: str, tmp_path: Path) -> None:
    customer = FEW_COINS if PERPETUALS[name].endswith(":BTC") else DOLLARS
    async with open_door(name, scenario="roll", customers=(customer,)) as door:
        expiries = {contract.symbol: contract.expiry_ms for contract in door.dated()}
        async with session(door, tmp_path, settings(door.symbol, kind="dated")) as run:
            await run.minutes(60, lambda: bool(run.held()) and not run.journal.working())
            (first,) = run.held()
            run.agrees()

            days = (expiries[first] - door.clock.now_ms()) / 86_400_000
            await run.minutes(int(days * 24 * 60) - 120, lambda: first not in run.held(), every=30)
            await run.minutes(60, lambda: not run.journal.working())

            (second,) = run.held()
            later = {contract.symbol: contract.expiry_ms for contract in door.dated()}
            assert expiries[first] < later[second]
            assert door.clock.now_ms() < expiries[first], "it was settled before it was rolled"
            run.agrees()


BETA = {"stage": "beta", "bar_hours": 1, "lookback_bars": 60, "proof_bars": 30}
LINEAR = tuple(name for name in VENUES if not PERPETUALS[name].endswith(":BTC"))


@pytest.mark.parametrize("name", LINEAR)
async def test_a_coin_is_hedged_in_another_coins_contract_by_its_value(name: str, tmp_path: Path) -> None:
    chosen = settings(PERPETUALS[name], asset="ETH", cross=True, holdings="8", policy=[BETA])
    async with (
        open_door(name, customers=(DOLLARS,)) as door,
        session(door, tmp_path, chosen, coins="8", asset="ETH") as run,
    ):
        prices = {one.symbol: one.index for one in await door.venue.quotes((door.symbol, "ETH/USDT"))}
        worth = 8 * prices["ETH/USDT"] / prices[door.symbol]

        await run.until_held(f"{worth}", within="0.03")

        (why,) = run.steps[-1].decision.explanations
        assert why.target is not None
        assert "out of sample it took away" in why.target.reason, why.target.reason
        assert D("0.9") < why.target.ratio < D("1.1"), "the street's coins move together"
        run.agrees()
