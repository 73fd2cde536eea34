package videoctl.agg;

import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.state.ListState;
import org.apache.flink.api.common.state.ListStateDescriptor;
import org.apache.flink.api.common.state.MapState;
import org.apache.flink.api.common.state.MapStateDescriptor;
import org.apache.flink.api.common.typeutils.base.LongSerializer;
import org.apache.flink.api.java.tuple.Tuple2;
import org.apache.flink.metrics.Counter;
import org.apache.flink.metrics.MetricGroup;
import org.apache.flink.runtime.state.FunctionInitializationContext;
import org.apache.flink.runtime.state.FunctionSnapshotContext;
import org.apache.flink.streaming.api.checkpoint.CheckpointedFunction;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.util.Collector;
import org.apache.flink.util.OutputTag;

/**
 * Tumbling minutes of event time for each session, without duplicates.
 *
 * <p>The watermark decides when a minute's record is written, not what is in it: the minute is kept for
 * a while after that, an event that still comes in time by its own stamps is counted, and the record
 * is written again, whole. So nothing depends on how fast one shard is read beside another. An event
 * that was seen before, in whatever way, is a duplicate: of the copies of an event one counts, in one
 * of the two streams.
 */
public final class SessionMinutes
        extends KeyedProcessFunction<String, RawEvent, Tuple2<String, byte[]>>
        implements CheckpointedFunction {
    private static final long serialVersionUID = 1;

    /** Late events, as records of the late stream. */
    public static final OutputTag<Tuple2<String, byte[]>> LATE =
            new OutputTag<>("late", Keyed.TYPE);

    private static final long LAST_MS = Tag.MINUTE_MS - 1;

    private final String region;
    private final long retentionMs;
    private final long sweepMs;
    private transient MapState<Long, Minute> minutes;
    private transient ListState<Long> watermarks;
    private transient long restoredWatermarkMs;
    private transient long watermarkMs;
    private transient Counter duplicates;
    private transient Counter reopened;
    private transient Counter expired;

    /**
     * @param region where this job runs
     * @param retentionMs how long a minute is kept after its end, in watermark time; whole minutes
     */
    public SessionMinutes(String region, long retentionMs) {
        this.region = region;
        this.retentionMs = retentionMs;
        // Minutes are forgotten a few at a time: a timer for each would outnumber everything else.
        this.sweepMs = Tag.MINUTE_MS * Math.max(1, retentionMs / Tag.MINUTE_MS / 2);
    }

    @Override
    public void initializeState(FunctionInitializationContext context) throws Exception {
        minutes =
                context.getKeyedStateStore()
                        .getMapState(
                                new MapStateDescriptor<>(
                                        "minutes", LongSerializer.INSTANCE, MinuteSerializer.INSTANCE));
        watermarks =
                context.getOperatorStateStore()
                        .getUnionListState(
                                new ListStateDescriptor<>("watermark", LongSerializer.INSTANCE));
        // Flink forgets the watermark in a restore. Which minutes were forgotten depends on it.
        restoredWatermarkMs = Long.MIN_VALUE;
        for (long saved : watermarks.get()) {
            restoredWatermarkMs = Math.max(restoredWatermarkMs, saved);
        }
        watermarkMs = restoredWatermarkMs;
    }

    @Override
    public void snapshotState(FunctionSnapshotContext context) throws Exception {
        watermarks.update(List.of(watermarkMs));
    }

    @Override
    public void open(OpenContext context) {
        MetricGroup group = getRuntimeContext().getMetricGroup().addGroup(Keyed.METRICS);
        duplicates = group.counter("duplicateEvents");
        reopened = group.counter("reopenedMinutes");
        expired = group.counter("expiredEvents");
    }

    @Override
    public void processElement(
            RawEvent event, Context context, Collector<Tuple2<String, byte[]>> output)
            throws Exception {
        watermarkMs = Math.max(watermarkMs, context.timerService().currentWatermark());
        long start = event.minute();
        Minute minute = minutes.get(start);
        if (minute == null) {
            minute = new Minute();
        } else if (minute.hasSeen(event.eventId)) {
            duplicates.inc();
            return;
        }
        if (event.tag != Tag.OK) {
            late(event, start, minute, context);
        } else if (minute.counted.size() == 0 && isForgotten(start)) {
            // Its minute was written and forgotten: another record would replace the whole one.
            expired.inc();
            late(event, start, minute, context);
        } else {
            count(event, start, minute, context);
        }
        minutes.put(start, minute);
    }

    /** Whether the minute was kept as long as minutes are kept. */
    private boolean isForgotten(long start) {
        return watermarkMs >= 0 && watermarkMs - start >= Tag.MINUTE_MS + retentionMs;
    }

    private void count(RawEvent event, long start, Minute minute, Context context) {
        boolean isAnnounced = minute.isChanged;
        minute.count(event);
        if (!isAnnounced) {
            long due = start + LAST_MS;
            if (due <= context.timerService().currentWatermark()) {
                reopened.inc();
                due = nextSweep(context.timerService().currentWatermark());
            }
            context.timerService().registerEventTimeTimer(due);
        }
        keep(minute, start + Tag.MINUTE_MS, context);
    }

    private void late(RawEvent event, long start, Minute minute, Context context) {
        if (minute.late == null) {
            minute.late = new IdSet();
        }
        minute.late.add(event.eventId);
        long now = Math.max(watermarkMs, event.clockMs);
        keep(minute, now, context);
        context.output(LATE, Documents.late(event, start, region));
    }

    /** Keeps a minute for the retention from a moment on, and until the next sweep. */
    private void keep(Minute minute, long fromMs, Context context) {
        long untilMs = ((fromMs + retentionMs) / sweepMs + 1) * sweepMs;
        if (untilMs > minute.forgetMs) {
            minute.forgetMs = untilMs;
            context.timerService().registerEventTimeTimer(untilMs);
        }
    }

    /** A moment after the watermark that is no minute's last millisecond. */
    private static long nextSweep(long watermarkMs) {
        long next = watermarkMs + 1;
        return isMinutesEnd(next) ? next + 1 : next;
    }

    private static boolean isMinutesEnd(long timeMs) {
        return timeMs % Tag.MINUTE_MS == LAST_MS;
    }

    @Override
    public void onTimer(
            long timeMs, OnTimerContext context, Collector<Tuple2<String, byte[]>> output)
            throws Exception {
        watermarkMs = Math.max(watermarkMs, context.timerService().currentWatermark());
        if (isMinutesEnd(timeMs)) {
            long start = timeMs - LAST_MS;
            Minute minute = minutes.get(start);
            if (minute != null && minute.isChanged) {
                write(start, minute, context, output);
                minutes.put(start, minute);
            }
        } else {
            sweep(timeMs, context, output);
        }
    }

    /** Writes reopened minutes again, and forgets those that were kept long enough. */
    private void sweep(
            long timeMs, OnTimerContext context, Collector<Tuple2<String, byte[]>> output)
            throws Exception {
        Iterator<Map.Entry<Long, Minute>> all = minutes.iterator();
        while (all.hasNext()) {
            Map.Entry<Long, Minute> entry = all.next();
            Minute minute = entry.getValue();
            boolean isWritten = minute.isChanged && entry.getKey() + LAST_MS <= timeMs;
            if (isWritten) {
                write(entry.getKey(), minute, context, output);
            }
            if (minute.forgetMs <= timeMs) {
                all.remove();
            } else if (isWritten) {
                entry.setValue(minute);
            }
        }
    }

    private void write(
            long start, Minute minute, OnTimerContext context, Collector<Tuple2<String, byte[]>> out) {
        minute.isChanged = false;
        out.collect(Documents.session(context.getCurrentKey(), start, minute, region));
    }
}
