"""The installation adds prefetches to llama.cpp's sources, all or none; ours has them."""

import json
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "deploy" / "install"))

import build_llama  # noqa: E402
import prefetch  # noqa: E402
from progress import StepFailed  # noqa: E402

HINT = "_mm_prefetch"


def lay_out(folder: Path) -> dict[str, str]:
    """Sources with the anchors of every prefetch, each behind a loop of another function."""
    texts: dict[str, str] = {}
    for each in prefetch.PREFETCHES:
        decoy = f"void other() {{\n{each.anchors[-1]}    work();\n    }}\n}}\n"
        texts[each.path] = (
            texts.get(each.path, "") + decoy + "".join(each.anchors) + "    work();\n    }\n}\n"
        )
    for path, text in texts.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return texts


def test_each_prefetch_is_the_first_thing_in_the_loop_of_its_kernel(tmp_path: Path) -> None:
    before = lay_out(tmp_path)
    prefetch.add(tmp_path)
    for path, text in before.items():
        after = (tmp_path / path).read_text()
        mine = [each for each in prefetch.PREFETCHES if each.path == path]
        assert "".join(line for line in after.splitlines(True) if HINT in line) == "".join(
            line for each in mine for line in each.text.splitlines(True) if HINT in line
        )
        for each in mine:
            assert "".join(each.anchors) + each.text in after
            after = after.replace(each.text, "", 1)
        assert after == text


@pytest.mark.parametrize("each", prefetch.PREFETCHES, ids=lambda each: each.anchors[0].strip())
def test_sources_without_one_of_the_kernels_are_refused_and_left_alone(
    tmp_path: Path, each: prefetch.Prefetch
) -> None:
    texts = lay_out(tmp_path)
    changed = texts | {each.path: texts[each.path].replace(each.anchors[0], "\nvoid renamed(")}
    (tmp_path / each.path).write_text(changed[each.path])
    with pytest.raises(StepFailed, match=each.path):
        prefetch.add(tmp_path)
    assert {path: (tmp_path / path).read_text() for path in texts} == changed


def test_the_library_that_the_tests_use_was_built_with_them() -> None:
    record = json.loads((build_llama.package_dir() / "lib" / build_llama.RECORD).read_text())
    assert record["prefetches"] == build_llama.digest(*prefetch.PREFETCHES)
    assert build_llama.is_installed(build_llama.pinned_version())


def test_a_library_of_an_earlier_installation_is_built_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lib = build_llama.package_dir() / "lib"
    record = json.loads((lib / build_llama.RECORD).read_text())
    del record["prefetches"]
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / build_llama.RECORD).write_text(json.dumps(record))
    monkeypatch.setattr(build_llama, "package_dir", lambda: tmp_path)
    assert not build_llama.is_installed(build_llama.pinned_version())
