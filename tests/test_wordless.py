import logging

from botocore.exceptions import ClientError
from pynamodb.exceptions import PutError

from chalicelib.faults import tell

SECRET = "hush"
log = logging.getLogger("chalicelib.test_faults")


def reading(text):
    """Break with words that quote *text*."""
    return int(text)


def record_of(caplog, act):
    """Return what is logged when *act* breaks."""
    try:
        act()
    except Exception as fault:  # noqa: BLE001  whatever it is
        tell(log, "it broke", fault, monitor_id="m-1")
    [record] = caplog.records
    return record


def test_a_fault_is_told_without_its_words(caplog):
    """A line names a fault, its place and trace, and the ids it is handed; nothing that it quotes (R392)."""
    record = record_of(caplog, lambda: reading(SECRET))
    assert (record.levelname, record.getMessage()) == ("ERROR", "it broke: ValueError")
    assert (record.monitor_id, record.fault) == ("m-1", "ValueError")
    assert record.place.startswith(f"{__file__}:")
    assert "in reading" in record.trace
    assert (record.filename, record.exc_info) == ("test_wordless.py", None)
    assert SECRET not in str(vars(record))


def test_what_a_fault_came_of_is_told_first(caplog):
    """A trace begins with the cause, which says no words either."""

    def act():
        try:
            reading(SECRET)
        except ValueError as error:
            raise KeyError(SECRET) from error

    record = record_of(caplog, act)
    assert record.fault == "KeyError"
    assert record.trace.index("\nValueError\n") < record.trace.index("raise KeyError")
    assert record.trace.endswith("\nKeyError\n")
    assert SECRET not in str(vars(record))


def test_the_code_that_aws_refused_by_is_told(caplog):
    """AWS's code is told, for it says what to mend; its message is not, for it may quote values."""

    def act():
        error = {
            "Code": "ValidationException",
            "Message": f"cannot be converted to a numeric value: {SECRET}",
        }
        refusal = ClientError({"Error": error}, "PutItem")
        try:
            raise refusal
        except ClientError as cause:
            raise PutError(f"Failed to put item: {cause}", cause) from cause

    record = record_of(caplog, act)
    assert record.fault == "PutError(ValidationException)"
    assert "\nClientError(ValidationException)\n" in record.trace
    assert SECRET not in str(vars(record))
