"""The app hash and its proofs."""

import hashlib

from hypothesis import given, settings
from hypothesis import strategies as st

from chain.merkle import BUCKET_ENTRIES_MAX, EMPTY, MerkleTree, verify
from chain.records import replace

State = dict[bytes, bytes]
keys = st.builds(
    lambda room, rest: bytes([room]) + rest, st.sampled_from([1, 2, 0x15]), st.binary(max_size=2)
)
blocks = st.lists(st.dictionaries(keys, st.none() | st.binary(max_size=3), max_size=12), max_size=6)


def sha(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def expected_root(state: State) -> bytes:
    """The app hash by its definition, from nothing but the entries."""

    def node(left: bytes, right: bytes) -> bytes:
        return EMPTY if left == right == EMPTY else sha(b"\1" + left + right)

    def subtree(entries: State, depth: int) -> bytes:
        if not entries:
            return EMPTY
        if depth >= 16 and len(entries) <= BUCKET_ENTRIES_MAX:
            return sha(b"\0" + b"".join(key + value for key, value in sorted(entries.items())))
        sides: tuple[State, State] = ({}, {})
        for key, value in entries.items():
            sides[int.from_bytes(key, "big") >> (255 - depth) & 1][key] = value
        return node(subtree(sides[0], depth + 1), subtree(sides[1], depth + 1))

    level = []
    for room in range(256):
        root = subtree({sha(key): sha(value) for key, value in state.items() if key[0] == room}, 0)
        level.append(EMPTY if root == EMPTY else sha(b"\2" + bytes([room]) + root))
    while len(level) > 1:
        level = [node(level[at], level[at + 1]) for at in range(0, len(level), 2)]
    return level[0]


def apply(state: State, changes: dict[bytes, bytes | None]) -> None:
    for key, value in changes.items():
        if value is None:
            state.pop(key, None)
        else:
            state[key] = value


def crowded(count: int) -> list[bytes]:
    """Keys whose hashes begin with the same 16 bits."""
    found, number = [], 0
    while len(found) < count:
        key = b"\1" + number.to_bytes(4, "big")
        if sha(key)[:2] == b"\x00\x00":
            found.append(key)
        number += 1
    return found


@settings(max_examples=60)
@given(blocks)
def test_the_app_hash_depends_on_the_entries_alone(history: list[dict[bytes, bytes | None]]) -> None:
    tree, state = MerkleTree(), {}
    for changes in history:
        tree.update(changes.items())
        apply(state, changes)
    assert tree.root() == expected_root(state)


@settings(max_examples=60)
@given(blocks, blocks)
def test_what_was_taken_back_leaves_no_trace(
    before: list[dict[bytes, bytes | None]], after: list[dict[bytes, bytes | None]]
) -> None:
    tree = MerkleTree()
    for changes in before:
        tree.update(changes.items())
    root = tree.root()
    undone = [tree.update(changes.items()) for changes in after]
    for undo in reversed(undone):
        tree.revert(undo)
    assert tree.root() == root


@settings(max_examples=60)
@given(st.dictionaries(keys, st.binary(max_size=3), min_size=1, max_size=30), keys)
def test_presence_and_absence_can_be_proved_and_nothing_else(state: State, other: bytes) -> None:
    tree = MerkleTree()
    tree.update(state.items())
    for key in (*state, other):
        proof = tree.prove(key)
        assert verify(tree.root(), key, state.get(key), proof)
        assert not verify(tree.root(), key, b"something else", proof)
        assert verify(tree.root(), key, None, proof) == (key not in state)


def test_a_crowded_bucket_splits_and_joins_again() -> None:
    chosen, tree, state = crowded(BUCKET_ENTRIES_MAX + 8), MerkleTree(), {}
    for key in chosen:
        tree.update([(key, b"v")])
        state[key] = b"v"
    assert tree.root() == expected_root(state)
    proof = tree.prove(chosen[0])
    assert len(proof.siblings) > 16 and len(proof.bucket) <= BUCKET_ENTRIES_MAX
    assert verify(tree.root(), chosen[0], b"v", proof)
    for key in chosen[3:]:
        tree.update([(key, None)])
        del state[key]
    assert tree.root() == expected_root(state)
    assert len(tree.prove(chosen[0]).siblings) == 16


def test_a_proof_holds_for_nothing_else_however_it_is_bent() -> None:
    tree = MerkleTree()
    chosen = crowded(BUCKET_ENTRIES_MAX + 1)
    tree.update([(key, b"v") for key in chosen])
    root, key = tree.root(), chosen[0]
    proof = tree.prove(key)
    without = tuple(entry for entry in proof.bucket if entry[0] != sha(key))
    for bent in (
        replace(proof, bucket=without),
        replace(proof, bucket=()),
        replace(proof, bucket=proof.bucket[::-1]),
        replace(proof, bucket=proof.bucket + proof.bucket[-1:]),
        replace(proof, siblings=proof.siblings[1:]),
        replace(proof, siblings=proof.siblings[:15]),
        replace(proof, room_siblings=proof.room_siblings[1:]),
    ):
        assert not verify(root, key, b"v", bent)
        assert not verify(root, key, None, bent)
    assert not verify(root, b"", None, proof)
    assert not verify(bytes(32), key, b"v", proof)
