"""What channels answered to a test, in a terminal."""

from collections.abc import Sequence

from rich import box
from rich.table import Table

from bot.wiring_alerts import Tried


def tried_table(tried: Sequence[Tried], mode: str) -> Table:
    """Lay what each channel answered in a table."""
    table = Table(title=f"alerts · {mode}", box=box.SIMPLE_HEAD, title_justify="left")
    table.add_column("channel")
    table.add_column("delivered")
    table.add_column("answer", overflow="fold")
    table.add_column("seconds", justify="right")
    for one in tried:
        table.add_row(one.channel, "yes" if one.delivered else "no", one.answer, f"{one.seconds:.1f}")
    return table
