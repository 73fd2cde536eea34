"""What happened in the sandbox, counted where it happens, as the metrics AWS would publish.

How to publish a metric
-----------------------
Name it with its unit in `catalogue`, then count where the thing happens:

    scope = self.host.metrics.scope(region, "AWS/Kinesis", StreamName="raw")
    scope.add("IncomingRecords", 500)                    # one sample of value 500
    scope.add("GetRecords.Latency", 3.2, at=moment)      # of an event of another moment

`scope` is cheap and its result may be kept. A name outside the catalogue, such as a job's own
metric, brings its unit: `scope.add("lateEvents", 3, unit="Count")`. What is a state and no event,
such as a number of healthy hosts, is sampled: `self.host.metrics.sample(function)` has `function`
called every `SAMPLE_SECONDS`, to add what it sees. A service that samples by itself may as well
call PutMetricData through `host.aws`, where AWS's own namespaces are allowed.

What is added belongs to the minute in which it happened. A minute is published, as one statistic
set a metric, `PUBLICATION_LAG_SECONDS` after its end (AWS takes one to three minutes); what comes
for it later is merged into it. Nothing is published for a minute in which nothing was added: a
metric that AWS leaves out while idle is simply not added to.

points     one statistic set: samples, sum, extremes and distribution; statistics of it
series     published points by metric, for as long as they are kept
catalogue  names and units by namespace
meter      the open minutes, scopes and samplers
files      what survives a restart
"""

from sandbox.metrics.meter import Metrics, Scope

__all__ = ["Metrics", "Scope"]
