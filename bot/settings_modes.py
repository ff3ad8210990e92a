"""What each mode asks of an account: paper money, a real venue, keys, a word for real money.

Works on values that may be wrong themselves, so that all faults are told at once.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import SecretStr
from pydantic_core import InitErrorDetails

from bot.settings_layers import rule

CAP_DEFAULT = "1000000"


def acknowledgement(account: str, cap: object) -> str:
    """Give the word that an account needs to trade real money: it names the account and the largest position."""
    return f"live {account} {cap}"


def mode_disagreements(
    values: Mapping[str, Any], accounts: Mapping[str, Any], hedges: Mapping[str, Any]
) -> Iterator[InitErrorDetails]:
    """Find what an account lacks for the mode."""
    mode = str(values.get("mode", "paper"))
    del hedges
    risk = values.get("risk")
    cap = risk.get("position_notional_max", CAP_DEFAULT) if isinstance(risk, Mapping) else CAP_DEFAULT
    for name, account in accounts.items():
        table = account if isinstance(account, Mapping) else {}
        where = ("accounts", name)
        if mode == "paper":
            yield from _paper(table, where)
        else:
            yield from _real(mode, table, where)
        if mode == "live":
            yield from _live(name, cap, table, where)


def _paper(table: Mapping[str, Any], where: tuple[str, str]) -> Iterator[InitErrorDetails]:
    if str(table.get("deposit", "0")) in {"0", "0.0"} and not table.get("collateral"):
        remedy = "Set deposit, in settlement currency."
        yield rule("A paper account without money cannot open anything.", remedy, (*where, "deposit"))


def _real(mode: str, table: Mapping[str, Any], where: tuple[str, str]) -> Iterator[InitErrorDetails]:
    if table.get("venue", "model") == "model":
        sentence = f"The built-in exchange has no mode {mode}."
        yield rule(sentence, 'Choose a venue, or set mode = "paper".', (*where, "venue"))
    for key in ("deposit", "reserve", "collateral"):
        if table.get(key) and str(table[key]) != "0":
            sentence = f"Money cannot be made up in mode {mode}: the venue says what is there."
            yield rule(sentence, "Remove it.", (*where, key))
    if mode == "local":
        return
    for key in ("api_key", "api_secret"):
        if not _secret(table.get(key)):
            variable = f"HEDGEROW_ACCOUNTS__{where[1].upper()}__{key.upper()}"
            yield rule(f"Mode {mode} needs it.", f"Set {variable} in the environment.", (*where, key))
    if table.get("venue") == "weex" and not _secret(table.get("api_passphrase")):
        variable = f"HEDGEROW_ACCOUNTS__{where[1].upper()}__API_PASSPHRASE"
        yield rule("WEEX needs it.", f"Set {variable} in the environment.", (*where, "api_passphrase"))


def _live(
    name: str, cap: object, table: Mapping[str, Any], where: tuple[str, str]
) -> Iterator[InitErrorDetails]:
    wanted = acknowledgement(name, cap)
    if table.get("acknowledge", "") != wanted:
        sentence = "Trading real money needs your word, with the account and the largest position."
        remedy = f'If you mean it, write acknowledge = "{wanted}".'
        yield rule(sentence, remedy, (*where, "acknowledge"))


def _secret(value: object) -> str:
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value or "")
