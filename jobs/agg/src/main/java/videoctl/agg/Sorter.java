package videoctl.agg;

import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.java.tuple.Tuple2;
import org.apache.flink.metrics.Counter;
import org.apache.flink.metrics.MetricGroup;
import org.apache.flink.streaming.api.functions.ProcessFunction;
import org.apache.flink.util.Collector;
import org.apache.flink.util.OutputTag;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tags every record. Events go on to their sessions; canaries and bad records leave by the side; ticks
 * end here, their time has been taken by the watermark.
 */
public final class Sorter extends ProcessFunction<RawEvent, RawEvent> {
    private static final long serialVersionUID = 1;
    private static final Logger LOG = LoggerFactory.getLogger(Sorter.class);

    /** Canaries, as records of the session stream. */
    public static final OutputTag<Tuple2<String, byte[]>> CANARIES =
            new OutputTag<>("canaries", Keyed.TYPE);

    /** Bad records, each with its fault. */
    public static final OutputTag<Tuple2<String, byte[]>> BAD = new OutputTag<>("bad", Keyed.TYPE);

    private final String region;
    private final long allowedLatenessMs;
    private transient Counter[] counters;

    /**
     * @param region where this job runs
     * @param allowedLatenessMs how long after the end of its minute an event still counts
     */
    public Sorter(String region, long allowedLatenessMs) {
        this.region = region;
        this.allowedLatenessMs = allowedLatenessMs;
    }

    @Override
    public void open(OpenContext context) {
        MetricGroup group = getRuntimeContext().getMetricGroup().addGroup(Keyed.METRICS);
        counters = new Counter[Tag.values().length];
        for (Tag tag : Tag.values()) {
            counters[tag.ordinal()] = group.counter(tag.name().toLowerCase() + "Records");
        }
    }

    @Override
    public void processElement(RawEvent event, Context context, Collector<RawEvent> output) {
        if (event.tag == Tag.OK) {
            event.tag = Tag.ofEvent(event.eventTimeMs, event.receivedTimeMs, allowedLatenessMs);
        }
        counters[event.tag.ordinal()].inc();
        switch (event.tag) {
            case OK:
                event.data = null;
                output.collect(event);
                break;
            case LATE:
            case FUTURE:
                output.collect(event);
                break;
            case CANARY:
                context.output(CANARIES, Documents.canary(event, region));
                break;
            case BAD:
                LOG.warn(
                        "bad record: {} {} in {} at {}",
                        event.fault,
                        event.faultyField == null ? "" : event.faultyField,
                        event.shardId,
                        event.sequenceNumber);
                context.output(BAD, Documents.bad(event, region));
                break;
            default:
                break;
        }
    }
}
