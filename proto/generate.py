"""Generate the Python code of every contract: `python proto/generate.py [FOLDER]`, by default into the clone.

Runs protoc once over all .proto files. Each folder of generated code gets an empty `__init__.py`, so that the
code is found as a package and put into a wheel.
"""

import sys
from importlib.resources import files
from pathlib import Path

from grpc_tools import protoc

PROTO = Path(__file__).resolve().parent


def generate(output: Path) -> int:
    """Write the generated code below `output`; protoc's exit code."""
    sources = sorted(path.relative_to(PROTO) for path in PROTO.rglob("*.proto"))
    for package in {output / source.parent for source in sources}:
        package.mkdir(parents=True, exist_ok=True)
        (package / "__init__.py").touch()
    kinds = [f"--{kind}_out={output}" for kind in ("python", "pyi", "grpc_python")]
    well_known = files("grpc_tools") / "_proto"
    return int(protoc.main(["protoc", f"-I{PROTO}", f"-I{well_known}", *kinds, *map(str, sources)]))


if __name__ == "__main__":
    sys.exit(generate(Path(sys.argv[1]) if len(sys.argv) > 1 else PROTO.parent))
