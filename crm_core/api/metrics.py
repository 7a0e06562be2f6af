"""What Prometheus is told: requests by route, how long they took, and the database pools."""

from collections.abc import Iterator

from prometheus_client import (
    CollectorRegistry,
    Counter,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy import Engine, QueuePool
from sqlalchemy.exc import SQLAlchemyError

from crm_core.api.reader import LaneReader
from crm_core.base.db import SessionFactory, reading
from crm_core.base.read import Reader
from crm_core.base.webhooks import waiting_by_provider
from crm_core.payouts.transfers.queries import transfers_by_state

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Metrics:
    """Counters of one app."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        GCCollector(registry=self.registry)
        self._requests = Counter(
            "crm_api_requests",
            "Requests answered",
            ["route", "method", "status"],
            registry=self.registry,
        )
        self._seconds = Histogram(
            "crm_api_request_seconds",
            "Time from the request's head to the answer's end",
            ["route", "method"],
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self._pools = _Pools()
        self.registry.register(self._pools)
        self.registry.register(_Waiting())
        self._counters: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    def count(self, route: str, method: str, *, status: int, seconds: float) -> None:
        """One answered request; ``route`` is the template, so that ids make no new series."""
        method = method if method in _METHODS else "other"
        key = (route, method, status)
        pair = self._counters.get(key)
        if pair is None:
            labelled = self._requests.labels(route, method, str(status))
            pair = self._counters[key] = (labelled, self._seconds.labels(route, method))
        pair[0].inc()
        pair[1].observe(seconds)

    def watch(self, reader: Reader) -> None:
        """Reports this reader's connections from now on."""
        self._pools.reader = reader


class _Pools(Collector):
    """Reads the pools when it is asked, so that requests pay nothing for it."""

    reader: Reader | None = None

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Connections of each pool by state."""
        gauge = GaugeMetricFamily(
            "crm_db_connections", "Connections to the database", labels=["pool", "state"]
        )
        if isinstance(self.reader, LaneReader):
            gauge.add_metric(["reader", "idle"], self.reader.idle)
            gauge.add_metric(["reader", "busy"], self.reader.busy)
        engine = SessionFactory.kw.get("bind")
        if isinstance(engine, Engine) and isinstance(engine.pool, QueuePool):
            gauge.add_metric(["writer", "idle"], engine.pool.checkedin())
            gauge.add_metric(["writer", "busy"], engine.pool.checkedout())
        yield gauge


class _Waiting(Collector):
    """What is under way in the database; left out where it does not answer."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Transfers by state, and events of providers that were not applied yet."""
        transfers = GaugeMetricFamily(
            "crm_transfers", "Transfers under way or frozen", labels=["state"]
        )
        events = GaugeMetricFamily(
            "crm_webhook_events_waiting", "Events not applied yet", labels=["provider"]
        )
        try:
            with reading() as session:
                for state, number in transfers_by_state(session).items():
                    transfers.add_metric([state], number)
                for provider, number in waiting_by_provider(session).items():
                    events.add_metric([provider], number)
        except SQLAlchemyError:
            return
        yield from (transfers, events)
