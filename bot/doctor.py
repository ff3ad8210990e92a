"""The online preflight: is everything at the venue as a hedge needs it? It looks, and changes nothing unless asked to.

A check that fails keeps ``hedgerow run`` from starting in every mode but paper.
"""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial

from bot.adapters.venues.manner import KeyFacts, Listed
from bot.core.instruments import DatedFuture, tier_fault
from bot.core.orders import ID_PREFIX
from bot.core.rules import HedgeRules
from bot.core.values import ONE, ZERO
from bot.patient import Check, Patient, Verdict
from bot.patient_modes import look_at_modes
from bot.shell.ports import AccountReport, AuthFailedError, NotListedError, PreflightError, VenueError

SKEW_WARN_MS = 1000
SIZE_TOLERANCE = Decimal("0.02")
"""How far our value of a position may be from the venue's: the mark moves between two readings."""
DAY_MS = 86_400_000
AGAIN = "If it stays, look at the venue's status page."


async def examine(patient: Patient) -> tuple[Check, ...]:
    """Look at an account that is connected; what cannot be read is a failed check and no error.

    Raises:
        AuthFailedError: the key is not accepted.
    """
    checks: list[Check] = []
    await _look(patient, checks)
    return tuple(dict.fromkeys(checks))


async def findings(patient: Patient) -> tuple[Check, ...]:
    """Look at an account as ``examine``; a key that is not accepted is a failed check, too, and ends the examination."""
    checks: list[Check] = []
    try:
        await _look(patient, checks)
    except AuthFailedError as error:
        checks.append(unanswered(patient.name, error))
    return tuple(dict.fromkeys(checks))


def unanswered(account: str, error: VenueError) -> Check:
    """Write down that the venue did not let us in; the error says what is to be done."""
    about = "key" if isinstance(error, AuthFailedError) else "connection"
    remedy = "Mend what it says, then run hedgerow doctor again."
    return Check(account=account, about=about, verdict="fail", found=str(error), remedy=remedy)


async def _look(patient: Patient, checks: list[Check]) -> None:
    checks.append(_clock(patient))
    checks += await _tried(patient, "key", lambda: _key(patient))
    listed: list[Listed] = []
    for hedge in patient.rules.hedges:
        found, contracts = await _instruments(patient, hedge)
        checks += found
        listed += contracts
    for one in listed:
        symbol = one.contract.symbol
        checks += await _tried(patient, f"{symbol}: modes", partial(look_at_modes, patient, one))
        checks += await _tried(patient, f"{symbol}: contract size", partial(_size, patient, one))
        checks += _terms(patient, one)
    checks += await _tried(patient, "account", lambda: _account(patient, listed))


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
        lines = [f"{one.account}, {one.about}: {one.found.rstrip('.')}. {one.remedy}" for one in wrong]
        raise PreflightError("\n".join(lines))


async def _tried(patient: Patient, about: str, look: Callable[[], Awaitable[list[Check]]]) -> list[Check]:
    try:
        return await look()
    except AuthFailedError:
        raise
    except VenueError as error:
        return [patient.check(about, "fail", str(error), AGAIN)]


def _clock(patient: Patient) -> Check:
    skew_ms = patient.venue.api.skew_ms
    most_ms = patient.rules.risk.clock_skew_seconds_max * 1000
    found = f"the venue's clock is {skew_ms / 1000:+.3f} s from this machine's"
    if abs(skew_ms) > most_ms:
        sped = (
            " A test exchange with a --speed goes ahead: open it with --speed 1."
            if patient.mode == "local"
            else ""
        )
        remedy = f"Set this machine's clock: run an NTP client.{sped}"
        return patient.check("clock", "fail", found, remedy)
    verdict: Verdict = "warn" if abs(skew_ms) > SKEW_WARN_MS else "ok"
    return patient.check("clock", verdict, found, "Let an NTP client keep this machine's clock.")


# --- the key --------------------------------------------------------------------------------------------------


async def _key(patient: Patient) -> list[Check]:
    untold = patient.lacks("key's rights told")
    facts = None if untold else await patient.venue.key()
    if facts is None:
        why = untold or "see on the venue's page that the key cannot withdraw"
        found = f"the venue does not tell what the key may do: {why}"
        return [patient.check("withdrawal", "skip", found), *_transfers(patient, None)]
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
    return [*checks, *_transfers(patient, facts.may_transfer)]


def _transfers(patient: Patient, may: bool | None) -> list[Check]:  # noqa: FBT001 - it is what was told, no switch
    """Check that top-ups can be made where they are asked for."""
    if not patient.rules.guard.top_up or not patient.venue.manner.separate_wallets:
        return []
    lacks = patient.lacks("transfers by key")
    if lacks:
        remedy = "Set guard.top_ups = false, and move margin yourself."
        return [
            patient.check("transfers", "fail", f"top-ups are on, and cannot be made here: {lacks}", remedy)
        ]
    if may is None:
        return [patient.check("transfers", "skip", "the venue does not tell whether the key may transfer")]
    found = f"top-ups are on, and the key {'may' if may else 'may not'} move money between wallets"
    remedy = "Give the key the right to transfer, or set guard.top_ups = false."
    return [patient.check("transfers", "ok" if may else "fail", found, remedy)]


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
        if not hedge.kind.dated:
            contracts = await patient.venue.contracts((hedge.symbol,))
        else:
            contracts = await patient.venue.dated(hedge.symbol)
    except NotListedError:
        found = f"{patient.venue.manner.name} does not list {hedge.symbol}"
        return [patient.check(about, "fail", found, await _instead(patient, hedge.asset))], []
    except AuthFailedError:
        raise
    except VenueError as error:
        return [patient.check(about, "fail", str(error), AGAIN)], []
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


async def _instead(patient: Patient, asset: str) -> str:
    """Say what is listed on a coin."""
    symbols = [one.symbol for one in await patient.venue.contracts_on(asset)]
    return f"Listed on {asset}: {', '.join(symbols) or 'nothing'}; see hedgerow list-instruments."


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
    fees = f"maker {contract.fee_maker:.4%}, taker {contract.fee_taker:.4%}"
    untold = patient.lacks("account's fees told")
    return [
        patient.check(
            f"{contract.symbol}: margin tiers",
            "fail" if fault else "ok",
            f"the venue's table cannot be used: {fault}" if fault else f"{len(contract.tiers)} tiers",
            remedy,
        ),
        patient.check(
            f"{contract.symbol}: fees", "skip" if untold else "ok", f"{fees}; {untold}" if untold else fees
        ),
    ]


async def _size(patient: Patient, one: Listed) -> list[Check]:
    """Prove what a contract stands for by a position's value in the venue's own words."""
    about, contract = f"{one.contract.symbol}: contract size", one.contract
    told = await patient.venue.position_value(one)
    if told is None:
        flat = not await patient.venue.positions((contract.symbol,))
        reason = "no position to prove it by; the venue's description is gone by until there is one"
        why = patient.lacks("contract size proved") or "the venue tells no value of this position"
        return [patient.check(about, "skip", reason if flat else f"not proved: {why}")]
    held, value = told
    quote = (await patient.venue.quotes((contract.symbol,)))[0]
    ours = contract.value(held, quote.mark)
    off = abs(ours / value - ONE) if value > ZERO else ONE
    found = f"{held:f} contracts are worth {_figure(value)} {contract.settle} by the venue and {_figure(ours)} by us"
    if off > SIZE_TOLERANCE:
        return [patient.check(about, "fail", found, "Do not trade: report it as a fault of Hedgerow.")]
    return [patient.check(about, "ok", found)]


def _figure(value: Decimal) -> str:
    return f"{round(value, 8).normalize():f}"


# --- the account ----------------------------------------------------------------------------------------------


async def _account(patient: Patient, listed: list[Listed]) -> list[Check]:
    report = await patient.venue.account()
    return [
        *_money(patient, listed, report),
        *_foreign(patient, listed, report),
        *await _smallest(patient, listed, report),
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


async def _smallest(patient: Patient, listed: list[Listed], report: AccountReport) -> list[Check]:
    """Check that the hedge is larger than the venue's smallest order; coins in the spot wallet are hedged, too."""
    checks = []
    spare = {wallet.asset: wallet.spare for wallet in report.wallets}
    for one in listed:
        contract = one.contract
        quotes = await patient.venue.quotes((contract.symbol,))
        if not quotes:
            continue
        coins = contract.coins(contract.contracts_min, quotes[0].mark)
        least = max(coins, contract.notional_min / quotes[0].mark)
        held = patient.holdings.get(contract.base, ZERO) + spare.get(contract.base, ZERO)
        found = f"the smallest order is {least:.6f} {contract.base}, there are {_figure(held)} to hedge"
        remedy = "Hedge more, or at a venue with smaller contracts: see hedgerow list-instruments."
        verdict: Verdict = "ok" if held > least or held == ZERO else "fail"
        checks.append(patient.check(f"{contract.symbol}: smallest order", verdict, found, remedy))
    return checks
