"""What every validator must compute alike: the pure files of the chain hold nothing that may differ."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
EDGE = ("io", "v1", "cosmos")
DIFFERS = {
    "hash",
    "id",
    "float",
    "complex",
    "round",
    "eval",
    "exec",
    "input",
    "open",
    "print",
    "globals",
    "vars",
}
"""Built-in functions whose answer depends on the process, rounds in binary, or touches the outside."""
UNSTABLE = (
    *("casefold", "capitalize", "isalnum", "isalpha", "isdecimal", "isdigit", "isidentifier", "islower"),
    *("isnumeric", "isprintable", "isspace", "istitle", "isupper", "lower", "swapcase", "title", "upper"),
)
"""Methods of text that ask Unicode's tables, which come with the interpreter. Fine for text that is ASCII."""
BLANKS = ("split", "strip", "lstrip", "rstrip")
"""Methods that ask them too, for what a blank is, unless they are told."""
MODULES = (
    *("bz2", "cmath", "datetime", "decimal", "gzip", "json", "locale", "lzma", "marshal", "numpy", "pickle"),
    *("random", "secrets", "shelve", "statistics", "time", "unicodedata", "uuid", "zlib"),
)
"""Modules that round in binary, keep state of their own, or whose bytes differ between versions."""
EXACT = ("ceil_div", "comb", "factorial", "gcd", "isqrt", "lcm", "perm")
"""What may be taken from `math`: whole numbers in, whole numbers out."""
OF_THE_MOMENT = ("self", "ctx", "store", "state", "keepers")
"""Parameters by which a remembered answer would depend on more than its arguments."""


def core_files() -> list[Path]:
    """The pure files of the chain."""
    files = [path for path in (ROOT / "chain").rglob("*.py") if path.name != "__main__.py"]
    return sorted(path for path in files if path.relative_to(ROOT / "chain").parts[0] not in EDGE)


def is_set(node: ast.expr) -> bool:
    """Whether an expression is written as a set: a display, a comprehension, or a call of its type."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return node.func.id in ("set", "frozenset")
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr | ast.BitAnd | ast.Sub | ast.BitXor):
        return is_set(node.left) or is_set(node.right)
    return isinstance(node, ast.Set | ast.SetComp)


def set_names(tree: ast.AST) -> set[str]:
    """Names that a file gives to sets, by assignment or by annotation."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and is_set(node.value):
            names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
        elif isinstance(node, ast.AnnAssign | ast.arg) and node.annotation is not None:
            named = node.target if isinstance(node, ast.AnnAssign) else node
            name = named.arg if isinstance(named, ast.arg) else getattr(named, "id", "")
            if ast.unparse(node.annotation).split("[")[0] in ("set", "frozenset", "AbstractSet"):
                names.add(name)
    return names - {""}


def walked(tree: ast.AST) -> Iterator[ast.expr]:
    """Every expression whose order of iteration becomes visible: loops, comprehensions, tuple, list, join."""
    for node in ast.walk(tree):
        if isinstance(node, ast.For | ast.comprehension):
            yield node.iter
        elif isinstance(node, ast.Tuple | ast.List):
            yield from (part.value for part in node.elts if isinstance(part, ast.Starred))
        elif isinstance(node, ast.Call) and node.args:
            called = ast.unparse(node.func)
            if called in ("tuple", "list", "iter", "enumerate", "dict.fromkeys") or called.endswith(".join"):
                yield node.args[0]


def is_negative(node: ast.expr) -> bool:
    """Whether an exponent is a number with a minus."""
    if not isinstance(node, ast.UnaryOp) or not isinstance(node.op, ast.USub):
        return False
    return isinstance(node.operand, ast.Constant)


def is_arbitrary_pop(node: ast.Call, sets: set[str]) -> bool:
    """Whether a call takes any one element out of a set."""
    called = node.func
    if not isinstance(called, ast.Attribute) or called.attr != "pop" or node.args:
        return False
    return is_set(called.value) or (isinstance(called.value, ast.Name) and called.value.id in sets)


def banned_imports(node: ast.AST) -> Iterator[str]:
    """Modules that this statement imports and that nothing which is hashed may use."""
    if isinstance(node, ast.Import):
        names = [name.name.split(".")[0] for name in node.names]
        yield from (name for name in names if name in (*MODULES, "math"))
    elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
        root = node.module.split(".")[0]
        if root in MODULES:
            yield root
        elif root == "math":
            yield from (f"math.{name.name}" for name in node.names if name.name not in EXACT)


def remembered(node: ast.AST) -> Iterator[str]:
    """Parameters of a function whose answers are remembered, where they may differ another time."""
    if not isinstance(node, ast.FunctionDef):
        return
    for decorator in node.decorator_list:
        if "cache" in ast.unparse(decorator):
            names = [parameter.arg for parameter in (*node.args.args, *node.args.kwonlyargs)]
            yield from (f"remembered by {name}" for name in names if name in OF_THE_MOMENT)


def unstable_texts(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Questions to Unicode's tables, except in functions that ask first whether the text is ASCII, and of
    hexadecimal numbers.
    """
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    careful = [node for node in functions if "isascii()" in ast.unparse(node)]
    fine = {id(part) for function in careful for part in ast.walk(function)}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or id(node) in fine:
            continue
        asked, of = node.func.attr, ast.unparse(node.func.value)
        if of.endswith((".hex()", ".hexdigest()")):
            continue
        if asked in UNSTABLE or (asked in BLANKS and not node.args):
            yield node.lineno, f"{asked} of any text"


def trespasses(source: str) -> list[str]:
    """What in this source may differ between two validators, as `line: what`."""
    tree = ast.parse(source)
    sets = set_names(tree)
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, float | complex):
            found.append((node.lineno, "a float"))
        elif isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div):
            found.append((node.lineno, "true division"))
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in DIFFERS:
            found.append((node.lineno, f"{node.id}"))
        elif isinstance(node, ast.Assert):
            found.append((node.lineno, "an assert, which -O takes out"))
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow) and is_negative(node.right):
            found.append((node.lineno, "a power that is a float"))
        elif isinstance(node, ast.Call) and is_arbitrary_pop(node, sets):
            found.append((node.lineno, "whatever a set gives first"))
        found += [(node.lineno, what) for what in (*banned_imports(node), *remembered(node))]
    found += list(unstable_texts(tree))
    for node in walked(tree):
        if is_set(node) or (isinstance(node, ast.Name) and node.id in sets):
            found.append((node.lineno, "a set's order"))
    return [f"{line}: {what}" for line, what in sorted(found)]


def test_no_pure_file_of_the_chain_holds_what_may_differ_between_validators():
    files = core_files()
    assert len(files) > 20, "the walk must find the code"
    found = [
        f"{path.relative_to(ROOT)}:{what}" for path in files for what in trespasses(path.read_text("utf-8"))
    ]
    assert found == []


@pytest.mark.parametrize(
    "source",
    [
        "x = 0.5",
        "x = a / b",
        "a /= 2",
        "x = hash(key)",
        "x = id(key)",
        "x = float(3)",
        "for key in {1, 2}: pass",
        "for key in set(keys): pass",
        "keys = set(x)\nfor key in keys: pass",
        "def f(keys: set[str]): return [key for key in keys]",
        "x = tuple({key for key in keys})",
        "x = ','.join(set(names))",
        "x = (*set(names), 1)",
        "assert x > 0",
        "x = 10 ** -3",
        "x = {1, 2}.pop()",
        "names = set(x)\nname = names.pop()",
        "import zlib",
        "from decimal import Decimal",
        "import math",
        "from math import exp, isqrt",
        "import random",
        "from json import dumps",
        "x = name.casefold()",
        "x = name.isalpha()",
        "x = name.strip()",
        "x = name.lower()",
        "@lru_cache\ndef f(ctx): return ctx.height",
        "class A:\n    @functools.cache\n    def f(self): return 1",
    ],
)
def test_the_walk_catches_what_may_differ(source: str):
    assert len(trespasses(source)) == 1


@pytest.mark.parametrize(
    "source",
    [
        "x = a // b",
        "for key in sorted({1, 2}): pass",
        "found = set(x)\nx = 3 in found",
        "x = {1: 2}",
        "x = {*set(a), *b}",
        "from math import gcd, isqrt",
        "x = digest.hexdigest().upper()",
        "def f(name): return name.isascii() and name.isalpha()",
        "x = name.strip('/')",
        "@lru_cache(10)\ndef f(key): return key",
        "keys = []\nx = keys.pop()",
        "x = 10**3",
    ],
)
def test_the_walk_lets_pass_what_is_the_same_everywhere(source: str):
    assert trespasses(source) == []
