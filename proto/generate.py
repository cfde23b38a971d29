"""Generate the Python code of every contract: `python proto/generate.py [FOLDER]`, by default into the clone.

Runs protoc once over all .proto files. Each folder of generated code gets an empty `__init__.py`, so that the
code is found as a package and put into a wheel. What the chain's contract says of its messages, fields and
methods becomes `comments_pb2.py`, from which its command line explains itself.
"""

import sys
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory

from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    FileDescriptorProto,
    FileDescriptorSet,
)
from grpc_tools import protoc

PROTO = Path(__file__).resolve().parent
EXPLAINED = ("chain/v1", "chain/cosmos")
"""Folders of whose comments code is made."""
MESSAGE, SERVICE = 4, 6
"""Numbers of the fields of a described file that hold its messages and its services."""
MEMBER = 2
"""Number of the field that holds the fields of a message, and the methods of a service."""


def generate(output: Path) -> int:
    """Write the generated code below `output`; protoc's exit code."""
    sources = sorted(path.relative_to(PROTO) for path in PROTO.rglob("*.proto"))
    for package in {output / source.parent for source in sources}:
        package.mkdir(parents=True, exist_ok=True)
        (package / "__init__.py").touch()
    kinds = [f"--{kind}_out={output}" for kind in ("python", "pyi", "grpc_python")]
    well_known = files("grpc_tools") / "_proto"
    with TemporaryDirectory() as folder:
        described = Path(folder) / "contract.bin"
        kinds += [f"--descriptor_set_out={described}", "--include_source_info"]
        code = int(protoc.main(["protoc", f"-I{PROTO}", f"-I{well_known}", *kinds, *map(str, sources)]))
        if code == 0:
            contract = FileDescriptorSet.FromString(described.read_bytes())
            for package_name in EXPLAINED:
                explained = [file for file in contract.file if file.name.startswith(f"{package_name}/")]
                (output / package_name / "comments_pb2.py").write_text(write_comments(explained), "utf-8")
    return code


def write_comments(described: list[FileDescriptorProto]) -> str:
    """Code that holds the comments of some files, by the full name of what they explain."""
    found = dict(sorted(pair for file in described for pair in find_comments(file)))
    lines = [f"    {name!r}: {text!r},\n" for name, text in found.items()]
    return f'"""What the contract says, by full name. Generated."""\n\nCOMMENTS = {{\n{"".join(lines)}}}\n'


def find_comments(file: FileDescriptorProto) -> Iterator[tuple[str, str]]:
    """Full name and comment of every message, field, service and method of a file that has one."""
    texts = {
        tuple(place.path): " ".join(place.leading_comments.split())
        for place in file.source_code_info.location
        if place.leading_comments
    }
    named: list[tuple[tuple[int, ...], str]] = []
    for at, message in enumerate(file.message_type):
        named += _name_members((MESSAGE, at), f"{file.package}.{message.name}", message)
    for at, service in enumerate(file.service):
        full_name = f"{file.package}.{service.name}"
        named.append(((SERVICE, at), full_name))
        named += [
            ((SERVICE, at, MEMBER, place), f"{full_name}.{method.name}")
            for place, method in enumerate(service.method)
        ]
    for path, full_name in named:
        if path in texts:
            yield full_name, texts[path]


def _name_members(
    path: tuple[int, ...], full_name: str, message: DescriptorProto
) -> Iterator[tuple[tuple[int, ...], str]]:
    yield path, full_name
    for at, field in enumerate(message.field):
        yield (*path, MEMBER, at), f"{full_name}.{field.name}"


if __name__ == "__main__":
    sys.exit(generate(Path(sys.argv[1]) if len(sys.argv) > 1 else PROTO.parent))
