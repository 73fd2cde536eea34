package videoctl.agg;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.Set;
import org.apache.flink.api.java.tuple.Tuple2;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.core.JsonFactory;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.core.JsonGenerator;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.core.JsonParser;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.core.JsonToken;

/** What the job writes, each with its partition key; the contracts are in docs/schemas/contracts. */
final class Documents {
    private static final JsonFactory JSON = new JsonFactory();
    private static final Set<String> ADDED = Set.of("late_by_ms", "region", "reason");
    /** With the added fields within a record of 1 MiB, Kinesis' limit. */
    private static final int MOST_LATE_BYTES = 1_000_000;
    /** The same in base64. */
    private static final int MOST_BAD_BYTES = 700_000;

    private Documents() {}

    /** Writes the fields of a document. */
    private interface Fields {
        void write(JsonGenerator json) throws IOException;
    }

    private static Tuple2<String, byte[]> document(String key, Fields fields) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(512);
        try (JsonGenerator json = JSON.createGenerator(bytes)) {
            json.writeStartObject();
            fields.write(json);
            json.writeEndObject();
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
        return Tuple2.of(key, bytes.toByteArray());
    }

    /** A session's minute (session-window contract). */
    static Tuple2<String, byte[]> session(
            String sessionId, long start, Minute minute, String region) {
        return document(sessionId, json -> window(json, sessionId, start, minute, region));
    }

    private static void window(
            JsonGenerator json, String sessionId, long start, Minute minute, String region)
            throws IOException {
        json.writeStringField("session_id", sessionId);
        json.writeStringField("content_id", minute.contentId.value);
        json.writeStringField("viewer_id", minute.viewerId.value);
        json.writeStringField("device", minute.device.value);
        json.writeStringField("country", minute.country.value);
        json.writeNumberField("window_start_ms", start);
        json.writeNumberField("window_end_ms", start + Tag.MINUTE_MS);
        json.writeNumberField("events", minute.counted.size());
        json.writeNumberField("heartbeats", minute.heartbeats);
        json.writeNumberField("stalls", minute.stalls);
        json.writeNumberField("stall_ms", minute.stallMs);
        json.writeNumberField("errors", minute.errors);
        number(json, "startup_ms", minute.startupMs);
        number(json, "max_bitrate_kbps", minute.maxBitrateKbps);
        if (minute.bitrates == 0) {
            json.writeNullField("avg_bitrate_kbps");
        } else {
            json.writeNumberField("avg_bitrate_kbps", minute.averageBitrateKbps());
        }
        number(json, "max_position_ms", minute.maxPositionMs);
        json.writeBooleanField("ended", minute.isEnded);
        json.writeStringField("region", region);
    }

    private static void number(JsonGenerator json, String name, long value) throws IOException {
        if (value == RawEvent.ABSENT) {
            json.writeNullField(name);
        } else {
            json.writeNumberField(name, value);
        }
    }

    /** A canary as a minute of its own, marked; its event goes with it, to be known by. */
    static Tuple2<String, byte[]> canary(RawEvent event, String region) {
        Minute minute = new Minute();
        minute.count(event);
        return document(
                event.sessionId,
                json -> {
                    json.writeBooleanField("canary", true);
                    json.writeStringField("event_id", event.eventId);
                    json.writeNumberField("event_time_ms", event.eventTimeMs);
                    json.writeNumberField("received_time_ms", event.receivedTimeMs);
                    window(json, event.sessionId, event.minute(), minute, region);
                });
    }

    /** A late event (late-event contract): the event as it came, and what the job found. */
    static Tuple2<String, byte[]> late(RawEvent event, long start, String region) {
        boolean isFuture = event.tag == Tag.FUTURE;
        long lateBy = isFuture ? 0 : Math.max(0, event.receivedTimeMs - start - Tag.MINUTE_MS);
        return document(
                event.sessionId,
                json -> {
                    if (event.data == null || event.data.length > MOST_LATE_BYTES) {
                        knownFields(json, event);
                    } else {
                        copyFields(event.data, json);
                    }
                    json.writeNumberField("late_by_ms", lateBy);
                    json.writeStringField("region", region);
                    json.writeStringField("reason", isFuture ? "future" : "late");
                });
    }

    /** The event by what the job keeps of it. */
    private static void knownFields(JsonGenerator json, RawEvent event) throws IOException {
        json.writeStringField("event_id", event.eventId);
        json.writeStringField("session_id", event.sessionId);
        text(json, "viewer_id", event.viewerId);
        json.writeStringField("content_id", event.contentId);
        json.writeStringField("event", RawEvent.NAMES[event.event]);
        json.writeNumberField("event_time_ms", event.eventTimeMs);
        given(json, "position_ms", event.positionMs);
        given(json, "bitrate_kbps", event.bitrateKbps);
        given(json, "stall_ms", event.stallMs);
        given(json, "startup_ms", event.startupMs);
        text(json, "device", event.device);
        text(json, "country", event.country);
        json.writeNumberField("received_time_ms", event.receivedTimeMs);
    }

    private static void text(JsonGenerator json, String name, String value) throws IOException {
        if (value != null) {
            json.writeStringField(name, value);
        }
    }

    private static void given(JsonGenerator json, String name, long value) throws IOException {
        if (value != RawEvent.ABSENT) {
            json.writeNumberField(name, value);
        }
    }

    /** Copies the fields of an object but those that this job adds. */
    private static void copyFields(byte[] object, JsonGenerator json) throws IOException {
        try (JsonParser parser = JSON.createParser(object)) {
            parser.nextToken();
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                boolean isKept = !ADDED.contains(parser.currentName());
                if (isKept) {
                    json.writeFieldName(parser.currentName());
                }
                parser.nextToken();
                if (isKept) {
                    copyValue(parser, json);
                } else {
                    parser.skipChildren();
                }
            }
        }
    }

    /** Copies one value; numbers keep their digits. */
    private static void copyValue(JsonParser parser, JsonGenerator json) throws IOException {
        int depth = 0;
        do {
            JsonToken token = parser.currentToken();
            if (token.isStructStart()) {
                depth++;
            } else if (token.isStructEnd()) {
                depth--;
            }
            if (token.isNumeric()) {
                json.writeNumber(parser.getText());
            } else {
                json.copyCurrentEvent(parser);
            }
        } while (depth > 0 && parser.nextToken() != null);
    }

    /** A bad record: its fault, its place, and its bytes, cut where they would not fit. */
    static Tuple2<String, byte[]> bad(RawEvent event, String region) {
        byte[] data = event.data;
        boolean isCut = data.length > MOST_BAD_BYTES;
        return document(
                event.sequenceNumber,
                json -> {
                    json.writeBooleanField("bad", true);
                    json.writeStringField("fault", event.fault);
                    json.writeStringField("field", event.faultyField);
                    json.writeStringField("region", region);
                    json.writeStringField("shard_id", event.shardId);
                    json.writeStringField("sequence_number", event.sequenceNumber);
                    json.writeNumberField("arrival_time_ms", event.arrivalTimeMs);
                    json.writeNumberField("data_bytes", data.length);
                    byte[] kept = isCut ? Arrays.copyOf(data, MOST_BAD_BYTES) : data;
                    json.writeBinaryField("data_base64", kept);
                });
    }
}
