"""Conversations to prompts: the model's template in a sandbox, or the plain one."""

import pytest

from mlnode.io.chat import PLAIN_STOP, BadTemplate, ChatFormat
from mlnode.io.frames import ChatMessage

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
