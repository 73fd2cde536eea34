package videoctl.agg;

import java.util.List;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.connector.kinesis.source.serialization.KinesisDeserializationSchema;
import org.apache.flink.kinesis.shaded.software.amazon.awssdk.services.kinesis.model.Record;
import org.apache.flink.util.Collector;

/** Kinesis records into events: aggregates are split, and every user record is read. */
public final class RawRecords implements KinesisDeserializationSchema<RawEvent> {
    private static final long serialVersionUID = 1;

    @Override
    public void deserialize(
            Record record, String stream, String shardId, Collector<RawEvent> output) {
        byte[] data = record.data().asByteArrayUnsafe();
        long arrivalMs = record.approximateArrivalTimestamp().toEpochMilli();
        List<byte[]> texts;
        try {
            texts = KplFormat.userRecords(data);
        } catch (KplFormat.BrokenAggregate error) {
            RawEvent broken = EventParser.bad(data, "broken-aggregate");
            output.collect(placed(broken, record, shardId, arrivalMs));
            return;
        }
        for (byte[] text : texts) {
            output.collect(placed(EventParser.parse(text), record, shardId, arrivalMs));
        }
    }

    private static RawEvent placed(RawEvent event, Record record, String shardId, long arrivalMs) {
        // A stamp after the record's arrival is a handler's clock gone wrong: the watermark, which
        // everybody's minutes wait for, must not follow it.
        event.clockMs = Math.min(event.clockMs, arrivalMs);
        if (event.tag == Tag.BAD) {
            event.shardId = shardId;
            event.sequenceNumber = record.sequenceNumber();
            event.arrivalTimeMs = arrivalMs;
        }
        return event;
    }

    @Override
    public TypeInformation<RawEvent> getProducedType() {
        return RawEventType.INSTANCE;
    }
}
