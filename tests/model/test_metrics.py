"""The table of hops and metrics."""

from __future__ import annotations

from tests.fakes import world
from videoctl.model.metrics import figures_of
from videoctl.planning.status import hop_places


def test_every_hop_of_an_environment_is_in_the_table() -> None:
    """A hop that is added without its figures is noticed; nothing else has any."""
    spec = world.specification()
    for hop, _ in hop_places(spec, world.ready(spec)):
        figures = figures_of(hop)
        assert figures.rate is not None, hop
        assert figures.rate_unit
    assert figures_of("unheard-of").rate is None


def test_a_witness_is_a_metric_of_the_same_service() -> None:
    """It proves that this resource was measured, in the same region."""
    for hop in ("front-door", "ingest", "raw-stream", "raw-delivery", "raw-bucket"):
        figures = figures_of(hop)
        for figure in (figures.rate, *figures.lags):
            if figure is not None and figure.witness is not None:
                assert figure.witness.namespace == figure.metric.namespace
                assert figure.witness.published_in == figure.metric.published_in
                assert figure.witness.name != figure.metric.name
