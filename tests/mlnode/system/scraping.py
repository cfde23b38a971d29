"""A node's numbers, as Prometheus reads them."""

from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from tests.mlnode.system.nodes import Node, http

PREFIX = "meshkeeper_mlnode_"


def scrape(node: Node) -> list[Sample]:
    response = http.get(f"{node.url}/metrics").raise_for_status()
    assert response.headers["content-type"].startswith("text/plain; version=0.0.4")
    families = list(text_string_to_metric_families(response.text))
    assert len({family.name for family in families}) == len(families)
    return [sample for family in families for sample in family.samples]


def read(node: Node, name: str, **labels: str) -> float:
    """The sum of all samples of a name whose labels include these; 0 without one."""
    found = [s for s in scrape(node) if s.name == PREFIX + name and labels.items() <= s.labels.items()]
    return sum(sample.value for sample in found)


def read_by(node: Node, name: str, label: str) -> dict[str, float]:
    """The samples of a name, by one of their labels."""
    return {s.labels[label]: s.value for s in scrape(node) if s.name == PREFIX + name}
