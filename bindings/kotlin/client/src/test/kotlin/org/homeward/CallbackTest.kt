package org.homeward

import kotlinx.coroutines.runBlocking
import org.homeward.ffi.ApiException
import org.homeward.ffi.Budget
import org.homeward.ffi.Conditions
import org.homeward.ffi.DeviceKey
import org.homeward.ffi.DeviceKeyException
import org.homeward.ffi.KeySlot
import org.homeward.ffi.Listener
import org.homeward.ffi.ListenerException
import org.homeward.ffi.MessageIds
import org.homeward.ffi.NetworkKind
import org.homeward.ffi.ReportStatus
import org.homeward.ffi.RunEnd
import org.homeward.ffi.Scope
import org.homeward.ffi.SendWhen
import org.homeward.ffi.Transfer
import org.homeward.ffi.VaultState
import org.junit.jupiter.api.Timeout
import org.junit.jupiter.api.Timeout.ThreadMode.SEPARATE_THREAD
import org.junit.jupiter.api.io.TempDir
import java.io.File
import java.io.RandomAccessFile
import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.ConcurrentLinkedQueue
import java.util.concurrent.Exchanger
import kotlin.reflect.KClass
import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertFalse
import kotlin.test.assertIs
import kotlin.test.assertNotEquals
import org.homeward.ffi.Homeward as Core

/**
 * What the core does with an app that throws, calls back, or has lost its key.
 *
 * In a thread of its own, since what hangs in Rust can't be interrupted.
 */
@Timeout(120, threadMode = SEPARATE_THREAD)
class CallbackTest {
    @TempDir
    lateinit var folder: File
    private val phone by lazy { Phone(folder) }
    private val offline = Conditions(NetworkKind.NONE)

    @Test
    fun `a listener that throws ends nothing and loses nothing`() =
        withSealedReports(2) { core ->
            val heard = ConcurrentLinkedQueue<ReportStatus>()
            val end =
                run(core) {
                    heard += it
                    error(CANARY)
                }
            assertEquals(RunEnd.NOTHING_DUE, end)
            assertEquals(core.statuses().toSet(), heard.toSet())
        }

    @Test
    fun `a listener hears the present state, never on the thread that called`() =
        withSealedReports(1) { core ->
            val caller = Thread.currentThread()
            val threads = ConcurrentLinkedQueue<Thread>()
            run(core) { threads += Thread.currentThread() }
            assertEquals(1, threads.size)
            assertNotEquals(caller, threads.single())
        }

    @Test
    fun `a listener that calls back in is refused, also when it waits for its own run`() =
        withSealedReports(1) { core ->
            val handle = Exchanger<Transfer>()
            val calls: List<(Transfer) -> Unit> =
                listOf({ core.reports() }, { core.state() }, { it.wait() })
            val failures = ConcurrentLinkedQueue<Throwable>()
            val listener =
                listener {
                    val transfer = handle.exchange(null)
                    for (call in calls) runCatching { call(transfer) }.onFailure(failures::add)
                    transfer.cancel()
                }
            core.run(Budget(), offline, null, listener).use { transfer ->
                handle.exchange(transfer)
                transfer.wait()
            }
            val reasons = failures.map { assertIs<ApiException.Refused>(it).reason }
            assertEquals(List(calls.size) { MessageIds.REFUSED_CALLED_BACK }, reasons)
        }

    @Test
    fun `all who wait for a run hear how it ended`() =
        withSealedReports(1) { core ->
            core.run(Budget(), offline, null, listener {}).use { transfer ->
                assertEquals(transfer.wait(), transfer.wait())
            }
        }

    @Test
    fun `what the device key says becomes a state, and earlier reports say the same`() {
        val id = earlierReport()
        val cases =
            listOf(
                Triple(DeviceKeyException.Refused(), VaultState.LOCKED, ApiException.Locked::class),
                Triple(DeviceKeyException.Failed(), VaultState.LOCKED, ApiException.Locked::class),
                Triple(DeviceKeyException.Gone(), VaultState.KEY_LOST, ApiException.KeyLost::class),
            )
        for ((thrown, state, error) in cases) {
            runBlocking {
                Homeward.open(phone.home, BrokenKey(thrown)).use { homeward ->
                    assertEquals(state, homeward.state())
                    assertEquals(emptyMap(), homeward.statuses.value)
                    val failed = assertFailsWith<ApiException> { homeward.report(id) }
                    assertEquals(error, failed::class)
                }
            }
        }
        phone.open { assertEquals(1, it.reports().size) }
    }

    @Test
    fun `whatever else a device key throws closes the vault, and its text stays behind`() {
        val id = earlierReport()
        // It may go better later, so it is no loss.
        Core.open(phone.home.path, BrokenKey(IllegalStateException(CANARY))).use { core ->
            assertEquals(VaultState.LOCKED, core.state())
            val locked = assertFailsWith<ApiException.Locked> { core.report(id) }
            assertFalse(CANARY in locked.stackTraceToString())
        }
    }

    @Test
    fun `a device key that calls back in is refused from each of its calls`() {
        val key = Meddler(phone.deviceKey)
        Core.open(phone.home.path, key).use { core ->
            key.core = core
            core.lock()
            core.unlock(null)
            core.setPassphrase(null, CANARY, null)
            core.wipe()
        }
        val refused = ApiException.Refused::class to MessageIds.REFUSED_CALLED_BACK
        assertEquals(setOf("wrap", "open", "delete", "deleteAll"), key.heard.keys)
        assertEquals(setOf(refused), key.heard.values.toSet())
    }

    @Test
    fun `a device key that calls back in through the client is refused, and waits for nobody`() {
        var client: Homeward? = null
        val reasons = ConcurrentLinkedQueue<String>()
        val file = phone.deviceKey
        val key =
            object : DeviceKey by file {
                override fun open(
                    slot: KeySlot,
                    wrapped: ByteArray,
                ): ByteArray {
                    val back = runCatching { runBlocking { client?.reports() } }.exceptionOrNull()
                    (back as? ApiException.Refused)?.let { reasons += it.reason }
                    return file.open(slot, wrapped)
                }
            }
        runBlocking {
            Homeward.open(phone.home, key).use { homeward ->
                client = homeward
                homeward.lock()
                homeward.unlock()
                assertEquals(emptyList(), homeward.reports(), "afterwards the thread is free")
            }
        }
        assertEquals(listOf(MessageIds.REFUSED_CALLED_BACK), reasons.toList())
    }

    @Test
    fun `a device key that destroys nothing leaves the erasure unfinished, and the report gone`() {
        val id = earlierReport()
        val keeper =
            object : DeviceKey by phone.deviceKey {
                override fun delete(slot: KeySlot): Unit = throw DeviceKeyException.Failed()
            }
        runBlocking {
            Homeward.open(phone.home, keeper).use { homeward ->
                homeward.delete(id)
                assertEquals(emptyList(), homeward.reports())
                assertEquals(true, homeward.isErasureUnfinished())
            }
        }
        phone.open { assertFalse(it.isErasureUnfinished(), "the next start has finished it") }
    }

    @Test
    fun `a listener may say that it failed, and nothing comes of it`() =
        withSealedReports(1) { core ->
            assertEquals(RunEnd.NOTHING_DUE, run(core) { throw ListenerException.Failed() })
        }

    @Test
    fun `a damaged home and one of a newer app are states, and stay as they are`() {
        val id = earlierReport()
        val whole = phone.database.readBytes()
        RandomAccessFile(phone.database, "rw").use {
            // SQLite's user version, which is the schema's.
            it.seek(60)
            it.writeInt(9999)
        }
        val newer = phone.database.readBytes()
        phone.open { homeward ->
            assertEquals(VaultState.FROM_NEWER_APP, homeward.state())
            assertFailsWith<ApiException.FromNewerApp> { homeward.report(id) }
        }
        assertEquals(newer.toList(), phone.database.readBytes().toList())
        phone.database.writeBytes(ByteArray(whole.size) { 7 })
        phone.open { homeward ->
            assertEquals(VaultState.DAMAGED, homeward.state())
            assertFailsWith<ApiException.Damaged> { homeward.report(id) }
        }
        phone.database.writeBytes(whole)
        phone.open { assertEquals(1, it.reports().size) }
    }

    private fun earlierReport(): String {
        lateinit var id: String
        phone.open { id = it.newReport() }
        return id
    }

    private fun withSealedReports(
        count: Int,
        work: (Core) -> Unit,
    ) = Core.open(phone.home.path, phone.deviceKey).use { core ->
        core.pair(pack(closedPort()))
        repeat(count) {
            val id = core.create("missing_child", null)
            core.set(id, "child_name", NAME)
            core.send(id, Scope.ALL, SendWhen.NOW)
        }
        work(core)
    }

    private fun run(
        core: Core,
        hear: (ReportStatus) -> Unit,
    ): RunEnd = core.run(Budget(), offline, null, listener(hear)).use(Transfer::wait)

    private fun listener(hear: (ReportStatus) -> Unit) =
        object : Listener {
            override fun onChange(status: ReportStatus) = hear(status)
        }
}

/** Calls the core from within each call of the core, and notes what it is told. */
private class Meddler(
    private val key: DeviceKey,
) : DeviceKey {
    var core: Core? = null
    val heard = ConcurrentHashMap<String, Pair<KClass<*>, String?>>()

    override fun wrap(
        slot: KeySlot,
        key: ByteArray,
    ): ByteArray = this.key.wrap(slot, key).also { meddle("wrap") }

    override fun open(
        slot: KeySlot,
        wrapped: ByteArray,
    ): ByteArray = key.open(slot, wrapped).also { meddle("open") }

    override fun delete(slot: KeySlot) = key.delete(slot).also { meddle("delete") }

    override fun deleteAll() = key.deleteAll().also { meddle("deleteAll") }

    private fun meddle(call: String) {
        val thrown = runCatching { core?.reports() ?: return }.exceptionOrNull()
        if (thrown != null) heard[call] = thrown::class to (thrown as? ApiException.Refused)?.reason
    }
}
