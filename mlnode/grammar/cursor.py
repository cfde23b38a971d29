"""A text that is read from left to right, looking one character ahead."""

from abc import ABC, abstractmethod


class Cursor(ABC):
    """Where reading stands."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    @abstractmethod
    def _ended(self) -> Exception:
        """What is raised where the text ends and more is needed."""

    def _peek(self) -> str:
        if self._at >= len(self._text):
            raise self._ended()
        return self._text[self._at]

    def _take(self, mark: str) -> bool:
        """Go past the mark, if it is what comes next."""
        found = self._text.startswith(mark, self._at)
        if found:
            self._at += len(mark)
        return found
