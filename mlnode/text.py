"""Token bytes in, text out: whole characters only, and nothing of a stop string ever shown.

A model's tokens are byte strings that may cut a character anywhere. `TextStream` decodes them as they come,
replaces what can never become a character by U+FFFD, and holds back the end of the text for as long as it
might turn out to be the beginning of a stop string. Work per token depends on the length of the token and of
the stop strings, never on the length of the answer.
"""

import codecs
from collections.abc import Sequence


class TextStream:
    """The text of one answer."""

    def __init__(self, stop: Sequence[str] = (), *, trim_start: bool = False) -> None:
        """`stop`: strings that end the answer; the one that is complete first counts. `trim_start`: leave out
        white space before the first character, and look for stop strings after it only."""
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._stop = tuple(text for text in stop if text)
        self._held = ""
        self._stopped_by: str | None = None
        self._trims = trim_start

    @property
    def stopped_by(self) -> str | None:
        """The stop string that ended the text, None as long as none did."""
        return self._stopped_by

    def push(self, piece: bytes) -> str:
        """The next token's bytes; the text that can be shown now. Nothing after a stop string."""
        if self._stopped_by is not None:
            return ""
        return self._release(self._decoder.decode(piece))

    def finish(self) -> str:
        """The answer is over: what was still held back, an incomplete character as U+FFFD."""
        if self._stopped_by is not None:
            return ""
        text = self._release(self._decoder.decode(b"", final=True))
        rest, self._held = self._held, ""
        return text + rest

    def _release(self, new: str) -> str:
        text = self._held + new
        if self._trims:
            text = text.lstrip()
            self._trims = not text
        found = find_stop(text, self._stop)
        if found is not None:
            start, self._stopped_by = found
            self._held = ""
            return text[:start]
        keep = compute_open_length(text, self._stop)
        self._held = text[len(text) - keep :]
        return text[: len(text) - keep]


def find_stop(text: str, stop: Sequence[str]) -> tuple[int, str] | None:
    """Where the stop string begins that is complete first, and which; of two complete at once the longer.

    Judging by the end and not by the beginning makes the result independent of how the text was cut."""
    ends = [(text.find(mark) + len(mark), -len(mark), mark) for mark in stop if mark in text]
    if not ends:
        return None
    end, _, mark = min(ends)
    return end - len(mark), mark


def compute_open_length(text: str, stop: Sequence[str]) -> int:
    """Length of the longest end of `text` that is the beginning of a stop string and not all of it."""
    longest = max((len(mark) for mark in stop), default=0) - 1
    for length in range(min(longest, len(text)), 0, -1):
        tail = text[len(text) - length :]
        if any(len(mark) > length and mark.startswith(tail) for mark in stop):
            return length
    return 0
