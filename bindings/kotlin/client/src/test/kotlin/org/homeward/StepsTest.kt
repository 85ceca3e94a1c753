package org.homeward

import org.homeward.ffi.ApiException
import org.homeward.ffi.Conditions
import org.homeward.ffi.MediaSource
import org.homeward.ffi.NetworkKind
import org.homeward.ffi.ReportState
import org.homeward.ffi.RunEnd
import org.homeward.ffi.Scope
import org.homeward.ffi.StepFailure
import org.homeward.ffi.StepOutcome
import org.junit.jupiter.api.Timeout
import org.junit.jupiter.api.Timeout.ThreadMode.SEPARATE_THREAD
import org.junit.jupiter.api.io.TempDir
import java.io.File
import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertFalse
import kotlin.test.assertNotNull
import kotlin.test.assertNull
import kotlin.test.assertTrue

/** Uploads by another HTTP stack: the JVM's own, or one that has no network. */
@Timeout(120, threadMode = SEPARATE_THREAD)
class StepsTest {
    @TempDir
    lateinit var folder: File
    private val phone by lazy { Phone(folder) }
    private val wifi = Conditions(NetworkKind.WIFI)

    @Test
    fun `a step is the same until its outcome is told, and a later process may tell it`() {
        lateinit var step: String
        phone.open { homeward ->
            val port = closedPort()
            homeward.pair(pack(port))
            assertNull(homeward.nextStep(wifi))
            homeward.send(homeward.newReport(), Scope.FIRST_MINUTE)
            val first = assertNotNull(homeward.nextStep(wifi))
            assertEquals("POST", first.method)
            assertTrue(first.url.startsWith("https://127.0.0.1:$port/"))
            assertFalse(first.url in first.toString(), first.toString())
            assertEquals(first, homeward.nextStep(wifi))
            assertFailsWith<ApiException.Refused> { homeward.nextStep(wifi, proxied = true) }
            step = first.id
        }
        phone.open { homeward ->
            homeward.onStep(step, StepOutcome.Failed(StepFailure.NO_NETWORK))
            val told = StepOutcome.Failed(StepFailure.CANCELLED)
            assertFailsWith<ApiException.NotFound> { homeward.onStep(step, told) }
            val status =
                homeward.statuses.value.values
                    .single()
            assertEquals(ReportState.WAITING, status.state)
            assertNotNull(status.reason)
        }
    }

    @Test
    fun `a whole report goes by another stack, also through answers that are lost`() {
        Desk(folder).use { desk ->
            phone.open { homeward ->
                homeward.pair(desk.pack)
                val id = homeward.newReport()
                homeward.attach(id, "photo", MediaSource.Bytes(photo(1200, 900)))
                val sealed = homeward.send(id)
                val methods = mutableListOf<String>()
                while (true) {
                    val step = homeward.nextStep(wifi) ?: break
                    methods += step.method
                    assertTrue(methods.size < 40, "it comes to no end: $methods")
                    assertEquals(RunEnd.BUSY, homeward.run(wifi), "two that send")
                    val answer = OtherStack.ask(step)
                    // As when the system ends the app before the answer is told.
                    val lost = methods.size % 4 == 2
                    val told = if (lost) StepOutcome.Failed(StepFailure.CANCELLED) else answer
                    homeward.onStep(step.id, told)
                }
                assertTrue(methods.containsAll(listOf("POST", "HEAD", "PATCH")), "$methods")
                assertEquals(ReportState.STORED, homeward.statuses.value[id]?.state)
                val opened = desk.collect().last()
                assertTrue(opened.startsWith("${sealed.parts.size} opened,"), opened)
                homeward.run(wifi)
                assertEquals(ReportState.OPENED, homeward.statuses.value[id]?.state)
            }
        }
    }

    @Test
    fun `a first minute may be let go by the person, and leaves it waiting`() =
        phone.open { homeward ->
            homeward.pair(pack(closedPort()))
            val id = homeward.newReport().also { homeward.send(it, Scope.FIRST_MINUTE) }
            homeward.sendFirstMinuteAnyway(id)
            assertEquals(ReportState.WAITING, homeward.statuses.value[id]?.state)
        }
}
