"""Makes a story that breaks a law shorter, as long as it still breaks it, and tells what is left."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from tests.chain.wild.people import NAMES
from tests.chain.wild.run import Fault, Run
from tests.chain.wild.story import Beat, Sent, Story, tell_story, write_story

Part = TypeVar("Part")
ROUNDS_MAX = 400
"""Runs that making a story shorter may take."""


class Shrinker:
    """Looks for the shortest story that breaks the same law. Heights stay as they are: a block that is left
    out is an empty one, so that what is left still means what it meant.
    """

    def __init__(self, fault: Fault, rounds_max: int = ROUNDS_MAX) -> None:
        self._name = fault.name
        self._left = rounds_max

    def shrink(self, story: Story) -> Story:
        """The shorter story: fewer blocks, then fewer transactions, messages and oddities."""
        story = self._cut(story)
        before = None
        while before != story and self._left > 0:
            before = story
            story = self._drop_beats(story)
            story = self._drop_sent(story)
            story = self._simplify(story)
        return self._cut(story)

    def _breaks(self, story: Story) -> Fault | None:
        if self._left <= 0:
            return None
        self._left -= 1
        fault = Run(story.world, story.start).play(story)
        return fault if fault is not None and fault.name == self._name else None

    def _cut(self, story: Story) -> Story:
        """The story up to the block that breaks the law."""
        self._left += 1
        fault = self._breaks(story)
        if fault is None:
            return story
        beats = tuple(beat for beat in story.beats if beat.height <= max(fault.height, 1))
        return replace(story, beats=beats, last=max(fault.height, 1))

    def _drop_beats(self, story: Story) -> Story:
        def build(beats: Sequence[Beat]) -> Story:
            return replace(story, beats=tuple(beats))

        return build(self._drop(story.beats, build))

    def _drop_sent(self, story: Story) -> Story:
        parts = [(beat, sent) for beat in story.beats for sent in beat.sent]
        deeds = [beat for beat in story.beats if beat.deed]

        def build(left: Sequence[tuple[Beat, Sent]]) -> Story:
            kept: dict[int, Beat] = {beat.height: replace(beat, sent=()) for beat in deeds}
            for beat, sent in left:
                known = kept.get(beat.height, replace(beat, sent=()))
                kept[beat.height] = replace(known, sent=(*known.sent, sent))
            return replace(story, beats=tuple(kept[height] for height in sorted(kept)))

        return build(self._drop(parts, build))

    def _simplify(self, story: Story) -> Story:
        """Deeds, oddities and messages that share a transaction go where they can."""
        for at, beat in enumerate(story.beats):
            if beat.deed:
                story = self._try(story, _put(story, at, replace(beat, deed="")))
            for place, sent in enumerate(beat.sent):
                smaller = [replace(sent, options={})] if sent.options else []
                smaller += [Sent((who,), (message,)) for who in sent.signers for message in sent.messages]
                for one in smaller if len(sent.messages) > 1 or sent.options else ():
                    now = story.beats[at]
                    changed = replace(now, sent=(*now.sent[:place], one, *now.sent[place + 1 :]))
                    shorter = self._try(story, _put(story, at, changed))
                    if shorter is not story:
                        story = shorter
                        break
        return story

    def _try(self, story: Story, shorter: Story) -> Story:
        return shorter if self._breaks(shorter) else story

    def _drop(self, parts: Sequence[Part], build: Callable[[Sequence[Part]], Story]) -> Sequence[Part]:
        """Delta debugging: leaves out ever smaller runs of parts, from the end."""
        size = len(parts)
        while size >= 1:
            end = len(parts)
            while end > 0 and self._left > 0:
                left = [*parts[: max(end - size, 0)], *parts[end:]]
                if self._breaks(build(left)):
                    parts = left
                end -= size
            size //= 2
        return parts


def explain(stories: Sequence[Story], fault: Fault, path: Path) -> str:
    """Takes the shortest of several tellings of what broke a law, the latest beginning first, makes it
    shorter still, writes it to a file, and tells it.
    """
    shorter = stories[-1]
    for story in stories:
        again = Run(story.world, story.start).play(story)
        if again is not None and again.name == fault.name:
            shorter = Shrinker(fault, max(ROUNDS_MAX // max(len(story.beats) // 100, 1), 40)).shrink(story)
            break
    found = Run(shorter.world, shorter.start).play(shorter) or fault
    write_story(shorter, path, f"{found.name}: {found.says}")
    lines = [
        f"height {found.height} breaks the law {found.name!r}: {_name(found.says)}",
        *(f"  {line}" for line in tell_story(shorter)),
        f"Run it again: MESHKEEPER_CHAIN_STORY={path} python -m pytest tests/chain/wild",
    ]
    return "\n".join(lines)


def _name(text: str) -> str:
    for address, name in NAMES.items():
        text = text.replace(address, name)
    return text


def _put(story: Story, at: int, beat: Beat) -> Story:
    return replace(story, beats=(*story.beats[:at], beat, *story.beats[at + 1 :]))
