package videoctl.agg;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.apache.flink.connector.base.source.reader.RecordsBySplits;
import org.apache.flink.connector.base.source.reader.RecordsWithSplitIds;
import org.apache.flink.connector.base.source.reader.splitreader.SplitReader;
import org.apache.flink.connector.base.source.reader.splitreader.SplitsChange;
import org.apache.flink.connector.kinesis.source.proxy.StreamProxy;
import org.apache.flink.connector.kinesis.source.split.KinesisShardSplit;
import org.apache.flink.connector.kinesis.source.split.StartingPosition;
import org.apache.flink.kinesis.shaded.software.amazon.awssdk.core.exception.SdkException;
import org.apache.flink.kinesis.shaded.software.amazon.awssdk.services.kinesis.model.GetRecordsResponse;
import org.apache.flink.kinesis.shaded.software.amazon.awssdk.services.kinesis.model.KinesisException;
import org.apache.flink.kinesis.shaded.software.amazon.awssdk.services.kinesis.model.Record;
import org.apache.flink.metrics.MetricGroup;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads the shards of one subtask in turn, each at its own pace.
 *
 * <p>The connector's reader polls without a pause and fails the job when Kinesis throttles it: five
 * reads a second a shard are shared by all consumers. This one waits, backs off, and goes on.
 */
final class ShardPoller implements SplitReader<Record, KinesisShardSplit> {
    private static final Logger LOG = LoggerFactory.getLogger(ShardPoller.class);
    private static final long MOST_BACKOFF_MS = 10_000;
    private static final long NANOS_IN_A_MS = 1_000_000;

    private final StreamProxy kinesis;
    private final long intervalMs;
    private final MetricGroup metrics;
    private final List<Shard> shards = new ArrayList<>();
    private final Object bell = new Object();
    private boolean isWoken;

    /** A shard that is being read. */
    private static final class Shard {
        private final KinesisShardSplit split;
        private StartingPosition position;
        private long dueNanos = System.nanoTime();
        private long backoffMs;
        private volatile long millisBehindLatest = -1;

        Shard(KinesisShardSplit split) {
            this.split = split;
            this.position = split.getStartingPosition();
        }
    }

    ShardPoller(StreamProxy kinesis, long intervalMs, MetricGroup metrics) {
        this.kinesis = kinesis;
        this.intervalMs = intervalMs;
        this.metrics = metrics;
    }

    @Override
    public RecordsWithSplitIds<Record> fetch() {
        RecordsBySplits.Builder<Record> found = new RecordsBySplits.Builder<>();
        Shard shard = nextDue();
        if (shard != null) {
            poll(shard, found);
        }
        return found.build();
    }

    /** The shard that is due first, once it is; null when woken before. */
    private Shard nextDue() {
        Shard first = null;
        for (Shard shard : shards) {
            if (first == null || shard.dueNanos - first.dueNanos < 0) {
                first = shard;
            }
        }
        synchronized (bell) {
            while (!isWoken) {
                long waitNanos = first == null ? Long.MAX_VALUE : first.dueNanos - System.nanoTime();
                if (waitNanos <= 0) {
                    return first;
                }
                try {
                    bell.wait(waitNanos / NANOS_IN_A_MS + 1);
                } catch (InterruptedException error) {
                    Thread.currentThread().interrupt();
                    return null;
                }
            }
            isWoken = false;
            return null;
        }
    }

    private void poll(Shard shard, RecordsBySplits.Builder<Record> found) {
        GetRecordsResponse response;
        try {
            response =
                    kinesis.getRecords(
                            shard.split.getStreamArn(), shard.split.getShardId(), shard.position);
        } catch (SdkException error) {
            if (!isPassing(error)) {
                throw error;
            }
            backOff(shard, error);
            return;
        }
        shard.backoffMs = 0;
        shard.dueNanos = System.nanoTime() + intervalMs * NANOS_IN_A_MS;
        if (response.millisBehindLatest() != null) {
            shard.millisBehindLatest = response.millisBehindLatest();
        }
        List<Record> records = response.records();
        if (!records.isEmpty()) {
            found.addAll(shard.split.splitId(), records);
            String last = records.get(records.size() - 1).sequenceNumber();
            shard.position = StartingPosition.continueFromSequenceNumber(last);
        }
        if (response.nextShardIterator() == null) {
            // Closed by a reshard, and read to its end.
            found.addFinishedSplit(shard.split.splitId());
            shards.remove(shard);
        }
    }

    /** Throttled, out of order for a while, or not reachable: the next try may succeed. */
    private static boolean isPassing(SdkException error) {
        if (error instanceof KinesisException) {
            KinesisException answer = (KinesisException) error;
            return answer.isThrottlingException()
                    || answer.statusCode() >= 500
                    || answer.awsErrorDetails() != null
                            && PASSING.contains(answer.awsErrorDetails().errorCode());
        }
        return error.retryable();
    }

    private static final List<String> PASSING =
            List.of(
                    "ProvisionedThroughputExceededException",
                    "LimitExceededException",
                    "KMSThrottlingException",
                    "InternalFailureException");

    private void backOff(Shard shard, SdkException error) {
        shard.backoffMs = Math.min(MOST_BACKOFF_MS, Math.max(intervalMs, shard.backoffMs * 2));
        shard.dueNanos = System.nanoTime() + shard.backoffMs * NANOS_IN_A_MS;
        LOG.warn(
                "{} could not be read, next try in {} ms: {}",
                shard.split.getShardId(),
                shard.backoffMs,
                error.getMessage());
    }

    @Override
    public void handleSplitsChanges(SplitsChange<KinesisShardSplit> change) {
        for (KinesisShardSplit split : change.splits()) {
            Shard shard = new Shard(split);
            shards.add(shard);
            String stream = split.getStreamArn().substring(split.getStreamArn().indexOf('/') + 1);
            metrics.addGroup("KinesisConsumer")
                    .addGroup("stream", stream)
                    .addGroup("shardId", split.getShardId())
                    .gauge("millisBehindLatest", () -> shard.millisBehindLatest);
        }
    }

    @Override
    public void wakeUp() {
        synchronized (bell) {
            isWoken = true;
            bell.notifyAll();
        }
    }

    @Override
    public void close() throws IOException {
        kinesis.close();
    }
}
