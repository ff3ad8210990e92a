"""The settings of the page, as a table.

The first line of a table's docstring and the description of a field are shown to users.
"""

from decimal import Decimal
from typing import Annotated

from pydantic import Field, SecretStr

from bot.settings_kinds import Table

HOST = r"[A-Za-z0-9.\[\]:-]+"


class Web(Table):
    """The page, its JSON, the metrics and the health check, over HTTP."""

    enabled: bool = Field(default=False, description="Whether `hedgerow run` serves them.")
    host: str = Field(
        "127.0.0.1",
        pattern=f"^{HOST}$",
        description="Address to listen at; another than loopback lets others ask.",
    )
    port: int = Field(8710, ge=0, le=65535, description="Port to listen at; 0 is any.")
    hosts: tuple[Annotated[str, Field(pattern=f"^{HOST}$")], ...] = Field(
        (),
        description="Names by which others call it, besides host and localhost; no other name is answered.",
    )
    token: SecretStr = Field(
        SecretStr(""),
        description="Opens all but /ping and /healthz; without it one is made and kept in token_path.",
    )
    token_path: str = Field(
        ".hedgerow/web.token", min_length=1, description="File that keeps the token that was made."
    )
    silent_seconds: Decimal = Field(
        Decimal(180),
        gt=0,
        le=86400,
        description="/healthz fails after so long without a look that succeeded.",
    )
