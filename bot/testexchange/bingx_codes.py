"""BingX's refusals: status, code and words of each."""

from bot.testexchange.wire import No, NoError

CODES: dict[No, tuple[int, int, str]] = {
    No.PATH: (404, 100400, "this api is not exist, please refer to the API docs"),
    No.PARAMETER: (200, 109400, "Invalid parameters, err"),
    No.SYMBOL: (
        200,
        109425,
        "the trading pair does not exist, please verify it in api: /openApi/swap/v2/quote/contracts",
    ),
    No.CLOSED: (200, 109418, "the trading pair is offline and cannot be ordered through the api"),
    No.UNPRICED: (200, 109418, "the trading pair has no price"),
    No.SIZE_SMALL: (200, 101400, "The minimum order amount is not reached"),
    No.SIZE_STEP: (200, 101400, "Order size error"),
    No.TICK: (200, 109400, "Invalid parameters, err: price precision"),
    No.WOULD_TAKE: (
        200,
        101215,
        "The Maker (Post Only) order ensures that the user always acts as a maker.",
    ),
    No.NOT_REDUCING: (200, 101205, "No position to close"),
    No.NOTIONAL: (
        200,
        110425,
        "Please ensure that the minimum nominal value of the order placed must be greater than 2u",
    ),
    No.MARGIN: (200, 101204, "Insufficient margin"),
    No.DUPLICATE: (200, 101481, "clientOrderId is already in use"),
    No.CLIENT_ID: (200, 109400, "Invalid parameters, err: clientOrderID has 1 to 40 characters"),
    No.NO_ORDER: (200, 80016, "order not exist"),
    No.ORDER_DONE: (200, 80018, "order is already filled"),
    No.NO_CHANGE: (200, 80001, "Request failed"),
    No.POSITION_OPEN: (200, 80001, "the account has positions or pending orders"),
    No.POSITION_SIDE: (200, 104103, "the 'PositionSide' field does not fit the position mode"),
    No.LEVERAGE: (200, 101414, "leverage illegal: above the maximum for the trading pair, or below 1"),
    No.FUNDS: (200, 100202, "Insufficient balance"),
    No.KEY: (200, 100413, "Incorrect apiKey, please check your valid api key"),
    No.SIGNATURE: (200, 100001, "Signature verification failed due to signature mismatch"),
    No.PASSPHRASE: (200, 100001, "Signature verification failed"),
    No.TIMESTAMP: (200, 100421, "Null timestamp or timestamp mismatch"),
    No.PERMISSION: (200, 100004, "Permission denied, the API key was created without the permission"),
    No.IP: (200, 100419, "IP does not match IP whitelist"),
    No.NO_FUTURES: (200, 80020, "Forbidden: the account has no perpetual futures"),
    No.RATE: (200, 100410, "rate limited"),
    No.BANNED: (
        200,
        100410,
        "code:100410:The endpoint trigger frequency limit rule is currently in the disabled period and will be unblocked after",
    ),
    No.MAINTENANCE: (200, 100503, "The system is under maintenance, please try again later"),
    No.BUSY: (200, 80012, "Service Unavailable"),
    No.UNSUPPORTED: (200, 100400, "arguments invalid"),
}
"""Status, code and words of each refusal. ``BUSY`` comes to ccxt as InsufficientFunds, and ``TIMESTAMP`` as BadSymbol."""
NOT_FOR_LINEAR = (
    "Invalid parameters, err:Key: 'Request.Symbol' Error:Field validation for \"Symbol\" failed on the"
    ' "len=0|endswith=-USDT" tag'
)


class SaidError(NoError):
    """A refusal whose code is not the usual one of its kind."""

    def __init__(self, no: No, code: int, text: str) -> None:
        super().__init__(no, text)
        self.code = code
