"""The table of protocols. A new one is one file and one line here; only what is used is imported."""

from importlib import import_module
from typing import cast

from chalicelib.core.consensus import Result
from chalicelib.core.status import Kind
from chalicelib.core.targets import Target
from chalicelib.probes.base import Limits, Probe

PROBES = {
    Kind.HTTP: "http",
    Kind.TCP: "tcp",
    Kind.DNS: "dns",
    Kind.TLS: "tls",
    Kind.DOMAIN: "domain",
}


def probe(kind: Kind, target: Target, limits: Limits) -> Result:
    """Return what is to be said of *target* from here, whatever it does to us; *kind* is one of PROBES."""
    module = import_module(f"chalicelib.probes.{PROBES[kind]}")
    return cast("Probe", module.probe)(target, limits)
