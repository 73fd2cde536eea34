package videoctl.agg;

import java.io.IOException;
import org.apache.flink.api.common.typeutils.SimpleTypeSerializerSnapshot;
import org.apache.flink.api.common.typeutils.TypeSerializerSnapshot;
import org.apache.flink.api.common.typeutils.base.TypeSerializerSingleton;
import org.apache.flink.core.memory.DataInputView;
import org.apache.flink.core.memory.DataOutputView;

/**
 * Minutes in snapshots. Each begins with the version of its form: a job that adds a field writes the
 * next version, and goes on reading this one.
 */
public final class MinuteSerializer extends TypeSerializerSingleton<Minute> {
    private static final long serialVersionUID = 1;
    private static final byte VERSION = 1;

    static final MinuteSerializer INSTANCE = new MinuteSerializer();

    @Override
    public boolean isImmutableType() {
        return false;
    }

    @Override
    public Minute createInstance() {
        return new Minute();
    }

    @Override
    public Minute copy(Minute from) {
        return from.copy();
    }

    @Override
    public Minute copy(Minute from, Minute reuse) {
        return from.copy();
    }

    @Override
    public int getLength() {
        return -1;
    }

    @Override
    public void serialize(Minute minute, DataOutputView target) throws IOException {
        target.writeByte(VERSION);
        minute.counted.write(target);
        target.writeBoolean(minute.late != null);
        if (minute.late != null) {
            minute.late.write(target);
        }
        target.writeLong(minute.forgetMs);
        target.writeBoolean(minute.isChanged);
        write(minute.contentId, target);
        write(minute.viewerId, target);
        write(minute.device, target);
        write(minute.country, target);
        target.writeLong(minute.heartbeats);
        target.writeLong(minute.stalls);
        target.writeLong(minute.stallMs);
        target.writeLong(minute.errors);
        target.writeLong(minute.startupMs);
        target.writeLong(minute.maxBitrateKbps);
        target.writeLong(minute.maxPositionMs);
        target.writeLong(minute.bitrates);
        target.writeLong(minute.bitrateSumLow);
        target.writeLong(minute.bitrateSumHigh);
        target.writeBoolean(minute.isEnded);
    }

    @Override
    public Minute deserialize(DataInputView source) throws IOException {
        byte version = source.readByte();
        if (version != VERSION) {
            throw new IOException("a minute of version " + version + "; this job reads " + VERSION);
        }
        Minute minute = new Minute();
        minute.counted = IdSet.read(source);
        minute.late = source.readBoolean() ? IdSet.read(source) : null;
        minute.forgetMs = source.readLong();
        minute.isChanged = source.readBoolean();
        read(minute.contentId, source);
        read(minute.viewerId, source);
        read(minute.device, source);
        read(minute.country, source);
        minute.heartbeats = source.readLong();
        minute.stalls = source.readLong();
        minute.stallMs = source.readLong();
        minute.errors = source.readLong();
        minute.startupMs = source.readLong();
        minute.maxBitrateKbps = source.readLong();
        minute.maxPositionMs = source.readLong();
        minute.bitrates = source.readLong();
        minute.bitrateSumLow = source.readLong();
        minute.bitrateSumHigh = source.readLong();
        minute.isEnded = source.readBoolean();
        return minute;
    }

    @Override
    public Minute deserialize(Minute reuse, DataInputView source) throws IOException {
        return deserialize(source);
    }

    @Override
    public void copy(DataInputView source, DataOutputView target) throws IOException {
        serialize(deserialize(source), target);
    }

    @Override
    public TypeSerializerSnapshot<Minute> snapshotConfiguration() {
        return new Snapshot();
    }

    private static void write(Minute.Earliest field, DataOutputView target) throws IOException {
        Bytes.writeText(field.value, target);
        if (field.value != null) {
            target.writeLong(field.timeMs);
            Bytes.writeText(field.eventId, target);
        }
    }

    private static void read(Minute.Earliest field, DataInputView source) throws IOException {
        field.value = Bytes.readText(source);
        if (field.value != null) {
            field.timeMs = source.readLong();
            field.eventId = Bytes.readText(source);
        }
    }

    /** Named in snapshots: neither its name nor its package may change. */
    public static final class Snapshot extends SimpleTypeSerializerSnapshot<Minute> {
        public Snapshot() {
            super(() -> INSTANCE);
        }
    }
}
