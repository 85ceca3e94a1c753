package org.homeward

import org.homeward.ffi.ApiException
import org.homeward.ffi.ByteSource
import org.homeward.ffi.ByteTarget
import org.homeward.ffi.MediaSource
import org.homeward.ffi.MessageIds
import org.homeward.ffi.Recorded
import org.homeward.ffi.VaultState
import org.junit.jupiter.api.io.TempDir
import java.io.File
import kotlin.test.Test
import kotlin.test.assertContentEquals
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertFalse
import kotlin.test.assertIs
import kotlin.test.assertNull
import kotlin.test.assertTrue
import kotlin.time.Duration.Companion.seconds

class VaultTest {
    @TempDir
    lateinit var folder: File
    private val phone by lazy { Phone(folder) }

    @Test
    fun `a passphrase locks what is stored, and a wrong one does not open it`() =
        phone.open { homeward ->
            val id = homeward.newReport()
            assertFalse(homeward.hasPassphrase())
            homeward.setPassphrase(old = null, new = "right")
            assertTrue(homeward.hasPassphrase())
            assertFalse(homeward.isErasureUnfinished())
            homeward.lock()
            assertEquals(VaultState.LOCKED, homeward.state())
            assertFailsWith<ApiException.Locked> { homeward.report(id) }
            assertFailsWith<ApiException.Refused> { homeward.unlock("wrong") }
            homeward.unlock("right")
            assertEquals(NAME, homeward.report(id).answers["child_name"])
        }

    @Test
    fun `what is spoken goes straight into the vault, and while that is locked into its intake`() =
        phone.open { homeward ->
            val id = homeward.newReport()
            assertFailsWith<ApiException.Refused> { homeward.record(id, "photo") }
            homeward.record(id, "statement").use { recording ->
                repeat(50) { recording.write(frame) }
                val recorded = assertIs<Recorded.Attached>(recording.finish())
                assertEquals(50UL * frame.size.toULong(), recorded.medium.bytes)
                assertFailsWith<ApiException.Refused> { recording.write(frame) }
            }
            homeward.record(id, "statement").use { recording ->
                recording.write(frame)
                recording.discard()
                assertFailsWith<ApiException.Refused> { recording.finish() }
            }
            homeward.setPassphrase(old = null, new = "right")
            homeward.record(id, "statement").use { recording ->
                recording.write(frame)
                homeward.lock()
                val recorded = assertIs<Recorded.Captured>(recording.finish())
                homeward.unlock("right")
                homeward.attach(id, "statement", MediaSource.Capture(recorded.capture))
            }
            assertEquals(2, homeward.report(id).media.size)
        }

    @Test
    fun `a report begun and a photo taken while locked are there after unlocking`() =
        phone.open { homeward ->
            homeward.lock()
            val id = homeward.newReport()
            val capture = homeward.capture(ByteSource.Bytes(photo()))
            homeward.unlock()
            assertEquals(listOf(capture), homeward.captures())
            val medium = homeward.attach(id, "photo", MediaSource.Capture(capture))
            assertEquals(emptyList(), homeward.captures())
            homeward.detach(id, medium.id)
            assertEquals(emptyList(), homeward.report(id).media)
        }

    @Test
    fun `a profile goes to another phone as a file, and fills a report there`() {
        val file = File(folder, "profile.age")
        phone.open { homeward ->
            val id = homeward.create("child_profile")
            homeward.set(id, "child_name", NAME)
            homeward.exportProfile(id, "words", ByteTarget.Path(file.path))
        }
        val exported = file.readBytes()
        assertFalse(CANARY in exported.toString(Charsets.ISO_8859_1))
        phone.open { homeward ->
            val report = homeward.newReport()
            assertFailsWith<ApiException.Refused> {
                homeward.exportProfile(report, "words", ByteTarget.Path(file.path))
            }
            assertContentEquals(exported, file.readBytes(), "what was refused took nothing away")
        }
        Phone(File(folder, "other").apply { mkdir() }).open { homeward ->
            val source = ByteSource.Path(file.path)
            assertFailsWith<ApiException> { homeward.importProfile("other words", source) }
            val profile = homeward.importProfile("words", source)
            val report = homeward.create("missing_child", from = profile)
            assertEquals(NAME, homeward.report(report).answers["child_name"])
            assertEquals(emptyList(), homeward.reminders())
        }
    }

    @Test
    fun `after a wipe the home is new`() =
        phone.open { homeward ->
            homeward.newReport()
            homeward.pair(pack(closedPort()))
            homeward.wipe()
            assertTrue(homeward.reports().isEmpty())
            assertNull(homeward.pairing())
            val id = homeward.newReport()
            val refused = assertFailsWith<ApiException.Refused> { homeward.send(id) }
            assertEquals(MessageIds.REFUSED_NOT_PAIRED, refused.reason)
        }

    @Test
    fun `a paused home lets go of its files, and goes on where it was`() =
        phone.open { homeward ->
            val id = homeward.newReport()
            homeward.pause(within = 10.seconds)
            val open = File("/proc/self/fd").listFiles().orEmpty().map { it.canonicalPath }
            assertTrue(open.none { it.startsWith(phone.home.canonicalPath) }, open.toString())
            homeward.resume()
            assertEquals(NAME, homeward.report(id).answers["child_name"])
        }
}

/** A frame of AAC that holds one byte. */
private val frame = byteArrayOf(-1, -15, 0x50, -128, 1, 0, -4, 0)
