package videoctl.agg;

import java.lang.reflect.Type;
import java.util.Map;
import org.apache.flink.api.common.ExecutionConfig;
import org.apache.flink.api.common.serialization.SerializerConfig;
import org.apache.flink.api.common.typeinfo.TypeInfoFactory;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeutils.TypeSerializer;

/** Tells Flink how events travel between tasks. */
final class RawEventType extends TypeInformation<RawEvent> {
    private static final long serialVersionUID = 1;

    static final RawEventType INSTANCE = new RawEventType();

    private RawEventType() {}

    /** Named by the annotation of the class: without it Flink would take it apart by reflection. */
    public static final class Factory extends TypeInfoFactory<RawEvent> {
        @Override
        public TypeInformation<RawEvent> createTypeInfo(
                Type type, Map<String, TypeInformation<?>> parameters) {
            return INSTANCE;
        }
    }

    @Override
    public TypeSerializer<RawEvent> createSerializer(SerializerConfig config) {
        return RawEventSerializer.INSTANCE;
    }

    @Override
    @Deprecated
    public TypeSerializer<RawEvent> createSerializer(ExecutionConfig config) {
        return RawEventSerializer.INSTANCE;
    }

    @Override
    public boolean isBasicType() {
        return false;
    }

    @Override
    public boolean isTupleType() {
        return false;
    }

    @Override
    public int getArity() {
        return 1;
    }

    @Override
    public int getTotalFields() {
        return 1;
    }

    @Override
    public Class<RawEvent> getTypeClass() {
        return RawEvent.class;
    }

    @Override
    public boolean isKeyType() {
        return false;
    }

    @Override
    public String toString() {
        return "RawEvent";
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof RawEventType;
    }

    @Override
    public int hashCode() {
        return RawEventType.class.hashCode();
    }

    @Override
    public boolean canEqual(Object other) {
        return other instanceof RawEventType;
    }
}
