package videoctl.agg;

/** What a record of the raw stream is, and what becomes of it. */
public enum Tag {
    /** An event that came in time: counted in its minute. */
    OK,
    /** An event that came when its minute and the allowed lateness had passed. */
    LATE,
    /** An event whose clock is ahead of the handler's by more than the contract allows. */
    FUTURE,
    /** The producer's sign of life: carries the watermark, and nothing else. */
    TICK,
    /** An event that is followed through the platform and counted nowhere. */
    CANARY,
    /** No record of the contract. */
    BAD;

    public static final long MINUTE_MS = 60_000;
    /** How far ahead an event may be (late-event contract). */
    public static final long FUTURE_TOLERANCE_MS = 15 * MINUTE_MS;

    /**
     * The tag of a valid event: a function of the event alone, so that a replay and a batch job decide
     * the same.
     *
     * @param eventTimeMs the player's clock, UTC epoch milliseconds
     * @param receivedTimeMs the handler's clock, UTC epoch milliseconds
     * @param allowedLatenessMs how long after the end of its minute an event still counts
     */
    public static Tag ofEvent(long eventTimeMs, long receivedTimeMs, long allowedLatenessMs) {
        // Both are at least 0, so that differences cannot overflow; a sum could.
        if (eventTimeMs - receivedTimeMs > FUTURE_TOLERANCE_MS) {
            return FUTURE;
        }
        return receivedTimeMs - minuteOf(eventTimeMs) - MINUTE_MS >= allowedLatenessMs ? LATE : OK;
    }

    /** The start of the minute that holds a moment, UTC epoch milliseconds. */
    public static long minuteOf(long timeMs) {
        return timeMs - timeMs % MINUTE_MS;
    }
}
