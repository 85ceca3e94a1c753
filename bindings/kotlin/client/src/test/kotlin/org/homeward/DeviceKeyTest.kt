package org.homeward

import org.homeward.ffi.DeviceKeyException
import org.homeward.ffi.KeySlot
import org.junit.jupiter.api.io.TempDir
import java.io.File
import kotlin.test.Test
import kotlin.test.assertContentEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertFalse

class DeviceKeyTest {
    @TempDir
    lateinit var folder: File
    private val vault = KeySlot.Vault(0u)
    private val secret = ByteArray(32) { it.toByte() }
    private val key get() = FileDeviceKey(folder)

    @Test
    fun `what was wrapped opens in a later process, each time wrapped anew`() {
        val wrapped = List(2) { key.wrap(vault, secret) }
        for (one in wrapped) assertContentEquals(secret, key.open(vault, one))
        assertFalse(wrapped[0].contentEquals(wrapped[1]))
    }

    @Test
    fun `what one slot wrapped does not open in another`() {
        val wrapped = key.wrap(vault, secret)
        for (other in listOf(KeySlot.Vault(1u), KeySlot.Outbox(0u))) {
            key.wrap(other, secret)
            assertFailsWith<DeviceKeyException.Gone> { key.open(other, wrapped) }
        }
    }

    @Test
    fun `a deleted key is gone for ever, also when its slot has a new one`() {
        val wrapped = key.wrap(vault, secret)
        key.delete(vault)
        key.delete(vault)
        assertFailsWith<DeviceKeyException.Gone> { key.open(vault, wrapped) }
        key.wrap(vault, secret)
        assertFailsWith<DeviceKeyException.Gone> { key.open(vault, wrapped) }
    }

    @Test
    fun `all keys are deleted, those of an earlier process too, and nothing else in the folder`() {
        key.deleteAll()
        val slots = listOf(vault, KeySlot.Vault(7u), KeySlot.Outbox(4_000_000_000u))
        val wrapped = slots.map { it to key.wrap(it, secret) }
        val other = File(folder, "other").apply { writeText("kept") }
        key.deleteAll()
        for ((slot, one) in wrapped) {
            assertFailsWith<DeviceKeyException.Gone> { key.open(slot, one) }
        }
        assertContentEquals(arrayOf(other), folder.listFiles())
    }

    @Test
    fun `bytes of another format fail and open nothing`() {
        val wrapped = key.wrap(vault, secret)
        for (wrong in listOf(byteArrayOf(), ByteArray(13), byteArrayOf(2) + wrapped.drop(1))) {
            assertFailsWith<DeviceKeyException.Failed> { key.open(vault, wrong) }
        }
    }
}
