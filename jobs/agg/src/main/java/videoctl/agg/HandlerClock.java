package videoctl.agg;

import org.apache.flink.api.common.eventtime.TimestampAssigner;
import org.apache.flink.api.common.eventtime.TimestampAssignerSupplier;
import org.apache.flink.api.common.eventtime.Watermark;
import org.apache.flink.api.common.eventtime.WatermarkGenerator;
import org.apache.flink.api.common.eventtime.WatermarkGeneratorSupplier;
import org.apache.flink.api.common.eventtime.WatermarkOutput;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;

/**
 * The watermark of each shard: the handlers' clock, less a delay. One player with a wrong clock cannot
 * move it; ticks carry it through quiet shards.
 */
public final class HandlerClock implements WatermarkStrategy<RawEvent> {
    private static final long serialVersionUID = 1;
    private static final long NANOS_IN_A_MS = 1_000_000;

    private final long delayMs;
    private final long emptyMs;

    /**
     * @param delayMs how far the watermark stays behind the handlers' clock
     * @param emptyMs after so long without a first record a shard, or a subtask without shards, holds
     *     up nobody
     */
    public HandlerClock(long delayMs, long emptyMs) {
        this.delayMs = delayMs;
        this.emptyMs = emptyMs;
    }

    @Override
    public WatermarkGenerator<RawEvent> createWatermarkGenerator(
            WatermarkGeneratorSupplier.Context context) {
        return new Generator(delayMs, emptyMs);
    }

    @Override
    public TimestampAssigner<RawEvent> createTimestampAssigner(
            TimestampAssignerSupplier.Context context) {
        return (event, arrivalMs) -> event.clockMs;
    }

    private static final class Generator implements WatermarkGenerator<RawEvent> {
        private final long delayMs;
        private final long idleFromNanos;
        private long clockMs = Long.MIN_VALUE;
        private boolean isIdle;

        Generator(long delayMs, long emptyMs) {
            this.delayMs = delayMs;
            this.idleFromNanos = System.nanoTime() + emptyMs * NANOS_IN_A_MS;
        }

        @Override
        public void onEvent(RawEvent event, long timestampMs, WatermarkOutput output) {
            clockMs = Math.max(clockMs, event.clockMs);
        }

        @Override
        public void onPeriodicEmit(WatermarkOutput output) {
            if (clockMs != Long.MIN_VALUE) {
                output.emitWatermark(new Watermark(clockMs - delayMs));
            } else if (!isIdle && System.nanoTime() - idleFromNanos > 0) {
                isIdle = true;
                output.markIdle();
            }
        }
    }
}
