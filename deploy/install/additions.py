"""What our build adds to llama.cpp: weights are asked for before they are needed, and a load does less.

What each brings: docs/decisions/0015-our-build-adds-lines-to-llama-cpp.md.

While tokens are written, every weight is read from memory once a step. The processor's own prefetcher stops
at the end of each page and starts anew with each row, so ggml's kernels wait for memory at both. A prefetch
is a hint: no figure changes by a bit. The kernels are those that x86 processors with AVX2 use; on others
nothing of them is compiled.

A load writes what is in the file's head into its log, each value cut to forty characters, and spells out the
whole vocabulary for that. Later it goes four times through the vocabulary, which lies scattered in memory,
and compares each word with up to fifty, to find the few that end a turn and the like; once is enough.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from progress import StepFailed

PAGE = 4096
LINE = 64


@dataclass(frozen=True)
class Addition:
    """Lines of C++ that go behind an anchor, found by going through `anchors` one by one. `SOUGHT` in them
    stands for the words that the code behind compares with."""

    path: str
    anchors: tuple[str, ...]
    text: str


def _of_one_row(name: str, index: str, block_bytes: int) -> Addition:
    """One row times one vector: the blocks lie one after the other in memory, also from row to row."""
    first = {"i": "int i = 0", "ib": ""}[index]
    anchors = (f"\nvoid ggml_vec_dot_{name}(", "__AVX2__", f"for ({first}; {index} < nb; ++{index}) {{\n")
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
    Addition("src/llama-vocab.cpp", ("#include <unordered_map>\n",), "#include <unordered_set>\n"),
    # Named as the whole vocabulary, in its order: the loops behind go through these few.
    Addition(
        "src/llama-vocab.cpp",
        ("// auto-detect special tokens by text\n", "based on their text\n\n"),
        "        const std::unordered_set<std::string> sought = {SOUGHT};\n"
        "        std::vector<std::pair<std::string, llama_token>> few;\n"
        "        for (const auto & t : token_to_id) {\n"
        '            if (sought.count(t.first) || strstr(t.first.c_str(), "unused")) {\n'
        "                few.emplace_back(t.first, t.second);\n"
        "            }\n"
        "        }\n"
        "        const auto & token_to_id = few;\n\n",
    ),
)

_USES = re.compile(
    r't\.first == ("[^"\\]+")|strstr\(t\.first\.c_str\(\), "unused"\)'
    r"|__func__, (?:t\.second, )?t\.first\.c_str\(\)"
)
"""What those loops do with a word: compare it, look into it for what the addition looks for too, log it."""


def _find_sought(path: str, source: str) -> str:
    """The words that those of a vocabulary are compared with, as C++ spells them."""
    uses = _USES.findall(source)
    if len(uses) != len(re.findall(r"\bt\.first\b", source)):
        raise _misfit(path, "loops over the vocabulary that only compare")
    return ", ".join(dict.fromkeys(word for word in uses if word))


def _misfit(path: str, lacking: str) -> StepFailed:
    return StepFailed(
        f"{path} of this llama.cpp has no {lacking} where a line belongs:\n"
        "  another release than these were written for? Adapt deploy/install/additions.py."
    )


def _apply(source: str, addition: Addition) -> str:
    at = 0
    for anchor in addition.anchors:
        found = source.find(anchor, at)
        if found < 0:
            raise _misfit(addition.path, repr(anchor.strip()))
        at = found + len(anchor)
    text = addition.text
    if "SOUGHT" in text:
        text = text.replace("SOUGHT", _find_sought(addition.path, source[at:]))
    return source[:at] + text + source[at:]


def add(sources: Path) -> None:
    """Write the additions into unpacked sources, all or none; StepFailed where one has no place."""
    texts: dict[Path, str] = {}
    for addition in ADDITIONS:
        path = sources / addition.path
        texts[path] = _apply(texts.get(path) or path.read_text(encoding="utf-8"), addition)
    for path, text in texts.items():
        path.write_text(text, encoding="utf-8")
