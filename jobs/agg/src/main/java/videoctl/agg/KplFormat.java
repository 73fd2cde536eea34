package videoctl.agg;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The Kinesis Producer Library's aggregated records: magic bytes, a protobuf message, its MD5.
 *
 * <p>A record whose key belongs to another shard is kept, unlike by the KCL: after a reshard that is
 * where it was put, and duplicates are removed by event anyway.
 */
final class KplFormat {
    private static final byte[] MAGIC = {(byte) 0xF3, (byte) 0x89, (byte) 0x9A, (byte) 0xC2};
    private static final int DIGEST_BYTES = 16;
    private static final int RECORDS_FIELD = 3;
    private static final int DATA_FIELD = 3;

    private KplFormat() {}

    /** The digest is right and the message is not. */
    static final class BrokenAggregate extends Exception {
        BrokenAggregate(String message) {
            super(message);
        }
    }

    /** The user records of a Kinesis record: itself, when it is no aggregate. */
    static List<byte[]> userRecords(byte[] data) throws BrokenAggregate {
        int end = data.length - DIGEST_BYTES;
        if (end < MAGIC.length || !Arrays.equals(data, 0, MAGIC.length, MAGIC, 0, MAGIC.length)) {
            return List.of(data);
        }
        MessageDigest md5 = md5();
        md5.update(data, MAGIC.length, end - MAGIC.length);
        if (!Arrays.equals(md5.digest(), Arrays.copyOfRange(data, end, data.length))) {
            return List.of(data);
        }
        List<byte[]> records = new ArrayList<>();
        Cursor message = new Cursor(data, MAGIC.length, end);
        while (message.next()) {
            if (message.field == RECORDS_FIELD) {
                records.add(dataOf(new Cursor(data, message.start, message.stop)));
            }
        }
        return records;
    }

    private static byte[] dataOf(Cursor record) throws BrokenAggregate {
        while (record.next()) {
            if (record.field == DATA_FIELD) {
                return Arrays.copyOfRange(record.data, record.start, record.stop);
            }
        }
        throw new BrokenAggregate("a record of the aggregate has no data");
    }

    private static MessageDigest md5() {
        try {
            return MessageDigest.getInstance("MD5");
        } catch (NoSuchAlgorithmException error) {
            throw new IllegalStateException("every Java has MD5", error);
        }
    }

    /** Walks the length-delimited fields of a protobuf message; integers are passed over. */
    private static final class Cursor {
        private final byte[] data;
        private final int limit;
        private int position;
        private int field;
        private int start;
        private int stop;

        Cursor(byte[] data, int position, int limit) {
            this.data = data;
            this.position = position;
            this.limit = limit;
        }

        boolean next() throws BrokenAggregate {
            while (position < limit) {
                long tag = varint();
                int type = (int) (tag & 7);
                if (type == 0) {
                    varint();
                } else if (type == 2) {
                    long length = varint();
                    if (length < 0 || length > limit - position) {
                        throw new BrokenAggregate("a field of the aggregate ends early");
                    }
                    field = (int) (tag >>> 3);
                    start = position;
                    position += (int) length;
                    stop = position;
                    return true;
                } else {
                    throw new BrokenAggregate("the aggregate has a field of wire type " + type);
                }
            }
            return false;
        }

        private long varint() throws BrokenAggregate {
            long value = 0;
            for (int shift = 0; position < limit && shift < 64; shift += 7) {
                byte next = data[position++];
                value |= (long) (next & 0x7F) << shift;
                if (next >= 0) {
                    return value;
                }
            }
            throw new BrokenAggregate("a number of the aggregate ends early");
        }
    }
}
