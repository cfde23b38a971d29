"""The installation adds lines to llama.cpp's sources, all or none; ours has them."""

import json
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "deploy" / "install"))

import additions  # noqa: E402
import build_llama  # noqa: E402
from progress import StepFailed  # noqa: E402

LOOKS = """
        for (const auto & t : token_to_id) {
            if (t.first == "<eos>" || t.first == "▁<PRE>"
                || t.first == "<eos>") { log(__func__, t.second, t.first.c_str()); }
            if (strstr(t.first.c_str(), "unused")) { log("%s", __func__, t.first.c_str(), t.second); }
        }
"""


def lay_out(folder: Path) -> dict[str, str]:
    """Sources with every anchor, each behind the same line in another function."""
    texts: dict[str, str] = {}
    for each in additions.ADDITIONS:
        decoy = f"void other() {{\n{each.anchors[-1]}    work();\n    }}\n}}\n"
        texts[each.path] = (
            texts.get(each.path, "") + decoy + "".join(each.anchors) + "    work();\n    }\n}\n"
        )
    texts["src/llama-vocab.cpp"] += LOOKS
    for path, text in texts.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return texts


def test_each_addition_is_the_first_thing_behind_its_place(tmp_path: Path) -> None:
    before = lay_out(tmp_path)
    additions.add(tmp_path)
    for path, text in before.items():
        after = (tmp_path / path).read_text()
        mine = [each for each in additions.ADDITIONS if each.path == path]
        for each in mine:
            added = each.text.replace("SOUGHT", '"<eos>", "▁<PRE>"')
            assert "".join(each.anchors) + added in after
            after = after.replace(added, "", 1)
        assert after == text


@pytest.mark.parametrize("use", ['t.first.find("<eo")', 't.first == "\\x3c"', "t.first == word"])
def test_a_vocabulary_that_is_looked_into_in_another_way_is_refused(tmp_path: Path, use: str) -> None:
    texts = lay_out(tmp_path)
    vocab = tmp_path / "src/llama-vocab.cpp"
    vocab.write_text(texts["src/llama-vocab.cpp"].replace('t.first == "▁<PRE>"', use))
    with pytest.raises(StepFailed, match="only compare"):
        additions.add(tmp_path)


@pytest.mark.parametrize("each", additions.ADDITIONS, ids=lambda each: each.anchors[0].strip())
def test_sources_without_one_of_the_places_are_refused_and_left_alone(
    tmp_path: Path, each: additions.Addition
) -> None:
    texts = lay_out(tmp_path)
    changed = texts | {each.path: texts[each.path].replace(each.anchors[0], "\nvoid renamed(")}
    (tmp_path / each.path).write_text(changed[each.path])
    with pytest.raises(StepFailed, match=each.path):
        additions.add(tmp_path)
    assert {path: (tmp_path / path).read_text() for path in texts} == changed


def test_the_library_that_the_tests_use_was_built_with_them() -> None:
    record = json.loads((build_llama.package_dir() / "lib" / build_llama.RECORD).read_text())
    assert record["additions"] == build_llama.digest(*additions.ADDITIONS)
    assert build_llama.is_installed(build_llama.pinned_version())


def test_a_library_of_an_earlier_installation_is_built_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lib = build_llama.package_dir() / "lib"
    record = json.loads((lib / build_llama.RECORD).read_text())
    del record["additions"]
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / build_llama.RECORD).write_text(json.dumps(record))
    monkeypatch.setattr(build_llama, "package_dir", lambda: tmp_path)
    assert not build_llama.is_installed(build_llama.pinned_version())
