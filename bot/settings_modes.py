"""What each mode asks of an account: paper money, a real venue, keys, a word for real money.

Works on values that may be wrong themselves, so that all faults are told at once; what is wrong in itself is told where
it is judged, and no second time here. No value of an account is ever quoted.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from pydantic import SecretStr, TypeAdapter, ValidationError
from pydantic_core import InitErrorDetails

from bot.core.values import ZERO
from bot.settings_kinds import Amount, Size
from bot.settings_layers import rule
from bot.settings_risk import Risk

AMOUNT: TypeAdapter[Decimal] = TypeAdapter(Amount)
SIZE: TypeAdapter[Decimal] = TypeAdapter(Size)


def acknowledgement(account: str, cap: Decimal) -> str:
    """Give the word that an account needs to trade real money: it names the account and the largest position."""
    return f"live {account} {cap.normalize():f}"


def unused(accounts: Mapping[str, Any], hedges: Mapping[str, Any]) -> list[str]:
    """List the accounts that no hedge names; none as long as a hedge names none, or one that is not there."""
    tables = (one if isinstance(one, Mapping) else {} for one in hedges.values())
    named = {str(table.get("account", "")) for table in tables}
    return sorted(set(accounts) - named) if named and named <= set(accounts) else []


def mode_disagreements(
    values: Mapping[str, Any], accounts: Mapping[str, Any], hedges: Mapping[str, Any]
) -> Iterator[InitErrorDetails]:
    """Find what the accounts lack for the mode; one that no hedge uses lacks its hedge first of all."""
    mode, cap = values.get("mode", "paper"), _cap(values)
    idle = unused(accounts, hedges)
    for name, account in accounts.items():
        if name in idle or not isinstance(account, Mapping):
            continue
        where = ("accounts", name)
        if mode == "paper":
            yield from _paper(account, where)
        if mode in ("local", "testnet", "live"):
            yield from _real(str(mode), account, where)
        if mode in ("testnet", "live"):
            yield from _keys(str(mode), account, where)
        if mode == "live" and cap is not None:
            yield from _live(cap, account, where)


def _paper(table: Mapping[str, Any], where: tuple[str, str]) -> Iterator[InitErrorDetails]:
    if _number(AMOUNT, table.get("deposit", ZERO)) == ZERO and not _backed(table.get("collateral", ())):
        remedy = "Set deposit, in settlement currency."
        yield rule("A paper account without money cannot open anything.", remedy, (*where, "deposit"))


def _real(mode: str, table: Mapping[str, Any], where: tuple[str, str]) -> Iterator[InitErrorDetails]:
    if table.get("venue", "model") == "model":
        sentence = f"The built-in exchange has no mode {mode}."
        yield rule(sentence, 'Choose a venue, or set mode = "paper".', (*where, "venue"))
    money = [key for key in ("deposit", "reserve") if _number(AMOUNT, table.get(key)) not in {None, ZERO}]
    coins = table.get("collateral")
    for key in (*money, "collateral") if isinstance(coins, (list, tuple)) and coins else money:
        sentence = f"Money cannot be made up in mode {mode}: the venue says what is there."
        yield rule(sentence, 'Remove it, or set mode = "paper".', (*where, key))


def _keys(mode: str, table: Mapping[str, Any], where: tuple[str, str]) -> Iterator[InitErrorDetails]:
    needed = [("api_key", f"Mode {mode}"), ("api_secret", f"Mode {mode}")]
    needed += [("api_passphrase", "WEEX")] if table.get("venue") == "weex" else []
    for key, who in needed:
        if _empty(table.get(key, "")):
            variable = f"HEDGEROW_ACCOUNTS__{where[1].upper()}__{key.upper()}"
            remedy = f"Set {variable} in the environment, or {variable}_FILE to a file that holds it."
            yield rule(f"{who} needs it.", remedy, (*where, key))


def _live(cap: Decimal, table: Mapping[str, Any], where: tuple[str, str]) -> Iterator[InitErrorDetails]:
    given = table.get("acknowledge", "")
    if isinstance(given, str) and not _acknowledges(given, where[1], cap):
        sentence = "Trading real money needs your word, with the account and the largest position (risk.position_notional_max)."
        remedy = f'If you mean it, write acknowledge = "{acknowledgement(where[1], cap)}".'
        yield rule(sentence, remedy, (*where, "acknowledge"))


def _acknowledges(given: str, account: str, cap: Decimal) -> bool:
    """Tell whether a word is the one for an account and a cap, however the cap is written."""
    *meant, number = given.split() or [""]
    return meant == ["live", account] and _number(SIZE, number) == cap


def _cap(values: Mapping[str, Any]) -> Decimal | None:
    """Give the largest position that is allowed, or None if what is set is none."""
    risk = values.get("risk", {})
    default = Risk.model_fields["position_notional_max"].default
    return _number(SIZE, risk.get("position_notional_max", default)) if isinstance(risk, Mapping) else None


def _backed(collateral: object) -> bool:
    """Tell whether coins are there, or may be: what is no list of tables with numbers is told elsewhere."""
    if not isinstance(collateral, (list, tuple)):
        return True
    coins = (one.get("coins") if isinstance(one, Mapping) else None for one in collateral)
    return any(_number(AMOUNT, one) != ZERO for one in coins)


def _number(kind: TypeAdapter[Decimal], value: object) -> Decimal | None:
    """Read a number as the settings will; None if they will refuse it."""
    try:
        return kind.validate_python(value)
    except ValidationError:
        return None


def _empty(value: object) -> bool:
    text = value.get_secret_value() if isinstance(value, SecretStr) else value
    return isinstance(text, str) and not text.strip()
