package videoctl.agg;

import org.apache.flink.api.common.typeinfo.TypeInfo;

/**
 * A record of the raw stream, read. Fresh for every record, and not changed once it left the
 * operator that made it, so that operators may hand it on without a copy.
 */
@TypeInfo(RawEventType.Factory.class)
public final class RawEvent {
    /** In integer fields that an event may lack. */
    public static final long ABSENT = -1;

    /** The names of the contract, in the order of `event`. */
    static final String[] NAMES = {
        "session_start", "play", "pause", "seek", "heartbeat",
        "stall_start", "stall_end", "bitrate_change", "error", "session_end",
    };

    static final byte HEARTBEAT = 4;
    static final byte STALL_END = 6;
    static final byte ERROR = 8;
    static final byte SESSION_END = 9;

    public Tag tag;
    /** The handler's clock as far as the watermark may believe it; `Long.MIN_VALUE` when unknown. */
    public long clockMs = Long.MIN_VALUE;

    public String eventId;
    public String sessionId;
    public String contentId;
    public String viewerId;
    public String device;
    public String country;
    /** Index into NAMES. */
    public byte event;
    public long eventTimeMs;
    /** The handler's stamp; the event's own time when there is none. */
    public long receivedTimeMs = ABSENT;
    public long positionMs = ABSENT;
    public long bitrateKbps = ABSENT;
    public long stallMs = ABSENT;
    public long startupMs = ABSENT;

    /** The record as it was read; left out where nobody needs it. */
    public byte[] data;

    /** Of bad records: what is wrong, as a stable word; and the field, or null. */
    public String fault;
    public String faultyField;
    /** Of bad records: where the record is. */
    public String shardId;
    public String sequenceNumber;
    public long arrivalTimeMs;

    /** The start of the event's minute, UTC epoch milliseconds. */
    public long minute() {
        return Tag.minuteOf(eventTimeMs);
    }
}
