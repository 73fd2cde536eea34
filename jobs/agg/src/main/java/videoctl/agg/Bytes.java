package videoctl.agg;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.apache.flink.core.memory.DataInputView;
import org.apache.flink.core.memory.DataOutputView;

/** Texts and byte arrays that may be missing, as a length and their bytes. */
final class Bytes {
    private static final int NONE = -1;

    private Bytes() {}

    static void write(byte[] value, DataOutputView target) throws IOException {
        if (value == null) {
            target.writeInt(NONE);
        } else {
            target.writeInt(value.length);
            target.write(value);
        }
    }

    static byte[] read(DataInputView source) throws IOException {
        int length = source.readInt();
        if (length == NONE) {
            return null;
        }
        byte[] value = new byte[length];
        source.readFully(value);
        return value;
    }

    static void writeText(String value, DataOutputView target) throws IOException {
        write(value == null ? null : value.getBytes(StandardCharsets.UTF_8), target);
    }

    static String readText(DataInputView source) throws IOException {
        byte[] value = read(source);
        return value == null ? null : new String(value, StandardCharsets.UTF_8);
    }
}
