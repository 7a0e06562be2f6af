"""The adapter: which of a provider's bad days say that nothing was done, and which say nothing."""

import socket
from collections.abc import Iterator

import pytest

from crm_core.payouts.transfers.gateway import Account, Declined, NotTaken, Order, Unanswered
from crm_core.payouts.transfers.paystack import Paystack
from tests.payouts import paystack as bad_days
from tests.payouts.paystack import SECRET, Fault, LocalPaystack, running_paystack

ACCOUNT = Account("011", "0000014579", "ADA OBI")
REFERENCE = "crm-0123456789abcdef"


@pytest.fixture(scope="module")
def server() -> Iterator[LocalPaystack]:
    with running_paystack() as running:
        yield running


@pytest.fixture
def gateway(server: LocalPaystack) -> Paystack:
    server.faults.clear()
    server.transfers.clear()
    return Paystack(SECRET, server.url)


def order(gateway: Paystack) -> Order:
    return Order(REFERENCE, 5000, gateway.make_recipient(ACCOUNT).code, "PAY-001 Oct 2026")


def test_the_account_number_is_in_no_log() -> None:
    assert "0000014579" not in repr(ACCOUNT)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (bad_days.BUSY, NotTaken),
        (bad_days.NO_KEY, NotTaken),
        (bad_days.POOR, NotTaken),
        (Fault(403, "{}"), NotTaken),
        (Fault(400, '{"status": false, "code": "insufficient_balance", "message": "x"}'), NotTaken),
        (Fault(400, '{"status": false, "message": "Recipient is banned"}'), Declined),
        (Fault(200, '{"status": false, "message": "No"}'), Declined),
        (Fault(400, "<html>"), Unanswered),
        (Fault(408, "{}"), Unanswered),
        (Fault(500, '{"status": true, "data": {}}'), Unanswered),
        (Fault(302, ""), Unanswered),
        (Fault(200, ""), Unanswered),
        (Fault(200, "null"), Unanswered),
        (Fault(200, '{"status": true}'), Unanswered),
        (Fault(200, '{"status": "true", "data": {}}'), Unanswered),
        (Fault(200, '{"status": true, "data": {"reference": 1, "status": "success"}}'), Unanswered),
        (bad_days.HANGS_UP, Unanswered),
        (bad_days.HANGS_UP_AFTER_ACCEPTING, Unanswered),
    ],
    ids=str,
)
def test_a_bad_day_is_what_it_says(
    server: LocalPaystack, gateway: Paystack, fault: Fault, kind: type[Exception]
) -> None:
    one = order(gateway)
    server.fault("/transfer", fault)
    with pytest.raises(kind):
        gateway.send(one)


def test_too_many_requests_say_how_long_to_wait(server: LocalPaystack, gateway: Paystack) -> None:
    server.fault("/bank/resolve", bad_days.BUSY)
    with pytest.raises(NotTaken) as refused:
        gateway.resolve(ACCOUNT)
    assert refused.value.wait_seconds == 7


def test_where_nobody_listens_nothing_was_taken() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        gateway = Paystack(SECRET, f"http://127.0.0.1:{probe.getsockname()[1]}")
        with pytest.raises(NotTaken):
            gateway.make_recipient(ACCOUNT)


def test_who_takes_the_order_and_never_answers_is_not_waited_for_without_end(
    gateway: Paystack,
) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(Unanswered):
            Paystack(SECRET, url, patience=0.05).send(order(gateway))


def test_a_reference_that_it_has_never_seen_is_none(gateway: Paystack) -> None:
    assert gateway.verify(REFERENCE) is None


def test_a_verification_that_is_declined_says_nothing(
    server: LocalPaystack, gateway: Paystack
) -> None:
    server.fault("/transfer/verify/", Fault(400, '{"status": false, "message": "No"}'))
    with pytest.raises(Unanswered):
        gateway.verify(REFERENCE)


def test_a_page_that_is_not_there_is_not_a_transfer_that_is_not_there(
    server: LocalPaystack, gateway: Paystack
) -> None:
    server.fault("/transfer/verify/", Fault(404, "<html>Not found</html>"))
    with pytest.raises(Unanswered):
        gateway.verify(REFERENCE)
