"""`meshkeeper mlnode`: run a node, see how it does, look at model files, make one, run golden cases."""

import asyncio
import os
import sys
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as read_version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table

import mlnode
from mlnode.io.flags import take_settings
from mlnode.io.poc_commands import poc_app

app = typer.Typer(
    help="The host of models: serve them, see how they do, list them, make a small one.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    no_args_is_help=True,
)
models_app = typer.Typer(invoke_without_command=True, rich_markup_mode=None)
app.add_typer(models_app, name="models", help="List the model files, or make a small one.")

app.add_typer(poc_app, name="poc", help="Measure models for proof of compute.")

if TYPE_CHECKING:
    from mlnode.catalog import ModelFile

WIDTH_PLAIN = 200
"""Columns of a table where there is no terminal: whoever reads it cuts by himself."""


def _version() -> str:
    """The installed distribution's version, or this source tree's."""
    try:
        return read_version("meshkeeper")
    except PackageNotFoundError:
        return mlnode.__version__


def _fail(sentence: str) -> typer.Exit:
    """One sentence on stderr, exit status 1."""
    print(sentence, file=sys.stderr)
    return typer.Exit(1)


def _describe_invalid(error: ValidationError) -> str:
    first = error.errors()[0]
    name = str(first["loc"][0]) if first["loc"] else "vram_margin_mb"
    if first["type"] == "extra_forbidden":
        return f"There is no setting {name!r}; meshkeeper mlnode serve --help lists them."
    flag, said = f"--{name.replace('_', '-')}", first["msg"].partition(", unable")[0]
    if said.startswith("Input should be"):
        wanted = said.removeprefix("Input should be ").replace("a valid integer", "a whole number")
        return f"{flag} must be {wanted}, not {first['input']!r}."
    said = said.removeprefix("Value error, ")
    return f"{flag}: {said[0].lower()}{said[1:]}."


@app.command()
@take_settings
def serve(
    config: Annotated[Path | None, typer.Option(help="File with settings: .toml, .yaml or .json.")] = None,
    **flags: Any,
) -> None:
    """Run a node. Each flag is also a variable MESHKEEPER_MLNODE_<FLAG> and a key of the file."""
    _serve({key: value for key, value in flags.items() if value is not None}, config)


def _serve(flags: dict[str, Any], config: Path | None) -> None:
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # its own lines on stderr say what ours say
    from mlnode.io.listening import StartFailed
    from mlnode.io.log import set_up_log
    from mlnode.io.serve import serve
    from mlnode.io.settings import load_settings

    try:
        settings = load_settings(flags, config)
        set_up_log(settings.log_level)
        asyncio.run(serve(settings, _version()))
    except ValidationError as error:
        raise _fail(_describe_invalid(error)) from None
    except OSError as error:
        raise _fail(f"{config} cannot be read: {error.strerror or error}.") from None
    except (StartFailed, ValueError) as error:
        raise _fail(f"{error}") from None


@app.command()
def status(
    url: Annotated[str, typer.Option(help="Address of the node, http://HOST:PORT. [as its home says]")] = "",
    home: Annotated[
        Path, typer.Option(envvar="MESHKEEPER_MLNODE_HOME", help="Folder of a node on this machine.")
    ] = Path("~/.meshkeeper/mlnode"),
    api_key: Annotated[
        str, typer.Option(envvar="MESHKEEPER_MLNODE_API_KEY", help="Key that the node's requests must carry.")
    ] = "",
    once: Annotated[bool, typer.Option("--once", help="Print one table and end.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the whole status as JSON and end.")] = False,
    every_s: Annotated[float, typer.Option(min=0.1, max=3600, help="Seconds between two looks.")] = 1.0,
) -> None:
    """Show what a node's models do: state, memory, line, tokens a second. Live on a terminal."""
    from mlnode.io.finding import NoAnswer, Target
    from mlnode.io.live import print_json, print_once, watch

    target = Target(url, home.expanduser(), api_key.partition(",")[0])
    try:
        if as_json:
            print_json(target)
        elif once or not sys.stdout.isatty():
            print_once(target)
        else:
            watch(target, every_s)
    except NoAnswer as error:
        raise _fail(f"{error}") from None


@models_app.callback()
def models(
    context: typer.Context,
    models_dir: Annotated[
        Path, typer.Option(envvar="MESHKEEPER_MLNODE_MODELS_DIR", help="Folder of the *.gguf files.")
    ] = Path("~/models/llm"),
    ctx_size: Annotated[int, typer.Option(min=16, help="Tokens of a request, for the estimate.")] = 4096,
    slots: Annotated[int, typer.Option(min=1, max=64, help="Requests at once, for the estimate.")] = 1,
) -> None:
    """List the model files of a folder: what they are, and how much memory they would take."""
    if context.invoked_subcommand is not None:
        return
    from mlnode.io.files import scan_models

    folder = models_dir.expanduser()
    try:
        files = scan_models(folder)
    except OSError as error:
        raise _fail(f"{folder} cannot be read ({error.strerror}); give --models-dir a folder.") from None
    table = Table("model", "architecture", "size", "trained context", "memory", "note", box=None)
    for file in files:
        table.add_row(*_describe_file(file, ctx_size, slots))
    Console(width=None if sys.stdout.isatty() else WIDTH_PLAIN).print(table)


def _describe_file(file: "ModelFile", ctx_size: int, slots: int) -> tuple[str, ...]:
    from mlnode.estimate import MIB, compute_estimate

    if file.header is None:
        return (file.id, "", "", "", "", file.problem)
    estimate = compute_estimate(file.header, ctx_size, slots, 128, file.size_bytes)
    note = "" if file.header.has_chat_template else "no chat template"
    return (
        file.id,
        file.header.architecture,
        f"{file.size_bytes / MIB:.1f} MiB",
        str(file.header.n_ctx_train),
        f"{estimate.total_mb} MiB",
        note,
    )


@app.command()
def fit(
    model: Annotated[str, typer.Argument(help="Model file, or its name in the models' folder.")],
    models_dir: Annotated[
        Path, typer.Option(envvar="MESHKEEPER_MLNODE_MODELS_DIR", help="Folder of the *.gguf files.")
    ] = Path("~/models/llm"),
    ctx_size: Annotated[int, typer.Option(min=16, max=2**22, help="Tokens of one request.")] = 4096,
    slots: Annotated[int, typer.Option(min=1, max=64, help="Requests at once.")] = 1,
    kv_type: Annotated[str, typer.Option(help="f16, q8_0 or q4_0.")] = "f16",
    n_ubatch: Annotated[int, typer.Option(min=8, max=4096, help="Tokens read in one go.")] = 128,
    n_gpu_layers: Annotated[int, typer.Option(min=-1, help="Layers on the GPU, -1: all.")] = -1,
    prefix_cache_mb: Annotated[int, typer.Option(min=0, help="Kept beginnings of prompts, MiB.")] = 64,
    budget: Annotated[
        str, typer.Option(help="MiB for models, or NUMBER=MIB,... by GPU; 0: the machine's.")
    ] = "0",
    margin: Annotated[int, typer.Option(min=0, help="Part of it that is never given away.")] = 64,
    as_json: Annotated[bool, typer.Option("--json", help="One line of JSON.")] = False,
) -> None:
    """Will a model fit, with which context and how many slots? Exact, and not loaded. Exit 1: it does not."""
    from mlnode.budgets import parse_budget
    from mlnode.contexts import KV_BLOCKS
    from mlnode.instance import LoadParams
    from mlnode.io.fitting import FitRefused, examine, find_file, print_fit
    from mlnode.io.gpu import Gpu

    if kv_type not in KV_BLOCKS:
        raise _fail(f"--kv-type: {kv_type!r} is none of {', '.join(KV_BLOCKS)}.")
    params: Any = {"kv_type": kv_type, "n_gpu_layers": n_gpu_layers, "n_ubatch": n_ubatch, "n_threads": 1}
    params["prefix_cache_mb"] = prefix_cache_mb
    try:
        file = find_file(model, models_dir.expanduser())
        asked = LoadParams(n_ctx=ctx_size, slots=slots, **params)
        found = examine(file, asked, Gpu(), parse_budget(budget), margin)
    except FitRefused as error:
        raise _fail(f"{error}") from None
    except ValueError as error:
        raise _fail(f"--budget: {error}.") from None
    width = None if sys.stdout.isatty() else WIDTH_PLAIN
    print_fit(found, as_json, Console(width=width))
    if found.shares_mb is None:
        raise typer.Exit(1)


@models_app.command("make")
def make(
    path: Annotated[Path, typer.Argument(help="File to write, ending in .gguf.")],
    layers: Annotated[int, typer.Option(min=1, max=64, help="Layers.")] = 2,
    dim: Annotated[int, typer.Option(min=16, max=4096, help="Width, a multiple of 16.")] = 64,
    vocab: Annotated[int, typer.Option(min=1, max=262_144, help="Tokens.")] = 512,
    ctx: Annotated[int, typer.Option(min=64, max=2**20, help="Trained context.")] = 2048,
    seed: Annotated[int, typer.Option(help="Same seed, same bytes.")] = 1,
) -> None:
    """Make a small model with random weights: it computes like a real one and says nothing sensible."""
    from mlnode.io.made_gguf import write_tiny_gguf

    if path.suffix.lower() != ".gguf":
        raise _fail(f"{path} was not made: its name must end in .gguf, or no node would find it.")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_tiny_gguf(
            path, seed=seed, layers=layers, dim=dim, n_vocab=vocab, n_ctx_train=ctx, name=path.stem
        )
    except (ValueError, OSError) as error:
        raise _fail(f"{path} was not made: {getattr(error, 'strerror', None) or error}.") from None
    print(path)


@app.command()
def vectors(
    paths: Annotated[list[Path], typer.Argument(help="Files or folders of golden cases.")],
) -> None:
    """Run golden cases and print how many passed; exit 1 when one failed."""
    from mlnode.io.vectors import run_paths

    passed, failures = run_paths(paths)
    for failure in failures:
        print(failure, file=sys.stderr)
    print(f"{passed} passed, {len(failures)} failed")
    if failures:
        raise typer.Exit(1)


def main() -> None:
    """Runs the command line. Leaves with 0, 1 (refused or failed, one sentence on stderr) or 2 (usage)."""
    app(prog_name="meshkeeper mlnode")


if __name__ == "__main__":
    main()
