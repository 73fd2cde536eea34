package videoctl.agg;

import java.nio.charset.StandardCharsets;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.functions.FilterFunction;
import org.apache.flink.connector.datagen.source.DataGeneratorSource;
import org.apache.flink.connector.datagen.source.GeneratorFunction;

/**
 * Events for benchmarks: ten thousand sessions at once, an event each six seconds, every fiftieth sent
 * twice, stamps up to four seconds after the event.
 */
public final class GeneratedEvents implements GeneratorFunction<Long, RawEvent> {
    private static final long serialVersionUID = 1;
    private static final int SESSIONS = 10_000;
    private static final long INTERVAL_MS = 6_000;
    private static final long START_MS = 1_760_000_040_000L;
    private static final int RETRY_EACH = 50;

    private final boolean isRead;
    private transient String[] sessions;
    private transient String[] contents;

    private GeneratedEvents(boolean isRead) {
        this.isRead = isRead;
    }

    /** A source of so many events; read from JSON text, or made as they are. */
    public static DataGeneratorSource<RawEvent> source(long count, boolean isRead) {
        return new DataGeneratorSource<>(
                new GeneratedEvents(isRead), count, RawEventType.INSTANCE);
    }

    /** The plain filter that the job is held against. */
    public static final class Plain implements FilterFunction<RawEvent> {
        private static final long serialVersionUID = 1;

        @Override
        public boolean filter(RawEvent event) {
            return event.eventTimeMs > 0 && event.tag == Tag.OK;
        }
    }

    /** The watermark of the job, for a source without shards. */
    public static WatermarkStrategy<RawEvent> clock(long delayMs) {
        return new HandlerClock(delayMs, Long.MAX_VALUE / 2_000_000);
    }

    @Override
    public RawEvent map(Long number) {
        if (sessions == null) {
            prepare();
        }
        long original = number % RETRY_EACH == 0 && number > 0 ? number - 1 : number;
        int session = (int) (original % SESSIONS);
        long timeMs = START_MS + original * INTERVAL_MS / SESSIONS;
        long receivedMs = timeMs + original * 7 % 4_000;
        return isRead ? read(original, session, timeMs, receivedMs)
                : made(original, session, timeMs, receivedMs);
    }

    private void prepare() {
        sessions = new String[SESSIONS];
        contents = new String[100];
        for (int index = 0; index < SESSIONS; index++) {
            sessions[index] = String.format("5f1d7c9a-4b2e-%012x", index * 2654435761L);
        }
        for (int index = 0; index < contents.length; index++) {
            contents[index] = "title-" + index;
        }
    }

    private RawEvent made(long number, int session, long timeMs, long receivedMs) {
        RawEvent event = new RawEvent();
        event.tag = Tag.OK;
        event.eventId = "0b9e3d52-77aa-4c1e-9f" + (10_000_000_000L + number);
        event.sessionId = sessions[session];
        event.contentId = contents[session % contents.length];
        event.viewerId = sessions[session];
        event.device = "tv";
        event.country = "DE";
        event.event = (byte) (number % RawEvent.NAMES.length);
        event.eventTimeMs = timeMs;
        event.receivedTimeMs = receivedMs;
        event.clockMs = receivedMs;
        event.positionMs = number % 7_200_000;
        event.bitrateKbps = 1_000 + number % 9_000;
        return event;
    }

    private RawEvent read(long number, int session, long timeMs, long receivedMs) {
        String text =
                "{\"event_id\":\"0b9e3d52-77aa-4c1e-9f" + (10_000_000_000L + number)
                        + "\",\"session_id\":\"" + sessions[session]
                        + "\",\"content_id\":\"" + contents[session % contents.length]
                        + "\",\"viewer_id\":\"" + sessions[session]
                        + "\",\"event\":\"" + RawEvent.NAMES[(int) (number % 10)]
                        + "\",\"event_time_ms\":" + timeMs
                        + ",\"position_ms\":" + number % 7_200_000
                        + ",\"bitrate_kbps\":" + (1_000 + number % 9_000)
                        + ",\"device\":\"tv\",\"country\":\"DE\",\"app_version\":\"7.31.0\""
                        + ",\"received_time_ms\":" + receivedMs + "}";
        return EventParser.parse(text.getBytes(StandardCharsets.ISO_8859_1));
    }
}
