"""What is exposed to what, in a terminal."""

from decimal import Decimal

from rich.console import Group
from rich.table import Table
from rich.text import Text

from bot.core.inventory import Line
from bot.core.policy import WEAK
from bot.core.values import ZERO
from bot.questions_venues import Exposures
from bot.show import NONE, percent, plain, short


def exposures_table(found: Exposures) -> Group:
    """Lay out the inventory coin by coin; below it what is netted into each contract, and what is missing."""
    table = Table(title="What is exposed, and what hedges it", title_justify="left", pad_edge=False)
    for head in (
        "account",
        "asset",
        "quantity",
        "price",
        "notional",
        "beta",
        "hedged by",
        "carries",
        "takes away",
    ):
        left = head in LEFT
        table.add_column(
            head, justify="left" if left else "right", overflow="fold", no_wrap=head in {"asset", "notional"}
        )
    for line in found.lines:
        table.add_row(
            line.account,
            line.asset,
            short(line.coins, 8),
            plain(line.price),
            f"{line.notional:,.2f}",
            f"{line.ratio:.2f}",
            f"{line.symbol} ({'proxy' if line.proxy else 'own future'})",
            f"{short(line.carries, 6)} {line.symbol.partition('/')[0]}",
            _worth(line),
        )
    says = [Text(f"{line.asset}: {line.reason}", style="dim") for line in found.lines]
    return Group(table, *_netted(found.lines), *says, *(Text(f"missing: {one}") for one in found.missing))


LEFT = frozenset({"account", "asset", "hedged by"})


def _worth(line: Line) -> str:
    """Say what share of variance the hedge took away; weak ones by their name."""
    if line.effectiveness is None:
        return "not known" if line.proxy else NONE
    weak = " weak: most of the risk stays" if line.effectiveness < WEAK else ""
    return f"{percent(line.effectiveness)} of the variance{weak}"


def _netted(lines: tuple[Line, ...]) -> list[Text]:
    """Sum up the value short that each contract of an account is wanted for."""
    sums: dict[tuple[str, str], Decimal] = {}
    for line in lines:
        where = line.account, line.symbol
        sums[where] = sums.get(where, ZERO) + line.notional * line.ratio
    return [Text(f"{account}: {value:,.2f} short in {symbol}") for (account, symbol), value in sums.items()]
