"""Chat templates at work: jinja2's immutable sandbox, with an end to how long one may take and how much it
may make.

Templates come inside model files, from anybody. Every loop turn, call and operator passes a meter; what could
make much out of little (repetition, padding, powers, nested lists) is measured before it is done; filters and
methods that no chat template needs are not there. A template that takes longer is refused, and nobody waits
for it beyond `CPU_S`.
"""

import json
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from functools import wraps
from typing import Any

from jinja2 import Template, TemplateError, meta, nodes
from jinja2.ext import Extension, LoopControlExtension
from jinja2.parser import Parser
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

CPU_S = 0.25
"""Of one rendering, on this thread's clock."""
TEXT_MAX = 4 * 1024 * 1024
"""Characters of a prompt, and of every text on the way to it."""
ITEMS_MAX = 200_000
"""Values inside each other in one list or object."""
SOURCE_MAX = 512 * 1024
PIECE_MAX = 200

_FILTERS = frozenset(
    {"abs", "capitalize", "count", "d", "default", "dictsort", "e", "escape", "first", "float", "groupby"}
    | {"indent", "int", "items", "join", "last", "length", "list", "lower", "map", "max", "min", "reject"}
    | {"rejectattr", "replace", "reverse", "round", "safe", "select", "selectattr", "sort", "string", "title"}
    | {"tojson", "trim", "unique", "upper", "wordcount"}
)
_METHODS = frozenset(
    {"append", "capitalize", "copy", "count", "endswith", "find", "format", "get", "index", "isalnum"}
    | {"isalpha", "isdigit", "isspace", "items", "join", "keys", "lower", "lstrip", "partition"}
    | {"removeprefix", "removesuffix", "replace", "rfind", "rpartition", "rsplit", "rstrip", "split"}
    | {"splitlines", "startswith", "strip", "title", "upper", "values"}
)
_WIDE = re.compile(r"\d{4,}|\*|\{[^}]*\{")
"""In a format: a width beyond 999, or one that comes from elsewhere."""


class TemplateTooLarge(TemplateError):
    """The template takes too long or makes too much."""


class GenerationBlock(Extension):
    """`{% generation %}`, which marks the assistant's own words for training: here only its body counts."""

    tags = {"generation"}  # noqa: RUF012

    def parse(self, parser: Parser) -> list[nodes.Node]:
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


class MeteredEnvironment(ImmutableSandboxedEnvironment):
    """One model's; belongs to one thread at a time."""

    intercepted_binops = frozenset({"+", "*", "**", "%"})

    def __init__(self) -> None:
        super().__init__(
            trim_blocks=True,
            lstrip_blocks=True,
            extensions=[LoopControlExtension, GenerationBlock],
            finalize=self.written,
        )
        kept = {name: known for name, known in self.filters.items() if name in _FILTERS}
        self.filters = {name: self._metered_filter(name, known) for name, known in kept.items()}
        self.filters["tojson"] = self._to_json
        self.globals.pop("lipsum")
        self.globals |= {"raise_exception": _refuse, "strftime_now": _strftime_now}
        self._until_s = 0.0
        self._size = 0

    def compile_chat(self, source: str) -> tuple[Template, frozenset[str]]:
        """The template, and the names that it asks for."""
        if len(source) > SOURCE_MAX:
            raise TemplateTooLarge(f"it has more than {SOURCE_MAX} characters")
        tree = self.parse(source)
        names = frozenset(meta.find_undeclared_variables(tree))
        for loop in tree.find_all(nodes.For):
            loop.iter = self._passed("metered", loop.iter)
        for compare in tree.find_all(nodes.Compare):
            compare.expr = self._passed("flat", compare.expr)
            for operand in compare.ops:
                operand.expr = self._passed("flat", operand.expr)
        for concat in list(tree.find_all(nodes.Concat)):
            concat.nodes = [self._passed("part", node) for node in concat.nodes]
        for output in tree.find_all(nodes.Output):
            output.nodes = [self._counted(node) for node in output.nodes]
        code = self.compile(tree)
        return Template.from_code(self, code, self.make_globals(None)), names

    def render_chat(self, template: Template, values: Mapping[str, Any]) -> str:
        """The text. Raises what templates raise, and `TemplateTooLarge`."""
        self._until_s, self._size = time.thread_time() + CPU_S, 0
        pieces, size = [], 0
        for piece in template.generate(**values):
            size += len(piece)
            if size > TEXT_MAX:
                raise TemplateTooLarge(f"it writes more than {TEXT_MAX} characters")
            pieces.append(piece)
        return "".join(pieces)

    def tick(self) -> None:
        """One more thing done."""
        if time.thread_time() > self._until_s:
            raise TemplateTooLarge(f"it takes more than {CPU_S} s")

    def metered(self, items: Iterable[Any]) -> Iterator[Any]:
        """What a loop goes through."""
        for item in items:
            self.tick()
            yield item

    def part(self, value: Any) -> str:
        """A part of a text that is put together."""
        text = str(self.flat(value))
        self.written(text)
        return text

    def written(self, value: Any) -> Any:
        """What is written, into the prompt or into a variable."""
        if isinstance(value, str):
            self._size += len(value)
            _check_size(self._size)
        return self.flat(value)

    def flat(self, value: Any) -> Any:
        """The value, refused where comparing or writing it would take for ever."""
        if isinstance(value, (list, tuple, dict)):
            _weigh(value)
        return value

    def call(self, context: Context, called: Any, /, *args: Any, **kwargs: Any) -> Any:
        self.tick()
        owner = getattr(called, "__self__", None)
        if isinstance(owner, (str, bytes, list, tuple, dict, int, float)):
            _check_method(owner, called.__name__, args)
        return super().call(context, called, *args, **kwargs)

    def wrap_str_format(self, value: Any) -> Any:
        """What the sandbox makes of `text.format`."""
        text = getattr(value, "__self__", None)
        if isinstance(text, str) and getattr(value, "__name__", "").startswith("format"):
            _check_format(text)
        return super().wrap_str_format(value)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        self.tick()
        if operator == "**":
            raise TemplateTooLarge("powers are not offered here")
        if isinstance(left, str) and operator == "%":
            _check_format(left)
        size = max(_size(left), 1) * max(_size(right), 1) if operator == "*" else _size(left) + _size(right)
        if operator == "*" and isinstance(left, int) and isinstance(right, int):
            size = left.bit_length() + right.bit_length()
        _check_size(size)
        return super().call_binop(context, operator, left, right)

    def _metered_filter(self, name: str, known: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(known)
        def run(*args: Any, **kwargs: Any) -> Any:
            self.tick()
            if name == "join":
                args = tuple(list(a) if isinstance(a, (Iterator, range)) else a for a in args)
            if name in ("replace", "join", "indent"):
                plain = [arg for arg in args if isinstance(arg, (str, int, list, tuple))]
                _check_method(plain[0] if plain else "", name, tuple(plain[1:]))
            for arg in args:
                self.flat(arg)
            result = known(*args, **kwargs)
            return self.metered(result) if isinstance(result, Iterator) else result

        return run

    def _to_json(self, value: Any, indent: int | None = None, **how: Any) -> str:
        """As Hugging Face writes it: nothing is escaped for HTML."""
        self.tick()
        _weigh(value)
        known = {name: how[name] for name in ("ensure_ascii", "sort_keys", "separators") if name in how}
        if indent is not None and not 0 <= indent <= 16:
            raise TemplateTooLarge("an indentation of more than 16")
        return json.dumps(value, indent=indent, **{"ensure_ascii": False, **known})

    def _counted(self, node: nodes.Expr) -> nodes.Expr:
        """Long pieces of the template's own text count each time that they are written."""
        if not isinstance(node, nodes.TemplateData) or len(node.data) <= PIECE_MAX:
            return node
        call = nodes.Call(nodes.EnvironmentAttribute("written"), [nodes.Const(node.data)], [], None, None)
        call.set_lineno(node.lineno).set_environment(self)
        return call

    def _passed(self, name: str, node: nodes.Node) -> nodes.Expr:
        """The value after it went through a method of this environment, which no template can replace."""
        assert isinstance(node, nodes.Expr)
        if isinstance(node, nodes.Const):
            return node
        call = nodes.Call(nodes.EnvironmentAttribute(name), [node], [], None, None)
        call.set_lineno(node.lineno).set_environment(self)
        return call


def _check_method(owner: Any, name: str, args: tuple[Any, ...]) -> None:
    """Whether a method of a plain value is one of ours, and what it would make."""
    if name not in _METHODS and name != "indent":
        raise TemplateTooLarge(f"the method {name} is not offered here")
    if name == "replace" and len(args) >= 2 and isinstance(owner, str):
        _check_size(len(owner) + owner.count(str(args[0])) * len(str(args[1])))
    elif name == "join":
        parts = owner if isinstance(owner, (list, tuple)) else (args[0] if args else ())
        if isinstance(parts, (list, tuple)):
            _check_size(sum(_size(part) + len(owner) + 1 for part in parts))
    elif name == "indent" and args:
        _check_size(_size(owner) * max(_size(args[0]), 1))


def _check_format(text: str) -> None:
    if _WIDE.search(text):
        raise TemplateTooLarge("a format this wide is not offered here")


def _size(value: Any) -> int:
    """Length of what has one; a number counts as itself, for it may be a factor."""
    if isinstance(value, (str, bytes, list, tuple, dict)):
        return len(value)
    return abs(value) if isinstance(value, int) and not isinstance(value, bool) else 0


def _check_size(size: int) -> None:
    if size > TEXT_MAX:
        raise TemplateTooLarge(f"it makes more than {TEXT_MAX} characters")


def _weigh(value: Any) -> None:
    """Refuse values with too many values in them; shared ones count each time."""
    todo, seen = [value], 0
    while todo:
        item = todo.pop()
        seen += 1
        if isinstance(item, dict):
            todo += item.values()
        elif isinstance(item, (list, tuple)):
            todo += item
        if seen + len(todo) > ITEMS_MAX:
            raise TemplateTooLarge(f"it makes more than {ITEMS_MAX} values")


def _refuse(text: str) -> None:
    raise TemplateError(text)


def _strftime_now(pattern: str) -> str:
    _check_size(len(pattern) * 4096)
    return datetime.now().astimezone().strftime(pattern)
