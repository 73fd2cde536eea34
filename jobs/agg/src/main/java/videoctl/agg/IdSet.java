package videoctl.agg;

import java.io.IOException;
import org.apache.flink.core.memory.DataInputView;
import org.apache.flink.core.memory.DataOutputView;

/** The event ids of one session's minute: a few, whole, so that two never pass for one. */
final class IdSet {
    private static final int SMALLEST = 8;

    private String[] slots;
    private int size;

    IdSet() {
        slots = new String[SMALLEST];
    }

    private IdSet(String[] slots, int size) {
        this.slots = slots;
        this.size = size;
    }

    /** Whether the id was new. */
    boolean add(String id) {
        if ((size + 1) * 2 > slots.length) {
            grow();
        }
        int slot = slotOf(id);
        if (slots[slot] != null) {
            return false;
        }
        slots[slot] = id;
        size++;
        return true;
    }

    boolean contains(String id) {
        return slots[slotOf(id)] != null;
    }

    int size() {
        return size;
    }

    IdSet copy() {
        return new IdSet(slots.clone(), size);
    }

    private int slotOf(String id) {
        int mask = slots.length - 1;
        int hash = id.hashCode();
        int slot = (hash ^ hash >>> 16) & mask;
        while (slots[slot] != null && !slots[slot].equals(id)) {
            slot = slot + 1 & mask;
        }
        return slot;
    }

    private void grow() {
        String[] old = slots;
        slots = new String[old.length * 2];
        for (String id : old) {
            if (id != null) {
                slots[slotOf(id)] = id;
            }
        }
    }

    void write(DataOutputView target) throws IOException {
        target.writeInt(size);
        for (String id : slots) {
            if (id != null) {
                Bytes.writeText(id, target);
            }
        }
    }

    static IdSet read(DataInputView source) throws IOException {
        IdSet ids = new IdSet();
        for (int left = source.readInt(); left > 0; left--) {
            ids.add(Bytes.readText(source));
        }
        return ids;
    }
}
