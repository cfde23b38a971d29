"""Which layers are recurrent and what they keep, for files of known models."""

from collections.abc import Mapping

import pytest

from mlnode.recurrence import Recurrence, find_recurrence

JAMBA_HEADS = (0, 0, 0, 0, 8, 0, 0, 0)


def find(architecture: str, n_layers: int, heads: tuple[int, ...], values: Mapping[str, int]) -> Recurrence:
    return find_recurrence(architecture, n_layers, heads, lambda key, default: values.get(key, default))


def ssm(inner: int, state: int, **more: int) -> dict[str, int]:
    found = {"embedding_length": inner // 2, "ssm.conv_kernel": 4, "ssm.inner_size": inner}
    return found | {"ssm.state_size": state} | {f"ssm.{key}": value for key, value in more.items()}


@pytest.mark.parametrize(
    ("architecture", "values", "numbers"),
    [
        ("mamba", ssm(1536, 16), 3 * 1536 + 16 * 1536),
        ("mamba2", ssm(1536, 128, group_count=1), 3 * (1536 + 2 * 128) + 128 * 1536),
        ("rwkv7", {"embedding_length": 768, "wkv.head_size": 64}, 2 * 768 + 64 * 768),
        ("arwkv7", {"embedding_length": 896, "wkv.head_size": 64, "token_shift_count": 1}, 896 + 64 * 896),
    ],
)
def test_without_attention_every_layer_keeps_a_state(
    architecture: str, values: Mapping[str, int], numbers: int
) -> None:
    found = find(architecture, 24, (), values)
    assert found.n_sequence == 24 * numbers
    assert found.keep_attention((1,) * 24) == (0,) * 24


def test_a_listed_layer_without_heads_is_recurrent() -> None:
    found = find("jamba", 8, JAMBA_HEADS, ssm(8192, 16))
    assert found.n_sequence == 7 * 19 * 8192
    assert found.keep_attention(JAMBA_HEADS) == JAMBA_HEADS
    assert not found.shares_layers


def test_the_last_layer_of_an_interval_is_attention() -> None:
    found = find("qwen3next", 8, (), ssm(4096, 128, group_count=16))
    assert found.keep_attention((2,) * 8) == (0, 0, 0, 2, 0, 0, 0, 2)
    assert sum(found.layers) == 6


def test_short_convolutions_keep_a_few_tokens() -> None:
    found = find("lfm2", 4, (0, 0, 8, 0), {"embedding_length": 1024, "shortconv.l_cache": 3})
    assert found.n_sequence == 3 * 2 * 1024


@pytest.mark.parametrize("architecture", ["falcon-h1", "something-new"])
def test_what_is_not_known_is_reckoned_both(architecture: str) -> None:
    found = find(architecture, 4, (), ssm(2048, 64))
    assert found.layers == found.attention == (True,) * 4
    assert found.shares_layers


def test_a_model_of_attention_alone_keeps_no_state() -> None:
    found = find("llama", 4, (2, 2, 2, 2), {"embedding_length": 64})
    assert (found, found.n_sequence) == (Recurrence(), 0)
    assert found.keep_attention((2, 2, 2, 2)) == (2, 2, 2, 2)
