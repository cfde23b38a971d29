"""What our build adds to llama.cpp: weights are asked for before they are needed, and a load does less.

While tokens are written, every weight is read from memory once a step. The processor's own prefetcher stops
at the end of each page and starts anew with each row, so ggml's kernels wait for memory at both. A prefetch
is a hint: no figure changes by a bit. What it brings: docs/decisions/0015-weights-are-prefetched.md. The
kernels are those that x86 processors with AVX2 use; on others nothing of them is compiled.

A load writes what is in the file's head into its log, each value cut to forty characters; a vocabulary is
spelled out for that as a whole, and that takes as long as a sixth of the load.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from progress import StepFailed

PAGE = 4096
LINE = 64


@dataclass(frozen=True)
class Addition:
    """Lines of C++ that go behind an anchor, found by going through `anchors` one by one."""

    path: str
    anchors: tuple[str, ...]
    text: str


def _of_one_row(name: str, index: str, block_bytes: int) -> Addition:
    """One row times one vector: the blocks lie one after the other in memory, also from row to row."""
    anchors = (
        f"\nvoid ggml_vec_dot_{name}(",
        "__AVX2__",
        f"for (; {index} < nb; ++{index}) {{\n" if index == "ib" else "for (int i = 0; i < nb; ++i) {\n",
    )
    lines = range(PAGE, PAGE + block_bytes, LINE) if block_bytes > LINE else (PAGE,)
    text = "".join(f"        _mm_prefetch((const char *) &x[{index}] + {at}, _MM_HINT_T0);\n" for at in lines)
    return Addition("ggml/src/ggml-cpu/arch/x86/quants.c", anchors, text)


ADDITIONS = (
    # Four rows times several vectors: the next four rows, while these are first gone through.
    Addition(
        "ggml/src/ggml-cpu/llamafile/sgemm.cpp",
        ("class tinyBLAS_Q0_AVX {", "void gemm4xN(", "for (int64_t l = 0; l < k; ++l) {\n"),
        "                if (jj == n0)\n"
        "                    for (int64_t row = 4; row < 8; ++row)\n"
        "                        _mm_prefetch((const char *) (A + lda * (ii + row) + l), _MM_HINT_T0);\n",
    ),
    _of_one_row("q4_0_q8_0", "ib", 18),
    _of_one_row("q5_0_q8_0", "ib", 22),
    _of_one_row("q8_0_q8_0", "ib", 34),
    _of_one_row("q4_K_q8_K", "i", 144),
    _of_one_row("q5_K_q8_K", "i", 176),
    _of_one_row("q6_K_q8_K", "i", 210),
    Addition(
        "src/llama-model-loader.cpp",
        ("Dumping metadata keys/values", "const enum gguf_type type   = gguf_get_kv_type(metadata, i);\n"),
        "            if (type == GGUF_TYPE_ARRAY) {\n                continue;\n            }\n",
    ),
)


def _behind(source: str, addition: Addition) -> int:
    at = 0
    for anchor in addition.anchors:
        found = source.find(anchor, at)
        if found < 0:
            raise StepFailed(
                f"{addition.path} of this llama.cpp has no {anchor.strip()!r} where a line belongs:\n"
                "  another release than these were written for? Adapt deploy/install/additions.py."
            )
        at = found + len(anchor)
    return at


def added(sources: Path) -> Iterator[tuple[Path, str]]:
    """The files of these sources as they are with the additions; StepFailed where one has no place."""
    texts: dict[Path, str] = {}
    for addition in ADDITIONS:
        path = sources / addition.path
        source = texts.get(path) or path.read_text(encoding="utf-8")
        at = _behind(source, addition)
        texts[path] = source[:at] + addition.text + source[at:]
    yield from texts.items()


def add(sources: Path) -> None:
    """Write the additions into unpacked sources, all or none."""
    for path, text in list(added(sources)):
        path.write_text(text, encoding="utf-8")
