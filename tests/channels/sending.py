"""What tests of channels ask of a transport."""

import pytest

from chalicelib.channels.base import SendError


def fault(transport, alert):
    """Return the SendError that sending *alert* raises; that it raises one is claimed, too."""
    with pytest.raises(SendError) as error:
        transport.send(alert)
    return error.value
