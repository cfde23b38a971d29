"""The commands `query` and `tx`, made from the descriptors of the services: one for each method.

A query takes its request's fields as arguments; a transaction takes its message's fields as options, and what
is nested as JSON. Answers are printed as JSON with the fields' own names.
"""

import base64
import inspect
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from google.protobuf import json_format
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from chain.cosmos import auth_pb2, bank_pb2, tx_service_pb2
from chain.io.answers import format_message
from chain.io.keys import DEFAULT_HOME, find_key
from chain.io.node import Node, run_on
from chain.io.refused import Refused, first_line
from chain.io.state_terminal import build_state_app
from chain.v1 import events_pb2, query_pb2, tx_pb2

QUERIES: dict[str, dict[str, tuple[str, str]]] = {
    "params": {"show": ("Params", "All parameters.")},
    "models": {
        "show": ("Model", "One model."),
        "list": ("ModelsAll", "All models."),
        "alternatives": ("ModelAlternatives", "Alternatives of a model, as declared."),
        "resolve": ("ResolveModel", "Which governance model an identifier stands for."),
    },
    "nodes": {
        "participant": ("Participant", "One participant."),
        "participants": ("ParticipantAll", "All participants."),
        "hardware": ("HardwareNodes", "Hardware of a participant."),
        "hardware-all": ("HardwareNodesAll", "Hardware of all participants."),
        "eligibility": ("NodeEligibility", "Whether a machine would be in the next epoch, and if not, why."),
    },
    "epochs": {
        "current": ("CurrentEpoch", "Where the chain stands in its epochs."),
        "group": ("EpochGroupData", "A group of an epoch: the parent, or a model's."),
        "current-group": ("CurrentEpochGroupData", "The parent group that is in effect."),
        "participants": ("ActiveParticipants", "Participants of an epoch."),
        "seed": ("RandomSeed", "A participant's seed of an epoch."),
    },
    "poc": {
        "admissions": ("PocAdmissions", "Machines that may mine in an epoch's proof of compute."),
        "batches": ("PocBatchesForStage", "Batches of a proof of compute, by its start height."),
        "validations": ("PocValidationsForStage", "Votes of a proof of compute, by its start height."),
    },
    "inference": {
        "show": ("Inference", "One inference."),
        "list": ("InferenceAll", "All inferences."),
        "executor": ("GetRandomExecutor", "A participant to answer a request."),
        "performance": ("EpochPerformanceSummary", "What a participant did in a settled epoch."),
    },
    "collateral": {
        "show": ("Collateral", "A participant's deposit."),
        "unbonding": ("UnbondingCollateral", "A participant's withdrawals under way."),
    },
    "validation": {
        "parameters": ("GetInferenceValidationParameters", "What decides who must re-execute inferences."),
        "show": ("EpochGroupValidations", "What a participant re-executed of an epoch."),
        "list": ("EpochGroupValidationsAll", "All validations."),
        "vote": ("InferenceVote", "The vote on an inference."),
        "votes": ("InferenceVoteAll", "All votes on inferences."),
        "average": ("GetMinimumValidationAverage", "How much is re-executed at the traffic of now."),
    },
    "pricing": {
        "show": ("GetModelPerTokenPrice", "What tokens of a model cost."),
        "list": ("GetModelPerTokenPriceAll", "What tokens of all models cost."),
        "capacity": ("GetModelCapacity", "How much of a model can be served."),
        "capacities": ("GetModelCapacityAll", "How much of all models can be served."),
        "proposal": ("GetUnitOfComputePriceProposal", "What a participant proposes for a unit of compute."),
        "proposals": ("UnitOfComputePriceProposalAll", "All proposals for a unit of compute."),
    },
    "rewards": {
        "show": ("SettleAmount", "What a participant may claim."),
        "list": ("SettleAmountAll", "All open claims."),
        "tokenomics": ("TokenomicsData", "Sums over all settlements, the supply, what is left to pay."),
        "epoch": ("EpochReward", "The fixed reward of an epoch."),
    },
    "slashing": {
        "show": ("Jailing", "Since when and why a participant is jailed."),
        "list": ("JailingAll", "All who are jailed."),
    },
    "proposals": {
        "show": ("Proposal", "One proposal."),
        "list": ("ProposalAll", "All proposals."),
        "votes": ("ProposalVotes", "The votes on a proposal that is voted on."),
    },
    "blocks": {"show": ("/chain.v1.EventStream/GetBlock", "One block: its hashes, transactions and events.")},
    "txs": {"show": ("/cosmos.tx.v1beta1.Service/GetTx", "One committed transaction, by its hash.")},
    "auth": {"account": ("/cosmos.auth.v1beta1.Query/Account", "An account, with its sequence.")},
    "bank": {
        "balance": ("/cosmos.bank.v1beta1.Query/Balance", "One balance of an account."),
        "balances": ("/cosmos.bank.v1beta1.Query/AllBalances", "All balances of an account."),
        "supply": ("/cosmos.bank.v1beta1.Query/SupplyOf", "All there is of one denomination."),
    },
}
"""Room and command, the method it calls (of chain.v1.Query unless written in full), and its help."""

TXS: dict[str, dict[str, tuple[type[Message], str]]] = {
    "models": {
        "register": (tx_pb2.MsgRegisterModel, "Register or replace a governance model. Authority only."),
        "retire": (tx_pb2.MsgRetireModel, "Retire a governance model. Authority only."),
    },
    "params": {"update": (tx_pb2.MsgUpdateParams, "Replace all parameters. Authority only.")},
    "nodes": {
        "submit-new-participant": (tx_pb2.MsgSubmitNewParticipant, "Register a participant, or update it."),
        "submit-hardware-diff": (tx_pb2.MsgSubmitHardwareDiff, "Report what changed in one's hardware."),
    },
    "epochs": {"submit-seed": (tx_pb2.MsgSubmitSeed, "Commit to the secret seed of the upcoming epoch.")},
    "poc": {
        "submit-batch": (tx_pb2.MsgSubmitPocBatch, "Hand in mined nonces."),
        "submit-validation": (tx_pb2.MsgSubmitPocValidation, "Vote on another's nonces."),
    },
    "inference": {
        "start": (tx_pb2.MsgStartInference, "Announce an inference and put its price in escrow."),
        "finish": (tx_pb2.MsgFinishInference, "Report the answer to an inference."),
    },
    "validation": {
        "submit": (tx_pb2.MsgValidation, "Report what a re-execution of an inference found."),
        "invalidate": (tx_pb2.MsgInvalidateInference, "Decide that an answer was wrong. Authority only."),
        "revalidate": (tx_pb2.MsgRevalidateInference, "Decide that an answer stands. Authority only."),
    },
    "pricing": {
        "propose": (tx_pb2.MsgSubmitUnitOfComputePriceProposal, "Propose a price of a unit of compute."),
    },
    "collateral": {
        "deposit": (tx_pb2.MsgDepositCollateral, "Deposit collateral."),
        "withdraw": (tx_pb2.MsgWithdrawCollateral, "Begin to withdraw collateral."),
    },
    "slashing": {"unjail": (tx_pb2.MsgUnjail, "Remove a participant, or oneself, from jail.")},
    "proposals": {
        "submit": (tx_pb2.MsgSubmitProposal, "Propose messages of the authority."),
        "vote": (tx_pb2.MsgVote, "Vote on a proposal."),
    },
    "rewards": {"claim": (tx_pb2.MsgClaimRewards, "Claim work and reward of a settled epoch.")},
    "bank": {"send": (bank_pb2.MsgSend, "Send coins.")},
}
"""Room and command, the message it sends, and its help."""

SERVICES: dict[str, Any] = {
    "chain.v1.Query": query_pb2,
    "chain.v1.EventStream": events_pb2,
    "cosmos.auth.v1beta1.Query": auth_pb2,
    "cosmos.bank.v1beta1.Query": bank_pb2,
    "cosmos.tx.v1beta1.Service": tx_service_pb2,
}
"""Services that can be asked, and the generated code of each."""

DATED = ("chain.v1.Query", "cosmos.auth.v1beta1.Query", "cosmos.bank.v1beta1.Query")
"""Services whose answers depend on a height, which can be named."""
OPTIONAL_ARGUMENTS = {"model_id", "request_id", "denom"}
"""Fields of queries that may be left out."""
DEFAULT_DENOM = "umesh"
COIN = re.compile("([0-9]+)([a-z][a-z0-9/]*)")
DECIMAL = re.compile("(-?)([0-9]+)(?:[.]([0-9]+))?")
INTEGERS = (
    FieldDescriptor.TYPE_INT64,
    FieldDescriptor.TYPE_UINT64,
    FieldDescriptor.TYPE_INT32,
    FieldDescriptor.TYPE_UINT32,
)

DEFAULT_NODE = "127.0.0.1:9090"
NodeAddress = Annotated[
    str, typer.Option("--node", envvar="MESHKEEPER_CHAIN_NODE", help="gRPC address of a chain, host:port.")
]
Sender = Annotated[
    str, typer.Option("--from", help="Who signs: name of a key in the home, or a folder with a key.json.")
]
HomeFolder = Annotated[Path, typer.Option("--home", envvar="MESHKEEPER_CHAIN_HOME", help="The chain's home.")]
Nested = Annotated[
    str, typer.Option("--json", help="The message, or what is nested in it, as JSON or @file.")
]
Memo = Annotated[str, typer.Option("--memo", help="Free text to go with the transaction.")]
Height = Annotated[int, typer.Option("--height", help="Height of the state that is asked; 0 for the last.")]
Limit = Annotated[int, typer.Option("--limit", min=0, help="Most entries on the page; 0 for 100.")]
PageKey = Annotated[
    str, typer.Option("--page-key", help="Where to go on: next_key of the page before, base64.")
]


class InputRefused(Refused):
    """Input that is no value of its field, in one sentence."""


@dataclass(frozen=True, slots=True)
class Given:
    """A field of a message as a parameter of a command."""

    field: FieldDescriptor
    kind: Any
    """Type of the parameter."""
    says: str
    """What to write."""


def build_query_app() -> typer.Typer:
    """The commands below `query`."""
    app = typer.Typer(help="Ask a running chain. Answers are JSON.", no_args_is_help=True)
    for room, commands in QUERIES.items():
        group = typer.Typer(help=f"Ask about {room}.", no_args_is_help=True)
        app.add_typer(group, name=room)
        for name, (method, says) in commands.items():
            path = method if method.startswith("/") else f"/chain.v1.Query/{method}"
            group.command(name, help=says)(_build_query(path))
    app.add_typer(build_state_app(NodeAddress, Height, DEFAULT_NODE), name="state")
    return app


def build_tx_app() -> typer.Typer:
    """The commands below `tx`."""
    app = typer.Typer(help="Sign and send a transaction, and wait for its block.", no_args_is_help=True)
    for room, commands in TXS.items():
        group = typer.Typer(help=f"Transactions of {room}.", no_args_is_help=True)
        app.add_typer(group, name=room)
        for name, (message_class, says) in commands.items():
            group.command(name, help=says)(_build_tx(message_class))
    return app


def parse_coin(text: str) -> dict[str, str]:
    """ "5umesh" as a coin."""
    match = COIN.fullmatch(text)
    if match is None:
        raise InputRefused(f"{text!r} is not an amount; write it like 5{DEFAULT_DENOM}")
    return {"amount": match[1], "denom": match[2]}


def parse_decimal(text: str) -> dict[str, int]:
    """ "0.05" as value 5, exponent -2."""
    match = DECIMAL.fullmatch(text)
    if match is None:
        raise InputRefused(f"{text!r} is not a decimal number; write it like 0.05")
    fraction = (match[3] or "").rstrip("0")
    return {"value": int(match[1] + match[2] + fraction), "exponent": -len(fraction)}


def _build_query(path: str) -> Callable[..., None]:
    service, _, method = path[1:].partition("/")
    module = SERVICES[service]
    described = module.DESCRIPTOR.services_by_name[service.rpartition(".")[2]].methods_by_name[method]
    request_class = getattr(module, described.input_type.name)
    answer_class = getattr(module, described.output_type.name)
    fields = [given for field in described.input_type.fields if (given := _describe(field)) is not None]
    paged = any(field.name == "pagination" for field in described.input_type.fields)

    def query(node: str, limit: int = 0, page_key: str = "", state_height: int = 0, **values: Any) -> None:
        document = {name: value for name, value in values.items() if value not in ("", [], ())}
        if limit or page_key:
            document["pagination"] = {"limit": limit, "key": _check_page_key(page_key)}
        request = fill(request_class(), document)

        async def ask(connection: Node) -> Message:
            answer: Message = await connection.call(path, request, answer_class, state_height)
            return answer

        typer.echo(format_message(run_on(node, ask)))

    parameters = [_argument(given) for given in fields]
    if paged:
        parameters += [_parameter("limit", Limit, 0), _parameter("page_key", PageKey, "")]
    if service in DATED:
        parameters.append(_parameter("state_height", Height, 0))
    return _with_parameters(query, [*parameters, _parameter("node", NodeAddress, DEFAULT_NODE)])


def _build_tx(message_class: type[Message]) -> Callable[..., None]:
    signer, *rest = message_class.DESCRIPTOR.fields
    fields = [given for field in rest if (given := _describe(field)) is not None]
    by_name = {given.field.name: given for given in fields}

    def send(node: str, sender: str, home: Path, nested: str, memo: str, **values: Any) -> None:
        key = find_key(home.expanduser(), sender)
        document = read_json(nested)
        for name, value in values.items():
            if value not in (None, [], ()):
                document[name] = _convert(by_name[name], value)
        document[signer.name] = key.address
        message = fill(message_class(), document)
        typer.echo(format_message(run_on(node, lambda connection: connection.send([message], key, memo))))

    return _with_parameters(
        send,
        [
            *(_option(given) for given in fields),
            _parameter("nested", Nested, ""),
            _parameter("memo", Memo, ""),
            _parameter("sender", Sender, inspect.Parameter.empty),
            _parameter("home", HomeFolder, DEFAULT_HOME),
            _parameter("node", NodeAddress, DEFAULT_NODE),
        ],
    )


def read_json(text: str, option: str = "--json") -> dict[str, Any]:
    """An object given as JSON, or as @file."""
    if not text:
        return {}
    try:
        document = json.loads(Path(text[1:]).read_text("utf-8") if text.startswith("@") else text)
    except OSError as error:
        raise InputRefused(f"{option}: cannot read {text[1:]}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise InputRefused(f"{option} is not JSON: {error}") from error
    if not isinstance(document, dict):
        raise InputRefused(f"{option} is not an object: {{…}}")
    return document


def fill(message: Message, document: dict[str, Any]) -> Message:
    """The message of a JSON document. Unknown fields and wrong values are refused."""
    try:
        return json_format.ParseDict(document, message)
    except json_format.ParseError as error:
        raise InputRefused(first_line(error)) from error


def _check_page_key(text: str) -> str:
    try:
        base64.b64decode(text, validate=True)
    except ValueError as error:
        raise InputRefused(f"--page-key {text!r} is not base64; copy next_key of the page before") from error
    return text


def _describe(field: FieldDescriptor) -> Given | None:
    """A field as a parameter; None for one that only JSON can give."""
    kind: Any
    if field.type == FieldDescriptor.TYPE_STRING:
        kind, says = str, "Text."
    elif field.type == FieldDescriptor.TYPE_BOOL:
        kind, says = bool, "Whether it is so."
    elif field.type in INTEGERS:
        kind, says = int, "Number."
    elif field.enum_type is not None:
        kind, says = str, f"One of {', '.join(value.name for value in field.enum_type.values)}."
    elif field.message_type is not None and field.message_type.name == "Coin":
        kind, says = str, f"Amount, like 5{DEFAULT_DENOM}."
    elif field.message_type is not None and field.message_type.name == "Decimal":
        kind, says = str, "Decimal number, like 0.05."
    else:
        return None
    if field.is_repeated:
        return Given(field, list[kind], f"{says[:-1]}; may be given several times.")
    return Given(field, kind, says)


def _convert(given: Given, value: Any) -> Any:
    """A parameter's value as JSON of its field."""
    named = given.field.message_type.name if given.field.message_type is not None else ""
    one = {"Coin": parse_coin, "Decimal": parse_decimal}.get(named)
    if one is None:
        return value
    return [one(item) for item in value] if given.field.is_repeated else one(value)


def _argument(given: Given) -> inspect.Parameter:
    name = given.field.name
    if given.field.is_repeated:
        return _parameter(name, given.kind, typer.Option([], f"--{_dashed(name)}", help=given.says))
    if name == "denom":
        return _parameter(name, str, typer.Argument(DEFAULT_DENOM, help="Denomination."))
    default = "" if name in OPTIONAL_ARGUMENTS else ...
    return _parameter(name, given.kind, typer.Argument(default, help=given.says))


def _option(given: Given) -> inspect.Parameter:
    option = typer.Option(None, f"--{_dashed(given.field.name)}", help=given.says)
    return _parameter(given.field.name, given.kind if given.field.is_repeated else given.kind | None, option)


def _parameter(name: str, kind: Any, default: Any) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=kind)


def _with_parameters(
    function: Callable[..., None], parameters: list[inspect.Parameter]
) -> Callable[..., None]:
    """The function with the signature that the command line reads."""

    def command(**values: Any) -> None:
        function(**values)

    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return command


def _dashed(name: str) -> str:
    return name.replace("_", "-")
