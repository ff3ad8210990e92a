"""The journal's database goes away while margin thins: the guard reduces, nothing is added, and the books agree afterwards."""

from dataclasses import replace
from pathlib import Path

import pytest

from bot.adapters import journal_away
from bot.adapters.clock import SimClock
from bot.adapters.holdings import DeclaredHoldings
from bot.adapters.journal import open_journal
from bot.adapters.journal_away import TwoBooks
from bot.adapters.journal_reader import open_reader
from bot.adapters.journal_spool import Spool
from bot.adapters.journal_spooling import SpoolingJournal
from bot.adapters.log import SilentLog
from bot.adapters.sim_venue import SimVenue
from bot.adapters.switch import NO_SWITCH
from bot.core.causes import Cause
from bot.core.decide import Decision
from bot.core.rules import Rules
from bot.core.snapshot import Holding
from bot.core.values import Coins
from bot.shell.loop import Loop
from bot.shell.replay import redecide
from bot.sim.exchange import Exchange
from tests.adapters.test_journal_away import House
from tests.core.builders import guard_rules, hedge_rules, pricing_rules, risk_rules
from tests.core.builders import rules as rules_of
from tests.postgres import Server
from tests.sim.builders import LINEAR, ME, D, T, quote

RULES: Rules = replace(
    rules_of(
        hedge_rules(LINEAR, outer="0.01"),
        pricing=pricing_rules(0, "0.01"),
        risk=risk_rules(leverage=10, quote_age=600),
    ),
    account=ME,
    guard=guard_rules(ladder=True),
)


def causes(decision: Decision) -> tuple[Cause, ...]:
    return () if decision.watch is None else decision.watch.causes


class Town:
    """One bot at a model exchange, its journal in a database that can be taken away."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.clock = SimClock(T)
        self.exchange = Exchange((LINEAR,))
        self.exchange.open_account(ME, "cross", D(10))
        self.exchange.at_ms = T
        self.exchange.deposit(ME, "USDT", D(20_000))
        self.price = "50000"
        self.show()
        journal = open_journal(house.url, mode="paper", account=ME, rules_json="{}")
        spool = Spool(house.folder / "spool", ME)
        self.journal = SpoolingJournal(TwoBooks(journal, spool, lease_seconds=60, log=SilentLog()))
        self.loop = Loop(
            rules=RULES,
            venue=SimVenue(self.exchange, ME),
            holdings=DeclaredHoldings((Holding(asset="BTC", coins=Coins(D(1)), place="declared"),)),
            journal=self.journal,
            clock=self.clock,
            log=SilentLog(),
            switch=NO_SWITCH,
        )

    def show(self) -> None:
        bid = D(self.price)
        self.exchange.quote(quote(LINEAR, str(bid), str(bid + 1), at_ms=self.clock.now_ms()))

    async def pass_time(self, polls: int, price: str) -> None:
        self.price = price
        for _ in range(polls):
            self.clock.turn_to(self.clock.now_ms() + 2_000)
            self.show()
            await self.loop.poll(2_000)

    @property
    def held(self) -> object:
        return {one.symbol: one.contracts for one in self.exchange.positions(ME)}.get(LINEAR.symbol, D(0))


async def test_margin_is_relieved_while_it_is_away_and_nothing_is_added(
    postgres: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_away, "RETRY_SECONDS", 0.0)
    town = Town(House(postgres, postgres.database(), tmp_path))
    with town.journal:
        await town.loop.start()
        await town.pass_time(3, "50000")
        assert town.held == D(-1)
        with town.house.away():
            await town.pass_time(4, "64000")
            reduced = town.held
            assert D(-1) < D(str(reduced)) < 0, "margin was relieved"
            await town.pass_time(4, "50000")
            assert town.held == reduced, "and not added to again"
            lines = (tmp_path / "spool" / f"{ME}.jsonl").read_text().splitlines()
            assert len(lines) > 5
        await town.pass_time(2, "50000")
        assert len((tmp_path / "spool" / f"{ME}.jsonl").read_text().splitlines()) == 1

        with open_reader(town.house.url, mode="paper") as reader:
            fills, orders = reader.fills(ME), reader.orders(ME, None)
            held = sum((one.side.sign * one.contracts for one in fills), D(0))
            assert held == D(str(town.held)), "I1"
            assert [one.fill_id for one in fills] == [
                one.fill_id for one in town.exchange.activity[ME] if hasattr(one, "fill_id")
            ]
            sent = [one for one in orders if one.sent_at_ms is not None]
            assert [one.request.reduce_only for one in sent if one.request.side == "buy"] != []
            assert all(one.request.reduce_only for one in sent if one.request.side == "buy")
            assert reader.incidents(ME) == (), "nothing that our books do not explain"
            told = {
                one.text
                for got in reader.decisions(ME)
                for one in causes(got.decision)
                if one.who == "hedgerow"
            }
            assert told == {
                (
                    "Frozen by hedgerow: the journal's database is away. It ends by itself when the database is back;"
                    " `hedgerow resume` does not end it."
                )
            }
            assert all(one is None for one in redecide(reader.decisions(ME), lambda *_: RULES)), (
                "replay agrees"
            )
