"""How an account is set: position mode, margin mode, leverage; looked at, and put right only if that was asked for."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial

from bot.adapters.venues.manner import Listed, Modes
from bot.adapters.venues.table import VENUES
from bot.core.values import ONE
from bot.patient import Check, Patient
from bot.shell.ports import AuthFailedError, VenueError


async def look_at_modes(patient: Patient, one: Listed) -> list[Check]:
    """Look at how the account is set for a contract, and put right what can be if that was asked for."""
    modes = await patient.venue.modes(one)
    return [
        *await _position_mode(patient, one, modes),
        *await _margin_mode(patient, one, modes),
        *await _leverage(patient, one, modes),
        *_multi_asset(patient, modes),
    ]


async def _position_mode(patient: Patient, one: Listed, modes: Modes) -> list[Check]:
    about = f"{one.contract.symbol}: position mode"
    if modes.one_way:
        return [patient.check(about, "ok", "one-way")]
    found = patient.check(about, "fail", "hedge mode: a long and a short beside each other", SWITCH)
    change = partial(patient.venue.manner.set_one_way, patient.venue.api, one)
    return [await _mended(patient, one, found, change, lambda now: now.one_way)]


async def _margin_mode(patient: Patient, one: Listed, modes: Modes) -> list[Check]:
    about, wanted = f"{one.contract.symbol}: margin mode", patient.settings.margin_mode
    if modes.margin_mode == wanted:
        return [patient.check(about, "ok", wanted)]
    words = f"{modes.margin_mode}, the settings say {wanted}"
    if wanted != "cross":
        remedy = f"Change it on the venue's page, or set accounts.{patient.name}.margin_mode to {modes.margin_mode}."
        return [patient.check(about, "fail", words, remedy)]
    change = partial(patient.venue.manner.set_cross, patient.venue.api, one)
    found = patient.check(about, "fail", words, SWITCH)
    return [await _mended(patient, one, found, change, lambda now: now.margin_mode == wanted)]


async def _leverage(patient: Patient, one: Listed, modes: Modes) -> list[Check]:
    about, wanted = f"{one.contract.symbol}: leverage", patient.settings.leverage
    if modes.leverage == wanted:
        return [patient.check(about, "ok", f"{wanted.normalize():f} x")]
    words = f"{modes.leverage.normalize():f} x, the settings say {wanted.normalize():f} x"
    if wanted % ONE and VENUES[patient.venue.manner.name].leverage_whole:
        remedy = f"Set accounts.{patient.name}.leverage to a whole number: the venue takes no other."
        return [patient.check(about, "warn", words, remedy)]
    change = partial(patient.venue.manner.set_leverage, patient.venue.api, one, wanted)
    found = patient.check(about, "warn", words, SWITCH)
    return [await _mended(patient, one, found, change, lambda now: now.leverage == wanted)]


SWITCH = "Run hedgerow doctor --apply while nothing is open, or change it on the venue's page."
BY_HAND = "Close positions and orders first, or change it on the venue's page."


async def _mended(
    patient: Patient,
    one: Listed,
    found: Check,
    change: Callable[[], Awaitable[None]],
    right: Callable[[Modes], bool],
) -> Check:
    """Put something right if that was asked for, and say so once the venue says so."""
    if not patient.apply:
        return found
    try:
        await patient.venue.change(found.about, change())
        now = await patient.venue.modes(one)
    except AuthFailedError:
        raise
    except VenueError as error:
        words = f"{found.found}; not changed: {str(error).rstrip('.')}"
        return patient.check(found.about, found.verdict, words, BY_HAND)
    if not right(now):
        words = f"{found.found}; the venue took the change, and it is as before"
        return patient.check(found.about, found.verdict, words, BY_HAND)
    return replace(patient.check(found.about, "ok", f"was {found.found}; changed now"), changed=True)


def _multi_asset(patient: Patient, modes: Modes) -> list[Check]:
    if modes.multi_asset is None:
        return []
    if not modes.multi_asset:
        return [patient.check("multi-asset mode", "ok", "off")]
    found = "on: coins of other kinds back positions, which our forecast leaves out"
    return [patient.check("multi-asset mode", "warn", found, "Turn it off on the venue's page.")]
