"""What Chalice's template becomes until CloudFormation takes it; and the one of a prober elsewhere."""

from __future__ import annotations

import json
import os
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from infra.halting import Halt

if TYPE_CHECKING:
    from collections.abc import Iterator

PREFIX = "wakeful"  # of every name in the code and in infra/*.json; another one replaces it

# Neither the zip nor the template depends on the region, but Chalice and SAM will not start without one.
ANY_REGION = "us-east-1"

# Where everything in the templates comes from.
SOURCES = "infra/resources.json, infra/prober.json, .chalice/config.json or .chalice/policy-*.json"

# What a prober elsewhere has in common with the one at home, which Chalice describes.
AS_AT_HOME = ("Architectures", "Handler", "MemorySize", "Runtime", "Timeout")

ANY_METHOD = "x-amazon-apigateway-any-method"

Template = dict[str, Any]


def named(text: str, prefix: str) -> Template:
    """Return the template *text*, all names with *prefix*."""
    template: Template = json.loads(re.sub(rf'\b{PREFIX}(?=["-])', prefix, text))
    return template


def functions(sam: Template) -> Template:
    """Return the functions of a SAM template by their logical names."""
    return {
        name: resource
        for name, resource in sam["Resources"].items()
        if resource.get("Type") == "AWS::Serverless::Function"
    }


def paths(sam: Template) -> Template:
    """Return the paths of the API in a SAM template, each with its methods."""
    found: Template = sam["Resources"]["RestAPI"]["Properties"]["DefinitionBody"]["paths"]
    return found


def join_methods(sam: Template) -> None:
    """Let each path have one method, which is any; raises Halt where the methods of a path differ.

    Chalice describes the same one for each of seven. What a path does not know then comes to us as well, and
    we answer 405.
    """
    known = paths(sam)
    for path, methods in known.items():
        first, *others = methods.values()
        if any(other != first for other in others):
            raise Halt(
                f"The methods of {path} differ, so one can not stand for all: give all the same content "
                f"types, and none a cors, an authorizer or an api_key_required of its own."
            )
        known[path] = {ANY_METHOD: first}


def to_cloudformation(sam: Template) -> Template:
    """Do SAM's transformation here, with the code at the template's own parameters CodeBucket and CodeKey."""
    from samtranslator.model.exceptions import InvalidDocumentException
    from samtranslator.translator.transform import transform

    join_methods(sam)
    for function in functions(sam).values():
        function["Properties"]["CodeUri"] = {"Bucket": {"Ref": "CodeBucket"}, "Key": {"Ref": "CodeKey"}}
    board = sam["Resources"]["Dashboard"]["Properties"]
    board["DashboardBody"] = {"Fn::Sub": json.dumps(board["DashboardBody"])}  # CloudWatch wants it as text
    try:
        with some_region():
            plain: Template = transform(sam, {}, NoManagedPolicies())
    except InvalidDocumentException as error:
        causes = "\n".join(f"  {cause.message}" for cause in error.causes)
        raise Halt(f"SAM refuses the template; mend {SOURCES}:\n{causes}") from error
    return plain


def to_prober(template: Template, home: Template) -> Template:
    """Return the *template* of a prober elsewhere, which is run as the one of *home* is."""
    at_home = home["Resources"]["Probe"]["Properties"]
    template["Resources"]["Probe"]["Properties"] |= {name: at_home[name] for name in AS_AT_HOME}
    return template


@contextmanager
def some_region() -> Iterator[None]:
    """Let there be a region where the environment names none."""
    before = os.environ.get("AWS_DEFAULT_REGION")
    os.environ["AWS_DEFAULT_REGION"] = before or ANY_REGION
    try:
        yield
    finally:
        if before is None:
            del os.environ["AWS_DEFAULT_REGION"]


class NoManagedPolicies:
    """SAM asks for the ARNs of managed policies by name; our policies are all our own."""

    def load(self) -> dict[str, str]:
        """Return none."""
        return {}
