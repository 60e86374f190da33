"""The roads that a deployment goes again and again, and what each costs on DynamoDB.

The tests beside this module hear these bills on the wire; tests/infra multiplies them by the price list, and
the README shows what comes of it. Reads of more than 4 kB are left out here: MiniStack meters none.
"""

from tests.storage.billing import Bill

# A heartbeat that is well.
STEADY_PING = Bill(["UpdateItem", "PutItem"], write=2)
VISIT = Bill(["Query", "UpdateItem"], read=0.5, write=1, index=2)  # a wake that finds all well

# An outage of it that time finds and a success ends, told to two channels; each message is a bill of its own.
TIMEOUT = Bill(["Query", "Query", "TransactWriteItems"], read=1.5, write=4, index=2)
RECOVERY = Bill(["UpdateItem", "Query", "TransactWriteItems"], read=0.5, write=6, index=2, refused=1)
OUTAGE_TOLD_TO_TWO = Bill(
    ["GetItem", "Query", "Query", "TransactWriteItems", "PutItem", "PutItem", "UpdateItem"],
    read=3,
    write=7,
    index=6,
)
_LOOKED_UP = ["GetItem", "GetItem", "Query", "Query", "GetItem"]
END_TOLD_TO_TWO = Bill(
    [*_LOOKED_UP, "TransactWriteItems", "PutItem", "PutItem", "UpdateItem"],
    read=5,
    write=7,
    index=6,
)
_SENT = ["UpdateItem", "UpdateItem", "UpdateItem"]  # claimed, settled, and noted at the channel
MESSAGE = Bill(
    ["GetItem", "GetItem", "GetItem", "Query", "GetItem", "Query", *_SENT], read=5.5, write=3, index=2
)
END_MESSAGE = Bill(
    ["GetItem", "GetItem", "GetItem", "Query", "GetItem", "BatchGetItem", "GetItem", "GetItem", *_SENT],
    read=7.5,
    write=3,
    index=3,
)

# A probed monitor that is well, in three regions.
ANSWER = Bill(["UpdateItem"], write=1)
VERDICT = Bill(["UpdateItem", "Query", "UpdateItem"], read=0.5, write=2)
ROUND = ANSWER + VERDICT + ANSWER
ROLL_UP = Bill(["Query", "PutItem", "Query", "UpdateItem"], read=1.5, write=2)  # once an hour

# The survey of its name, once a day.
SURVEY_ORDER = Bill(["Query", "UpdateItem", "UpdateItem"], read=0.5, write=2, index=4)
SURVEY = Bill(["Query", "TransactWriteItems"], read=1, write=2)

# A minute in which nothing happens.
TICK = Bill(["GetItem", "UpdateItem"], read=1, write=1)
FIRST_SHARD = Bill(["Query", "Query", "Query"], read=1.5)
OTHER_SHARD = Bill(["Query", "Query"], read=1)
SLOT = Bill(["Query"], read=0.5)  # of the wheel: of one ring, one minute, one shard

# A look at one check through the API.
CALL = Bill(["UpdateItem", "Query"], read=0.5, write=1)
