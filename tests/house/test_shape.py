"""The size and the names of what is written: files and functions that can be read, names with a meaning."""

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("chain", "broker", "mlnode", "meshkeeper", "migrations", "proto", "deploy", "tests")
FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 70
WORDLESS = {"utils", "util", "common", "helpers", "helper", "base", "core", "manager", "service", "misc"}
"""Names under which anything may be put, and therefore is."""


def written_files() -> list[Path]:
    """Every Python file that a person wrote."""
    files = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")]
    return sorted(path for path in files if not path.stem.endswith(("_pb2", "_pb2_grpc")))


def name(path: Path) -> str:
    """A path as it is said in the repository."""
    return str(path.relative_to(ROOT))


def test_no_file_is_longer_than_can_be_read_at_once():
    lengths = {name(path): len(path.read_text("utf-8").splitlines()) for path in written_files()}
    assert len(lengths) > 50, "the walk must find the code"
    assert {path: lines for path, lines in lengths.items() if lines > FILE_LINES_MAX} == {}


def test_no_function_is_longer_than_a_screen():
    found = {}
    for path in written_files():
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno is not None:
                lines = node.end_lineno - node.lineno + 1
                if lines > FUNCTION_LINES_MAX:
                    found[f"{name(path)}:{node.lineno} {node.name}"] = lines
    assert found == {}


def test_no_file_or_folder_has_a_name_without_a_meaning():
    parts = {part.removesuffix(".py") for path in written_files() for part in path.relative_to(ROOT).parts}
    assert parts & WORDLESS == set()


def test_the_tests_are_no_package():
    assert [name(path) for path in (ROOT / "tests").rglob("__init__.py")] == []


def test_the_folder_of_the_contract_is_no_package():
    assert not list((ROOT / "proto").rglob("__init__.py"))


def test_every_module_says_what_it_is():
    modules = [path for path in written_files() if path.name != "__init__.py" and "tests" not in path.parts]
    silent = [name(path) for path in modules if not ast.get_docstring(ast.parse(path.read_text("utf-8")))]
    assert silent == []


def test_nothing_is_left_for_later():
    marks = ("TO" + "DO", "FIX" + "ME", "NotImplemented" + "Error")
    found = [name(path) for path in written_files() if any(mark in path.read_text("utf-8") for mark in marks)]
    assert found == []
