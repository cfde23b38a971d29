"""The `meshkeeper devnet` commands."""

import sys
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    help="A whole network on this machine: demo, up, down.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

Root = Annotated[Path, typer.Option("--root", help="Folder for state and logs.", envvar="MESHKEEPER_ROOT")]
Model = Annotated[Path | None, typer.Option("--model", help="GGUF file to serve instead of the demo's own.")]
HERE = Path(".meshkeeper")


@app.command()
def demo(root: Root = HERE, model: Model = None) -> None:
    """Start a network, tell the story of two epochs, leave nothing running."""
    from meshkeeper.devnet.demo import run_demo

    raise typer.Exit(run_demo(root.absolute(), model))


@app.command()
def up(root: Root = HERE, model: Model = None) -> None:
    """Start the network in the background and keep it running."""
    from meshkeeper.devnet.demo import EXPECTED
    from meshkeeper.devnet.telling import Teller
    from meshkeeper.devnet.up import NotPossible
    from meshkeeper.devnet.up import up as start

    teller = Teller({})
    try:
        plan = start(root.absolute(), model, teller)
    except (NotPossible, *EXPECTED) as problem:
        typer.echo(f"devnet up: {problem}", err=True)
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        typer.echo("devnet up: stopped; every process has been ended", err=True)
        raise typer.Exit(1) from None
    teller.aside("\nThe network is up. Ask any of its brokers, for example:\n")
    teller.aside(
        f"  curl -N http://127.0.0.1:{plan.participants[0].public_port}/v1/completions"
        " -H 'content-type: application/json' \\\n"
        f'    -d \'{{"model": "{plan.models[0].model_id}", "prompt": "Once upon a time",'
        ' "max_tokens": 32, "stream": true}\'\n'
    )
    for participant in plan.participants:
        teller.aside(f"  {participant.name:<6} http://127.0.0.1:{participant.public_port}/v1")
    teller.aside(f"  chain  {plan.chain_address} (gRPC)\n")
    teller.aside(f"Logs: {plan.base / 'logs'}. Stop it with: make down")


@app.command()
def down(
    root: Root = HERE,
    forget: Annotated[bool, typer.Option("--forget", help="Also remove its state.")] = False,
) -> None:
    """Stop the network that `up` started; its state stays for the next `up`."""
    from meshkeeper.devnet.up import down as stop
    from meshkeeper.devnet.up import remove

    count = stop(root.absolute())
    if forget:
        remove(root.absolute())
    typer.echo(f"{count} processes stopped." if count else "Nothing was running.")


@app.command()
def status(root: Root = HERE) -> None:
    """List the processes of the network that `up` started."""
    from meshkeeper.devnet.up import list_processes

    processes = list_processes(root.absolute())
    if not processes:
        typer.echo("No network here; start one with: make up")
        sys.exit(1)
    for name, pid, alive in processes:
        typer.echo(f"{name:<12} {pid:>8}  {'runs' if alive else 'has stopped'}")


def main() -> None:
    """Runs `python -m meshkeeper.devnet`."""
    app(prog_name="meshkeeper devnet")


if __name__ == "__main__":
    main()
