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
    ],
)
def test_the_walk_lets_pass_what_is_the_same_everywhere(source: str):
    assert trespasses(source) == []
