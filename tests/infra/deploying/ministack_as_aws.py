"""MiniStack, as its own Python runs it, with three things as AWS has them; the tests only start it.

SNS tells a Lambda of the subject and the attributes of a message even where it has none, which Chalice relies
on. Whoever may send a message to a queue may send ten at once: there is no right of its own for that. And a
path of an API may have one method that stands for all.
"""

import json
import sys

from ministack import app
from ministack.core import iam_actions
from ministack.services import apigateway_v1 as gateway
from ministack.services import sns

WITHOUT = {"Subject": None, "MessageAttributes": {}}
ANY_METHOD = "x-amazon-apigateway-any-method"

deliver, action_of, take_path = (
    sns._deliver_to_lambda,
    iam_actions.extract_iam_action,
    gateway._import_path_item,
)


def deliver_whole(endpoint, envelope, *more):
    """Invoke a Lambda with a notification that lacks no field."""
    deliver(endpoint, json.dumps(WITHOUT | json.loads(envelope)), *more)


def action_in_aws(service, *more):
    """Return the right that a request needs; for a batch of messages it is the one for a message."""
    action = action_of(service, *more)
    return action.removesuffix("Batch") if service == "sqs" and action else action


def take_any_method(api, path, methods, *more):
    """Take in the methods of a path; the one that stands for all by the name that MiniStack has for it."""
    known = {"any" if name == ANY_METHOD else name: method for name, method in methods.items()}
    take_path(api, path, known, *more)


sns._deliver_to_lambda = deliver_whole
iam_actions.extract_iam_action = action_in_aws
gateway._import_path_item = take_any_method
gateway._OPENAPI_HTTP_METHODS.add("any")
sys.exit(app.main())
