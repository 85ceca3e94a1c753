package org.homeward

import com.sun.jna.Library
import com.sun.jna.Native
import com.sun.jna.Structure
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.delay
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext
import kotlinx.coroutines.withTimeout
import org.homeward.ffi.Conditions
import org.homeward.ffi.DeviceKey
import org.homeward.ffi.KeySlot
import org.homeward.ffi.MediaSource
import org.homeward.ffi.NetworkKind
import org.homeward.ffi.ReportState
import org.homeward.ffi.RunEnd
import org.junit.jupiter.api.Timeout
import org.junit.jupiter.api.Timeout.ThreadMode.SEPARATE_THREAD
import org.junit.jupiter.api.io.TempDir
import java.io.File
import java.util.concurrent.CountDownLatch
import kotlin.random.Random
import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertNull
import kotlin.test.assertTrue
import kotlin.time.Duration.Companion.microseconds
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds

/** What is done at once, ended early, or done very often. The timeouts only end what hangs. */
@Timeout(180, threadMode = SEPARATE_THREAD)
class RacesTest {
    @TempDir
    lateinit var folder: File
    private val phone by lazy { Phone(folder) }
    private val wifi = Conditions(NetworkKind.WIFI)

    @Test
    fun `a run that is cancelled at any moment loses nothing and sends nothing twice`() {
        val seed = System.nanoTime()
        println("cancelled at moments from the seed $seed")
        val chance = Random(seed)
        Desk(folder).use { desk ->
            phone.open { homeward ->
                homeward.pair(desk.pack)
                val id = homeward.newReport()
                homeward.attach(id, "photo", MediaSource.Bytes(photo()))
                val sealed = homeward.send(id)
                repeat(CANCELLED_RUNS) {
                    val run = launch { homeward.run(wifi) }
                    delay(chance.nextInt(20_000).microseconds)
                    run.cancelAndJoin()
                    // None is left behind that would keep the next from sending.
                    assertEquals(RunEnd.NOTHING_DUE, homeward.run(Conditions(NetworkKind.NONE)))
                }
                // A request that was cut may make the server wait a moment.
                withTimeout(60.seconds) {
                    while (homeward.statuses.value[id]?.state != ReportState.STORED) {
                        homeward.run(wifi, within = 5.seconds)
                    }
                }
                val collected = desk.collect()
                assertEquals(sealed.parts.size, collected.count { it.startsWith("opened") })
                // Where the server was asked for a place and its answer was cut, one stays empty.
                val others = collected.dropLast(1).filterNot { it.startsWith("opened") }
                assertTrue(others.all { it.startsWith(EMPTY) }, others.toString())
            }
        }
    }

    @Test
    fun `who writes, who reads and who sends at once do not disturb each other`() =
        phone.open { homeward ->
            homeward.pair(pack(closedPort()))
            val writers =
                List(2) { async(Dispatchers.Default) { List(25) { homeward.newReport() } } }
            val others =
                listOf(
                    launch(Dispatchers.Default) { repeat(25) { homeward.reports() } },
                    launch(Dispatchers.Default) {
                        repeat(5) { homeward.send(homeward.newReport()) }
                    },
                    launch(Dispatchers.Default) { repeat(5) { homeward.run(wifi) } },
                )
            val ids = writers.awaitAll().flatten().toSet()
            others.forEach { it.join() }
            assertEquals(50, ids.size)
            val listed = homeward.reports().map { it.id }.toSet()
            assertTrue(listed.containsAll(ids) && listed.size == 55)
        }

    @Test
    fun `closing during calls ends them one way or the other, and nothing crashes`() =
        repeat(8) {
            phone.open { homeward ->
                val callers =
                    List(4) {
                        async(Dispatchers.Default) {
                            assertFailsWith<IllegalStateException> {
                                while (true) homeward.report(homeward.newReport())
                            }
                        }
                    }
                delay(10.milliseconds)
                homeward.close()
                callers.awaitAll()
            }
        }

    @Test
    fun `who is cancelled while a home opens leaves none open`() =
        phone.alone {
            val asked = CountDownLatch(1)
            val cancelled = CountDownLatch(1)
            val file = phone.deviceKey
            val key =
                object : DeviceKey by file {
                    override fun wrap(
                        slot: KeySlot,
                        key: ByteArray,
                    ): ByteArray {
                        asked.countDown()
                        cancelled.await()
                        return file.wrap(slot, key)
                    }
                }
            val opening = launch(Dispatchers.Default) { Homeward.open(phone.home, key) }
            withContext(Dispatchers.IO) { asked.await() }
            opening.cancel()
            cancelled.countDown()
            opening.join()
            assertEquals(0, openFiles())
        }

    @Test
    fun `opening and closing 200 times leaves no thread, no file and no memory behind`() {
        val open = {
            phone.open {
                assertNull(it.pairing())
                it.reports()
                it.run(Conditions(NetworkKind.NONE))
            }
        }
        // What is allocated once is allocated by then.
        repeat(100) { open() }
        val before = Footprint.now()
        // The JVM compiles and frees as it likes; what is left behind is left behind every time.
        val grown =
            List(3) {
                val start = Footprint.now().native
                repeat(200) { open() }
                Footprint.now().native - start
            }
        val after = Footprint.now()
        println("before $before, after $after, grown $grown")
        assertEquals(before.files, after.files)
        assertEquals(before.threads, after.threads)
        // A home that stayed open would hold its database: some hundred kilobytes each time.
        assertTrue(grown.min() < 3_000_000, "$grown")
    }
}

/** What this process holds of the core's. */
private data class Footprint(
    val files: Int,
    val threads: Int,
    val native: Long,
) {
    companion object {
        fun now(): Footprint {
            repeat(3) {
                System.gc()
                Thread.sleep(50)
            }
            return Footprint(openFiles(), coreThreads(), nativeBytes())
        }

        private fun coreThreads() =
            File("/proc/self/task").listFiles().orEmpty().count { task ->
                val name = runCatching { File(task, "comm").readText() }.getOrDefault("")
                "homeward" in name
            }

        /** What was allocated and not freed by all that is not Java. */
        private fun nativeBytes() = glibc.mallinfo2().let { it.uordblks + it.hblkhd }
    }
}

/** How many files of homes this process has open. */
private fun openFiles() =
    File("/proc/self/fd").listFiles().orEmpty().count { "/home/" in it.canonicalPath }

private interface Glibc : Library {
    fun mallinfo2(): Mallinfo
}

/** glibc's `struct mallinfo2`. */
@Structure.FieldOrder(
    "arena",
    "ordblks",
    "smblks",
    "hblks",
    "hblkhd",
    "usmblks",
    "fsmblks",
    "uordblks",
    "fordblks",
    "keepcost",
)
internal class Mallinfo :
    Structure(),
    Structure.ByValue {
    @JvmField var arena = 0L

    @JvmField var ordblks = 0L

    @JvmField var smblks = 0L

    @JvmField var hblks = 0L

    @JvmField var hblkhd = 0L

    @JvmField var usmblks = 0L

    @JvmField var fsmblks = 0L

    @JvmField var uordblks = 0L

    @JvmField var fordblks = 0L

    @JvmField var keepcost = 0L
}

private val glibc = Native.load("c", Glibc::class.java)

private const val CANCELLED_RUNS = 40

/** What the desk says of an upload that was never whole. */
private const val EMPTY = "refused-incomplete"
