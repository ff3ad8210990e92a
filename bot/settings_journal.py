"""Where a journal lies, who leads where several may, and what happens while its database is away, as a table."""

from decimal import Decimal

from pydantic import Field, SecretStr, ValidationInfo, field_validator

from bot.settings_kinds import Table
from bot.settings_layers import broken, rule

POSTGRES = "postgresql://"
MASKED = str(SecretStr("a secret"))
"""What stands for any secret where settings are written down, and is read again with them."""


class Journal(Table):
    """Where decisions, orders and fills are written down."""

    path: str = Field(
        ".hedgerow/{mode}.sqlite", min_length=1, description="SQLite file; {mode} is replaced by the mode."
    )
    url: SecretStr = Field(
        SecretStr(""),
        description="Instead of a file: postgresql://user:password@host/database. Keep it in the environment.",
    )
    standby: bool = Field(
        default=False,
        description="Wait while another process leads, and take over when it is gone; for PostgreSQL.",
    )
    standby_seconds: Decimal = Field(
        Decimal(1), gt=0, le=60, description="Seconds between two looks of one that waits."
    )
    spool: str = Field(
        ".hedgerow/{mode}.spool",
        min_length=1,
        description="Folder on this machine: what is written down while PostgreSQL is away, a file an account.",
    )
    lease_seconds: Decimal = Field(
        Decimal(30),
        ge=5,
        le=600,
        description="How long, with PostgreSQL away, margin may still be relieved; who takes over waits as long.",
    )

    @field_validator("url")
    @classmethod
    def _an_address(cls, url: SecretStr) -> SecretStr:
        """Refuse another kind of address without repeating it: it may hold a password."""
        given = url.get_secret_value()
        if given and given != MASKED and not given.startswith(POSTGRES):
            remedy = f"Write {POSTGRES}user:password@host/database, or leave it out for a file of SQLite."
            raise broken([rule("This is no address of PostgreSQL.", remedy)])
        return url

    @field_validator("standby")
    @classmethod
    def _of_a_server(cls, standby: bool, info: ValidationInfo) -> bool:  # noqa: FBT001 - pydantic calls by place
        url = info.data.get("url")
        if standby and url is not None and not url.get_secret_value():
            sentence = "A file of SQLite is one machine's, and nobody waits for it."
            raise broken([rule(sentence, "Set journal.url, or standby = false.")])
        return standby
