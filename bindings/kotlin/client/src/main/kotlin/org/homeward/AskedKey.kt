package org.homeward

import org.homeward.ffi.ApiException
import org.homeward.ffi.DeviceKey
import org.homeward.ffi.KeySlot
import org.homeward.ffi.MessageIds

/**
 * The app's key as the core asks it. The core refuses who calls back in on the thread that it called;
 * the client's calls go to another, so this remembers the thread until the key has answered.
 */
internal class AskedKey(
    private val key: DeviceKey,
) : DeviceKey {
    override fun wrap(
        slot: KeySlot,
        key: ByteArray,
    ): ByteArray = asked { this.key.wrap(slot, key) }

    override fun open(
        slot: KeySlot,
        wrapped: ByteArray,
    ): ByteArray = asked { key.open(slot, wrapped) }

    override fun delete(slot: KeySlot): Unit = asked { key.delete(slot) }

    override fun deleteAll(): Unit = asked { key.deleteAll() }

    private inline fun <T> asked(work: () -> T): T {
        val before = inside.get()
        inside.set(true)
        try {
            return work()
        } finally {
            inside.set(before)
        }
    }

    companion object {
        private val inside = ThreadLocal<Boolean>()

        /** Throws on the thread on which a key is being asked. */
        fun refuseToCallBack() {
            if (inside.get() == true) throw ApiException.Refused(MessageIds.REFUSED_CALLED_BACK)
        }
    }
}
