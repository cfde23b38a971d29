"""A vocabulary in the order of its bytes: the words that a grammar allows are found without trying all.

Words that begin alike lie side by side: where the grammar refuses a byte, all words that go on with it are
passed over at once.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence

from mlnode.grammar.states import Grammar, State


class Lexicon:
    """The words of a vocabulary, by their numbers. Those without any byte are left out."""

    def __init__(self, words: Sequence[bytes]) -> None:
        self._numbers = sorted((number for number, word in enumerate(words) if word), key=words.__getitem__)
        self._words = [words[number] for number in self._numbers]

    def find_allowed(self, grammar: Grammar, state: State, turns_max: int) -> list[int] | None:
        """The words that may come next, in the order of their bytes; None where finding them takes more than
        `turns_max` turns, of a microsecond or two each: then a good part of all words is allowed. Raises
        `GrammarInvalid` like `Grammar.read`."""
        found: list[int] = []
        todo = [(state, 0, len(self._words), 0)]
        turns = 0
        while todo:
            state, low, high, depth = todo.pop()
            while low < high and len(self._words[low]) == depth:
                found.append(self._numbers[low])
                low += 1
            for byte, start, end in self._branches(low, high, depth):
                following = grammar.read(state, bytes((byte,)))
                if following is not None:
                    todo.append((following, start, end, depth + 1))
                turns += 1
            if turns + len(found) > turns_max:
                return None
        return found

    def _branches(self, low: int, high: int, depth: int) -> Iterator[tuple[int, int, int]]:
        """The next byte of words that begin alike, and which words go on with it."""
        while low < high:
            byte = self._words[low][depth]
            end = high
            if byte < 255:
                end = bisect_left(self._words, self._words[low][:depth] + bytes((byte + 1,)), low, high)
            yield byte, low, end
            low = end
