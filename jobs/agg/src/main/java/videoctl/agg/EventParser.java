package videoctl.agg;

import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.core.JsonFactory;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.core.JsonParser;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.core.JsonToken;

/**
 * Reads one record by the event contract (docs/schemas/contracts/event.schema.json), strictly: null, a
 * fraction, or a number sent as text is a fault.
 */
final class EventParser {
    private static final JsonFactory JSON = new JsonFactory();
    private static final Map<String, Byte> EVENTS = new HashMap<>();

    static {
        for (byte index = 0; index < RawEvent.NAMES.length; index++) {
            EVENTS.put(RawEvent.NAMES[index], index);
        }
    }

    private final JsonParser parser;
    private final RawEvent record = new RawEvent();
    private String fault;
    private String faultyField;
    private boolean hasEventId;
    private boolean hasEvent;
    private boolean hasEventTime;
    private boolean isCanary;
    private boolean isTick;

    private EventParser(JsonParser parser) {
        this.parser = parser;
    }

    /**
     * A record, with the tag TICK, CANARY, BAD, or OK for an event whose time is yet to be judged.
     * Never throws: what cannot be read is BAD.
     */
    static RawEvent parse(byte[] data) {
        try (JsonParser parser = JSON.createParser(data)) {
            RawEvent record = new EventParser(parser).read();
            record.data = data;
            return record;
        } catch (IOException error) {
            return bad(data, "not-json");
        }
    }

    /** A record that cannot be read, for a reason of one word. */
    static RawEvent bad(byte[] data, String fault) {
        RawEvent record = new RawEvent();
        record.data = data;
        record.tag = Tag.BAD;
        record.fault = fault;
        return record;
    }

    private RawEvent read() throws IOException {
        JsonToken first = parser.nextToken();
        if (first == JsonToken.START_OBJECT) {
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                readField(parser.currentName(), parser.nextToken());
                parser.skipChildren();
            }
        } else {
            parser.skipChildren();
            found(first == null ? "not-json" : "not-an-object", null);
        }
        if (first != null && parser.nextToken() != null) {
            throw new IOException("more than one value");
        }
        record.tag = tag();
        return record;
    }

    private Tag tag() {
        if (isTick && !hasEventId) {
            record.clockMs = record.receivedTimeMs == RawEvent.ABSENT ? Long.MIN_VALUE : record.receivedTimeMs;
            return Tag.TICK;
        }
        requireField(hasEventId, "event_id");
        requireField(record.sessionId != null, "session_id");
        requireField(record.contentId != null, "content_id");
        requireField(hasEvent, "event");
        requireField(hasEventTime, "event_time_ms");
        if (fault != null) {
            record.fault = fault;
            record.faultyField = faultyField;
            return Tag.BAD;
        }
        if (record.receivedTimeMs == RawEvent.ABSENT) {
            // Not from a handler: without its stamp an event is as old as it says.
            record.receivedTimeMs = record.eventTimeMs;
        } else {
            record.clockMs = record.receivedTimeMs;
        }
        return isCanary ? Tag.CANARY : Tag.OK;
    }

    private void readField(String name, JsonToken token) throws IOException {
        switch (name) {
            case "event_id":
                hasEventId = true;
                record.eventId = text(name, token, 1, 64);
                break;
            case "session_id":
                record.sessionId = text(name, token, 1, 64);
                break;
            case "content_id":
                record.contentId = text(name, token, 1, 128);
                break;
            case "viewer_id":
                record.viewerId = text(name, token, 0, 64);
                break;
            case "device":
                record.device = text(name, token, 0, 32);
                break;
            case "country":
                record.country = text(name, token, 0, 2);
                break;
            case "app_version":
                text(name, token, 0, 32);
                break;
            case "event":
                hasEvent = true;
                record.event = event(token);
                break;
            case "event_time_ms":
                hasEventTime = true;
                record.eventTimeMs = whole(name, token);
                break;
            case "received_time_ms":
                record.receivedTimeMs = whole(name, token);
                break;
            case "position_ms":
                record.positionMs = whole(name, token);
                break;
            case "bitrate_kbps":
                record.bitrateKbps = whole(name, token);
                break;
            case "stall_ms":
                record.stallMs = whole(name, token);
                break;
            case "startup_ms":
                record.startupMs = whole(name, token);
                break;
            case "canary":
                isCanary = token == JsonToken.VALUE_TRUE;
                break;
            case "tick":
                isTick = token == JsonToken.VALUE_TRUE;
                break;
            default:
                break;
        }
    }

    /** Text of so many code points; "" when it is faulty. */
    private String text(String name, JsonToken token, int least, int most) throws IOException {
        if (token != JsonToken.VALUE_STRING) {
            found("wrong-type", name);
            return "";
        }
        String value = parser.getText();
        int points = codePoints(value);
        if (points < 0) {
            found("not-unicode", name);
        } else if (points < least || points > most) {
            found(points < least ? "too-short" : "too-long", name);
        }
        return value;
    }

    /** Code points of a text; -1 when half of a surrogate pair stands alone. */
    private static int codePoints(String value) {
        int points = 0;
        for (int index = 0; index < value.length(); index++, points++) {
            char unit = value.charAt(index);
            if (Character.isSurrogate(unit)) {
                boolean isPair =
                        Character.isHighSurrogate(unit)
                                && index + 1 < value.length()
                                && Character.isLowSurrogate(value.charAt(index + 1));
                if (!isPair) {
                    return -1;
                }
                index++;
            }
        }
        return points;
    }

    /** An integer from 0 to 2^63 - 1, as BIGINT holds it; 0 when it is faulty. */
    private long whole(String name, JsonToken token) throws IOException {
        long number = -1;
        if (token == JsonToken.VALUE_NUMBER_INT) {
            if (parser.getNumberType() != JsonParser.NumberType.BIG_INTEGER) {
                number = parser.getLongValue();
            }
        } else if (token == JsonToken.VALUE_NUMBER_FLOAT) {
            try {
                // JSON Schema calls 1.0 an integer.
                number = parser.getDecimalValue().longValueExact();
            } catch (ArithmeticException error) {
                found("wrong-type", name);
                return 0;
            }
        } else {
            found("wrong-type", name);
            return 0;
        }
        if (number < 0) {
            found("out-of-range", name);
        }
        return Math.max(number, 0);
    }

    private byte event(JsonToken token) throws IOException {
        Byte index = token == JsonToken.VALUE_STRING ? EVENTS.get(parser.getText()) : null;
        if (index == null) {
            found(token == JsonToken.VALUE_STRING ? "not-in-enum" : "wrong-type", "event");
            return 0;
        }
        return index;
    }

    private void requireField(boolean isThere, String name) {
        if (!isThere) {
            found("missing-field", name);
        }
    }

    /** Keeps the first fault: one is enough to count the record by. */
    private void found(String word, String field) {
        if (fault == null) {
            fault = word;
            faultyField = field;
        }
    }
}
