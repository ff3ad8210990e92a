"""The online preflight: is everything at the venue as a hedge needs it? It looks, and changes nothing unless asked to.

A check that fails keeps ``hedgerow run`` from starting in every mode but paper.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from typing import Literal

from bot.adapters.remote_venue import RemoteVenue
from bot.adapters.venues.manner import KeyFacts, Listed, Modes
from bot.adapters.venues.table import Mode
from bot.core.instruments import DatedFuture, tier_fault
from bot.core.orders import ID_PREFIX
from bot.core.rules import HedgeRules, Kind, Rules
from bot.core.values import ONE, ZERO, record
from bot.settings_tables import Account
from bot.shell.ports import AccountReport, AuthFailedError, NotListedError, PreflightError, VenueError

Verdict = Literal["ok", "warn", "fail", "skip"]
SKEW_WARN_MS = 1000
SIZE_TOLERANCE = Decimal("0.02")
"""How far our value of a position may be from the venue's: the mark moves between two readings."""
DAY_MS = 86_400_000


@record
class Check:
    """What was looked at, and what was found."""

    account: str
    about: str
    verdict: Verdict
    found: str
    remedy: str = ""
    changed: bool = False
    """Whether it was put right just now."""


@record
class Patient:
    """An account under examination."""

    name: str
    mode: Mode
    settings: Account
    rules: Rules
    venue: RemoteVenue
    holdings: Mapping[str, Decimal]
    """Coins the owner declares, by asset."""
    apply: bool
    """Whether what can be put right is put right."""

    def check(self, about: str, verdict: Verdict, found: str, remedy: str = "") -> Check:
        """Write a finding down; one that needs no remedy has none."""
        needs = verdict in {"warn", "fail"}
        return Check(
            account=self.name, about=about, verdict=verdict, found=found, remedy=remedy if needs else ""
        )


async def examine(patient: Patient) -> tuple[Check, ...]:
    """Look at an account that is connected; what cannot be read is a failed check and no error.

    Raises:
        AuthFailedError: the key is not accepted.
    """
    checks = [_clock(patient)]
    checks += await _tried(patient, "key", lambda: _key(patient))
    listed: list[Listed] = []
    for hedge in patient.rules.hedges:
        found, contracts = await _instruments(patient, hedge)
        checks += found
        listed += contracts
    for one in listed:
        checks += await _tried(patient, "modes", partial(_modes, patient, one))
        checks += await _tried(patient, "contract size", partial(_size, patient, one))
        checks += _terms(patient, one)
    checks += await _tried(patient, "account", lambda: _account(patient, listed))
    return tuple(checks)


def failed(checks: tuple[Check, ...]) -> tuple[Check, ...]:
    """List the checks that failed."""
    return tuple(check for check in checks if check.verdict == "fail")


def refuse_failed(checks: tuple[Check, ...]) -> None:
    """Keep a session from starting on an account that a hedge cannot be run on.

    Raises:
        PreflightError: a check failed; all of them are told, each with its remedy.
    """
    wrong = failed(checks)
    if wrong:
        lines = [f"{one.account}, {one.about}: {one.found}. {one.remedy}" for one in wrong]
        raise PreflightError("\n".join(lines))


async def _tried(patient: Patient, about: str, look: Callable[[], Awaitable[list[Check]]]) -> list[Check]:
    try:
        return await look()
    except AuthFailedError:
        raise
    except VenueError as error:
        return [patient.check(about, "fail", str(error), "Ask again; if it stays, look at the venue.")]


def _clock(patient: Patient) -> Check:
    skew_ms = patient.venue.api.skew_ms
    most_ms = patient.rules.risk.clock_skew_seconds_max * 1000
    found = f"the venue's clock is {skew_ms / 1000:+.3f} s from this machine's"
    if abs(skew_ms) > most_ms:
        return patient.check("clock", "fail", found, "Set this machine's clock: run an NTP client.")
    verdict: Verdict = "warn" if abs(skew_ms) > SKEW_WARN_MS else "ok"
    return patient.check("clock", verdict, found, "Let an NTP client keep this machine's clock.")


# --- the key --------------------------------------------------------------------------------------------------


async def _key(patient: Patient) -> list[Check]:
    facts = await patient.venue.key()
    if facts is None:
        found = "the venue does not tell what the key may do: see on its page that it cannot withdraw"
        return [patient.check("key", "skip", found)]
    return [*_withdrawal(patient, facts), *_rights(patient, facts), *_addresses(patient, facts)]


def _withdrawal(patient: Patient, facts: KeyFacts) -> list[Check]:
    if facts.may_withdraw is None:
        return [patient.check("withdrawal", "skip", "the venue does not tell whether the key may withdraw")]
    if facts.may_withdraw:
        remedy = "Make a key without the right to withdraw, and use that one."
        return [patient.check("withdrawal", "fail", "the key may withdraw coins", remedy)]
    return [patient.check("withdrawal", "ok", "the key cannot withdraw")]


def _rights(patient: Patient, facts: KeyFacts) -> list[Check]:
    checks = []
    if facts.may_trade is not None:
        verdict: Verdict = "ok" if facts.may_trade else "fail"
        found = f"the key {'may' if facts.may_trade else 'may not'} trade futures"
        checks.append(patient.check("trading", verdict, found, "Give the key the right to trade futures."))
    if patient.rules.guard.top_up and patient.venue.manner.separate_wallets:
        may = facts.may_transfer
        found = f"top-ups are on, and the key {'may' if may else 'may not'} move money between wallets"
        remedy = "Give the key the right to transfer, or set guard.top_ups = false."
        checks.append(patient.check("transfers", "ok" if may else "fail", found, remedy))
    return checks


def _addresses(patient: Patient, facts: KeyFacts) -> list[Check]:
    if facts.bound_to_addresses is None:
        return []
    if facts.bound_to_addresses:
        return [patient.check("addresses", "ok", "the key works from listed addresses only")]
    return [
        patient.check(
            "addresses", "warn", "the key works from anywhere", "Bind it to this machine's address."
        )
    ]


# --- contracts ------------------------------------------------------------------------------------------------


async def _instruments(patient: Patient, hedge: HedgeRules) -> tuple[list[Check], list[Listed]]:
    about = f"{hedge.name}: instrument"
    try:
        if hedge.kind is Kind.PERPETUAL:
            contracts = await patient.venue.contracts((hedge.symbol,))
        else:
            contracts = await patient.venue.dated(hedge.symbol)
    except NotListedError as error:
        remedy = "See hedgerow list-instruments."
        return [patient.check(about, "fail", str(error), remedy)], []
    except AuthFailedError:
        raise
    except VenueError as error:
        return [patient.check(about, "fail", str(error), "Ask again; if it stays, look at the venue.")], []
    checks = [
        patient.check(
            about,
            "ok" if one.status == "trading" else "fail",
            f"{one.symbol} is {one.status}, {one.contract_size:f} {one.base if one.linear else one.quote} a contract",
            "Choose another contract: see hedgerow list-instruments.",
        )
        for one in contracts
    ]
    if not contracts:
        remedy = "Hedge by a perpetual, or at another venue: see hedgerow venues."
        checks.append(patient.check(about, "fail", f"{hedge.symbol} has no dated contracts here", remedy))
    checks += [_stated_size(patient, hedge, one.contract_size) for one in contracts if hedge.contract_size]
    checks += _calendar(patient, hedge, [one for one in contracts if isinstance(one, DatedFuture)])
    return checks, [await patient.venue.listed(one.symbol) for one in contracts]


def _stated_size(patient: Patient, hedge: HedgeRules, size: Decimal) -> Check:
    about, wanted = f"{hedge.name}: contract size", hedge.contract_size
    if size == wanted:
        return patient.check(about, "ok", f"a contract is {size:f}, as the settings say")
    return patient.check(
        about,
        "fail",
        f"a contract is {size:f}, the settings say {wanted}",
        "Look at it, and mend contract_size.",
    )


def _calendar(patient: Patient, hedge: HedgeRules, dated: list[DatedFuture]) -> list[Check]:
    now_ms, window_ms = patient.venue.api.now_ms(), patient.rules.roll.window_days * DAY_MS
    checks = []
    for one in dated:
        begins = datetime.fromtimestamp(float(one.expiry_ms - window_ms) / 1000, UTC)
        days = Decimal(one.expiry_ms - now_ms) / DAY_MS
        found = f"{one.symbol} expires in {days:.1f} days, its roll begins {begins:%Y-%m-%d %H:%M} UTC"
        checks.append(patient.check(f"{hedge.name}: roll", "ok", found))
    if len(dated) == 1:
        found, remedy = (
            "only one expiry is listed: there is nothing to roll into",
            "Wait, or hedge by a perpetual.",
        )
        checks.append(patient.check(f"{hedge.name}: roll", "warn", found, remedy))
    return checks


def _terms(patient: Patient, one: Listed) -> list[Check]:
    contract = one.contract
    fault = tier_fault(contract.tiers)
    remedy = "Set hedges.NAME.tiers from the venue's page; until then nothing is added."
    fees = f"maker {contract.fee_maker:%}, taker {contract.fee_taker:%}"
    return [
        patient.check(
            f"{contract.symbol}: margin tiers",
            "fail" if fault else "ok",
            f"the venue's table cannot be used: {fault}" if fault else f"{len(contract.tiers)} tiers",
            remedy,
        ),
        patient.check(f"{contract.symbol}: fees", "ok", fees),
    ]


async def _size(patient: Patient, one: Listed) -> list[Check]:
    """Prove what a contract stands for by a position's value in the venue's own words."""
    about, contract = f"{one.contract.symbol}: contract size", one.contract
    told = await patient.venue.position_value(one)
    if told is None:
        found = "no position to prove it by; the venue's description is gone by until there is one"
        return [patient.check(about, "skip", found)]
    held, value = told
    quote = (await patient.venue.quotes((contract.symbol,)))[0]
    ours = contract.value(held, quote.mark)
    off = abs(ours / value - ONE) if value > ZERO else ONE
    found = f"{held:f} contracts are worth {value:f} by the venue and {ours:f} by us"
    if off > SIZE_TOLERANCE:
        return [patient.check(about, "fail", found, "Do not trade: report it as a fault of Hedgerow.")]
    return [patient.check(about, "ok", found)]


# --- modes ----------------------------------------------------------------------------------------------------


async def _modes(patient: Patient, one: Listed) -> list[Check]:
    modes = await patient.venue.modes(one)
    return [
        *await _position_mode(patient, one, modes),
        *await _margin_mode(patient, one, modes),
        *await _leverage(patient, one, modes),
        *_multi_asset(patient, modes),
    ]


async def _position_mode(patient: Patient, one: Listed, modes: Modes) -> list[Check]:
    if modes.one_way:
        return [patient.check("position mode", "ok", "one-way")]
    return await _mended(
        patient,
        patient.check("position mode", "fail", "hedge mode: a long and a short beside each other", SWITCH),
        lambda: patient.venue.manner.set_one_way(patient.venue.api, one),
    )


async def _margin_mode(patient: Patient, one: Listed, modes: Modes) -> list[Check]:
    about, wanted = f"{one.contract.symbol}: margin mode", patient.settings.margin_mode
    if modes.margin_mode == wanted:
        return [patient.check(about, "ok", wanted)]
    found = patient.check(about, "fail", f"{modes.margin_mode}, the settings say {wanted}", SWITCH)
    if wanted != "cross":
        return [found]
    return await _mended(patient, found, lambda: patient.venue.manner.set_cross(patient.venue.api, one))


async def _leverage(patient: Patient, one: Listed, modes: Modes) -> list[Check]:
    about, wanted = f"{one.contract.symbol}: leverage", patient.settings.leverage
    if modes.leverage == wanted:
        return [patient.check(about, "ok", f"{wanted:f} x")]
    return await _mended(
        patient,
        patient.check(about, "warn", f"{modes.leverage:f} x, the settings say {wanted:f} x", SWITCH),
        lambda: patient.venue.manner.set_leverage(patient.venue.api, one, wanted),
    )


SWITCH = "Run hedgerow doctor --apply while nothing is open, or change it on the venue's page."


async def _mended(patient: Patient, found: Check, change: Callable[[], Awaitable[None]]) -> list[Check]:
    """Put something right if that was asked for, and say so."""
    if not patient.apply:
        return [found]
    await patient.venue.change(found.about, change())
    return [
        Check(
            account=found.account,
            about=found.about,
            verdict="ok",
            found=f"was {found.found}; changed now",
            changed=True,
        )
    ]


def _multi_asset(patient: Patient, modes: Modes) -> list[Check]:
    if modes.multi_asset is None:
        return []
    if not modes.multi_asset:
        return [patient.check("multi-asset mode", "ok", "off")]
    found = "on: coins of other kinds back positions, which our forecast leaves out"
    return [patient.check("multi-asset mode", "warn", found, "Turn it off on the venue's page.")]


# --- the account ----------------------------------------------------------------------------------------------


async def _account(patient: Patient, listed: list[Listed]) -> list[Check]:
    report = await patient.venue.account()
    return [
        *_money(patient, listed, report),
        *_foreign(patient, listed, report),
        *await _smallest(patient, listed),
    ]


def _money(patient: Patient, listed: list[Listed], report: AccountReport) -> list[Check]:
    wallets = {wallet.asset: wallet for wallet in report.wallets}
    checks = []
    for asset in dict.fromkeys(one.contract.settle for one in listed):
        wallet = wallets.get(asset)
        balance, spare = (ZERO, ZERO) if wallet is None else (wallet.balance, wallet.spare)
        apart = patient.venue.manner.separate_wallets
        found = f"{balance:f} {asset} in the futures wallet, {spare:f} in the {'spot' if apart else 'funding'} wallet"
        remedy = f"Move {asset} into the futures wallet: without margin nothing can be opened."
        checks.append(patient.check("wallets", "ok" if balance > ZERO else "fail", found, remedy))
    return checks


def _foreign(patient: Patient, listed: list[Listed], report: AccountReport) -> list[Check]:
    ours = {one.contract.symbol for one in listed}
    orders = [one for one in report.open_orders if not one.client_order_id.startswith(ID_PREFIX)]
    positions = [one for one in report.positions if one.symbol not in ours]
    checks = []
    if orders:
        names = ", ".join(f"{one.client_order_id} in {one.symbol}" for one in orders[:3])
        remedy = "Give Hedgerow an account or sub-account of its own."
        checks.append(
            patient.check("foreign orders", "warn", f"{len(orders)} that are not ours: {names}", remedy)
        )
    if positions:
        names = ", ".join(f"{one.contracts:f} {one.symbol}" for one in positions[:3])
        remedy = (
            "Give Hedgerow an account of its own; nothing is added beside positions that no hedge explains."
        )
        checks.append(patient.check("foreign positions", "warn", names, remedy))
    return checks or [patient.check("foreign orders", "ok", "nobody else trades on this account")]


async def _smallest(patient: Patient, listed: list[Listed]) -> list[Check]:
    """Check that the hedge is larger than the venue's smallest order."""
    checks = []
    for one in listed:
        contract = one.contract
        quotes = await patient.venue.quotes((contract.symbol,))
        if not quotes:
            continue
        coins = contract.coins(contract.contracts_min, quotes[0].mark)
        least = max(coins, contract.notional_min / quotes[0].mark)
        held = patient.holdings.get(contract.base, ZERO)
        found = f"the smallest order is {least:.6f} {contract.base}, the hedge is about {held:f}"
        remedy = "Hedge more, or at a venue with smaller contracts: see hedgerow list-instruments."
        verdict: Verdict = "ok" if held > least or held == ZERO else "fail"
        checks.append(patient.check(f"{contract.symbol}: smallest order", verdict, found, remedy))
    return checks
