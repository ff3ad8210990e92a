"""MEXC's dialect: codes and words for saying no, of contracts and of spot."""

from collections.abc import Mapping

from bot.testexchange.wire import No, NoError

REFUSALS: Mapping[No, tuple[int, str]] = {
    No.PATH: (404, "Not found"),
    No.PARAMETER: (600, "Parameter error: {}"),
    No.SYMBOL: (1001, "Contract does not exist"),
    No.CLOSED: (1002, "Contract not activated"),
    No.UNPRICED: (1002, "Contract not activated"),
    No.SIZE_SMALL: (2011, "Order quantity error"),
    No.SIZE_STEP: (2011, "Order quantity error"),
    No.TICK: (2007, "Order price error"),
    No.WOULD_TAKE: (2014, "Post-only order would be filled at once"),
    No.NOT_REDUCING: (2009, "Position is not exists or closed."),
    No.NOTIONAL: (2011, "Order quantity error"),
    No.MARGIN: (2005, "Balance insufficient"),
    No.DUPLICATE: (2029, "Duplicate externalOid"),
    No.CLIENT_ID: (600, "Parameter error: externalOid"),
    No.NO_ORDER: (2040, "Order not exist"),
    No.ORDER_DONE: (2041, "Order state cannot be cancelled"),
    No.NO_CHANGE: (2043, "Nothing was changed"),
    No.POSITION_OPEN: (2019, "Positions or orders are open"),
    No.POSITION_SIDE: (2003, "The side does not fit the position mode"),
    No.LEVERAGE: (2018, "Leverage ratio error"),
    No.FUNDS: (10101, "Insufficient balance"),
    No.KEY: (402, "API key expired or invalid"),
    No.SIGNATURE: (602, "Signature verification failed"),
    No.PASSPHRASE: (402, "API key expired or invalid"),
    No.TIMESTAMP: (603, "Invalid request time"),
    No.PERMISSION: (401, "No authority"),
    No.IP: (406, "Accessing IP is not in the whitelist"),
    No.NO_FUTURES: (401, "No authority"),
    No.RATE: (510, "Requests are too frequent, please try again later"),
    No.BANNED: (510, "Requests are too frequent, banned {}"),
    No.MAINTENANCE: (501, "System busy: in maintenance"),
    No.BUSY: (501, "System busy, try again later"),
    No.UNSUPPORTED: (600, "Parameter error: not supported here: {}"),
}
"""Codes and words; what is unknown of the venue's maintenance, and the codes 2019 and 2043, are guessed."""
STATUSES = {No.PATH: 404, No.BANNED: 403, No.MAINTENANCE: 503}
"""All other refusals of contracts come with status 200."""
READS_ACCOUNT = (701, "Please enable API Key read access")
READS_TRADES = (703, "Trading information read access is required")
TRADES = (704, "Please enable API Key trading information write access")
PERMISSIONS: Mapping[str, tuple[int, str]] = {
    "balance": READS_ACCOUNT,
    "income": READS_ACCOUNT,
    **dict.fromkeys(("positions", "account", "order", "open_orders", "orders", "fills"), READS_TRADES),
    **dict.fromkeys(("place", "cancel", "cancel_all", "leverage", "position_mode"), TRADES),
}
"""What a key lacks, by what was asked of it."""
SPOT = frozenset(
    {
        "time",
        "currencies",
        "spot_account",
        "spot_contracts",
        "spot_tickers",
        "spot_candles",
        "transfer",
        "transfers",
    }
)
"""Operations of the spot interface: it says no in its own form."""
SPOT_REFUSALS: Mapping[No, tuple[int, str]] = {
    No.PARAMETER: (400, "Parameter error: {}"),
    No.SYMBOL: (10007, "bad symbol"),
    No.KEY: (10072, "Api key info invalid"),
    No.SIGNATURE: (700002, "Signature for this request is not valid."),
    No.TIMESTAMP: (700003, "Timestamp for this request is outside of the recvWindow."),
    No.IP: (700006, "IP non white list"),
    No.PERMISSION: (700007, "No permission to access the endpoint"),
    No.FUNDS: (10101, "Insufficient balance"),
}
"""Codes of the spot interface where it has others."""
NO_TRANSFER, NOT_POSITIVE, TOO_LONG = "account types", "amount not positive", "amount too long"
SPOT_PARAMETERS: Mapping[str, tuple[int, str]] = {
    "recvWindow": (700005, "recvWindow must less than 60000"),
    "asset": (10232, "The currency not exist"),
    "amount": (10097, "amount is error"),
    NOT_POSITIVE: (10102, "amount cannot be zero or negative"),
    TOO_LONG: (10096, "amount decimal places is too long"),
    NO_TRANSFER: (33333, "Not support transfer"),
}
"""Codes of the spot interface for a parameter of its own."""


def refusal(error: NoError, operation: str) -> tuple[int, dict[str, object]]:
    """Give the status and the body of a refusal."""
    status = STATUSES.get(error.no, 200)
    if operation in SPOT:
        code, text = _spot_words(error)
        return 400 if status == 200 else status, {"code": code, "msg": text}  # noqa: PLR2004 - of HTTP
    code, text = words_of(error, operation)
    return status, {"success": False, "code": code, "message": text}


def words_of(error: NoError, operation: str) -> tuple[int, str]:
    """Give the code and the words that contracts have for a refusal."""
    code, words = REFUSALS[error.no]
    if error.no is No.PERMISSION:
        code, words = PERMISSIONS.get(operation, (code, words))
    return code, words.format(error.text)


def _spot_words(error: NoError) -> tuple[int, str]:
    code, words = SPOT_REFUSALS.get(error.no, REFUSALS[error.no])
    if error.no is No.PARAMETER:
        code, words = SPOT_PARAMETERS.get(error.text, (code, words))
    return code, words.format(error.text)
