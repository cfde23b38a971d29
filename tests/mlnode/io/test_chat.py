"""Conversations to prompts: the model's template in a sandbox, or the plain one."""

import resource
import time

import pytest

from mlnode.io.chat import PLAIN_STOP, BadTemplate, ChatFormat
from mlnode.io.frames import ChatCall, ChatMessage, ChatTool
from mlnode.io.sandbox import CPU_S

TALK = [ChatMessage("system", "Be brief."), ChatMessage("user", " What is a mesh? ")]
CHATML = (
    "{{ bos_token }}{% for m in messages %}<|{{ m.role }}|>{{ m['content'] }}\n{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)


def test_the_plain_format_is_a_line_a_message() -> None:
    plain = ChatFormat("", "<s>", "</s>")
    assert plain.render(TALK) == "system: Be brief.\nuser: What is a mesh?\nassistant:"
    assert (plain.is_plain, plain.stop) == (True, PLAIN_STOP)


def test_a_models_template_is_used_as_it_is() -> None:
    own = ChatFormat(CHATML, "<s>", "</s>")
    assert own.render(TALK[1:]) == "<s><|user|> What is a mesh? \n<|assistant|>"
    assert (own.is_plain, own.stop) == (False, ())


def test_a_template_may_refuse() -> None:
    strict = ChatFormat("{{ raise_exception('only users may speak') }}", "", "")
    with pytest.raises(BadTemplate, match="only users may speak"):
        strict.render(TALK)


@pytest.mark.parametrize(
    "template",
    [
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ messages.append({}) }}",
        "{{ cycler.__init__.__globals__.os.system('true') }}",
        "{% for i in range(10 ** 9) %}{% endfor %}",
        "{{ messages[0].role + 1 }}",
        "{% if %}",
        "{{ 1 // 0 }}",
        "{{ missing.thing.other }}",
    ],
)
def test_a_template_that_reaches_out_or_fails_is_refused(template: str) -> None:
    with pytest.raises(BadTemplate):
        ChatFormat(template, "", "").render(TALK)


@pytest.mark.parametrize("template", ["", CHATML])
def test_a_conversation_without_messages_is_refused(template: str) -> None:
    with pytest.raises(BadTemplate):
        ChatFormat(template, "", "").render([])


GROWING = "{% set ns = namespace(x='aaaa', y=[1]) %}{% for i in range(99) %}"


@pytest.mark.parametrize(
    "template",
    [
        "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}",
        "{% for i in range(99999) %}{{ range(99999) | list | length }}{% endfor %}",
        "{% macro f() %}{{ f() }}{{ f() }}{% endmacro %}{{ f() }}",
        "{% for m in messages recursive %}{{ loop(messages) }}{% endfor %}",
        "{{ 'x' * 10000000000 }}",
        "{{ 10 ** (10 ** 10) }}",
        "{{ '%1000000000d' % 1 }}",
        "{{ '{:1000000000}'.format(1) }}",
        "{{ '{:{}}'.format(1, 1000000000) }}",
        "{{ 'a'.center(1000000000) }}",
        "{{ 'a' | center(1000000000) }}",
        "{{ lipsum(n=99999) }}",
        "{{ 1 | tojson(indent=1000000000) }}",
        "{% set b = 'x' * 1000000 %}{{ range(99999) | map('string') | join(b) }}",
        "{% set b = 'x' * 1000000 %}{{ b.join(range(9999) | map('string') | list) }}",
        "{% for i in range(99999) %}{{ 'x' * 1000 }}{% endfor %}",
        "{% set x %}{% for i in range(9999) %}{{ 'x' * 1000000 }}{% endfor %}{% endset %}",
        "{% set x %}{% for i in range(99999) %}" + "x" * 100_000 + "{% endfor %}{% endset %}",
        GROWING + "{% set ns.x = ns.x ~ ns.x %}{% endfor %}",
        GROWING + "{% set ns.x = ns.x + ns.x %}{% endfor %}",
        GROWING + "{% set ns.x = ns.x.replace('a', 'aaaa') %}{% endfor %}",
        GROWING + "{% set ns.x = ns.x | replace('a', 'aaaa') %}{% endfor %}",
        GROWING + "{% set ns.y = [ns.y, ns.y] %}{% endfor %}{{ ns.y }}",
        GROWING + "{% set ns.y = [ns.y, ns.y] %}{% endfor %}{{ ns.y | tojson }}",
        GROWING + "{% set ns.y = [ns.y, ns.y] %}{% endfor %}{{ ns.y == [ns.y] }}",
        "x" * 600_000,
    ],
    ids=lambda template: template[:70],
)
def test_a_template_that_takes_or_makes_too_much_is_refused(template: str) -> None:
    started = time.thread_time()
    with pytest.raises(BadTemplate):
        ChatFormat(template, "", "").render(TALK)
    assert time.thread_time() - started < 10 * CPU_S
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    assert peak_mb < 2000


def test_what_templates_use_is_there() -> None:
    template = (
        "{% set ns = namespace(n=0) %}{% for m in messages %}{% if loop.first %}{% continue %}{% endif %}"
        "{% set ns.n = ns.n + 1 %}{% generation %}{{ m.content | trim ~ '/' ~ ns.n }}{% endgeneration %}"
        "{% endfor %}|{{ {'a': '<é>'} | tojson }}|{{ strftime_now('%Y') | length }}|{{ 'a b'.split(' ')[1] }}"
        "|{{ messages | map(attribute='role') | join(',') }}|{{ bos_token }}"
    )
    own = ChatFormat(template, "<s>", "</s>")
    assert own.render(TALK) == 'What is a mesh?/1|{"a": "<é>"}|4|b|system,user|<s>'
    assert own.render(TALK) == own.render(TALK)


def test_tools_and_calls_are_shown_as_templates_know_them() -> None:
    template = (
        "{% for t in tools %}{{ t.function.name }}:{{ t.function.parameters.type }};{% endfor %}"
        "{% for m in messages %}{% for c in m.tool_calls or [] %}"
        "{{ c.function.name }}({{ c.function.arguments.a }}){% endfor %}"
        "{{ m.tool_call_id }}{{ m.content }}{% endfor %}"
    )
    talk = [
        ChatMessage("assistant", "", calls=(ChatCall("1", "f", '{"a": 2}'),)),
        ChatMessage("tool", "ok", call_id="1"),
    ]
    tool = ChatTool("f", "adds", '{"type": "object"}')
    assert ChatFormat(template, "", "").render(talk, [tool]) == "f:object;f(2)1ok"


@pytest.mark.parametrize("template", ["", CHATML])
def test_tools_are_refused_where_the_template_knows_none(template: str) -> None:
    with pytest.raises(BadTemplate, match=r"without them|no tools"):
        ChatFormat(template, "", "").render(TALK, [ChatTool("f")])
