"""From any height of any history: the state as a document begins a chain with the same app hash, which gives
the same document, byte by byte, in both forms; and so does a snapshot.

`MESHKEEPER_ROUND_TRIPS` says from how many random histories, 6 when it is not set.
"""

import os
from random import Random

import pytest

from chain.app import App
from chain.block import Header
from chain.codec import encode
from chain.errors import ErrInvalidRequest
from chain.io.genesis_file import format_genesis, parse_genesis
from chain.io.genesis_lines import format_lines, parse_lines
from chain.snapshots import Applied, Offer, Taken
from tests.chain.wild.author import Author

HISTORIES = int(os.environ.get("MESHKEEPER_ROUND_TRIPS", "6"))
LENGTHS = (10, 60, 150, 300)
"""Messages of one history."""
HEIGHTS = 3
"""Kept heights of one history that are tried."""


def find_kept(app: App) -> list[int]:
    """Heights that are kept, newest first; those that were passed over are not."""
    found = []
    for height in range(app.info().height, max(app.info().height - 40, 0), -1):
        try:
            app.export(height)
        except ErrInvalidRequest:
            continue
        found.append(height)
    return found


def check_round_trip(app: App, height: int, app_hash: bytes) -> None:
    document = app.export(height)
    text = format_genesis(document)
    header = Header(document.chain_id, document.exported_height, document.genesis_time_ns)
    lines = list(format_lines(header, app.read_entries(height)))
    for given in (parse_genesis(text, "document"), parse_lines(lines, "lines")):
        imported = App("imported")
        assert imported.init_chain(given).app_hash == app_hash
        imported.commit()
        assert encode(imported.export()) == encode(document)
    assert format_genesis(imported.export()) == text
    assert list(format_lines(header, imported.read_entries())) == lines
    check_snapshot(imported, header, app_hash)


def check_snapshot(app: App, header: Header, app_hash: bytes) -> None:
    taken = Taken(header, app_hash, b"", app.read_entries, 4096)
    snapshot, other = taken.describe(), App("restored")
    assert other.offer_snapshot(snapshot, app_hash) == Offer.ACCEPT
    for index, chunk in enumerate(taken.read_chunks()):
        assert other.apply_snapshot_chunk(index, chunk) == Applied.ACCEPT
    assert other.info().app_hash == app_hash
    assert list(other.read_entries()) == list(app.read_entries())


@pytest.mark.parametrize("seed", range(HISTORIES))
def test_what_is_exported_is_imported_and_exported_again(seed: int) -> None:
    chance = Random(seed)
    author = Author(seed)
    author.write(LENGTHS[seed % len(LENGTHS)])
    app = author.run.app
    kept = find_kept(app)
    for height in [kept[0], *chance.sample(kept[1:], min(HEIGHTS, len(kept)) - 1)]:
        check_round_trip(app, height, app.prove(b"\x02\x01", height).app_hash)
