"""Which contracts a hedge may use, and what must be true of them and of the clock before anything is decided."""

from dataclasses import fields, replace

import pytest

from bot.core.instruments import Contract, DatedFuture, Perpetual
from bot.core.rules import Kind
from bot.core.snapshot import Holding, Quote
from bot.core.values import Coins, Contracts, Price, Ratio
from bot.shell.letters import clock_letters, missing_letters
from bot.shell.ports import NotListedError, UnreachableError
from tests.core.builders import linear_contract, position
from tests.shell.builders import House, house, rules
from tests.sim.builders import LINEAR, D, T, quote, town

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


def dated(expiry_ms: int, name: str, *, perpetual: Perpetual = LINEAR) -> DatedFuture:
    """Make a dated contract of the perpetual's family."""
    shared = {
        field.name: getattr(perpetual, field.name)
        for field in fields(DatedFuture)
        if hasattr(perpetual, field.name) and field.name not in {"kind", "symbol"}
    }
    return DatedFuture(
        symbol=f"{perpetual.symbol}-{name}", expiry_ms=expiry_ms, fee_delivery=Ratio(D(0)), **shared
    )


PAST = dated(T - HOUR_MS, "231114")
NEAR, FAR = dated(T + 90 * DAY_MS, "240210"), dated(T + 180 * DAY_MS, "240510")


async def quarterlies(*contracts: Contract, coins: str = "1") -> House:
    """Open a house with a dated hedge at a venue that lists ``contracts`` only."""
    exchange = town(contracts[0])
    for contract in contracts:
        exchange.contracts[contract.symbol] = contract
        exchange.quote(quote(contract, "50000"))
    return await house(exchange=exchange, coins=coins, ruled=rules(kind=Kind.DATED))


# --- what is listed -----------------------------------------------------------------------------------------


async def test_a_dated_hedge_knows_every_expiry_of_its_family_and_the_perpetual() -> None:
    home = await quarterlies(NEAR, FAR, LINEAR)

    step = await home.loop.step()

    snapshot = step.snapshot
    assert [one.symbol for one in snapshot.contracts] == [NEAR.symbol, FAR.symbol, LINEAR.symbol]
    assert {one.symbol for one in snapshot.quotes} == {NEAR.symbol, FAR.symbol, LINEAR.symbol}
    assert {one.symbol for one in snapshot.turnovers} == {NEAR.symbol, FAR.symbol, LINEAR.symbol}
    assert snapshot.missing == ()


async def test_a_dated_hedge_does_without_a_perpetual() -> None:
    home = await quarterlies(NEAR, FAR)

    step = await home.loop.step()

    assert [one.symbol for one in step.snapshot.contracts] == [NEAR.symbol, FAR.symbol]
    assert step.snapshot.missing == ()


async def test_a_venue_out_of_reach_does_not_say_that_there_is_no_perpetual() -> None:
    home = await quarterlies(NEAR, FAR, LINEAR)
    contracts = home.venue.contracts

    async def out_of_reach(_symbols: object) -> tuple[Contract, ...]:
        raise UnreachableError("no route")

    home.venue.contracts = out_of_reach  # type: ignore[method-assign,assignment]  # fails
    with pytest.raises(UnreachableError):
        await home.loop.start()
    home.venue.contracts = contracts  # type: ignore[method-assign]  # mended


async def test_a_perpetual_that_was_never_listed_ends_the_start() -> None:
    with pytest.raises(NotListedError, match=r"does not list BTC/USDT:USDT"):
        await house(exchange=town(linear_contract(base="ETH")))


async def test_a_plain_hedge_asks_for_the_turnover_of_its_perpetual_only() -> None:
    home = await house()

    step = await home.loop.step()

    assert [one.symbol for one in step.snapshot.turnovers] == [LINEAR.symbol]


async def test_contracts_are_listed_again_after_some_steps_and_when_one_expires() -> None:
    home = await quarterlies(NEAR, coins="0")
    home.exchange.contracts[FAR.symbol] = FAR
    home.exchange.quote(quote(FAR, "50000"))
    seen = [len((await home.loop.step()).snapshot.contracts) for _ in range(11)]
    del home.exchange.contracts[NEAR.symbol]
    before = (await home.loop.step()).snapshot.contracts
    home.clock.turn_to(NEAR.expiry_ms)
    after = (await home.loop.step()).snapshot.contracts

    assert seen == [1] * 10 + [2]
    assert [one.symbol for one in before] == [NEAR.symbol, FAR.symbol]
    assert [one.symbol for one in after] == [FAR.symbol]


async def test_a_contract_that_is_listed_no_more_stays_while_it_is_held() -> None:
    home = await quarterlies(NEAR, FAR)
    await home.loop.step()
    held = home.journal.held()
    del home.exchange.contracts[next(iter(held))]
    for _ in range(10):
        step = await home.loop.step()

    assert list(held.values()) == [D(-1)]
    assert next(iter(held)) in {one.symbol for one in step.snapshot.contracts}
    assert step.snapshot.missing == ()


async def test_a_contract_that_expires_is_settled_without_an_incident() -> None:
    home = await quarterlies(NEAR)
    await home.loop.step()
    held = home.held()
    for before_ms in (1000, 0):
        home.clock.turn_to(NEAR.expiry_ms - before_ms)
        home.exchange.quote(quote(NEAR, "50000", at_ms=home.clock.now_ms()))
    step = await home.loop.step()

    assert (held, home.held(), home.agrees()) == (D(-1), D(0), True)
    assert [fill.client_order_id for fill in step.fills] == ["settlement"]
    assert (home.told(), step.snapshot.shifted) == ([], ())
    assert step.snapshot.missing == ("no quote of any contract of BTC/USDT:USDT",)


# --- what must be true of contracts -------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["halted", "delisted"])
async def test_nothing_is_decided_while_a_perpetual_is_not_traded(status: str) -> None:
    exchange = town()
    exchange.contracts[LINEAR.symbol] = replace(LINEAR, status=status)  # type: ignore[arg-type]  # from the list above
    home = await house(exchange=exchange)

    assert f"BTC/USDT:USDT is {status}" in await home.why()
    assert home.venue.sent == []


async def test_a_perpetual_that_is_listed_no_more_is_delisted() -> None:
    home = await house()
    answers = await home.answers(1)
    del home.exchange.contracts[LINEAR.symbol]
    for _ in range(10):
        step = await home.loop.step()
    again = await house(journal=home.journal, exchange=home.exchange)

    assert answers == ["place"]
    assert step.snapshot.missing == ("BTC/USDT:USDT is delisted",)
    assert "BTC/USDT:USDT is delisted" in await again.why()


async def test_a_dated_hedge_needs_one_contract_that_is_traded() -> None:
    halted = replace(NEAR, status="halted")
    one = await quarterlies(halted, FAR)
    none = await quarterlies(halted, replace(FAR, status="halted"))

    assert (await one.loop.step()).snapshot.missing == ()
    assert f"no contract of {LINEAR.symbol} is trading" in await none.why()
    assert none.venue.sent == []


@pytest.mark.parametrize(("size", "answer"), [("1", "place"), ("0.001", "blind")])
async def test_a_contract_size_other_than_the_owner_says_is_named(size: str, answer: str) -> None:
    home = await house(ruled=rules(contract_size=size))

    step = await home.loop.step()

    assert step.decision.explanations[0].answer == answer
    if answer == "blind":
        assert "a contract of BTC/USDT:USDT is 1, not 0.001 as the hedge btc says" in str(
            step.snapshot.missing
        )


async def test_an_expired_contract_that_is_listed_is_named() -> None:
    home = await quarterlies(NEAR, FAR)
    home.exchange.contracts[PAST.symbol] = PAST
    home.venue.lists_expired = True
    await home.loop.start()

    assert "-231114 is listed although it expired: this machine's clock or the venue is wrong" in (
        await home.why()
    )
    assert home.venue.sent == []


CHANGES = [
    ("contract_size", D("0.001"), "contract_size was 1 and is 0.001"),
    ("contracts_step", Contracts(D(1)), "contracts_step was 0.001 and is 1"),
    ("contracts_min", Contracts(D(1)), "contracts_min was 0.001 and is 1"),
    ("price_tick", Price(D(5)), "price_tick was 0.1 and is 5"),
]


@pytest.mark.parametrize(("name", "value", "words"), CHANGES)
@pytest.mark.parametrize("restarted", [True, False])
async def test_terms_that_change_keep_everything_from_being_decided_until_they_are_accepted(
    name: str,
    value: object,
    words: str,
    restarted: bool,  # noqa: FBT001 - a column
) -> None:
    home = await house()
    await home.loop.step()
    changed: Contract = replace(LINEAR, **{name: value})  # type: ignore[arg-type]  # the table's fields
    home.exchange.contracts[LINEAR.symbol] = changed
    if restarted:
        home = await house(journal=home.journal, exchange=home.exchange)
    for _ in range(11):
        step = await home.loop.step()

    sentence = f"The terms of BTC/USDT:USDT changed: {words}."
    assert sentence in step.decision.explanations[0].why
    assert "start once with --accept-terms" in step.decision.explanations[0].why
    assert home.told() == ["contract_changed"]

    accepting = await house(journal=home.journal, exchange=home.exchange, accept_terms=True)
    later = await house(journal=home.journal, exchange=home.exchange)
    for opened in (accepting, later):
        assert (await opened.loop.step()).snapshot.missing == ()
        assert opened.told() == []


async def test_fees_and_new_contracts_may_change_without_asking() -> None:
    home = await house()
    await home.loop.step()
    home.exchange.contracts[LINEAR.symbol] = replace(LINEAR, fee_taker=Ratio(D("0.001")))

    again = await house(journal=home.journal, exchange=home.exchange)

    assert (await again.loop.step()).snapshot.missing == ()
    assert home.journal.terms()[LINEAR.symbol].fee_taker == D("0.001")


# --- the clock ----------------------------------------------------------------------------------------------


async def test_a_clock_that_went_back_is_named_and_has_to_catch_up() -> None:
    home = await house()
    home.price("50000", seconds=30)
    await home.loop.step()

    behind = await house(journal=home.journal, exchange=home.exchange, at_ms=T + 15_000)
    why = [await behind.why() for _ in range(2)]
    behind.price("50000", seconds=15)
    caught_up = await behind.answers(1)

    assert why[0].startswith(
        "Nothing is decided on an incomplete picture: this machine's clock is 15 s behind"
    )
    assert why[1] == why[0]
    assert caught_up == ["hold"]


@pytest.mark.parametrize(
    ("quote_ms", "last_ms", "letters"),
    [
        (T, T, 0),
        (T, T + 1_000, 0),
        (T, T + 1_001, 1),
        (T + 60_000, T, 0),
        (T + 60_001, T, 1),
        (T + 60_001, T + 1_001, 2),
    ],
)
def test_how_far_a_clock_may_be_off(quote_ms: int, last_ms: int, letters: int) -> None:
    assert len(clock_letters(rules(), (quote(LINEAR, "1", at_ms=quote_ms),), T, last_ms)) == letters


# --- what a picture lacks -----------------------------------------------------------------------------------

COINS = Holding(asset="BTC", coins=Coins(D(1)), place="declared")


def lacking(
    *, kind: Kind, quoted: str, held: str = "", holdings: tuple[Holding, ...] = (COINS,)
) -> list[str]:
    """Name what a picture lacks; contracts by the first letter of perpetual, near, far, other."""
    by_letter: dict[str, Contract] = {
        "p": LINEAR,
        "n": NEAR,
        "f": FAR,
        "o": linear_contract(base="ETH"),
    }
    quotes: tuple[Quote, ...] = tuple(quote(by_letter[letter], "50000") for letter in quoted)
    positions = tuple(position(by_letter[letter.lower()], 0 if letter.isupper() else -1) for letter in held)
    contracts = (LINEAR,) if kind is Kind.PERPETUAL else (LINEAR, NEAR, FAR)
    return list(missing_letters(rules(kind=kind), contracts, holdings, quotes, positions))


@pytest.mark.parametrize(
    ("kind", "quoted", "held", "letters"),
    [
        # what is quoted, what is held (in capitals: flat)
        (Kind.PERPETUAL, "p", "p", ""),
        (Kind.PERPETUAL, "", "", "no quote of BTC/USDT:USDT"),
        (Kind.PERPETUAL, "p", "o", ""),
        (Kind.PERPETUAL, "p", "n", "a position in BTC/USDT:USDT-240210 that no hedge explains"),
        (Kind.PERPETUAL, "p", "ON", ""),
        (Kind.DATED, "pnf", "n", ""),
        (Kind.DATED, "n", "n", ""),
        (Kind.DATED, "p", "", ""),
        (Kind.DATED, "f", "N", ""),
        (Kind.DATED, "f", "n", "no quote of BTC/USDT:USDT-240210, which is held"),
        (Kind.DATED, "", "", "no quote of any contract of BTC/USDT:USDT"),
        (Kind.DATED, "n", "o", ""),
    ],
)
def test_what_a_picture_lacks(kind: Kind, quoted: str, held: str, letters: str) -> None:
    found = lacking(kind=kind, quoted=quoted, held=held)

    assert [letter[: len(letters)] for letter in found] == ([letters] if letters else [])


def test_an_asset_without_a_statement_is_a_missing_letter() -> None:
    assert lacking(kind=Kind.PERPETUAL, quoted="p", holdings=()) == ["no statement of BTC holdings"]
