"""What a venue says happened: fills, payments and the state of orders. The model exchange speaks these words too."""

from typing import Literal

from bot.core.orders import OrderRequest, OrderState
from bot.core.values import Contracts, Money, Price, Side, record

SETTLEMENT_ID = "settlement"
"""The client order id of fills by which an expired contract is settled: expected, and nobody's order."""


@record
class Fill:
    """A trade of ours, as the venue reports it."""

    fill_id: str
    client_order_id: str
    symbol: str
    side: Side
    contracts: Contracts
    price: Price
    fee: Money
    """Paid, in settlement currency; negative is a rebate."""
    realised_pnl: Money | None
    """Price profit this fill realised, in settlement currency; None where the venue does not tell: the books reckon it."""
    maker: bool
    at_ms: int

    @property
    def told_pnl(self) -> Money:
        """What it realised, at a venue that tells; ValueError at one that does not."""
        if self.realised_pnl is None:
            raise ValueError(f"Fill {self.fill_id} of {self.symbol} does not say what it realised.")
        return self.realised_pnl


@record
class Payment:
    """Money that moved in a futures wallet without a trade. Received is positive."""

    payment_id: str
    kind: Literal["funding", "deposit", "withdrawal", "transfer", "liquidation"]
    symbol: str | None
    asset: str
    amount: Money
    at_ms: int


@record
class OrderReport:
    """What the venue says of one order."""

    client_order_id: str
    symbol: str
    state: OrderState
    filled: Contracts
    reason: str = ""
    request: OrderRequest | None = None
    """What was asked, where the venue tells."""


TransferState = Literal["planned", "sent", "done", "refused"]
"""A transfer is written down, sent, and then what the venue's records say; one nobody has a record of stays sent."""


@record
class TransferReport:
    """What a venue says of a transfer of margin from the spot wallet to a futures wallet."""

    transfer_id: str
    state: TransferState
    """``done`` or ``refused``."""
    reason: str = ""
