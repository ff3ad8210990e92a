"""WEEX's refusals: status, code and words of each.

``-1054`` is what a wrong order, too little money and a system error all come with: only the words tell them apart. For
maintenance and for overload the venue is not known to have words of its own.
"""

from bot.testexchange.wire import No, NoError

PRECONDITION = "FAILED_PRECONDITION"
CODES: dict[No, tuple[int, int, str]] = {
    No.PATH: (404, 404, "Not Found"),
    No.PARAMETER: (400, -1142, "Parameter is invalid"),
    No.SYMBOL: (400, -1121, "Invalid symbol"),
    No.CLOSED: (403, -3235, "No permission for this trading pair"),
    No.UNPRICED: (500, -1054, "System error, please retry later: the contract has no price"),
    No.SIZE_SMALL: (400, -1142, "Parameter is invalid: quantity is below minOrderSize"),
    No.SIZE_STEP: (400, -1160, "Decimal precision error: quantity"),
    No.TICK: (400, -1160, "Decimal precision error: price"),
    No.WOULD_TAKE: (400, -1142, "Parameter is invalid: a POST_ONLY order at this price would fill at once"),
    No.NOT_REDUCING: (400, -1142, "Parameter is invalid: there is no position to reduce"),
    No.NOTIONAL: (400, -1142, "Parameter is invalid: the order is worth too little"),
    No.MARGIN: (400, -1054, f"{PRECONDITION}: available amount not enough"),
    No.DUPLICATE: (400, -1054, f"{PRECONDITION}: duplicate client order id"),
    No.CLIENT_ID: (
        400,
        -1180,
        "client_oid length must not exceed 40 and must not contain special characters",
    ),
    No.NO_ORDER: (400, -3200, "Order does not exist"),
    No.ORDER_DONE: (400, -3200, "Order does not exist: it is done"),
    No.NO_CHANGE: (400, -1142, "Parameter is invalid: it is set so already"),
    No.POSITION_OPEN: (400, -1054, f"{PRECONDITION}: positions or orders are open"),
    No.POSITION_SIDE: (400, -1128, "Combination of optional parameters invalid: positionSide"),
    No.LEVERAGE: (400, -3313, "Leverage exceeds maximum limit"),
    No.FUNDS: (400, -1054, f"{PRECONDITION}: Move margin available amount not enough"),
    No.KEY: (401, -1044, "Invalid ACCESS_KEY"),
    No.SIGNATURE: (401, -1047, "API authentication failed: ACCESS_SIGN"),
    No.PASSPHRASE: (401, -1049, "API key or passphrase incorrect"),
    No.TIMESTAMP: (401, -1046, "Request timestamp expired"),
    No.PERMISSION: (403, -1052, "Insufficient permissions for this action"),
    No.IP: (403, -1056, "Invalid IP address"),
    No.NO_FUTURES: (403, -1050, "User status is abnormal: the account has no contracts"),
    No.RATE: (429, -1003, "Too many requests"),
    No.BANNED: (429, 429, "Too many requests: access is suspended"),
    No.MAINTENANCE: (503, -1054, "System error, please retry later: in maintenance"),
    No.BUSY: (503, 40015, "System is abnormal, please try again later"),
    No.UNSUPPORTED: (400, -1128, "Combination of optional parameters invalid"),
}
"""Status, code and words of each refusal."""


class CodedError(NoError):
    """A refusal whose code is not the usual one of its kind."""

    def __init__(self, no: No, code: int, text: str) -> None:
        super().__init__(no, text)
        self.code = code


def empty(name: str) -> CodedError:
    """Say that a parameter must be there."""
    return CodedError(No.PARAMETER, -1141, f"Parameter '{name}' cannot be empty.")
