package org.homeward

import com.sun.jna.Library
import com.sun.jna.Native
import com.sun.management.ThreadMXBean
import kotlinx.coroutines.runBlocking
import org.homeward.ffi.ApiException
import org.homeward.ffi.ByteSource
import org.homeward.ffi.MediaSource
import org.homeward.ffi.MessageIds
import org.homeward.ffi.Original
import org.junit.jupiter.api.Timeout
import org.junit.jupiter.api.Timeout.ThreadMode.SEPARATE_THREAD
import org.junit.jupiter.api.io.TempDir
import java.io.File
import java.lang.management.ManagementFactory
import kotlin.concurrent.thread
import kotlin.test.Test
import kotlin.test.assertContains
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertTrue
import org.homeward.ffi.Homeward as Core

/** How photos come in: by path, descriptor or stream; and where nothing of them ever is. */
@Timeout(120, threadMode = SEPARATE_THREAD)
class PhotoTest {
    @TempDir
    lateinit var folder: File
    private val phone by lazy { Phone(folder) }

    @Test
    fun `a large photo never lies in the heap, whether it comes by path or by descriptor`() {
        val file = File(folder, "large.jpg").apply { writeBytes(photo(2000, 1500)) }
        assertTrue(file.length() > 1_500_000, "${file.length()} bytes")
        Core.open(phone.home.path, phone.deviceKey).use { core ->
            val id = core.create("missing_child", null)
            val sources = listOf(MediaSource.Path(file.path), MediaSource.Descriptor(open(file)))
            for (source in sources) {
                val taken = allocatedBy { core.attach(id, "photo", source, Original.DROP) }
                assertTrue(taken < 200_000, "$taken bytes of heap for ${file.length()}")
            }
            assertEquals(2, core.report(id).media.size)
        }
    }

    @Test
    fun `no piece of a photo is in the home in clear`() {
        val bytes = photo(2000, 1500)
        val middle = bytes.copyOfRange(bytes.size / 2, bytes.size / 2 + 64)
        val piece = middle.toString(Charsets.ISO_8859_1)
        phone.open { homeward ->
            val id = homeward.newReport()
            homeward.attach(id, "photo", MediaSource.Bytes(bytes))
            homeward.capture(ByteSource.Bytes(bytes))
            val files =
                phone.home
                    .walk()
                    .filter(File::isFile)
                    .toList()
            assertTrue(files.sumOf(File::length) > 2L * bytes.size, "both are kept")
            for (file in files) {
                val kept = file.readText(Charsets.ISO_8859_1)
                assertTrue(piece !in kept && CANARY !in kept, file.name)
            }
        }
    }

    @Test
    fun `a stream that is read only once goes through the intake, and is refused without it`() =
        phone.open { homeward ->
            val id = homeward.newReport()
            val refused =
                assertFailsWith<ApiException.Refused> {
                    homeward.attach(id, "photo", MediaSource.Descriptor(stream()))
                }
            val reasons =
                listOf(MessageIds.REFUSED_MEDIA_UNREADABLE, MessageIds.REFUSED_MEDIA_UNSUPPORTED)
            assertContains(reasons, refused.reason)
            val capture = homeward.capture(ByteSource.Descriptor(stream()))
            val medium = homeward.attach(id, "photo", MediaSource.Capture(capture))
            assertEquals(listOf(MessageIds.REMOVED_TEXT), medium.removed.map { it.kind })
        }

    @Test
    fun `a descriptor that a closed home can't take is closed all the same`() {
        lateinit var closed: Homeward
        phone.open { closed = it }
        val source = open(File(folder, "photo.jpg").apply { writeBytes(photo()) })
        runBlocking {
            assertFailsWith<IllegalStateException> {
                closed.attach("", "photo", MediaSource.Descriptor(source))
            }
        }
        assertEquals(-1, libc.close(source), "it was closed before")
    }

    /** The read end of a pipe that a photo comes out of. */
    private fun stream(): Int {
        val ends = IntArray(2).also { check(libc.pipe(it) == 0) }
        val bytes = photo()
        thread {
            libc.write(ends[1], bytes, bytes.size.toLong())
            libc.close(ends[1])
        }
        return ends[0]
    }

    private fun open(file: File) = libc.open(file.path, 0).also { check(it >= 0) }

    private fun allocatedBy(work: () -> Unit): Long {
        val threads = ManagementFactory.getThreadMXBean() as ThreadMXBean
        val before = threads.currentThreadAllocatedBytes
        work()
        return threads.currentThreadAllocatedBytes - before
    }
}

/** What an app does with descriptors, which Java has no calls for. */
internal interface LibC : Library {
    fun open(
        path: String,
        flags: Int,
    ): Int

    fun pipe(ends: IntArray): Int

    fun write(
        descriptor: Int,
        bytes: ByteArray,
        count: Long,
    ): Long

    fun close(descriptor: Int): Int
}

internal val libc: LibC = Native.load("c", LibC::class.java)
