"""Reads a YAML file and remembers where each of its values stands and how it was written."""

from collections.abc import Iterator
from pathlib import Path as FilePath
from typing import Any, Final

import yaml

from settings.faults import Path, SettingsError

_CURES: Final = (
    ("stands twice", "keep one of the two"),
    ("mapping values are not allowed", "put a value with : in quotes, and indent keys of one mapping alike"),
    ("cannot start any token", "put the value in quotes, and indent with spaces"),
    ("end of stream", "close every quote and bracket"),
    ("<stream end>", "close every quote and bracket"),
    ("repeats what it stands in", "write the value out"),
    ("undefined alias", "put a value that begins with * in quotes"),
    ("another document", "keep one document in the file"),
    ("does not fit its tag", "put the value in quotes"),
    ("constructor for the tag", "remove the tag"),
    ("unhashable key", "put text with brackets or braces in quotes"),
)
"""Words of a problem, as PyYAML and `_Loader` put it, and what mends it."""


INTEGER: Final = "tag:yaml.org,2002:int"
"""What YAML calls a whole number."""

_KEYS: Final = tuple(f"tag:yaml.org,2002:{kind}" for kind in ("str", "merge", "value"))
"""What a key is that is text, or that merges another mapping."""


class _Loader(yaml.SafeLoader):
    """YAML without surprises: a key stands once in a mapping, and a date is text."""

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        node: yaml.MappingNode = super().compose_mapping_node(anchor)
        first: dict[str, int] = {}
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                continue
            line = key.start_mark.line + 1
            if key.value in first:
                problem = f'key "{key.value}" stands twice, first in line {first[key.value]}'
                raise yaml.constructor.ConstructorError(None, None, problem, key.start_mark)
            first[key.value] = line
        return node

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep)
        except (ValueError, KeyError, AttributeError, TypeError):
            problem = f"a value does not fit its tag {node.tag.removeprefix('tag:yaml.org,2002:')}"
            raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark) from None


_Loader.yaml_implicit_resolvers = {
    first: [(tag, form) for tag, form in resolvers if not tag.endswith(":timestamp")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


class YamlFile:
    """A file of settings.

    Attributes:
        shown: path of the file as messages say it, relative to the working directory where that is shorter.
        data: what the file holds.
    """

    def __init__(self, path: FilePath) -> None:
        """Read the file.

        Raises:
            SettingsError: it cannot be read, or is not YAML.
        """
        self.shown = shown(path)
        text = self._text(path)
        try:
            loader = _Loader(text)
            self._root = loader.get_single_node()
            self._refuse_recursion()
            self.data: Any = None if self._root is None else loader.construct_document(self._root)
        except yaml.MarkedYAMLError as error:
            raise SettingsError(self._malformed(error)) from None
        except yaml.reader.ReaderError as error:
            line = text.count("\n", 0, error.position) + 1
            column = error.position - text.rfind("\n", 0, error.position)
            problem = f"character U+{error.character:04X} is not allowed"
            raise SettingsError(
                f"{self.shown}:{line}:{column}: malformed YAML: {problem}: remove it"
            ) from None
        except RecursionError:
            raise SettingsError(
                f"{self.shown}: malformed YAML: it is nested too deeply: flatten it"
            ) from None

    def _refuse_recursion(self) -> None:
        """Raise where an alias repeats what it stands in: no value of the settings is like that."""
        done: set[int] = set()
        around: set[int] = set()
        ahead: list[tuple[yaml.Node, bool]] = [] if self._root is None else [(self._root, False)]
        while ahead:
            node, left = ahead.pop()
            if left:
                around.discard(id(node))
                done.add(id(node))
            elif id(node) in around:
                problem = "an alias repeats what it stands in"
                raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark)
            elif isinstance(node, yaml.CollectionNode) and id(node) not in done:
                around.add(id(node))
                ahead.append((node, True))
                pairs = node.value if isinstance(node, yaml.MappingNode) else [(one,) for one in node.value]
                ahead.extend((inner, False) for pair in pairs for inner in pair)

    def _text(self, path: FilePath) -> str:
        try:
            return path.read_bytes().decode("utf-8-sig")
        except IsADirectoryError:
            raise SettingsError(f"{self.shown}: is a directory: put a YAML file in its place") from None
        except OSError as error:
            cure = "let this user read it" if isinstance(error, PermissionError) else "put a YAML file there"
            raise SettingsError(f"{self.shown}: cannot be read: {error.strerror}: {cure}") from None
        except UnicodeDecodeError as error:
            line = error.object[: error.start].count(b"\n") + 1
            raise SettingsError(f"{self.shown}:{line}: is not UTF-8: save the file as UTF-8") from None

    def _malformed(self, error: yaml.MarkedYAMLError) -> str:
        mark = error.problem_mark or error.context_mark
        where = f":{mark.line + 1}:{mark.column + 1}" if mark else ""
        problem = str(error.problem or error.context)
        cure = next((cure for words, cure in _CURES if words in problem), "correct what is there")
        return f"{self.shown}{where}: malformed YAML: {problem}: {cure}"

    def line(self, path: Path) -> int:
        """Line of the key or item at a path, or of the nearest one around it that is in the file."""
        line = 1
        for marked, _ in self._walk(path):
            line = marked.start_mark.line + 1
        return line

    def written(self, path: Path) -> str | None:
        """The scalar at a path as the file writes it (1.30, not 1.3); None where there is no scalar."""
        steps = list(self._walk(path))
        if len(steps) < len(path) or not steps or not isinstance(steps[-1][1], yaml.ScalarNode):
            return None
        return str(steps[-1][1].value)

    def keys_that_are_not_text(self) -> Iterator[tuple[Path, str]]:
        """Path of each key that is a number, a truth value, null or binary, and how it is written."""
        for path, node in self._nodes():
            for key, _ in node.value if isinstance(node, yaml.MappingNode) else ():
                if isinstance(key, yaml.ScalarNode) and key.tag not in _KEYS:
                    yield (*path, key.value), key.value

    def scalars(self) -> Iterator[tuple[Path, str, str]]:
        """Path, text and tag of each scalar; those in a list or mapping that aliases repeat come once."""
        for path, node in self._nodes():
            if isinstance(node, yaml.ScalarNode):
                yield path, node.value, node.tag

    def _nodes(self) -> Iterator[tuple[Path, yaml.Node]]:
        seen: set[int] = set()
        ahead: list[tuple[Path, yaml.Node]] = [] if self._root is None else [((), self._root)]
        while ahead:
            path, node = ahead.pop()
            if isinstance(node, yaml.CollectionNode):
                if id(node) in seen:
                    continue
                seen.add(id(node))
            yield path, node
            if isinstance(node, yaml.MappingNode):
                # Of two with one key the last counts: merged ones (<<) stand first.
                last = {key.value: value for key, value in node.value if key.tag in _KEYS}
                inner: list[tuple[Path, yaml.Node]] = [((*path, key), value) for key, value in last.items()]
            elif isinstance(node, yaml.SequenceNode):
                inner = [((*path, index), value) for index, value in enumerate(node.value)]
            else:
                continue
            ahead.extend(reversed(inner))

    def _walk(self, path: Path) -> Iterator[tuple[yaml.Node, yaml.Node]]:
        """For each step of a path that is in the file: the node of its key or item, and that of its value."""
        node = self._root
        for step in path:
            found = None
            if isinstance(node, yaml.MappingNode):
                # The last one: merged keys (<<) stand first and are overridden by what follows.
                found = next((pair for pair in reversed(node.value) if pair[0].value == str(step)), None)
            elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
                found = node.value[step], node.value[step]
            if found is None:
                return
            yield found
            node = found[1]


def shown(path: FilePath) -> str:
    """A path as messages say it: relative to the working directory when it is below it."""
    working = FilePath.cwd()
    return str(path.relative_to(working) if path.is_relative_to(working) else path)
