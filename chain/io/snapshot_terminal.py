"""The commands below `snapshot`: what is kept, writing the state down, beginning a node with another's."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from chain.io.refused import Refused

Trusted = Annotated[
    str, typer.Option("--app-hash", help="App hash that the state must have, hex, from a source you trust.")
]


class HashRefused(Refused):
    """An app hash that is none."""


def build_snapshot_app(config_option: Any, home_option: Any, url_option: Any) -> typer.Typer:
    """The group `snapshot`."""
    app = typer.Typer(help="States to start other nodes from.", no_args_is_help=True)

    @app.command("list", help="The snapshots that the chain keeps in its home, newest first.")
    def show(config: config_option = None, home: home_option = None) -> None:
        from chain.io.settings import load_settings
        from chain.io.snapshots import FOLDER, list_snapshots, read_metadata

        settings = load_settings({"home": home}, config)
        folder = settings.home / FOLDER
        found = list_snapshots(folder)
        if not found:
            print(f"no snapshot in {folder} yet: one is kept when an epoch takes effect", file=sys.stderr)
        for path in found:
            metadata = read_metadata(path)
            print(f"{metadata.header.height}\t{metadata.app_hash.hex()}\t{path.stat().st_size}\t{path}")

    @app.command("export", help="Write the last state of a chain into a file; the chain may be running.")
    def export(
        file: Annotated[Path, typer.Argument(help="The file to write.")],
        config: config_option = None,
        home: home_option = None,
        database_url: url_option = None,
    ) -> None:
        from chain.io.opening import read_stored
        from chain.io.settings import load_settings
        from chain.io.snapshots import take_stored, write_snapshot

        settings = load_settings({"home": home, "database_url": database_url}, config)
        taken = take_stored(read_stored(settings.url))
        write_snapshot(taken, file)
        print(f"{file} holds height {taken.header.height}, app hash {taken.app_hash.hex()}")

    @app.command("restore", help="Begin a node with a snapshot; genesis.json stands in its home already.")
    def restore(
        file: Annotated[Path, typer.Argument(help="The snapshot.")],
        app_hash: Trusted = "",
        config: config_option = None,
        home: home_option = None,
        database_url: url_option = None,
    ) -> None:
        from chain.io.genesis_file import GENESIS_FILE, GenesisRefused, read_genesis
        from chain.io.serve import open_database
        from chain.io.settings import load_settings
        from chain.io.snapshots import restore_snapshot

        settings = load_settings({"home": home, "database_url": database_url}, config)
        genesis = read_genesis(settings.home / GENESIS_FILE)
        if genesis is None:
            raise GenesisRefused(f"copy the chain's {GENESIS_FILE} to {settings.home} first")
        trusted = _parse_hash(app_hash)
        database = open_database(settings)
        try:
            metadata = restore_snapshot(file, trusted, genesis, database)
        finally:
            database.close()
        print(f"the node begins at height {metadata.header.height}, app hash {metadata.app_hash.hex()}")
        if not trusted:
            print("compare the app hash with what a node that you trust has at this height", file=sys.stderr)

    return app


def _parse_hash(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError as error:
        raise HashRefused(f"--app-hash {text!r} is not hexadecimal") from error
