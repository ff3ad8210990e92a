"""Bybit's dialect: codes and words for saying no."""

from collections.abc import Mapping

from bot.testexchange.wire import No, NoError

REFUSALS: Mapping[No, tuple[int, str]] = {
    No.PATH: (10404, "invalid request, please check the path"),
    No.PARAMETER: (10001, "params error: {}"),
    No.SYMBOL: (10001, "params error: symbol invalid {}"),
    No.CLOSED: (110074, "This contract is not live"),
    No.UNPRICED: (110074, "This contract has no price yet"),
    No.SIZE_SMALL: (10001, "The number of contracts is below the minimum limit allowed"),
    No.SIZE_STEP: (10001, "Qty invalid"),
    No.TICK: (10001, "price invalid"),
    No.WOULD_TAKE: (170218, "The LIMIT-MAKER order is rejected"),
    No.NOT_REDUCING: (110017, "current position is zero, cannot fix reduce-only order qty"),
    No.NOTIONAL: (110094, "Order does not meet minimum order value"),
    No.MARGIN: (110007, "ab not enough for new order"),
    No.DUPLICATE: (110072, "OrderLinkedID is duplicate"),
    No.CLIENT_ID: (
        10001,
        "params error: orderLinkId must be 1 to 36 letters, digits, dashes and underscores",
    ),
    No.NO_ORDER: (110001, "order not exists or too late to cancel"),
    No.ORDER_DONE: (110001, "order not exists or too late to cancel"),
    No.NO_CHANGE: (110043, "Set leverage not modified"),
    No.POSITION_OPEN: (110024, "You have an existing position, so the position mode cannot be switched"),
    No.POSITION_SIDE: (10001, "position idx not match position mode"),
    No.LEVERAGE: (110013, "Cannot set leverage due to risk limit"),
    No.FUNDS: (131212, "Insufficient balance."),
    No.KEY: (10003, "API key is invalid."),
    No.SIGNATURE: (10004, "error sign! please check your signature generation algorithm."),
    No.PASSPHRASE: (10003, "API key is invalid."),
    No.TIMESTAMP: (10002, "invalid request, please check your server timestamp or recv_window param"),
    No.PERMISSION: (10005, "Permission denied, please check your API key permissions."),
    No.IP: (10010, "Unmatched IP, please check your API key's bound IP addresses."),
    No.NO_FUTURES: (10005, "Permission denied for current apikey."),
    No.RATE: (10006, "Too many visits. Exceeded the API Rate Limit."),
    No.BANNED: (10018, "Exceeded the IP Rate Limit. {}"),
    No.MAINTENANCE: (10016, "Server error: the service is restarting for maintenance"),
    No.BUSY: (10016, "Internal System Error"),
    No.UNSUPPORTED: (10001, "params error: not supported here: {}"),
}
"""Codes and words; what is unknown of the venue's maintenance is guessed."""
ELSEWHERE: Mapping[tuple[str, No], tuple[int, str]] = {
    ("margin_mode", No.NO_CHANGE): (110026, "Cross/isolated margin mode is not modified"),
    ("margin_mode", No.POSITION_OPEN): (3400045, "Set margin mode failed: positions or orders are open"),
    ("position_mode", No.NO_CHANGE): (110025, "Position mode is not modified"),
    ("transfer", No.PARAMETER): (131203, "Request parameter error: {}"),
    ("transfer", No.DUPLICATE): (131214, "TransferId exist"),
}
"""Where an operation has its own."""
STATUSES = {No.PATH: 404, No.BANNED: 403, No.MAINTENANCE: 503}
"""All other refusals come with status 200."""


def refusal(error: NoError, operation: str) -> tuple[int, int, str]:
    """Give status, code and words of a refusal."""
    code, words = ELSEWHERE.get((operation, error.no), REFUSALS[error.no])
    return STATUSES.get(error.no, 200), code, words.format(error.text)
