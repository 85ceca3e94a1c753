package org.homeward

import org.homeward.ffi.Conditions
import org.homeward.ffi.MediaSource
import org.homeward.ffi.NetworkKind
import org.homeward.ffi.ReportState
import org.homeward.ffi.RunEnd
import org.homeward.ffi.Scope
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.BeforeEach
import org.junit.jupiter.api.Timeout
import org.junit.jupiter.api.Timeout.ThreadMode.SEPARATE_THREAD
import org.junit.jupiter.api.io.TempDir
import java.io.File
import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertNotNull
import kotlin.test.assertTrue

/** The whole way, to a running `homeward-desk receive` and back. */
@Timeout(120, threadMode = SEPARATE_THREAD)
class DeskTest {
    @TempDir
    lateinit var folder: File
    private val phone by lazy { Phone(folder) }
    private val wifi = Conditions(NetworkKind.WIFI)
    private lateinit var desk: Desk

    @BeforeEach
    fun open() {
        desk = Desk(folder)
    }

    @AfterEach
    fun close() = desk.close()

    @Test
    fun `a report arrives, is opened, and its receipt is believed`() =
        phone.open { homeward ->
            homeward.pair(desk.pack)
            val id = homeward.newReport()
            homeward.attach(id, "photo", MediaSource.Bytes(photo()))
            homeward.send(id, Scope.FIRST_MINUTE)
            val sealed = homeward.send(id)
            assertEquals(RunEnd.NOTHING_DUE, homeward.run(wifi))
            assertEquals(ReportState.STORED, homeward.statuses.value[id]?.state)

            val opened = desk.collect().filter { it.startsWith("opened") && id in it }
            assertTrue(opened.size > sealed.parts.size, "both versions: $opened")
            assertTrue(CANARY in desk.show(id), "the desk reads what was said")

            homeward.run(wifi)
            val status = assertNotNull(homeward.statuses.value[id])
            assertEquals(ReportState.OPENED, status.state)
            assertNotNull(status.receipt.signedAtMs)
        }

    @Test
    fun `a killed process loses nothing that was acknowledged, and sends nothing twice`() {
        val killed = Victim(folder).apply { killAfter("said") }
        assertEquals(SIGKILL, killed.exitCode)
        val id = killed.report
        phone.open { homeward ->
            assertEquals(NAME, homeward.report(id).answers["child_name"])
            homeward.pair(desk.pack)
            homeward.send(id)
        }
        // Sealed, and dead before anything could leave; then dead somewhere on the way.
        repeat(3) { assertEquals(SIGKILL, Victim(folder).apply { killAfter("running") }.exitCode) }
        phone.open { homeward ->
            homeward.run(wifi)
            assertEquals(ReportState.STORED, homeward.statuses.value[id]?.state)
            val parts = assertNotNull(homeward.statuses.value[id]).parts.size
            val opened = desk.collect()
            assertEquals("$parts opened, 0 refused, 1 receipts", opened.last())
        }
    }
}

/** 128 and the signal, as a JVM tells it. */
private const val SIGKILL = 137
