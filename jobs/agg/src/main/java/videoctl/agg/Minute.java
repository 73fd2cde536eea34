package videoctl.agg;

/**
 * What one session did in one minute, and which of its events have been seen.
 *
 * <p>Where a field needs a choice between events, the earliest decides, and of two at one moment the
 * one with the smaller id: the order of arrival changes nothing.
 */
final class Minute {
    /** The value of the earliest event that carries one. */
    static final class Earliest {
        String value;
        long timeMs;
        String eventId;

        void offer(String offered, RawEvent event) {
            if (offered == null) {
                return;
            }
            boolean isEarlier =
                    value == null
                            || event.eventTimeMs < timeMs
                            || event.eventTimeMs == timeMs && event.eventId.compareTo(eventId) < 0;
            if (isEarlier) {
                value = offered;
                timeMs = event.eventTimeMs;
                eventId = event.eventId;
            }
        }

        Earliest copy() {
            Earliest copy = new Earliest();
            copy.value = value;
            copy.timeMs = timeMs;
            copy.eventId = eventId;
            return copy;
        }
    }

    /** Counted events. */
    IdSet counted = new IdSet();
    /** Events that went to the late stream; null while there are none. */
    IdSet late;
    /** When to forget all this, in watermark time, UTC epoch milliseconds. */
    long forgetMs;
    /** Whether something was counted since the last record of this minute was written. */
    boolean isChanged;

    Earliest contentId = new Earliest();
    Earliest viewerId = new Earliest();
    Earliest device = new Earliest();
    Earliest country = new Earliest();
    long heartbeats;
    long stalls;
    long stallMs;
    long errors;
    long startupMs = RawEvent.ABSENT;
    long maxBitrateKbps = RawEvent.ABSENT;
    long maxPositionMs = RawEvent.ABSENT;
    long bitrates;
    /** The sum of bitrates as an unsigned number of 128 bits: 64 overflow with absurd values. */
    long bitrateSumLow;
    long bitrateSumHigh;
    boolean isEnded;

    /** Whether an event was counted or sent to the late stream before. */
    boolean hasSeen(String eventId) {
        return counted.contains(eventId) || late != null && late.contains(eventId);
    }

    /** Counts an event that was not seen before. */
    void count(RawEvent event) {
        counted.add(event.eventId);
        isChanged = true;
        contentId.offer(event.contentId, event);
        viewerId.offer(event.viewerId, event);
        device.offer(event.device, event);
        country.offer(event.country, event);
        switch (event.event) {
            case RawEvent.HEARTBEAT:
                heartbeats++;
                break;
            case RawEvent.STALL_END:
                stalls++;
                stallMs = saturated(stallMs + Math.max(event.stallMs, 0));
                break;
            case RawEvent.ERROR:
                errors++;
                break;
            case RawEvent.SESSION_END:
                isEnded = true;
                break;
            default:
                break;
        }
        if (event.startupMs != RawEvent.ABSENT) {
            boolean isFirst = startupMs == RawEvent.ABSENT;
            startupMs = isFirst ? event.startupMs : Math.min(startupMs, event.startupMs);
        }
        maxPositionMs = Math.max(maxPositionMs, event.positionMs);
        maxBitrateKbps = Math.max(maxBitrateKbps, event.bitrateKbps);
        if (event.bitrateKbps != RawEvent.ABSENT) {
            bitrates++;
            bitrateSumLow += event.bitrateKbps;
            if (Long.compareUnsigned(bitrateSumLow, event.bitrateKbps) < 0) {
                bitrateSumHigh++;
            }
        }
    }

    /** The sum of two numbers from 0 on; the largest there is when it is larger. */
    private static long saturated(long sum) {
        return sum < 0 ? Long.MAX_VALUE : sum;
    }

    /** Mean of the bitrates; there is at least one. */
    double averageBitrateKbps() {
        if (bitrateSumHigh == 0 && bitrateSumLow >= 0) {
            return (double) bitrateSumLow / bitrates;
        }
        double low = (bitrateSumLow >>> 1) * 2.0 + (bitrateSumLow & 1);
        return (bitrateSumHigh * 0x1p64 + low) / bitrates;
    }

    /** A minute that shares nothing that changes. */
    Minute copy() {
        Minute copy = new Minute();
        copy.counted = counted.copy();
        copy.late = late == null ? null : late.copy();
        copy.forgetMs = forgetMs;
        copy.isChanged = isChanged;
        copy.contentId = contentId.copy();
        copy.viewerId = viewerId.copy();
        copy.device = device.copy();
        copy.country = country.copy();
        copy.heartbeats = heartbeats;
        copy.stalls = stalls;
        copy.stallMs = stallMs;
        copy.errors = errors;
        copy.startupMs = startupMs;
        copy.maxBitrateKbps = maxBitrateKbps;
        copy.maxPositionMs = maxPositionMs;
        copy.bitrates = bitrates;
        copy.bitrateSumLow = bitrateSumLow;
        copy.bitrateSumHigh = bitrateSumHigh;
        copy.isEnded = isEnded;
        return copy;
    }
}
