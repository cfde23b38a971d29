"""Model files that change while they are in use: another file, no file, or the same one written to."""

from collections.abc import Iterator

from mlnode.actions import Action
from mlnode.catalog import ModelFile
from mlnode.instance import EndReason, Instance, InstanceState, Step
from mlnode.node import Node


def take_files(node: Node, files: tuple[ModelFile, ...], now_ms: int) -> Iterator[Action]:
    """Follow a scan. What was learned of a file holds for that file only."""
    for changed in node.catalog.replace(files):
        file = node.catalog.files.get(changed)
        node.residents.forget(changed, file.fingerprint if file else (0, 0, 0))
    for instance in list(node.residents.resident()):
        yield from _compare(node, instance, now_ms)


def _compare(node: Node, instance: Instance, now_ms: int) -> Iterator[Action]:
    """A worker and the file that now has the name of the one it loaded.

    Another file, or none: the worker answers what it has from the old one, which it has open, and goes. The
    same inode with another size or time was written to under the worker, which may compute nonsense or die of
    it: that is a crash. The very same file again: nothing has happened."""
    file = node.catalog.files.get(instance.model)
    loaded = instance.fingerprint
    if file is not None and file.fingerprint == loaded:
        draining = instance.state is InstanceState.DRAINING and not instance.given_up
        if instance.leaving is EndReason.FILE and draining:
            instance.leaving = None
            instance.step(Step.REOPEN)
    elif file is None or file.fingerprint[0] != loaded[0] or not instance.active:
        yield from node.residents.leave(instance, EndReason.FILE)
    elif not instance.given_up and instance.state is not InstanceState.ENDING:
        why = "its file was written to while it was in use"
        yield node.residents.give_up(instance, why, EndReason.FILE, now_ms)
