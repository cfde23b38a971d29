"""Names in requests, and arguments in commands."""

import pytest

from mlnode.arguments import apply_arguments
from mlnode.catalog import Catalog, ModelFile
from mlnode.errors import ArgumentInvalid, DefaultModelMissing, ModelUnknown
from mlnode.instance import LoadParams

PARAMS = LoadParams(n_ctx=256, slots=1, n_threads=1, n_gpu_layers=0)


def make_catalog(*ids: str, **fields: object) -> Catalog:
    catalog = Catalog(**fields)  # type: ignore[arg-type]
    catalog.replace(ModelFile(id, f"/m/{id}", 1, (1, 1, 1), None) for id in ids)
    return catalog


def test_a_model_is_found_by_file_name_served_name_alias_and_unique_stem() -> None:
    catalog = make_catalog("a.gguf", "b.gguf", aliases={"nick": "b.gguf"})
    catalog.served["org/a"] = "a.gguf"
    found = [catalog.find(name).id for name in ("a.gguf", "org/a", "nick", "b")]
    assert found == ["a.gguf", "a.gguf", "b.gguf", "b.gguf"]
    assert catalog.names() == ("a.gguf", "b.gguf", "nick", "org/a")
    assert catalog.names_of("a.gguf") == ("org/a",)


def test_a_model_in_a_folder_below_is_found_by_each_part_of_its_name() -> None:
    catalog = make_catalog("big/M-00001-of-00002.gguf", "b.gguf", "two/x.gguf", "two/y.gguf")
    for name in ("big/M-00001-of-00002.gguf", "big", "m", "big/m", "m-00001-of-00002.gguf"):
        assert catalog.find(name).id == "big/M-00001-of-00002.gguf"
    with pytest.raises(ModelUnknown):
        catalog.find("two")


def test_a_stem_of_two_files_is_not_a_name() -> None:
    with pytest.raises(ModelUnknown):
        make_catalog("a.gguf", "a.GGUF").find("a")


@pytest.mark.parametrize("name", ["nobody", "../a.gguf", "/m/a.gguf", "a.gguf\0", "A.gguf/", ""])
def test_anything_else_is_unknown(name: str) -> None:
    with pytest.raises((ModelUnknown, DefaultModelMissing)):
        make_catalog("a.gguf").find(name)


def test_the_sentence_lists_what_there_is() -> None:
    with pytest.raises(ModelUnknown, match=r"a\.gguf"):
        make_catalog("a.gguf").find("nobody")
    with pytest.raises(ModelUnknown, match="--models-dir"):
        make_catalog().find("nobody")


def test_no_name_means_the_default_model_and_never_another() -> None:
    assert make_catalog("a.gguf", default_model="a.gguf").find(None).id == "a.gguf"
    with pytest.raises(DefaultModelMissing):
        make_catalog("a.gguf").find(None)


def test_an_alias_of_a_file_that_is_not_there_is_not_shown() -> None:
    assert make_catalog("a.gguf", aliases={"nick": "gone.gguf"}).names() == ("a.gguf",)


def test_arguments_come_in_both_spellings_and_the_last_wins() -> None:
    args = ["--ctx-size", "512", "--parallel=4", "--threads", "2", "--n-gpu-layers", "-1", "--ctx-size=64"]
    assert apply_arguments(PARAMS, args) == LoadParams(n_ctx=64, slots=4, n_threads=2, n_gpu_layers=-1)


@pytest.mark.parametrize(
    "args",
    [
        ["--model", "x"],
        ["--ctx-size"],
        ["--ctx-size", "many"],
        ["--parallel", "65"],
        ["512"],
        ["--threads=0"],
    ],
)
def test_unknown_and_impossible_arguments_are_refused(args: list[str]) -> None:
    with pytest.raises(ArgumentInvalid):
        apply_arguments(PARAMS, args)
