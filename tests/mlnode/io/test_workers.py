"""What a client hears of what a worker could not do."""

import pytest

from mlnode.io.answers import refuse
from mlnode.io.workers import explain


@pytest.mark.parametrize(
    ("code", "text", "status", "again_s"),
    [
        ("QUEUE_FULL", "too many requests wait in this worker", 429, "1"),
        ("NO_KV_ROOM", "the context has no room for another token", 503, "1"),
        ("ENGINE", "the model computed no usable probabilities", 500, None),
        ("PROMPT_TOO_LONG", "The prompt has 9 tokens, and 8 are taken at most.", 400, None),
    ],
)
def test_who_may_ask_again_is_told_when(code: str, text: str, status: int, again_s: str | None) -> None:
    answer = refuse(explain(code, text))
    assert (answer.status_code, answer.headers.get("retry-after")) == (status, again_s)
    assert text in bytes(answer.body).decode()
