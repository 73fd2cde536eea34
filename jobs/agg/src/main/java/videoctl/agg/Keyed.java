package videoctl.agg;

import org.apache.flink.api.common.typeinfo.PrimitiveArrayTypeInfo;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.java.functions.KeySelector;
import org.apache.flink.api.java.tuple.Tuple2;

/** Records on their way out: a partition key, and one JSON document. */
public final class Keyed {
    /** The metric group that Managed Flink publishes to CloudWatch. */
    static final String METRICS = "kinesisanalytics";

    static final TypeInformation<Tuple2<String, byte[]>> TYPE =
            Types.TUPLE(Types.STRING, PrimitiveArrayTypeInfo.BYTE_PRIMITIVE_ARRAY_TYPE_INFO);

    private Keyed() {}

    /** A session's events belong together. */
    public static final class BySession implements KeySelector<RawEvent, String> {
        private static final long serialVersionUID = 1;

        @Override
        public String getKey(RawEvent event) {
            return event.sessionId;
        }
    }
}
