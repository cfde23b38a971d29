"""Every text and every list of every message has a bound; its fields are read from the message itself."""

from collections.abc import Iterator
from typing import Any as Anything

import pytest
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from chain.ante import Mode
from chain.bounds import COUNTS, TEXTS, WHOLE, check_bounds
from chain.ceilings import CEILINGS
from chain.codec import encode, message_class, type_url
from chain.errors import ErrTooLong
from chain.machine import build_keepers
from chain.models.types import MsgRegisterModel
from chain.params import Params, validate
from chain.proposals.types import MsgSubmitProposal
from chain.records import get_columns, replace
from chain.router import GOVERNED, build_routes
from chain.tx import Any, AuthInfo, TxBody, TxRaw
from tests.chain.everyday import GOV, STRANGER, begin

ROUTES = build_routes(build_keepers())
KINDS = (*(route.message for route in ROUTES.values()), TxRaw, TxBody, AuthInfo)
TEXT = (FieldDescriptor.TYPE_STRING, FieldDescriptor.TYPE_BYTES)


def list_messages(root: Descriptor) -> dict[str, Descriptor]:
    """A message and all that it may hold, by name."""
    found, left = {}, [root]
    while left:
        descriptor = left.pop()
        if descriptor.full_name not in found:
            found[descriptor.full_name] = descriptor
            left += [column.message_type for column in descriptor.fields if column.message_type]
    return found


ALL = {name: found for kind in KINDS for name, found in list_messages(message_class(kind).DESCRIPTOR).items()}


def test_no_text_and_no_list_of_any_message_is_without_a_bound() -> None:
    texts = {
        (name, column.name)
        for name, descriptor in ALL.items()
        for column in descriptor.fields
        if column.type in TEXT
    }
    lists = {
        (name, column.name)
        for name, descriptor in ALL.items()
        for column in descriptor.fields
        if column.is_repeated
    }
    assert texts == {(name, field) for name, fields in TEXTS.items() for field in fields if name in ALL}
    assert lists == {(name, field) for name, fields in COUNTS.items() for field in fields if name in ALL}
    assert all(most > 0 for fields in COUNTS.values() for most in fields.values())


def test_only_what_a_transaction_pays_for_byte_by_byte_has_no_bound_of_its_own() -> None:
    whole = {
        f"{name}.{field}" for name, fields in TEXTS.items() for field in fields if fields[field] == WHOLE
    }
    assert whole == {
        "chain.v1.MsgStartInference.prompt_payload",
        "chain.v1.MsgStartInference.original_prompt",
        "chain.v1.MsgFinishInference.response_payload",
        "chain.v1.MsgFinishInference.original_prompt",
        "chain.v1.MsgValidation.response_payload",
        "google.protobuf.Any.value",
        "cosmos.tx.v1beta1.TxRaw.body_bytes",
        "cosmos.tx.v1beta1.TxRaw.auth_info_bytes",
        "cosmos.tx.v1beta1.TxBody.memo",
    }


def test_no_message_can_hold_itself() -> None:
    """Depth is bounded by the types: what is inside a message does not hold it again, at any depth."""
    for name, descriptor in ALL.items():
        inside = [column.message_type for column in descriptor.fields if column.message_type]
        assert name not in {deeper for part in inside for deeper in list_messages(part)}
    assert MsgSubmitProposal not in GOVERNED, "a proposal carries no proposal"


def walk(message: Message, path: tuple[str, ...] = ()) -> Iterator[tuple[Message, tuple[str, ...]]]:
    """The message, then each message inside it, made by the way, each with its path."""
    yield message, path
    for column in message.DESCRIPTOR.fields:
        if column.message_type:
            part = getattr(message, column.name)
            inside = part.add() if column.is_repeated else part
            inside.SetInParent()
            yield from walk(inside, (*path, column.name))


CASES = [
    pytest.param(kind, at, column.name, id=f"{kind.__name__}-{'.'.join((*path, column.name))}")
    for kind in KINDS
    for at, (part, path) in enumerate(walk(message_class(kind)()))
    for column in part.DESCRIPTOR.fields
    if (column.type in TEXT and TEXTS.get(part.DESCRIPTOR.full_name, {}).get(column.name))
    or column.is_repeated
]


@pytest.mark.parametrize(("kind", "at", "name"), CASES)
def test_one_more_than_the_bound_is_refused_and_the_bound_is_not(kind: type, at: int, name: str) -> None:
    def build(more: int, entries: bool) -> Anything:
        message = message_class(kind)()
        part = [part for part, _ in walk(message)][at]
        put(part, name, more, entries)
        return message

    for entries in (True, False):
        check_bounds(build(0, entries))
        part = [part for part, _ in walk(message_class(kind)())][at]
        column = part.DESCRIPTOR.fields_by_name[name]
        if (entries and column.is_repeated) or (not entries and column.type in TEXT):
            with pytest.raises(ErrTooLong, match=name):
                check_bounds(build(1, entries))


def put(part: Message, name: str, more: int, entries: bool) -> None:
    """Fills a field up to its bound and beyond: the number of its entries, or the length of one."""
    column, owner = part.DESCRIPTOR.fields_by_name[name], part.DESCRIPTOR.full_name
    size = TEXTS.get(owner, {}).get(name, 0) + (0 if entries else more)
    value = b"x" * size if column.type == FieldDescriptor.TYPE_BYTES else "x" * size
    if not column.is_repeated:
        if not entries:
            setattr(part, name, value)
        return
    count = COUNTS[owner][name] + more if entries else 1
    part.ClearField(name)
    for _ in range(count):
        if column.message_type:
            getattr(part, name).add()
        else:
            getattr(part, name).append(value if not entries and column.type in TEXT else empty(column))


def empty(column: FieldDescriptor) -> str | bytes | int:
    if column.type == FieldDescriptor.TYPE_STRING:
        return ""
    return b"" if column.type == FieldDescriptor.TYPE_BYTES else 0


def test_the_bounds_hold_for_transactions_and_for_what_proposals_carry() -> None:
    chain = begin()
    long = MsgRegisterModel(GOV.address, id="m", units_of_compute_per_token=1, hf_repo="r" * 257)
    packed = Any(type_url(MsgRegisterModel), encode(long))
    proposal = MsgSubmitProposal(STRANGER.address, "title", "", (packed,))
    for signer, message in ((GOV, long), (STRANGER, proposal)):
        tx = chain.sign(signer, message)
        result = chain.app._executor.run(chain.app._next_block(), tx, Mode.DELIVER)
        assert (result.reason, "hf_repo has 257 characters" in result.log) == ("ErrTooLong", True)


def test_a_transaction_beyond_its_bounds_is_no_part_of_a_proposed_block() -> None:
    chain = begin()
    tx = chain.sign(GOV, MsgRegisterModel(GOV.address, id="m" * 257, units_of_compute_per_token=1))
    assert chain.app.prepare_proposal([tx], 10**6) == ()
    assert not chain.app.process_proposal(chain.next_block(tx))


@pytest.mark.parametrize("name", sorted(CEILINGS))
def test_no_parameter_is_set_above_its_ceiling(name: str) -> None:
    group, field = name.split(".")
    params = begin().genesis.params
    for value, wrong in ((CEILINGS[name], False), (CEILINGS[name] + 1, True)):
        changed = replace(params, **{group: replace(getattr(params, group), **{field: value})})
        assert (
            any(f"{name} is {value}, must be at least" in sentence for sentence in validate(changed)) == wrong
        )


def test_every_ceiling_is_one_of_a_parameter() -> None:
    groups = {name: kind for name, _, kind in get_columns(Params)}
    for name in CEILINGS:
        group, field = name.split(".")
        assert field in [column for column, _, _ in get_columns(groups[group])]
