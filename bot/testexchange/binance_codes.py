"""Binance's dialect: codes and words for saying no, of both products."""

from collections.abc import Mapping

from bot.testexchange.wire import No, NoError, Response, answer

FORBIDDEN = "Invalid API-key, IP, or permissions for action."
REFUSALS: Mapping[No, tuple[int, int, str]] = {
    No.PATH: (404, -5000, "Path or method is invalid."),
    No.PARAMETER: (400, -1102, "Mandatory parameter '{}' was not sent, was empty/null, or malformed."),
    No.SYMBOL: (400, -1121, "Invalid symbol."),
    No.CLOSED: (400, -4141, "Symbol is closed."),
    No.UNPRICED: (400, -1112, "No orders on book for symbol."),
    No.SIZE_SMALL: (400, -4003, "Quantity less than or equal to zero."),
    No.SIZE_STEP: (400, -1111, "Precision is over the maximum defined for this asset."),
    No.TICK: (400, -4014, "Price not increased by tick size."),
    No.WOULD_TAKE: (
        400,
        -5022,
        "Due to the order could not be executed as maker, the Post Only order will be rejected.",
    ),
    No.NOT_REDUCING: (400, -2022, "ReduceOnly Order is rejected."),
    No.NOTIONAL: (400, -4164, "Order's notional must be no smaller than {} (unless you choose reduce only)."),
    No.MARGIN: (400, -2019, "Margin is insufficient."),
    No.DUPLICATE: (400, -4116, "ClientOrderId is duplicated."),
    No.CLIENT_ID: (400, -4015, "Client order id is not valid."),
    No.NO_ORDER: (400, -2013, "Order does not exist."),
    No.ORDER_DONE: (400, -2011, "Unknown order sent."),
    No.NO_CHANGE: (400, -4046, "No need to change margin type."),
    No.POSITION_OPEN: (400, -4048, "Margin type cannot be changed if there exists position."),
    No.POSITION_SIDE: (400, -4061, "Order's position side does not match user's setting."),
    No.LEVERAGE: (400, -4028, "Leverage is not valid."),
    No.FUNDS: (400, -5013, "Asset transfer failed: insufficient balance"),
    No.KEY: (401, -2015, FORBIDDEN),
    No.SIGNATURE: (400, -1022, "Signature for this request is not valid."),
    No.PASSPHRASE: (401, -2015, FORBIDDEN),
    No.TIMESTAMP: (400, -1021, "Timestamp for this request is outside of the recvWindow."),
    No.PERMISSION: (401, -2015, FORBIDDEN),
    No.IP: (401, -2015, "Invalid API-key, IP, or permissions for action, request ip: 203.0.113.7"),
    No.NO_FUTURES: (401, -2015, FORBIDDEN),
    No.RATE: (429, -1003, "Too many requests; current limit is 2400 requests per minute."),
    No.BANNED: (418, -1003, "Way too many requests; IP banned {}."),
    No.MAINTENANCE: (503, -1016, "This service is no longer available: system maintenance."),
    No.BUSY: (
        503,
        -1008,
        "Server is currently overloaded with other requests. Please try again in a few minutes.",
    ),
    No.UNSUPPORTED: (400, -1020, "This operation is not supported."),
}
"""Status, code and words; what is unknown of the venue's maintenance is guessed."""
ELSEWHERE: Mapping[tuple[str, No], tuple[int, int, str]] = {
    ("cancel", No.NO_ORDER): (400, -2011, "Unknown order sent."),
    ("position_mode", No.NO_CHANGE): (400, -4059, "No need to change position side."),
    ("position_mode", No.POSITION_OPEN): (
        400,
        -4068,
        "Position side cannot be changed if there exists position.",
    ),
}
"""Where an operation has its own."""
UNDER_ORDERS = {
    "margin_mode": (-4047, "Margin type cannot be changed if there exists open orders."),
    "position_mode": (-4067, "Position side cannot be changed if there exists open orders."),
}
"""What cannot be changed while orders are open."""
WRONG = {
    "side": (-1117, "Invalid side."),
    "type": (-1116, "Invalid orderType."),
    "timeInForce": (-1115, "Invalid timeInForce."),
    "interval": (-1120, "Invalid interval."),
    "positionSide": (-4060, "Invalid position side."),
    "newOrderRespType": (-1136, "Invalid newOrderRespType"),
}
"""Parameters that have a code of their own for a word nobody knows."""


class CodedError(NoError):
    """A refusal in the venue's own code, where the shared reasons are too coarse."""

    def __init__(self, code: int, words: str, status: int = 400) -> None:
        super().__init__(No.PARAMETER, words)
        self.code = code
        self.status = status


def wrong(name: str) -> CodedError:
    """Say that a parameter was sent, and means nothing."""
    code, words = WRONG.get(name, (-1130, f"Data sent for parameter '{name}' is not valid."))
    return CodedError(code, words)


def refusal(error: NoError, operation: str) -> Response:
    """Give the answer that a refusal is."""
    if isinstance(error, CodedError):
        return answer({"code": error.code, "msg": error.text}, error.status)
    status, code, words = ELSEWHERE.get((operation, error.no), REFUSALS[error.no])
    return answer({"code": code, "msg": words.format(error.text)}, status)
