"""What is written on the command line, as values of fields; what is no value is refused in one sentence."""

import pytest

from chain.io.parameters import Given, InputRefused, convert, describe, fill, parse_name, read_json
from chain.v1 import query_pb2, tx_pb2

OPTION = tx_pb2.MsgVote.DESCRIPTOR.fields_by_name["option"]


def given(message: type, field: str) -> Given:
    found = describe(message.DESCRIPTOR.fields_by_name[field])
    assert found is not None
    return found


@pytest.mark.parametrize("text", ["VOTE_OPTION_YES", "yes", "Yes", "YES"])
def test_a_name_may_be_its_last_word(text: str) -> None:
    assert parse_name(OPTION, text) == "VOTE_OPTION_YES"
    assert convert(given(tx_pb2.MsgVote, "option"), text) == "VOTE_OPTION_YES"


@pytest.mark.parametrize("text", ["maybe", "", "option_maybe", "VOTE"])
def test_what_is_no_name_is_refused_with_those_there_are(text: str) -> None:
    with pytest.raises(InputRefused, match=r"--option .* is none of VOTE_OPTION_.*YES"):
        parse_name(OPTION, text)


@pytest.mark.parametrize(
    ("message", "document", "why"),
    [
        (
            tx_pb2.MsgUpdateParams,
            {"params": {"poc": {"max_batch_nonces": "ten"}}},
            "params.poc.max_batch_nonces: 'ten' is not a whole number",
        ),
        (
            query_pb2.QueryCountPoCbatchesAtHeightRequest,
            {"block_height": 10**30},
            "block_height: Value out of range: 1" + "0" * 30,
        ),
        (tx_pb2.MsgUpdateParams, {"colour": 1}, 'Message type "chain.v1.MsgUpdateParams" has no field named'),
    ],
)
def test_a_wrong_value_is_told_with_the_path_to_its_field(message: type, document: dict, why: str) -> None:
    with pytest.raises(InputRefused) as refused:
        fill(message(), document)
    assert str(refused.value).startswith(why)


def test_the_help_of_a_field_is_the_contract_s_and_says_how_to_write_it() -> None:
    assert given(tx_pb2.MsgDepositCollateral, "amount").says == (
        "What to deposit, umesh only (ErrInvalidDenom). Written like 5umesh."
    )
    assert given(tx_pb2.MsgVote, "option").says.startswith("What the member says. One of VOTE_OPTION_")
    assert given(tx_pb2.MsgRegisterModel, "model_args").says.endswith("May be given several times.")
    assert describe(tx_pb2.MsgSubmitHardwareDiff.DESCRIPTOR.fields_by_name["removed"]) is None


@pytest.mark.parametrize("text", ["[1]", "{", "@nowhere.json"])
def test_what_is_no_object_is_refused_with_the_option_s_name(text: str) -> None:
    with pytest.raises(InputRefused, match="--json"):
        read_json(text)
