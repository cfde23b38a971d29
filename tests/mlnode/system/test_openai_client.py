"""The official client, unmodified: tools, schemas, embeddings, several answers, errors."""

import base64
import json
import struct
from collections.abc import Iterator
from typing import Any, Literal

import jsonschema
import openai
import pytest
from pydantic import BaseModel, Field

from mlnode.io.made_gguf import write_tiny_gguf
from tests.mlnode.system.nodes import Node, launch

TOOL_TEMPLATE = (
    "{% if tools %}tools:{% for tool in tools %} {{ tool | tojson }}{% endfor %}\n"
    "Answer with <tool_call>.\n{% endif %}"
    "{% for m in messages %}{{ m.role }}: {{ m.content }}"
    "{% for call in m.tool_calls or [] %}<tool_call>{{ call.function | tojson }}</tool_call>{% endfor %}\n"
    "{% endfor %}{% if add_generation_prompt %}assistant:{% endif %}"
)
TALK: list[Any] = [{"role": "user", "content": "the day"}]
WEATHER: dict[str, Any] = {
    "type": "object",
    "properties": {
        "city": {"enum": ["Oslo", "Rome"]},
        "days": {"type": "integer", "minimum": 1, "maximum": 9},
    },
    "required": ["city", "days"],
    "additionalProperties": False,
}
TOOLS: list[Any] = [
    {"type": "function", "function": {"name": "weather", "description": "Of a city", "parameters": WEATHER}},
    {"type": "function", "function": {"name": "time"}},
]


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    models = tmp_path_factory.mktemp("models")
    write_tiny_gguf(models / "a.gguf", name="a")
    write_tiny_gguf(models / "tools.gguf", seed=3, name="tools", chat_template=TOOL_TEMPLATE)
    endless = "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}"
    write_tiny_gguf(models / "endless.gguf", seed=4, name="endless", chat_template=endless)
    home = tmp_path_factory.mktemp("client")
    node = launch(home, models, "--slots", "4", ctx_size=1024)
    yield node
    node.clean_up()


@pytest.fixture(scope="module")
def client(node: Node) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{node.url}/v1", api_key="any", max_retries=0, timeout=60)


class Person(BaseModel):
    """What a structured answer is read into."""

    name: str = Field(max_length=8)
    age: int = Field(ge=0, le=150)
    mood: Literal["good", "bad"] | None
    friends: list["Person"] = Field(max_length=1)


class TestStructure:
    def test_a_pydantic_model_is_filled(self, client: openai.OpenAI) -> None:
        for seed in range(3):
            answer = client.chat.completions.parse(
                model="a", messages=TALK, response_format=Person, seed=seed, temperature=1.0
            )
            assert answer.choices[0].finish_reason == "stop"
            assert isinstance(answer.choices[0].message.parsed, Person)

    def test_a_schema_holds_for_a_stream_too(self, client: openai.OpenAI) -> None:
        format: Any = {"type": "json_schema", "json_schema": {"name": "w", "schema": WEATHER, "strict": True}}
        parts = client.chat.completions.create(
            model="a", messages=TALK, response_format=format, temperature=2.0, seed=1, stream=True
        )
        text = "".join(part.choices[0].delta.content or "" for part in parts)
        jsonschema.validate(json.loads(text), WEATHER)

    def test_a_json_object_is_one_when_it_ends(self, client: openai.OpenAI) -> None:
        answer = client.chat.completions.create(
            model="a", messages=TALK, response_format={"type": "json_object"}, max_tokens=300
        )
        text = answer.choices[0].message.content or ""
        assert text.startswith("{")
        if answer.choices[0].finish_reason == "stop":
            assert isinstance(json.loads(text), dict)

    def test_a_grammar_of_one_s_own(self, client: openai.OpenAI) -> None:
        answer = client.completions.create(
            model="a", prompt="the", extra_body={"grammar": 'root ::= "yes" | "no"'}
        )
        assert answer.choices[0].text in ("yes", "no")
        assert answer.choices[0].finish_reason == "stop"


class TestTools:
    @pytest.mark.parametrize("choice", ["required", {"type": "function", "function": {"name": "weather"}}])
    def test_a_call_that_must_be_made_is_valid_by_its_schema(
        self, client: openai.OpenAI, choice: Any
    ) -> None:
        answer = client.chat.completions.create(
            model="tools", messages=TALK, tools=TOOLS[:1], tool_choice=choice, temperature=1.0, seed=2
        )
        calls = answer.choices[0].message.tool_calls or []
        assert answer.choices[0].finish_reason == "tool_calls"
        assert answer.choices[0].message.content is None
        assert calls
        assert len({call.id for call in calls}) == len(calls)
        for call in calls:
            assert call.type == "function"
            assert call.function.name == "weather"
            jsonschema.validate(json.loads(call.function.arguments), WEATHER)

    def test_one_call_at_most_where_they_may_not_be_parallel(self, client: openai.OpenAI) -> None:
        answer = client.chat.completions.create(
            model="tools",
            messages=TALK,
            tools=TOOLS[:1],
            tool_choice="required",
            parallel_tool_calls=False,
            temperature=1.0,
        )
        assert len(answer.choices[0].message.tool_calls or []) == 1

    def test_a_streamed_call_is_put_together_by_the_client(self, client: openai.OpenAI) -> None:
        with client.chat.completions.stream(
            model="tools", messages=TALK, tools=TOOLS[:1], tool_choice="required", temperature=1.0, seed=5
        ) as events:
            final = events.get_final_completion()
        (call, *_) = final.choices[0].message.tool_calls or []
        assert call.function.name == "weather"
        jsonschema.validate(json.loads(call.function.arguments), WEATHER)
        assert final.choices[0].finish_reason == "tool_calls"

    def test_an_answer_without_a_call_is_text(self, client: openai.OpenAI) -> None:
        answer = client.chat.completions.create(model="tools", messages=TALK, tools=TOOLS[:1], max_tokens=5)
        assert answer.choices[0].message.tool_calls is None
        assert answer.choices[0].message.content

    def test_a_conversation_with_calls_and_their_results_goes_on(self, client: openai.OpenAI) -> None:
        call = {"id": "c1", "type": "function", "function": {"name": "weather", "arguments": '{"days": 1}'}}
        talk = [*TALK, {"role": "assistant", "content": None, "tool_calls": [call]}]
        talk += [{"role": "tool", "tool_call_id": "c1", "content": "rain"}, *TALK]
        without = client.chat.completions.create(model="tools", messages=TALK, max_tokens=3)
        answer = client.chat.completions.create(model="tools", messages=talk, tools=TOOLS, max_tokens=3)
        assert answer.usage is not None
        assert without.usage is not None
        assert answer.usage.prompt_tokens > without.usage.prompt_tokens + 100


class TestSeveral:
    def test_several_answers_are_counted_once_and_repeatable(self, client: openai.OpenAI) -> None:
        ask: dict[str, Any] = {"model": "a", "messages": TALK, "n": 3, "max_tokens": 6, "temperature": 1.5}
        first, again = (client.chat.completions.create(**ask, seed=4) for _ in range(2))
        texts = [choice.message.content for choice in first.choices]
        assert [choice.index for choice in first.choices] == [0, 1, 2]
        assert texts == [choice.message.content for choice in again.choices]
        assert len(set(texts)) > 1
        one = client.chat.completions.create(**{**ask, "n": 1})
        assert first.usage is not None
        assert one.usage is not None
        assert first.usage.prompt_tokens == one.usage.prompt_tokens
        assert first.usage.completion_tokens == 18

    def test_several_prompts_stream_side_by_side(self, client: openai.OpenAI) -> None:
        ask: dict[str, Any] = {"model": "a", "prompt": ["the day", "a river", "the day"], "max_tokens": 7}
        whole = client.completions.create(**ask, temperature=0)
        texts = ["", "", ""]
        ends = []
        for part in client.completions.create(
            **ask, temperature=0, stream=True, stream_options={"include_usage": True}
        ):
            for choice in part.choices:
                texts[choice.index] += choice.text
                ends += [choice.index] if choice.finish_reason else []
        assert part.usage == whole.usage
        assert texts == [choice.text for choice in whole.choices]
        assert sorted(ends) == [0, 1, 2]

    def test_more_than_the_line_holds_is_refused_as_a_whole(self, node: Node) -> None:
        response = node.complete("a.gguf", prompt=["x"] * 16, n=1, max_tokens=2)
        assert response.status_code == 200
        assert len(response.json()["choices"]) == 16

    def test_an_echo_comes_first(self, client: openai.OpenAI) -> None:
        answer = client.completions.create(model="a", prompt="the day", echo=True, max_tokens=3)
        assert answer.choices[0].text.startswith("the day")
        assert len(answer.choices[0].text) > len("the day")

    def test_a_bias_decides(self, client: openai.OpenAI) -> None:
        answer = client.completions.create(
            model="a", prompt="the", max_tokens=4, temperature=0, logit_bias={"300": 100}, logprobs=0
        )
        assert answer.choices[0].logprobs is not None
        assert len(set(answer.choices[0].logprobs.tokens or [])) == 1

    def test_a_repeat_penalty_and_ignored_ends(self, client: openai.OpenAI) -> None:
        ask: dict[str, Any] = {"model": "a", "prompt": "the", "max_tokens": 40, "temperature": 0}
        plain = client.completions.create(**ask, logprobs=0).choices[0].logprobs
        other = (
            client.completions.create(
                **ask, logprobs=0, extra_body={"repeat_penalty": 100.0, "ignore_eos": True}
            )
            .choices[0]
            .logprobs
        )
        assert plain is not None
        assert other is not None
        assert len(other.tokens or []) == 40
        assert len(set(other.tokens or [])) > len(set(plain.tokens or []))


class TestEmbeddings:
    @pytest.mark.parametrize("given", ["the day", ["the day", "a river"], [5, 6, 7], [[5, 6], [7]]])
    def test_texts_and_tokens(self, client: openai.OpenAI, given: Any) -> None:
        answer = client.embeddings.create(model="a", input=given)
        n = len(given) if isinstance(given, list) and not isinstance(given[0], int) else 1
        assert [item.index for item in answer.data] == list(range(n))
        for item in answer.data:
            assert sum(x * x for x in item.embedding) == pytest.approx(1.0, abs=1e-4)
        assert answer.usage.prompt_tokens == answer.usage.total_tokens > 0

    def test_both_encodings_say_the_same(self, client: openai.OpenAI) -> None:
        raw = client.embeddings.with_raw_response
        texts = [
            json.loads(raw.create(model="a", input="x", encoding_format=kind).text)["data"][0]["embedding"]
            for kind in ("float", "base64")
        ]
        data = base64.b64decode(texts[1])
        assert texts[0] == pytest.approx(list(struct.unpack(f"<{len(data) // 4}f", data)))

    @pytest.mark.parametrize(
        ("body", "code"),
        [
            ({"input": ""}, "blank_prompt"),
            ({"input": []}, "blank_prompt"),
            ({"input": ["a", " "]}, "blank_prompt"),
            ({"input": ["a", [1]]}, "bad_field"),
            ({"input": "x", "dimensions": 7}, "unsupported"),
            ({"input": "x", "encoding_format": "int8"}, "bad_field"),
            ({"input": [10**6]}, "bad_prompt"),
            ({"input": "day " * 3000}, "prompt_too_long"),
            ({"input": ["x"] * 2049}, "bad_field"),
            ({}, "bad_field"),
        ],
    )
    def test_what_is_wrong_is_said(self, client: openai.OpenAI, body: dict[str, Any], code: str) -> None:
        with pytest.raises(openai.BadRequestError) as refused:
            client.post("/embeddings", body={"model": "a", **body}, cast_to=object)
        assert refused.value.code == code


class TestErrors:
    def test_the_client_raises_its_own_classes(self, client: openai.OpenAI) -> None:
        with pytest.raises(openai.NotFoundError) as unknown:
            client.chat.completions.create(model="nobody", messages=TALK)
        assert (unknown.value.code, unknown.value.type) == ("model_unknown", "not_found_error")
        with pytest.raises(openai.BadRequestError) as wrong:
            client.chat.completions.create(model="a", messages=TALK, temperature=-1)
        assert (wrong.value.code, wrong.value.param) == ("bad_field", "temperature")
        with pytest.raises(openai.NotFoundError):
            client.models.retrieve("nobody")

    @pytest.mark.parametrize(
        ("extra", "code"),
        [
            ({"grammar": "root ::= root"}, "bad_grammar"),
            ({"json_schema": {"not": {}}}, "bad_schema"),
            ({"response_format": {"type": "xml"}}, "bad_field"),
            ({"tool_choice": "required"}, "bad_field"),
            ({"tools": TOOLS, "tool_choice": "required", "json_schema": {}}, "bad_field"),
            ({"tools": [TOOLS[0], TOOLS[0]]}, "bad_field"),
            ({"functions": [{"name": "f"}]}, "unsupported"),
            ({"n": 17}, "bad_field"),
            ({"tools": TOOLS}, "bad_template"),
            ({"logit_bias": {"999999": 1}}, "bad_parameters"),
        ],
    )
    def test_what_cannot_be_asked_is_refused(
        self, client: openai.OpenAI, extra: dict[str, Any], code: str
    ) -> None:
        with pytest.raises(openai.BadRequestError) as refused:
            client.chat.completions.create(model="a", messages=TALK, extra_body=extra)
        assert refused.value.code == code

    def test_a_template_without_an_end_is_refused_and_the_model_goes_on(self, client: openai.OpenAI) -> None:
        with pytest.raises(openai.BadRequestError, match="takes more than"):
            client.chat.completions.create(model="endless", messages=TALK)
        assert client.completions.create(model="endless", prompt="the", max_tokens=2).choices[0].text
