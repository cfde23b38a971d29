"""The node's page in a real browser: what it shows, an answer that grows, a stop that cancels."""

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Error, Page, expect, sync_playwright

from deploy.install.browser import find_browser
from tests.mlnode.system.hard.clients import LONG, dial, make_post
from tests.mlnode.system.nodes import Node, http, launch, wait_until

WAIT_MS = 30_000
WATCH = "addEventListener('securitypolicyviolation', (e) => console.error('policy: ' + e.violatedDirective))"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        try:
            started = playwright.chromium.launch(executable_path=find_browser())
        except Error as error:
            why = error.message.splitlines()[0]
            missing = f"no Chromium can be started ({why}); install it: apt-get install chromium"
            if os.environ.get("CI") == "true":
                pytest.fail(missing)
            pytest.skip(missing)
        yield started
        started.close()


@pytest.fixture(scope="module")
def node(models_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    node = launch(tmp_path_factory.mktemp("page"), models_dir, ctx_size=2048)
    yield node
    node.clean_up()


@dataclass
class Tab:
    """A tab of the browser, and everything that went wrong in it."""

    page: Page
    faults: list[str] = field(default_factory=list)
    asked: set[str] = field(default_factory=set)

    def answer(self) -> str:
        """The last turn of the playground."""
        return self.page.locator("#said .turn span").last.text_content() or ""

    def send(self, model: str, text: str, max_tokens: int) -> None:
        self.page.get_by_label("Model", exact=True).select_option(model)
        self.page.get_by_label("Tokens at most").fill(str(max_tokens))
        self.page.get_by_label("Temperature").fill("0")
        self.page.locator("#prompt").fill(text)
        self.page.get_by_role("button", name="Send").click()


@pytest.fixture
def open_tab(browser: Browser) -> Iterator[Callable[..., Tab]]:
    tabs: list[tuple[Tab, str]] = []

    def note(tab: Tab, text: str) -> None:
        if not text.startswith("Failed to load resource"):
            tab.faults.append(text)

    def open_it(node: Node, **context: object) -> Tab:
        page = browser.new_context(**context).new_page()  # type: ignore[arg-type]
        page.set_default_timeout(WAIT_MS)
        tab = Tab(page)
        page.add_init_script(WATCH)
        page.on("console", lambda message: note(tab, message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: note(tab, error.message))
        page.on("request", lambda request: tab.asked.add(request.url))
        page.goto(node.url)
        tabs.append((tab, node.url))
        return tab

    yield open_it
    for tab, url in tabs:
        tab.page.context.close()
        assert tab.faults == []
        assert [other for other in tab.asked if not other.startswith((url, "data:"))] == []


Open = Callable[..., Tab]


class TestStatus:
    def test_it_shows_every_model_and_the_memory_that_is_taken(self, node: Node, open_tab: Open) -> None:
        assert node.complete("a.gguf").status_code == 200
        page = open_tab(node).page
        rows = page.locator("#models tr")
        expect(rows).to_have_count(4, timeout=WAIT_MS)
        expect(rows.filter(has_text="a.gguf")).to_contain_text("ready", timeout=WAIT_MS)
        expect(rows.filter(has_text="b.gguf")).to_contain_text("unloaded")
        taken = node.status()["used_est_mb"] + node.status()["margin_mb"]
        expect(page.get_by_role("img", name=f"{taken:,} of")).to_be_visible()

    def test_it_shows_how_long_those_in_line_have_waited(self, node: Node, open_tab: Open) -> None:
        body = {**LONG, "model": "slow.gguf", "n": 8, "max_tokens": 1900}
        with dial(node) as client:
            client.sendall(make_post("/v1/completions", body))
            wait_until(lambda: node.instance("slow.gguf")["oldest_wait_s"] >= 1, "a wait to be shown")
            row = open_tab(node).page.locator("#models tr").filter(has_text="slow.gguf")
            line = re.compile(r"in line for \d+ s(, \d+ s){4} and \d more")
            expect(row).to_contain_text(line, timeout=WAIT_MS)
        wait_until(lambda: node.instance("slow.gguf")["queue"] == 0, "an empty line")
        expect(row).not_to_contain_text("in line for", timeout=WAIT_MS)

    @pytest.mark.parametrize("scheme", ["light", "dark"])
    def test_on_a_telephone_nothing_is_wider_than_the_screen(
        self, node: Node, open_tab: Open, scheme: str
    ) -> None:
        size = {"width": 360, "height": 780}
        page = open_tab(node, color_scheme=scheme, viewport=size).page
        expect(page.locator("#models tr")).to_have_count(4, timeout=WAIT_MS)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360

    def test_every_field_has_a_name_and_every_button_a_word(self, node: Node, open_tab: Open) -> None:
        page = open_tab(node).page
        expect(page.locator("#models tr")).to_have_count(4, timeout=WAIT_MS)
        nameless = page.evaluate(
            "[...document.querySelectorAll('input, select, textarea')].filter((e) => !e.labels.length).length"
        )
        mute = page.evaluate("[...document.querySelectorAll('button')].filter((e) => !e.textContent).length")
        assert (nameless, mute) == (0, 0)

    def test_a_model_is_loaded_and_unloaded_by_its_button(self, node: Node, open_tab: Open) -> None:
        page = open_tab(node).page
        page.get_by_role("button", name="Load c.gguf", exact=True).click()
        wait_until(lambda: node.state("c.gguf") == "ready", "the load")
        page.get_by_role("button", name="Unload c.gguf").click()
        wait_until(lambda: node.state("c.gguf") == "unloaded", "the end")
        expect(page.locator("#models tr").filter(has_text="c.gguf")).to_contain_text(
            "unloaded", timeout=WAIT_MS
        )

    def test_a_key_is_asked_for_kept_in_the_tab_and_refused_when_wrong(
        self, start_node: Callable[..., Node], open_tab: Open
    ) -> None:
        node = start_node("--api-key", "secret")
        page = open_tab(node).page
        for key, word in (("wrong", "not the right one"), ("secret", "")):
            page.get_by_label("API key").fill(key)
            page.get_by_role("button", name="Use this key").click()
            if word:
                expect(page.locator("#lock-note")).to_contain_text(word, timeout=WAIT_MS)
        expect(page.locator("#models tr")).to_have_count(4, timeout=WAIT_MS)
        page.reload()
        expect(page.locator("#models tr")).to_have_count(4, timeout=WAIT_MS)
        node.process.kill()
        expect(page.get_by_role("alert")).to_have_text(
            "The node does not answer; trying again.", timeout=WAIT_MS
        )


class TestPlayground:
    def test_a_chat_grows_token_by_token_and_tells_its_pace(self, node: Node, open_tab: Open) -> None:
        tab = open_tab(node)
        tab.send("a.gguf", "the day", 40)
        expect(tab.page.locator("#pace")).to_contain_text(re.compile(r"\d+ tokens"), timeout=WAIT_MS)
        expect(tab.page.locator("#pace")).to_contain_text("first token after")
        expect(tab.page.get_by_role("button", name="Send")).to_be_enabled(timeout=WAIT_MS)
        asked = {"model": "a.gguf", "max_tokens": 40, "temperature": 0, "top_p": 0.95}
        messages = [{"role": "user", "content": "the day"}]
        said = http.post(f"{node.url}/v1/chat/completions", json={**asked, "messages": messages}).json()
        assert tab.answer() == said["choices"][0]["message"]["content"]
        shown = re.search(r"(\d+) tokens? ", tab.page.locator("#pace").text_content() or "")
        assert shown and int(shown[1]) == said["usage"]["completion_tokens"]

    def test_a_completion_comes_whole_when_asked_so_and_by_keyboard(self, node: Node, open_tab: Open) -> None:
        tab = open_tab(node)
        tab.page.get_by_label("Completion").check()
        tab.page.get_by_label("Show the answer while it grows").uncheck()
        tab.page.get_by_label("Temperature").fill("0")
        tab.page.get_by_label("Tokens at most").fill("8")
        tab.page.get_by_label("Beginning of the text").fill("the day")
        tab.page.keyboard.press("Control+Enter")
        expect(tab.page.locator("#pace")).to_contain_text("8 tokens", timeout=WAIT_MS)
        said = node.complete(tab.page.locator("#model").input_value(), top_p=0.95)
        assert tab.answer() == "the day" + said.json()["choices"][0]["text"]

    def test_stop_cancels_and_frees_the_slot(self, node: Node, open_tab: Open) -> None:
        tab = open_tab(node)
        before = node.status()["requests_total"].get("cancelled", 0)
        tab.send("slow.gguf", "the day", 1900)
        wait_until(tab.answer, "the first text")
        assert node.instance("slow.gguf")["inflight"] == 1
        tab.page.get_by_role("button", name="Stop").click()
        wait_until(lambda: node.instance("slow.gguf")["inflight"] == 0, "a free slot", 5)
        assert node.status()["requests_total"]["cancelled"] == before + 1
        expect(tab.page.locator("#pace")).to_contain_text("stopped")
        expect(tab.page.get_by_role("button", name="Send")).to_be_enabled()

    def test_a_refusal_is_shown_as_the_sentence_that_it_is(self, node: Node, open_tab: Open) -> None:
        tab = open_tab(node)
        tab.send("a.gguf", "the day " * 2000, 8)
        error = tab.page.locator("#said .error")
        expect(error).to_contain_text(re.compile(r"prompt has \d+ tokens"), timeout=WAIT_MS)
        expect(tab.page.get_by_role("button", name="Send")).to_be_enabled()

    def test_an_answer_that_looks_like_a_document_is_shown_as_text(self, node: Node, open_tab: Open) -> None:
        tab = open_tab(node)
        tab.page.get_by_label("Completion").check()
        tab.page.get_by_label("Beginning of the text").fill("<img src=x onerror=alert(1)>")
        tab.page.get_by_role("button", name="Send").click()
        wait_until(lambda: tab.answer().startswith("<img src=x"), "the text")
        assert tab.page.locator("#said img").count() == 0


def test_the_policy_lets_the_page_do_nothing_but_talk_to_its_node(node: Node) -> None:
    answer = http.get(node.url)
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "http" not in re.sub(r"<!doctype.*?<body>", "", answer.text, flags=re.S).replace("--", "")
