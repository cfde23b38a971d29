"""Where llama.cpp has, or would have, the memory of a context: by kind of buffer, exact to the byte.

llama.cpp tells it in a C++ map (`llama_get_memory_breakdown`, which its own tools use) without a C interface.
The map is read here as GNU's library lays it out, a red-black tree of nodes. Only the one-shot probe calls
this, so that a library laid out otherwise ends a process that nobody depends on.
"""

import ctypes
import sys
from collections.abc import Iterator
from typing import Any

import llama_cpp

_SYMBOL = "_Z26llama_get_memory_breakdownPK13llama_context"
_KINDS_MAX = 64
_BYTES_MAX = 2**50


class _Node(ctypes.Structure):
    """A tree's node with its key and value."""


_Link = ctypes.POINTER(_Node)
_Node._fields_ = [
    ("color", ctypes.c_size_t),
    ("parent", ctypes.c_void_p),
    ("left", _Link),
    ("right", _Link),
    ("buffer_type", ctypes.c_void_p),
    ("model", ctypes.c_size_t),
    ("context", ctypes.c_size_t),
    ("compute", ctypes.c_size_t),
]


class _Map(ctypes.Structure):
    """`std::map`: its comparison, the head node and the count."""

    _fields_ = (
        ("compare", ctypes.c_size_t),
        ("color", ctypes.c_size_t),
        ("root", _Link),
        ("first", ctypes.c_void_p),
        ("last", ctypes.c_void_p),
        ("count", ctypes.c_size_t),
    )


class NoBreakdown(Exception):
    """This llama.cpp does not tell, or not in the way that is understood here."""


def read_breakdown(context: Any) -> dict[str, tuple[int, int, int]]:
    """Bytes of weights, cells and computing by the buffers' name: `CPU`, `CPU_REPACK`, `CUDA0`, ..."""
    library: Any = llama_cpp.llama_cpp._lib
    if not sys.platform.startswith("linux") or not hasattr(library, _SYMBOL):
        raise NoBreakdown("this build of llama.cpp does not tell where memory lies")
    read = library[_SYMBOL]
    read.argtypes, read.restype = [ctypes.c_void_p], _Map
    name_of = library.ggml_backend_buft_name
    name_of.argtypes, name_of.restype = [ctypes.c_void_p], ctypes.c_char_p
    found = read(ctypes.cast(context, ctypes.c_void_p))
    if not 0 < found.count <= _KINDS_MAX:
        raise NoBreakdown(f"a map of {found.count} kinds of buffers cannot be right")
    sizes: dict[str, tuple[int, int, int]] = {}
    for node in _walk(found.root, found.count):
        parts = (node.model, node.context, node.compute)
        if max(parts) > _BYTES_MAX:
            raise NoBreakdown(f"buffers of {parts} bytes cannot be right")
        sizes[name_of(node.buffer_type).decode()] = parts
    return sizes


def _walk(link: Any, count: int) -> Iterator[Any]:
    """Every node below one, at most `count`."""
    left = [link]
    for _ in range(count):
        node = left.pop().contents
        yield node
        left += [child for child in (node.left, node.right) if child]
