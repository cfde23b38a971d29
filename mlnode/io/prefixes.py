"""States of sequences: in memory from one request to the next, on disk from one worker to the next.

Sequences of tokens are bytes here, four for each token."""

from mlnode.io.kv_store import KvStore
from mlnode.io.llama import Context
from mlnode.prefixes import TOKEN_BYTES, TOKENS_MIN, Prefixes


class PrefixCache:
    """Takes the state of a sequence out of a context and puts it into another sequence, or another context.

    A state is copied, so that it takes no cell and no sequence of the context, and stays as it is whatever
    becomes of them."""

    def __init__(self, context: Context, bytes_max: int, store: KvStore | None = None) -> None:
        """`store`: where states of an earlier worker lie, which are read when they are used."""
        self._context = context
        self._index = Prefixes(bytes_max, context.cut_max)
        self._states: dict[bytes, memoryview] = {}
        self._stored = Prefixes(2**62, context.cut_max)
        self._store = store
        for tokens, n_bytes in store.list() if store else ():
            self._stored.add(tokens, n_bytes)

    def plan(self, prompt: bytes, piece: int) -> tuple[int, ...]:
        """After which numbers of tokens to call `keep` while the prompt is read in such pieces."""
        return self._index.plan(prompt, piece) if self._index.bytes_max else ()

    def resume(self, sequence: int, prompt: bytes) -> int:
        """Begin an empty sequence with what is kept of the prompt; the number of tokens, 0 for none."""
        match, stored = self._index.find(prompt), self._stored.find(prompt)
        if stored is not None and (match is None or stored.n_reused > match.n_reused):
            self._fetch(stored.tokens)
            match = self._index.find(prompt)
        if match is None:
            return 0
        whole = len(match.tokens) // TOKEN_BYTES
        if self._context.restore(sequence, self._states[match.tokens], whole, match.n_reused):
            return match.n_reused
        self._context.drop(sequence)
        self._forget(match.tokens)
        return 0

    def keep(self, sequence: int, tokens: bytes) -> None:
        """Keep the state of a sequence that holds exactly these tokens, if it is worth it and fits."""
        if len(tokens) < TOKENS_MIN * TOKEN_BYTES or not self._index.bytes_max or tokens in self._index:
            return
        if self._context.state_bytes(sequence) <= self._index.bytes_max:
            self._add(tokens, self._context.save(sequence))

    def save(self) -> None:
        """Put on disk what is only in memory, for the next worker."""
        if self._store is not None:
            for tokens in self._index.oldest_first():
                if tokens not in self._stored:
                    self._store.write(tokens, self._states[tokens])

    def _add(self, tokens: bytes, state: memoryview) -> None:
        self._states[tokens] = state
        for gone in self._index.add(tokens, len(state)):
            self._states.pop(gone, None)

    def _fetch(self, tokens: bytes) -> None:
        state = self._store.read(tokens) if self._store else None
        if state is None:
            self._stored.drop(tokens)
        else:
            self._add(tokens, memoryview(state))

    def _forget(self, tokens: bytes) -> None:
        self._states.pop(tokens, None)
        self._index.drop(tokens)
        self._stored.drop(tokens)
        if self._store is not None:
            self._store.drop(tokens)
