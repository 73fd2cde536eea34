package videoctl.agg;

import java.util.Map;
import java.util.Properties;
import org.apache.flink.api.common.serialization.SerializationSchema;
import org.apache.flink.api.connector.sink2.Sink;
import org.apache.flink.api.java.tuple.Tuple2;
import org.apache.flink.connector.kinesis.sink.KinesisStreamsSink;
import org.apache.flink.connector.kinesis.sink.PartitionKeyGenerator;

/** Streams that the job writes. */
public final class Sinks {
    private Sinks() {}

    /**
     * A Kinesis data stream. One request is under way at a time: of two records of a key the later
     * one has to arrive later.
     *
     * @param streamArn the stream
     * @param settings of the client, such as aws.region
     * @param mostBufferedMs how long a record may wait for company
     */
    public static Sink<Tuple2<String, byte[]>> kinesis(
            String streamArn, Map<String, String> settings, long mostBufferedMs) {
        Properties client = new Properties();
        client.putAll(settings);
        return KinesisStreamsSink.<Tuple2<String, byte[]>>builder()
                .setStreamArn(streamArn)
                .setStreamName(streamArn.substring(streamArn.indexOf('/') + 1))
                .setKinesisClientProperties(client)
                .setSerializationSchema(new Document())
                .setPartitionKeyGenerator(new Key())
                .setMaxInFlightRequests(1)
                .setMaxTimeInBufferMS(mostBufferedMs)
                .build();
    }

    /** The document alone is the record's data. */
    private static final class Document implements SerializationSchema<Tuple2<String, byte[]>> {
        private static final long serialVersionUID = 1;

        @Override
        public byte[] serialize(Tuple2<String, byte[]> record) {
            return record.f1;
        }
    }

    private static final class Key implements PartitionKeyGenerator<Tuple2<String, byte[]>> {
        private static final long serialVersionUID = 1;

        @Override
        public String apply(Tuple2<String, byte[]> record) {
            return record.f0;
        }
    }
}
