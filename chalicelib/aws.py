"""One botocore session for the whole process, and its clients, made when first needed.

A client costs 47 ms the first time and a few after that; every one more session would pay it again.
"""

from functools import cache
from typing import Any

import botocore.session
from botocore.config import Config


@cache
def session() -> botocore.session.Session:
    """Return the process's botocore session."""
    return botocore.session.get_session()


@cache
def client(service: str, region: str, endpoint_url: str | None = None) -> Any:
    """Return the client of *service*; it gives up soon, because somebody waits behind every call."""
    config = Config(
        user_agent="wakeful",  # botocore would put its own together anew for each call: a tenth of the cost
        connect_timeout=2,
        read_timeout=5,
        retries={"mode": "standard", "total_max_attempts": 3},
        parameter_validation=False,
        max_pool_connections=50,
        tcp_keepalive=True,
    )
    return session().create_client(service, region, endpoint_url=endpoint_url, config=config)
