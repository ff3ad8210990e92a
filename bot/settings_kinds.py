"""Kinds of values that settings are made of: names, sizes, shares, policy stages; and the base of the tables."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, cast

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    PlainValidator,
    SerializationInfo,
)
from pydantic_core import PydanticCustomError

from bot.core.policy import Policy
from bot.settings_layers import broken, rule
from bot.settings_words import meant
from strategies import discovered, stage_types

NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
"""No double underscore: it separates tables in names of variables."""
CODE = re.compile(r"[A-Z0-9]+")


def _name(value: str) -> str:
    if not NAME.fullmatch(value):
        raise broken(
            [rule(f"{value!r} is no name.", "Use lower-case letters, digits and single underscores.")]
        )
    return value


def _code(value: str) -> str:
    if not CODE.fullmatch(value):
        raise broken([rule(f"{value!r} is no asset.", "Write it as exchanges do, such as BTC.")])
    return value


def no_boolean(value: object) -> object:
    """Refuse true and false, which Python counts among the whole numbers."""
    if isinstance(value, bool):
        raise PydanticCustomError("int_type", "Input should be a whole number")
    return value


def _stage(value: object) -> Policy:
    """Make a policy stage of a table, by the name in its key ``stage``."""
    known = stage_types()
    if isinstance(value, tuple(known.values())):
        return cast("Policy", value)
    if not isinstance(value, Mapping):
        raise PydanticCustomError("dict_type", "Input should be a table")
    name = value.get("stage")
    if isinstance(name, str) and name in known:
        return cast("Policy", known[name].model_validate(value))
    lost = "".join(
        f" Not used: {one.file.parent.name}/{one.file.name} ({one.reason})." for one in discovered().lost
    )
    what = "`stage` is missing." if name is None else f"There is no policy stage {name!r}."
    raise broken([rule(what, meant(str(name), list(known)) + lost, ("stage",))])


def _stage_dumped(stage: Policy, info: SerializationInfo) -> dict[str, Any]:
    return cast("BaseModel", stage).model_dump(mode=info.mode)


Name = Annotated[str, AfterValidator(_name)]
AssetCode = Annotated[str, AfterValidator(_code)]
Amount = Annotated[Decimal, Field(ge=0, le=10**12, decimal_places=15)]
Size = Annotated[Decimal, Field(gt=0, le=10**12, decimal_places=15)]
Share = Annotated[Decimal, Field(ge=0, le=1)]
Count = Annotated[int, BeforeValidator(no_boolean), Field(ge=0)]
Stage = Annotated[Policy, PlainValidator(_stage), PlainSerializer(_stage_dumped)]


class Table(BaseModel):
    """Base of the tables: frozen, and an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True, hide_input_in_errors=True)
