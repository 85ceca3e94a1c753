package org.homeward.sample

import com.sun.jna.Library
import com.sun.jna.Native
import kotlinx.coroutines.runBlocking
import org.homeward.Desk
import org.homeward.FileDeviceKey
import org.homeward.ffi.FieldKind
import org.homeward.ffi.Offer
import org.homeward.ffi.ReportStatus
import org.homeward.ffi.Texts
import org.homeward.photo
import org.junit.jupiter.api.Timeout
import org.junit.jupiter.api.Timeout.ThreadMode.SEPARATE_THREAD
import org.junit.jupiter.api.io.TempDir
import java.io.File
import kotlin.test.Test
import kotlin.test.assertContains
import kotlin.test.assertEquals
import kotlin.test.assertTrue

/** The Kotlin blocks of docs/api.md as they stand there. */
@Timeout(120, threadMode = SEPARATE_THREAD)
class ApiTest {
    @TempDir
    lateinit var folder: File

    @Test
    fun `the calls of one report, in the order of the page, end with a receipt`() {
        Desk(folder).use { desk ->
            val app = App(folder, desk)
            runBlocking { theCallsOfOneReport(app) }
            assertEquals(listOf(2), app.collected, "both versions were opened")
            assertTrue(app.drawn.any { it is ReportStatus })
            assertTrue(app.drawn.any { it is FieldKind })
            assertContains(app.shown, "Example")
        }
    }
}

/** What the page leaves to the app. */
internal class App(
    private val folder: File,
    private val desk: Desk,
) {
    val home = File(folder, "home")
    val deviceKey = FileDeviceKey(File(folder, "key"))
    val pack = desk.pack
    val photo = File(folder, "photo.jpg").apply { writeBytes(photo()) }
    val drawn = mutableListOf<Any>()
    val shown = mutableListOf<String>()
    val collected = mutableListOf<Int>()

    fun askPassphrase() = "correct horse"

    fun sayIt(texts: Texts): Nothing = error("a new home opens: $texts")

    fun show(vararg words: String) {
        shown += words
    }

    fun keep(proof: ByteArray) = check(proof.isNotEmpty())

    fun hint(vararg words: String) = show(*words)

    fun draw(
        label: String,
        kind: FieldKind,
    ) {
        shown += label
        drawn += kind
    }

    fun draw(status: ReportStatus) {
        drawn += status
    }

    fun confirms(offer: Offer) = offer.field.isNotEmpty()

    /** A pipe: it can be read once. */
    fun stream(): Int {
        val ends = IntArray(2)
        check(pipes.pipe(ends) == 0)
        val bytes = photo.readBytes()
        Thread {
            pipes.write(ends[1], bytes, bytes.size.toLong())
            pipes.close(ends[1])
        }.start()
        return ends[0]
    }

    fun theDeskOpens() {
        val opened = desk.collect().map { it.substringBefore(" of ") }
        collected += opened.intersect(setOf("opened first_minute", "opened answers")).size
    }
}

private interface Pipes : Library {
    fun pipe(ends: IntArray): Int

    fun write(
        descriptor: Int,
        bytes: ByteArray,
        count: Long,
    ): Long

    fun close(descriptor: Int): Int
}

private val pipes = Native.load("c", Pipes::class.java)
