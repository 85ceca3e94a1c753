package org.homeward

import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext
import org.homeward.ffi.ApiException
import org.homeward.ffi.Conditions
import org.homeward.ffi.MessageIds
import org.homeward.ffi.NetworkKind
import org.homeward.ffi.ReportState
import org.homeward.ffi.RunEnd
import org.homeward.ffi.Scope
import org.junit.jupiter.api.Timeout
import org.junit.jupiter.api.Timeout.ThreadMode.SEPARATE_THREAD
import org.junit.jupiter.api.io.TempDir
import java.io.File
import java.net.ServerSocket
import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertNotNull
import kotlin.test.assertTrue
import kotlin.time.Duration.Companion.hours
import kotlin.time.Duration.Companion.milliseconds

/** Against servers that do not answer; [DeskTest] has a real one. Timeouts only end what hangs. */
@Timeout(120, threadMode = SEPARATE_THREAD)
class SendingTest {
    @TempDir
    lateinit var folder: File
    private val phone by lazy { Phone(folder) }
    private val wifi = Conditions(NetworkKind.WIFI)

    @Test
    fun `what was sealed is in the flow at once, and first thing after a restart`() {
        lateinit var id: String
        phone.open { homeward ->
            id = homeward.newReport()
            assertEquals(emptyMap(), homeward.statuses.value)
            assertEquals("Example", homeward.pair(pack(closedPort())).organisation)
            val sealed = homeward.send(id, Scope.FIRST_MINUTE)
            assertEquals(1u, sealed.version)
            assertEquals(ReportState.WAITING, homeward.statuses.value[id]?.state)
        }
        phone.open { homeward ->
            assertEquals(ReportState.WAITING, homeward.statuses.value[id]?.state)
            homeward.delete(id)
            assertEquals(emptyMap(), homeward.statuses.value)
        }
    }

    @Test
    fun `a server that is not there is a reason to wait, not an error`() =
        phone.open { homeward ->
            homeward.pair(pack(closedPort()))
            val id = homeward.newReport().also { homeward.send(it) }
            assertEquals(RunEnd.NOTHING_DUE, homeward.run(wifi))
            val status = assertNotNull(homeward.statuses.value[id])
            assertEquals(ReportState.WAITING, status.state)
            assertEquals(MessageIds.WAITING_SERVER_UNREACHABLE, status.reason)
            val plan = homeward.plan(wifi)
            assertTrue(plan.due.isEmpty() && plan.waiting.size == status.parts.size)
            assertNotNull(plan.nextAtMs)
        }

    @Test
    fun `without a network all of it waits and is due as soon as there is one`() =
        phone.open { homeward ->
            homeward.pair(pack(closedPort()))
            homeward.newReport().also { homeward.send(it) }
            assertEquals(RunEnd.NOTHING_DUE, homeward.run(Conditions(NetworkKind.NONE)))
            assertTrue(homeward.plan(Conditions(NetworkKind.NONE)).due.isEmpty())
            assertTrue(homeward.plan(wifi).waiting.isEmpty())
        }

    @Test
    fun `cancelling the coroutine ends the run`() =
        phone.open { homeward ->
            withSilentServer { server ->
                homeward.pair(pack(server.localPort))
                val id = homeward.newReport().also { homeward.send(it) }
                val run = launch { homeward.run(wifi, within = 1.hours) }
                withContext(Dispatchers.IO) { server.accept() }.use {
                    run.cancelAndJoin()
                }
                // The run has ended: another one is not told that it is busy.
                assertEquals(RunEnd.NOTHING_DUE, homeward.run(Conditions(NetworkKind.NONE)))
                assertEquals(ReportState.WAITING, homeward.statuses.value[id]?.state)
            }
        }

    @Test
    fun `a run whose time is over says so`() =
        phone.open { homeward ->
            withSilentServer { server ->
                homeward.pair(pack(server.localPort))
                homeward.newReport().also { homeward.send(it) }
                assertEquals(RunEnd.TIME_UP, homeward.run(wifi, within = 100.milliseconds))
            }
        }

    @Test
    fun `a second run beside the first is busy, and closing the home ends both`() =
        phone.open { homeward ->
            withSilentServer { server ->
                homeward.pair(pack(server.localPort))
                homeward.newReport().also { homeward.send(it) }
                var end: RunEnd? = null
                val run = launch { end = homeward.run(wifi, within = 1.hours) }
                withContext(Dispatchers.IO) { server.accept() }.use {
                    assertEquals(RunEnd.BUSY, homeward.run(wifi))
                    homeward.close()
                    run.join()
                }
                assertEquals(RunEnd.CANCELLED, end)
            }
        }

    @Test
    fun `the flow follows a run`() =
        phone.open { homeward ->
            homeward.pair(pack(closedPort()))
            val id = homeward.newReport().also { homeward.send(it) }
            val reason = MessageIds.WAITING_SERVER_UNREACHABLE
            val follower = launch { homeward.statuses.first { it[id]?.reason == reason } }
            homeward.run(wifi)
            follower.join()
        }

    @Test
    fun `a proxy that would leak names is refused`() =
        phone.open { homeward ->
            val refused =
                assertFailsWith<ApiException.Refused> {
                    homeward.run(wifi, proxy = "socks5://127.0.0.1:9050")
                }
            assertEquals(MessageIds.NET_BAD_PROXY, refused.reason)
        }

    /** Takes connections and says nothing. */
    private suspend fun withSilentServer(work: suspend (ServerSocket) -> Unit) =
        ServerSocket(0).use { work(it) }
}
