package videoctl.agg;

import java.util.Map;
import java.util.Properties;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.connector.source.Boundedness;
import org.apache.flink.api.connector.source.Source;
import org.apache.flink.api.connector.source.SourceReader;
import org.apache.flink.api.connector.source.SourceReaderContext;
import org.apache.flink.api.connector.source.SplitEnumerator;
import org.apache.flink.api.connector.source.SplitEnumeratorContext;
import org.apache.flink.api.java.typeutils.ResultTypeQueryable;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.connector.base.source.reader.RecordsWithSplitIds;
import org.apache.flink.connector.base.source.reader.fetcher.SingleThreadFetcherManager;
import org.apache.flink.connector.base.source.reader.synchronization.FutureCompletingBlockingQueue;
import org.apache.flink.connector.kinesis.source.KinesisStreamsSource;
import org.apache.flink.connector.kinesis.source.enumerator.KinesisStreamsSourceEnumeratorState;
import org.apache.flink.connector.kinesis.source.enumerator.assigner.ShardAssignerFactory;
import org.apache.flink.connector.kinesis.source.proxy.KinesisStreamProxy;
import org.apache.flink.connector.kinesis.source.reader.KinesisStreamsRecordEmitter;
import org.apache.flink.connector.kinesis.source.reader.KinesisStreamsSourceReader;
import org.apache.flink.connector.kinesis.source.split.KinesisShardSplit;
import org.apache.flink.core.io.SimpleVersionedSerializer;
import org.apache.flink.kinesis.shaded.org.apache.flink.connector.aws.util.AWSClientUtil;
import org.apache.flink.kinesis.shaded.org.apache.flink.connector.aws.util.AWSGeneralUtil;
import org.apache.flink.kinesis.shaded.software.amazon.awssdk.http.SdkHttpClient;
import org.apache.flink.kinesis.shaded.software.amazon.awssdk.http.apache.ApacheHttpClient;
import org.apache.flink.kinesis.shaded.software.amazon.awssdk.services.kinesis.KinesisClient;
import org.apache.flink.kinesis.shaded.software.amazon.awssdk.services.kinesis.model.Record;
import org.apache.flink.kinesis.shaded.software.amazon.awssdk.utils.AttributeMap;
import org.apache.flink.metrics.MetricGroup;

/**
 * The raw stream as a source with a watermark for each shard: the connector's source, with a reader
 * that keeps to Kinesis' limits.
 */
public final class RawStream
        implements Source<RawEvent, KinesisShardSplit, KinesisStreamsSourceEnumeratorState>,
                ResultTypeQueryable<RawEvent> {
    private static final long serialVersionUID = 1;

    private final KinesisStreamsSource<RawEvent> connector;
    private final Configuration settings;
    private final long pollIntervalMs;

    /**
     * @param streamArn the raw stream
     * @param settings the connector's and the client's options, such as aws.region
     * @param pollIntervalMs between two reads of a shard
     */
    public RawStream(String streamArn, Map<String, String> settings, long pollIntervalMs) {
        this.settings = Configuration.fromMap(settings);
        this.pollIntervalMs = pollIntervalMs;
        this.connector =
                KinesisStreamsSource.<RawEvent>builder()
                        .setStreamArn(streamArn)
                        .setSourceConfig(this.settings)
                        .setDeserializationSchema(new RawRecords())
                        .setKinesisShardAssigner(ShardAssignerFactory.uniformShardAssigner())
                        .build();
    }

    @Override
    public SourceReader<RawEvent, KinesisShardSplit> createReader(SourceReaderContext context) {
        FutureCompletingBlockingQueue<RecordsWithSplitIds<Record>> queue =
                new FutureCompletingBlockingQueue<>();
        MetricGroup metrics = context.metricGroup();
        SingleThreadFetcherManager<Record, KinesisShardSplit> fetchers =
                new SingleThreadFetcherManager<>(
                        queue,
                        () -> new ShardPoller(client(), pollIntervalMs, metrics),
                        context.getConfiguration());
        return new KinesisStreamsSourceReader<>(
                queue,
                fetchers,
                new KinesisStreamsRecordEmitter<>(new RawRecords()),
                settings,
                context);
    }

    private KinesisStreamProxy client() {
        Properties properties = new Properties();
        settings.addAllToProperties(properties);
        AWSGeneralUtil.validateAwsCredentials(properties);
        SdkHttpClient http =
                AWSGeneralUtil.createSyncHttpClient(
                        AttributeMap.builder().build(), ApacheHttpClient.builder());
        KinesisClient client =
                AWSClientUtil.createAwsSyncClient(
                        properties,
                        http,
                        KinesisClient.builder(),
                        "Apache Flink %s (%s) Kinesis Connector",
                        "aws.kinesis.client.user-agent-prefix");
        return new KinesisStreamProxy(client, http);
    }

    @Override
    public Boundedness getBoundedness() {
        return connector.getBoundedness();
    }

    @Override
    public SplitEnumerator<KinesisShardSplit, KinesisStreamsSourceEnumeratorState> createEnumerator(
            SplitEnumeratorContext<KinesisShardSplit> context) throws Exception {
        return connector.createEnumerator(context);
    }

    @Override
    public SplitEnumerator<KinesisShardSplit, KinesisStreamsSourceEnumeratorState>
            restoreEnumerator(
                    SplitEnumeratorContext<KinesisShardSplit> context,
                    KinesisStreamsSourceEnumeratorState state)
                    throws Exception {
        return connector.restoreEnumerator(context, state);
    }

    @Override
    public SimpleVersionedSerializer<KinesisShardSplit> getSplitSerializer() {
        return connector.getSplitSerializer();
    }

    @Override
    public SimpleVersionedSerializer<KinesisStreamsSourceEnumeratorState>
            getEnumeratorCheckpointSerializer() {
        return connector.getEnumeratorCheckpointSerializer();
    }

    @Override
    public TypeInformation<RawEvent> getProducedType() {
        return RawEventType.INSTANCE;
    }
}
