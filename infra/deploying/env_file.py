"""A deployment's environment in a file, so that the operator's commands work on it as its functions do."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from infra.deploying.plans import Standing
    from infra.deploying.site import Site


def write(site: Site, home: Standing, folder: Path) -> str:
    """Write what the API's function is told, and where the API is, in words for a shell; say how to read it.

    A disk that does not take it is told, and stops nobody: all is deployed by then.
    Only its owner may read it: the address of an outward check is a secret.
    """
    region = site.wish.region
    function = home.outputs["APIHandlerName"]
    found = site.operator.client("lambda", region).get_function_configuration(FunctionName=function)
    variables = found["Environment"]["Variables"] | {
        "AWS_REGION": region,  # which Lambda itself adds
        "WAKEFUL_URL": home.outputs["EndpointURL"].rstrip("/"),
    }
    lines = [f"{name}={shlex.quote(str(value))}" for name, value in sorted(variables.items())]
    path = _path(site, folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)  # whoever might read it
        path.touch(mode=0o600)
        path.write_text("\n".join([_heading(site), *lines, ""]))
    except OSError as error:
        return f"Note: its environment was not kept: {error}."
    return _hint(path)


def is_there(site: Site, folder: Path) -> bool:
    """Tell whether *folder* has the file of this very deployment: other accounts may have the same stage."""
    try:
        return _path(site, folder).read_bytes().startswith(f"{_heading(site)}\n".encode())
    except OSError:  # there is none, or none that we have written
        return False


def remove(site: Site, folder: Path) -> None:
    """Remove the file, if it is of this very deployment; the operator is told where it stays."""
    if not is_there(site, folder):
        return
    try:
        _path(site, folder).unlink()
    except OSError as error:
        site.operator.say(f"Note: the file of its environment stays: {error}.")


def _hint(path: Path) -> str:
    """Return how a shell reads the file; one of its own, as `make deploy` would take the words for wishes."""
    shown = path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
    return (
        "Its environment, for `python -m chalicelib.cli` in a shell of its own: "
        f"set -a; . {shlex.quote(str(shown))}; set +a"
    )


def _path(site: Site, folder: Path) -> Path:
    return folder / f"{site.wish.prefix}.env"


def _heading(site: Site) -> str:
    return f"# Stage {site.wish.stage} of account {site.account.number} in {site.wish.region}"
