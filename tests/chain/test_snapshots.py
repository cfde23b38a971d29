"""Whole states as bytes: the same on every machine, taken up only when they give their app hash."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

import chain.snapshots
from chain.app import App
from chain.bank.types import Coin, MsgSend
from chain.codec import encode
from chain.epochs.types import GenesisMember
from chain.errors import Fatal
from chain.records import replace
from chain.snapshots import CHUNK_BYTES, Applied, Offer, Snapshot, cut, decode_metadata, encode_metadata
from tests.chain.kit import Chain, Signer, build_genesis

ANN, BEN = Signer("ann"), Signer("ben")
SMALL = 700


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunks small enough that a small state has several."""
    assert CHUNK_BYTES < 16 * 1024 * 1024
    monkeypatch.setattr(chain.snapshots.Taken.__init__, "__defaults__", (SMALL,))


def live(epochs: int = 3) -> Chain:
    """A chain with so many epochs behind it, a payment in each."""
    chain = Chain(build_genesis(ANN, BEN, genesis_members=(GenesisMember(ANN.address, 1),)))
    while len(switches(chain)) < epochs:
        wakeup = chain.app.find_wakeup().height
        chain.run_to(max(wakeup - 1, chain.height))
        chain.send(ANN, MsgSend(ANN.address, BEN.address, (Coin("umesh", "1"),)))
    return chain


def switches(chain: Chain) -> list[int]:
    """Heights at which an epoch took effect, as far as states of them are kept."""
    found = chain.__dict__.setdefault("switches", [])
    found += [taken.header.height for taken in chain.app.taken if taken.header.height not in found]
    return found


@dataclass
class Shelf:
    """One snapshot of a machine that lives on."""

    chain: Chain
    snapshot: Snapshot
    app_hash: bytes

    def chunks(self) -> Iterator[bytes]:
        load = self.chain.app.load_snapshot_chunk
        return (load(self.snapshot.height, 1, at) for at in range(self.snapshot.chunks))


@pytest.fixture
def shelf() -> Shelf:
    chain = live()
    snapshot = chain.app.list_snapshots()[0]
    return Shelf(chain, snapshot, decode_metadata(snapshot.metadata).app_hash)


def begin(shelf: Shelf) -> App:
    app = App("test")
    assert app.offer_snapshot(shelf.snapshot, shelf.app_hash) == Offer.ACCEPT
    return app


def test_the_states_with_which_the_last_two_epochs_took_effect_are_kept() -> None:
    chain = live(3)
    heights = [snapshot.height for snapshot in chain.app.list_snapshots()]
    assert len(switches(chain)) == 3
    assert heights == switches(chain)[:0:-1]
    for height in heights:
        (block,) = (block for block in chain.blocks if block.header.height == height)
        metadata = decode_metadata(chain.app.list_snapshots()[heights.index(height)].metadata)
        assert metadata.header == block.header
        after = [each.header for each in chain.blocks if each.header.height == height + 1]
        assert not after or after[0].app_hash == metadata.app_hash


def test_every_machine_makes_the_same_bytes() -> None:
    one, other = live(2), live(2)
    assert one.app.list_snapshots() == other.app.list_snapshots()
    for snapshot in one.app.list_snapshots():
        for at in range(snapshot.chunks):
            chunk = one.app.load_snapshot_chunk(snapshot.height, 1, at)
            assert chunk == other.app.load_snapshot_chunk(snapshot.height, 1, at)
            assert len(chunk) == SMALL or at == snapshot.chunks - 1
    assert one.app.load_snapshot_chunk(snapshot.height, 1, snapshot.chunks) == b""
    assert one.app.load_snapshot_chunk(snapshot.height, 2, 0) == b""
    assert one.app.load_snapshot_chunk(1, 1, 0) == b""


def test_a_machine_goes_on_from_a_snapshot_as_the_one_that_made_it(shelf: Shelf) -> None:
    app = begin(shelf)
    for at, chunk in enumerate(shelf.chunks()):
        assert app.apply_snapshot_chunk(at, chunk) == Applied.ACCEPT
    assert (app.info().height, app.info().app_hash) == (shelf.snapshot.height, shelf.app_hash)
    shelf.chain.run_to(shelf.snapshot.height + 60)
    for block in shelf.chain.blocks[shelf.snapshot.height :]:
        app.finalize_block(block)
        app.commit()
    assert app.info() == shelf.chain.app.info()
    assert encode(app.export()) == encode(shelf.chain.app.export())
    assert app.list_snapshots() == shelf.chain.app.list_snapshots()[: len(app.taken)]
    assert app.offer_snapshot(shelf.snapshot, shelf.app_hash) == Offer.ABORT


def test_a_wrong_chunk_is_asked_for_again(shelf: Shelf) -> None:
    app, chunks = begin(shelf), list(shelf.chunks())
    assert len(chunks) > 3
    for index, chunk in ((0, chunks[1]), (1, chunks[1]), (0, chunks[0][:-1]), (-1, chunks[-1]), (0, b"")):
        assert app.apply_snapshot_chunk(index, chunk) == Applied.RETRY
    for at, chunk in enumerate(chunks):
        bent = bytes([chunk[0] ^ 1]) + chunk[1:]
        assert app.apply_snapshot_chunk(at, bent) == Applied.RETRY
        assert app.info().height == 0
        assert app.apply_snapshot_chunk(at, chunk) == Applied.ACCEPT
    assert app.info().app_hash == shelf.app_hash
    assert app.apply_snapshot_chunk(0, chunks[0]) == Applied.REJECT_SNAPSHOT


def test_an_offer_that_contradicts_itself_or_what_is_trusted_is_rejected(shelf: Shelf) -> None:
    app, good = App("test"), shelf.snapshot
    assert app.offer_snapshot(replace(good, format=2), shelf.app_hash) == Offer.REJECT_FORMAT
    assert app.offer_snapshot(good, bytes(32)) == Offer.REJECT
    for bent in (
        replace(good, height=good.height + 1),
        replace(good, chunks=good.chunks + 1),
        replace(good, hash=bytes(32)),
        replace(good, metadata=good.metadata + b"x"),
        *(announce(good, data) for data in (b"", b"x", good.metadata[:-1], good.metadata + b"\0\0\0\0")),
    ):
        assert app.offer_snapshot(bent, shelf.app_hash) == Offer.REJECT
        assert app.apply_snapshot_chunk(0, next(shelf.chunks())) == Applied.REJECT_SNAPSHOT
    assert app.offer_snapshot(good, shelf.app_hash) == Offer.ACCEPT


def announce(snapshot: Snapshot, metadata: bytes) -> Snapshot:
    """The snapshot with other metadata, and the hash that belongs to them."""
    digest = chain.snapshots.hashlib.sha256(metadata).digest()
    return replace(snapshot, metadata=metadata, hash=digest)


def forge(shelf: Shelf, stream: bytes) -> tuple[Snapshot, list[bytes]]:
    """A snapshot that announces the state's app hash and carries another stream."""
    chunks = list(cut([stream], SMALL))
    hashes = tuple(chain.snapshots.hashlib.sha256(chunk).digest() for chunk in chunks)
    metadata = replace(decode_metadata(shelf.snapshot.metadata), chunk_hashes=hashes)
    return announce(replace(shelf.snapshot, chunks=len(chunks)), encode_metadata(metadata)), chunks


@pytest.mark.parametrize("what", ["less", "more", "order", "half", "key", "deleted", "nothing"])
def test_chunks_that_do_not_give_the_state_are_rejected_and_leave_nothing(shelf: Shelf, what: str) -> None:
    stream = b"".join(shelf.chunks())
    first = chain.snapshots.encode_change(b"\x01\x01a\0", b"x")
    bent = {
        "less": chain.snapshots.encode_change(*next(iter(shelf.chain.app.taken[-1]._read()))),
        "more": stream + chain.snapshots.encode_change(b"\xff\xff", b"x"),
        "order": stream + first,
        "half": stream[:-1],
        "key": chain.snapshots.encode_change(b"\xee\xee", b"x") + stream,
        "deleted": stream + chain.snapshots.encode_change(b"\x1b\xff", None),
        "nothing": b"",
    }[what]
    snapshot, chunks = forge(shelf, bent)
    app = App("test")
    assert app.offer_snapshot(snapshot, shelf.app_hash) == Offer.ACCEPT
    answers = [app.apply_snapshot_chunk(at, chunk) for at, chunk in enumerate(chunks)]
    assert not chunks or answers[-1] == Applied.REJECT_SNAPSHOT
    assert app.info().height == 0
    with pytest.raises(Fatal, match="has no state"):
        app.export()
    assert app.offer_snapshot(shelf.snapshot, shelf.app_hash) == Offer.ACCEPT
    for at, chunk in enumerate(shelf.chunks()):
        assert app.apply_snapshot_chunk(at, chunk) == Applied.ACCEPT
    assert app.info().app_hash == shelf.app_hash


def test_going_back_forgets_what_was_kept_since() -> None:
    chain = live(1)
    chain.app.revert(chain.height - 2)
    assert chain.app.list_snapshots() == ()


def test_what_is_kept_does_not_change_with_the_state(shelf: Shelf) -> None:
    before = list(shelf.chunks())
    for _ in range(3):
        shelf.chain.send(ANN, MsgSend(ANN.address, BEN.address, (Coin("umesh", "5"),)))
    assert list(shelf.chunks()) == before
