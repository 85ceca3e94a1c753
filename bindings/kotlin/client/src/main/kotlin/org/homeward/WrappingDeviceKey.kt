package org.homeward

import org.homeward.ffi.DeviceKey
import org.homeward.ffi.DeviceKeyException
import org.homeward.ffi.KeySlot
import java.security.GeneralSecurityException
import javax.crypto.AEADBadTagException
import javax.crypto.Cipher
import javax.crypto.SecretKey
import javax.crypto.spec.GCMParameterSpec

/** Where the keys of a [WrappingDeviceKey] are kept. Each has a name; none is there at first. */
public interface SlotKeys {
    /** The key of this name, or null if there is none. */
    public fun find(name: String): SecretKey?

    /** Makes a key of this name, of AES with 256 bits, in place of one that is there. */
    public fun make(name: String): SecretKey

    /** Destroys the key of this name. No key is no error. */
    public fun delete(name: String)

    /** The names of all keys that are there; others than ours may be among them. */
    public fun names(): List<String>
}

/**
 * A device key that wraps with AES-256-GCM: a byte with the format's version, the nonce, the sealed
 * key and its tag. The slot is authenticated, so that what one slot wrapped does not open in
 * another.
 *
 * @param keys holds a key for each slot.
 */
public open class WrappingDeviceKey(
    private val keys: SlotKeys,
) : DeviceKey {
    /** Wraps [key] for [slot], making the slot's key if there is none. */
    override fun wrap(
        slot: KeySlot,
        key: ByteArray,
    ): ByteArray =
        guarded {
            val name = slot.name()
            val cipher = Cipher.getInstance(TRANSFORMATION)
            // The cipher chooses the nonce: Android's key store takes none from outside.
            cipher.init(Cipher.ENCRYPT_MODE, keys.find(name) ?: keys.make(name))
            cipher.updateAAD(name.toByteArray())
            byteArrayOf(VERSION) + cipher.iv + cipher.doFinal(key)
        }

    /** Opens what [wrap] made for the same [slot]. */
    override fun open(
        slot: KeySlot,
        wrapped: ByteArray,
    ): ByteArray =
        guarded {
            val name = slot.name()
            val key = keys.find(name) ?: throw DeviceKeyException.Gone()
            val known = wrapped.size > HEAD_BYTES && wrapped[0] == VERSION
            if (!known) throw DeviceKeyException.Failed()
            val cipher = Cipher.getInstance(TRANSFORMATION)
            val nonce = GCMParameterSpec(TAG_BITS, wrapped, 1, NONCE_BYTES)
            cipher.init(Cipher.DECRYPT_MODE, key, nonce)
            cipher.updateAAD(name.toByteArray())
            cipher.doFinal(wrapped, HEAD_BYTES, wrapped.size - HEAD_BYTES)
        }

    /** Destroys the key of [slot]. */
    override fun delete(slot: KeySlot): Unit = guarded { keys.delete(slot.name()) }

    /** Destroys the keys of all slots. */
    override fun deleteAll(): Unit =
        guarded { keys.names().filter { it.startsWith(PREFIX) }.forEach(keys::delete) }

    /** What a failure of this device means; null if nothing is known of it. */
    protected open fun meaningOf(error: GeneralSecurityException): DeviceKeyException? = null

    private fun <T> guarded(work: () -> T): T =
        try {
            work()
        } catch (_: AEADBadTagException) {
            // Another key than the one that wrapped it: that one is gone.
            throw DeviceKeyException.Gone()
        } catch (error: GeneralSecurityException) {
            throw meaningOf(error) ?: DeviceKeyException.Failed()
        }
}

private fun KeySlot.name() =
    when (this) {
        is KeySlot.Vault -> "${PREFIX}vault.$generation"
        is KeySlot.Outbox -> "${PREFIX}outbox.$generation"
    }

private const val PREFIX = "homeward."
private const val TRANSFORMATION = "AES/GCM/NoPadding"
private const val VERSION: Byte = 1
private const val NONCE_BYTES = 12
private const val HEAD_BYTES = 1 + NONCE_BYTES
private const val TAG_BITS = 128
