"""Documents as YAML, both ways: a word means itself, and what is written reads the same to everybody."""

import re
from typing import Any

import yaml  # type: ignore[import-untyped]

from chalicelib.cli.api import Trouble

# What is no text, of YAML 1.2's core. PyYAML's own rules are those of YAML 1.1, where 22:00 is a number of
# minutes, `no` is false and a day is a date.
PLAIN = {
    "tag:yaml.org,2002:null": (r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    "tag:yaml.org,2002:bool": (r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    "tag:yaml.org,2002:int": (r"[-+]?(?:0|[1-9][0-9]*)", list("-+0123456789")),
    "tag:yaml.org,2002:float": (r"[-+]?[0-9]+\.[0-9]+(?:e[-+][0-9]+)?", list("-+0123456789")),
}
MERGE = "tag:yaml.org,2002:merge"


class _Loader(yaml.SafeLoader):  # type: ignore[misc]
    """Reads plain values, and refuses a field that is given twice."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012  PyYAML's own

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        """Return the object at *node*."""
        names = [key.value for key, _ in node.value if key.tag != MERGE]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise yaml.MarkedYAMLError(problem=f"{twice} is given twice", problem_mark=node.start_mark)
        found: dict[Any, Any] = super().construct_mapping(node, deep)
        return found


class _Dumper(yaml.SafeDumper):  # type: ignore[misc]
    """Writes texts of several lines as such."""

    def ignore_aliases(self, data: Any) -> bool:
        """Whatever is the same is written again: an alias would be one more thing to know."""
        del data
        return True


def _text(dumper: _Dumper, value: str) -> Any:
    style = "|" if "\n" in value else None
    if not value.replace("\n", "").isprintable():
        style = '"'  # some of these are line breaks to YAML, and would come back as others
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


for _tag, (_shape, _first) in PLAIN.items():
    _Loader.add_implicit_resolver(_tag, re.compile(rf"(?:{_shape})\Z"), _first)
_Loader.add_implicit_resolver(MERGE, re.compile(r"<<\Z"), ["<"])
_Dumper.add_representer(str, _text)


def written(document: Any) -> str:
    """Return *document*, of plain values, as YAML."""
    text: str = yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)
    return text


def read(text: str, source: str) -> Any:
    """Return the document in *text*; raises Trouble, naming *source* and line, for what is no YAML."""
    try:
        return yaml.load(text, Loader=_Loader)  # noqa: S506  a SafeLoader
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"line {mark.line + 1}: " if mark else ""
        raise Trouble(f"{source} is no YAML: {where}{error.problem or error.context}") from None
    except (yaml.YAMLError, ValueError, TypeError, RecursionError):
        raise Trouble(f"{source} is no YAML") from None
