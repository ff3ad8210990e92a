"""What each venue's codes prove: the table of the reference (venues.md, section 10), and what goes beyond it, each with why."""

import pytest

from bot.adapters.venues.manners import MANNERS, manner_of
from bot.adapters.venues.outcomes import Codes, Failure, Outcome, codes_of, outcome_of

REJECTED, UNKNOWN, RETRY = Outcome.REJECTED, Outcome.UNKNOWN, Outcome.RETRY
LIMITED, AUTH, GONE, SAME = Outcome.RATE_LIMITED, Outcome.AUTH, Outcome.GONE, Outcome.SAME
Row = tuple[str, str, Outcome]
"""Code, words beside it, what it proves."""

BINANCE: tuple[Row, ...] = (
    ("-2019", "Margin is insufficient.", REJECTED),
    ("-2022", "ReduceOnly Order is rejected.", REJECTED),
    ("-4164", "Order's notional must be no smaller than 100", REJECTED),
    ("-5022", "Post Only order will be rejected.", REJECTED),
    ("-2021", "Order would immediately trigger.", REJECTED),
    ("-4131", "The counterparty's best price does not meet the PERCENT_PRICE filter limit.", REJECTED),
    ("-2027", "Exceeded the maximum allowable position at current leverage.", REJECTED),
    ("-4061", "Order's position side does not match user's setting.", REJECTED),
    ("-2025", "Reach max open order limit.", REJECTED),
    ("-4118", "ReduceOnly order failed.", REJECTED),
    ("-4016", "Limit price can't be higher than 1.", REJECTED),
    ("-1013", "Invalid message.", REJECTED),
    ("-1111", "Precision is over the maximum defined for this asset.", REJECTED),
    ("-4003", "Quantity less than zero.", REJECTED),
    ("-4005", "Quantity greater than max quantity.", REJECTED),
    ("-4014", "Price not increased by tick size.", REJECTED),
    ("-4015", "Client order id is not valid.", REJECTED),
    ("-4086", "Price or quantity precision.", REJECTED),
    ("-4400", "Reduce-only orders are allowed only.", REJECTED),
    ("-4087", "User can only place reduce only order.", REJECTED),
    ("-4192", "Trade forbidden due to Cooling-off Period.", REJECTED),
    ("-1121", "Invalid symbol.", REJECTED),  # beyond the reference: no such contract, so no such order
    ("-4141", "Symbol is closed.", REJECTED),  # the same
    ("-4116", "ClientOrderId is duplicated.", UNKNOWN),
    ("-1007", "Timeout waiting for response from backend server. Send status unknown.", UNKNOWN),
    ("-1000", "An unknown error occurred while processing the request.", UNKNOWN),
    ("-1001", "Internal error; unable to process your request.", UNKNOWN),
    ("-1006", "An unexpected response was received from the message bus.", UNKNOWN),
    ("-2020", "Unable to fill.", UNKNOWN),
    ("-1016", "This service is no longer available.", UNKNOWN),
    ("-1021", "Timestamp for this request is outside of the recvWindow.", RETRY),
    ("-1008", "Server is currently overloaded with other requests.", RETRY),
    ("-1003", "Too many requests.", LIMITED),
    ("-1015", "Too many new orders.", LIMITED),
    ("-2014", "API-key format invalid.", AUTH),
    ("-2015", "Invalid API-key, IP, or permissions for action.", AUTH),
    ("-1022", "Signature for this request is not valid.", AUTH),
    ("-2011", "Unknown order sent.", GONE),
    ("-2013", "Order does not exist.", GONE),
    ("-4046", "No need to change margin type.", SAME),
    ("-4059", "No need to change position side.", SAME),
    ("-5027", "No need to modify the order.", SAME),
)
TABLE: dict[str, tuple[Row, ...]] = {
    "binance-usdm": BINANCE,
    "binance-coinm": BINANCE,
    "bybit": (
        ("110007", "Insufficient available balance", REJECTED),
        ("110017", "Reduce-only rule not satisfied", REJECTED),
        ("110094", "Order notional value below the lower limit", REJECTED),
        ("170193", "Buy order price cannot be higher than 1", REJECTED),
        ("110072", "OrderLinkedID is duplicate", UNKNOWN),
        ("10016", "Request timeout", UNKNOWN),
        ("10016", "Internal System Error", UNKNOWN),
        ("10000", "Server Timeout", UNKNOWN),
        ("10404", "op type is not found", UNKNOWN),
        ("", "an answer without retCode", UNKNOWN),
        ("10002", "invalid request, please check your timestamp", RETRY),
        ("110079", "The order is processing and can not be operated, please try again later", RETRY),
        ("10006", "Too many visits. Exceeded the API Rate Limit.", LIMITED),
        ("10018", "Exceeded the IP Rate Limit.", LIMITED),
        ("10429", "System level frequency protection", LIMITED),
        ("10003", "API key is invalid", AUTH),
        ("10004", "Error sign", AUTH),
        ("10005", "Permission denied", AUTH),
        ("10010", "Unmatched IP", AUTH),
        ("33004", "Your api key has expired", AUTH),
        ("110001", "order not exists or too late to cancel", GONE),
        ("110043", "leverage not modified", SAME),
        ("110025", "Position mode has not been modified", SAME),
        ("110026", "Margin mode has not been modified", SAME),
    ),
    "bingx": (
        ("101204", "Insufficient margin", REJECTED),
        ("101205", "No position to close", REJECTED),
        ("101400", "The minimum order amount is not reached", REJECTED),
        ("80014", "Invalid parameters", REJECTED),
        ("101215", "The Maker (Post Only) order ensures that the user always acts as a maker.", REJECTED),
        ("104103", "the PositionSide field does not fit the position mode", REJECTED),
        ("101481", "clientOrderId is already in use", UNKNOWN),
        ("109201", "duplicate order", UNKNOWN),
        ("100500", "Internal system error", UNKNOWN),
        ("80001", "Request failed", UNKNOWN),
        ("80012", "Service Unavailable", UNKNOWN),
        ("100503", "The system is under maintenance", UNKNOWN),
        ("109400", "Invalid parameters", UNKNOWN),
        ("109400", "timestamp is invalid", RETRY),
        ("100421", "Null timestamp or timestamp mismatch", RETRY),
        ("100421", "This pair is currently restricted from API trading", REJECTED),
        ("100410", "rate limited", LIMITED),
        ("100001", "Signature verification failed", AUTH),
        ("80020", "Forbidden", AUTH),
        ("100413", "Incorrect apiKey", AUTH),
        ("100419", "IP does not match IP whitelist", AUTH),
        ("100004", "Permission denied, the API key was created without the permission", AUTH),
        ("80016", "order not exist", GONE),
        ("80018", "order is already filled", GONE),
    ),
    "mexc": (
        ("2005", "Balance insufficient", REJECTED),
        ("2003", "Order quantity error", REJECTED),
        ("2009", "Position is nonexistent or closed", REJECTED),
        ("1002", "Contract not allow place order", REJECTED),
        ("2011", "Order quantity error", REJECTED),
        ("2029", "Exist same external oid", UNKNOWN),
        ("500", "Internal error", UNKNOWN),
        ("8817", "Unknown", UNKNOWN),
        ("", "no success, and no code", UNKNOWN),
        ("603", "Request time is out of the window", RETRY),
        ("510", "Requests are too frequent, please try again later", LIMITED),
        ("602", "Signature verification failed", AUTH),
        ("401", "No authority", AUTH),
        ("402", "Api key expired", AUTH),
        ("406", "The access IP is not in the whitelist", AUTH),
        ("702", "Please enable API Key write access", AUTH),
        ("2040", "Order not exist", GONE),
    ),
    "weex": (
        ("-1180", "Client order id is not valid", REJECTED),
        ("-1054", "FAILED_PRECONDITION: available amount not enough", REJECTED),
        ("-1054", "FAILED_PRECONDITION: something else", UNKNOWN),
        ("-1000", "An unknown error occurred", UNKNOWN),
        ("40015", "System is abnormal, please try again later", UNKNOWN),
        ("502", "Bad gateway", UNKNOWN),
        ("-1046", "Timestamp is expired", RETRY),
        ("-1003", "Too many requests", LIMITED),
        ("429", "Too many requests", LIMITED),
        ("-1040", "The access key is missing", AUTH),
        ("-1052", "Insufficient permissions for this action.", AUTH),
        ("-1056", "Invalid IP address.", AUTH),
        ("-3200", "The order does not exist", GONE),
    ),
}


def outcome(venue: str, code: str, words: str, *, sent: bool = True, status: int | None = 200) -> Outcome:
    failure = Failure(sent=sent, status=status, code=code, message=words)
    return outcome_of(failure, manner_of(venue).codes)


@pytest.mark.parametrize(
    ("venue", "code", "words", "proved"),
    [
        pytest.param(venue, *row, id=f"{venue} {row[0]} {row[1][:24]}")
        for venue in TABLE
        for row in TABLE[venue]
    ],
)
def test_a_code_proves_what_the_reference_says_it_does(
    venue: str, code: str, words: str, proved: Outcome
) -> None:
    assert outcome(venue, code, words) is proved


def test_the_table_is_of_every_venue() -> None:
    assert set(TABLE) == set(MANNERS)


@pytest.mark.parametrize("venue", MANNERS)
def test_a_code_that_nobody_wrote_down_proves_nothing(venue: str) -> None:
    for code in ("", "1", "-9999", "999999", "ok"):
        assert outcome(venue, code, "insufficient balance, order not placed") is UNKNOWN


@pytest.mark.parametrize("venue", MANNERS)
@pytest.mark.parametrize("status", [None, 200, 400, 401, 403, 404, 408, 409, 422, 451, 500, 502, 503, 504])
def test_no_status_proves_anything_without_a_code(venue: str, status: int | None) -> None:
    assert outcome(venue, "", "<html>", status=status) is UNKNOWN


@pytest.mark.parametrize("venue", MANNERS)
@pytest.mark.parametrize("status", [418, 429])
def test_two_statuses_say_that_there_were_too_many_requests(venue: str, status: int) -> None:
    assert outcome(venue, "", "<html>", status=status) is LIMITED


@pytest.mark.parametrize("venue", MANNERS)
def test_what_never_left_is_known_not_to_have_left(venue: str) -> None:
    for code in ("", "-2019", "110007", "-4116"):
        assert outcome(venue, code, "", sent=False, status=None) is Outcome.NOT_SENT


@pytest.mark.parametrize("venue", MANNERS)
def test_no_code_stands_for_two_things(venue: str) -> None:
    codes = manner_of(venue).codes

    assert all(outcome is not UNKNOWN for outcome in codes.outcomes.values())
    assert all(code for code in codes.outcomes)


def test_words_beside_a_code_go_before_the_code() -> None:
    codes = Codes(outcomes=codes_of(rejected="7"), by_message=(("7", "Maybe", UNKNOWN),))

    for words, proved in (("it may be: MAYBE", UNKNOWN), ("no", REJECTED)):
        assert outcome_of(Failure(sent=True, status=200, code="7", message=words), codes) is proved


def test_groups_of_codes_are_named_by_their_outcome() -> None:
    assert codes_of(rejected="1 2", rate_limited="3") == {"1": REJECTED, "2": REJECTED, "3": LIMITED}
