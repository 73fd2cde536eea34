package videoctl.agg;

import java.io.IOException;
import org.apache.flink.api.common.typeutils.SimpleTypeSerializerSnapshot;
import org.apache.flink.api.common.typeutils.TypeSerializerSnapshot;
import org.apache.flink.api.common.typeutils.base.TypeSerializerSingleton;
import org.apache.flink.core.memory.DataInputView;
import org.apache.flink.core.memory.DataOutputView;

/** Events between tasks; never in a snapshot, so its form may change from version to version. */
public final class RawEventSerializer extends TypeSerializerSingleton<RawEvent> {
    private static final long serialVersionUID = 1;
    private static final Tag[] TAGS = Tag.values();

    static final RawEventSerializer INSTANCE = new RawEventSerializer();

    @Override
    public boolean isImmutableType() {
        return true;
    }

    @Override
    public RawEvent createInstance() {
        return new RawEvent();
    }

    @Override
    public RawEvent copy(RawEvent from) {
        return from;
    }

    @Override
    public RawEvent copy(RawEvent from, RawEvent reuse) {
        return from;
    }

    @Override
    public int getLength() {
        return -1;
    }

    @Override
    public void serialize(RawEvent event, DataOutputView target) throws IOException {
        target.writeByte(event.tag.ordinal());
        target.writeByte(event.event);
        target.writeLong(event.clockMs);
        target.writeLong(event.eventTimeMs);
        target.writeLong(event.receivedTimeMs);
        target.writeLong(event.positionMs);
        target.writeLong(event.bitrateKbps);
        target.writeLong(event.stallMs);
        target.writeLong(event.startupMs);
        Bytes.writeText(event.eventId, target);
        Bytes.writeText(event.sessionId, target);
        Bytes.writeText(event.contentId, target);
        Bytes.writeText(event.viewerId, target);
        Bytes.writeText(event.device, target);
        Bytes.writeText(event.country, target);
        Bytes.write(event.data, target);
        boolean isBad = event.tag == Tag.BAD;
        if (isBad) {
            Bytes.writeText(event.fault, target);
            Bytes.writeText(event.faultyField, target);
            Bytes.writeText(event.shardId, target);
            Bytes.writeText(event.sequenceNumber, target);
            target.writeLong(event.arrivalTimeMs);
        }
    }

    @Override
    public RawEvent deserialize(DataInputView source) throws IOException {
        RawEvent event = new RawEvent();
        event.tag = TAGS[source.readByte()];
        event.event = source.readByte();
        event.clockMs = source.readLong();
        event.eventTimeMs = source.readLong();
        event.receivedTimeMs = source.readLong();
        event.positionMs = source.readLong();
        event.bitrateKbps = source.readLong();
        event.stallMs = source.readLong();
        event.startupMs = source.readLong();
        event.eventId = Bytes.readText(source);
        event.sessionId = Bytes.readText(source);
        event.contentId = Bytes.readText(source);
        event.viewerId = Bytes.readText(source);
        event.device = Bytes.readText(source);
        event.country = Bytes.readText(source);
        event.data = Bytes.read(source);
        if (event.tag == Tag.BAD) {
            event.fault = Bytes.readText(source);
            event.faultyField = Bytes.readText(source);
            event.shardId = Bytes.readText(source);
            event.sequenceNumber = Bytes.readText(source);
            event.arrivalTimeMs = source.readLong();
        }
        return event;
    }

    @Override
    public RawEvent deserialize(RawEvent reuse, DataInputView source) throws IOException {
        return deserialize(source);
    }

    @Override
    public void copy(DataInputView source, DataOutputView target) throws IOException {
        serialize(deserialize(source), target);
    }

    @Override
    public TypeSerializerSnapshot<RawEvent> snapshotConfiguration() {
        return new Snapshot();
    }

    /** Required of every serializer. */
    public static final class Snapshot extends SimpleTypeSerializerSnapshot<RawEvent> {
        public Snapshot() {
            super(() -> INSTANCE);
        }
    }
}
