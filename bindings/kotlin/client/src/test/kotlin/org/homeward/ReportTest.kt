package org.homeward

import org.homeward.ffi.Age
import org.homeward.ffi.Answer
import org.homeward.ffi.ApiException
import org.homeward.ffi.Copies
import org.homeward.ffi.FieldKind
import org.homeward.ffi.MediaSource
import org.homeward.ffi.MessageIds
import org.homeward.ffi.Moment
import org.homeward.ffi.Original
import org.homeward.ffi.Place
import org.homeward.ffi.ReportState
import org.homeward.ffi.Stage
import org.homeward.ffi.Texts
import org.homeward.ffi.Time
import org.junit.jupiter.api.io.TempDir
import java.io.File
import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertFalse
import kotlin.test.assertIs
import kotlin.test.assertTrue

class ReportTest {
    @TempDir
    lateinit var folder: File
    private val phone by lazy { Phone(folder) }

    @Test
    fun `answers are there after the home was closed and opened again`() {
        val answers =
            mapOf(
                "child_name" to NAME,
                "child_age" to Answer.Age(Age.Born("2019-05")),
                "last_seen_time" to Answer.Time(Time.Around(Moment(0, 60), 30u)),
                "last_seen_place" to Answer.Place(Place(words = "at the lake")),
                "dangers" to Answer.Many(listOf("taken")),
                "sex" to Answer.Unknown,
            )
        lateinit var id: String
        phone.open { homeward ->
            id = homeward.create("missing_child")
            answers.forEach { (field, answer) -> homeward.set(id, field, answer) }
        }
        phone.open { homeward ->
            val report = homeward.report(id)
            assertEquals(answers, report.answers)
            assertEquals(ReportState.DRAFT, report.status.state)
            assertTrue("child_name" in report.shown)
            val head = homeward.reports().single().head
            assertEquals(CANARY, head?.title)
        }
    }

    @Test
    fun `an answer can be taken back`() =
        phone.open { homeward ->
            val id = homeward.newReport()
            homeward.set(id, "child_name", null)
            assertEquals(emptyMap(), homeward.report(id).answers)
        }

    @Test
    fun `typed words are understood, and kept where they are not`() =
        phone.open { homeward ->
            val understood = homeward.understand("missing_child", "child_age", "7 or 8 years old")
            assertEquals(Answer.Age(Age.Range(7u, 8u)), understood)
            val kept = homeward.understand("missing_child", "child_age", "in year two")
            assertEquals(Answer.Words("in year two"), kept)
        }

    @Test
    fun `a form is drawn from what the core says of it`() =
        phone.open { homeward ->
            assertEquals(listOf("missing_child", "sighting", "child_profile"), homeward.forms())
            val fields = homeward.form("missing_child").fields
            val first = fields.filter { it.stage == Stage.FIRST_MINUTE }
            assertEquals(10, first.size)
            assertIs<FieldKind.Media>(first.first { it.id == "photo" }.kind)
            Texts.builtIn().use { texts ->
                assertTrue(fields.all { texts.has(it.label) })
                assertTrue(fields.none { texts.text(it.label, listOf()) in listOf("", it.label) })
            }
        }

    @Test
    fun `a photo comes by path, as bytes and as a descriptor, and leaves its metadata behind`() =
        phone.open { homeward ->
            val id = homeward.newReport()
            val file = File(folder, "photo.jpg").apply { writeBytes(photo()) }
            val descriptor = libc.open(file.path, 0)
            homeward.attach(id, "photo", file)
            homeward.attach(id, "photo", MediaSource.Bytes(photo()))
            homeward.attach(id, "photo", MediaSource.Descriptor(descriptor))
            val media = homeward.report(id).media
            assertEquals(3, media.size)
            for (medium in media) {
                assertEquals(listOf(MessageIds.REMOVED_TEXT), medium.removed.map { it.kind })
                assertEquals(listOf(MessageIds.REMAINING_PICTURE), medium.remaining)
                assertEquals(emptyList(), homeward.offers(id, medium.id, takenWhenLastSeen = true))
            }
            assertEquals(-1, libc.close(descriptor), "the core closed the descriptor")
        }

    @Test
    fun `what can not be cleaned is kept only as an original and only if that is wished`() =
        phone.open { homeward ->
            val id = homeward.newReport()
            val text = MediaSource.Bytes("no photo".encodeToByteArray())
            refusedAs(MessageIds.REFUSED_MEDIA_UNSUPPORTED) { homeward.attach(id, "photo", text) }
            val kept = homeward.attach(id, "photo", text, Original.KEEP)
            assertEquals(Copies.ORIGINAL, kept.copies)
            val both = homeward.attach(id, "photo", MediaSource.Bytes(photo()), Original.KEEP)
            assertEquals(Copies.BOTH, both.copies)
        }

    @Test
    fun `a descriptor is closed also when the call is refused`() =
        phone.open { homeward ->
            val file = File(folder, "no-photo.txt").apply { writeText("text") }
            val descriptor = libc.open(file.path, 0)
            refusedAs(MessageIds.REFUSED_MEDIA_UNSUPPORTED) {
                homeward.attach(homeward.newReport(), "photo", MediaSource.Descriptor(descriptor))
            }
            assertEquals(-1, libc.close(descriptor))
        }

    @Test
    fun `what can not be done is refused with the reason's message id`() =
        phone.open { homeward ->
            val id = homeward.newReport()
            refusedAs(MessageIds.REFUSED_UNKNOWN_FORM) { homeward.create("no such form") }
            refusedAs(MessageIds.REFUSED_UNKNOWN_FIELD) { homeward.set(id, "no_field", NAME) }
            refusedAs(MessageIds.REFUSED_WRONG_KIND) { homeward.set(id, "child_age", NAME) }
            refusedAs(MessageIds.REFUSED_NOT_PAIRED) { homeward.send(id) }
            refusedAs(MessageIds.REFUSED_PACK_UNREADABLE) { homeward.pair(byteArrayOf(1)) }
            val nothing = File(folder, "nothing.jpg")
            refusedAs(MessageIds.REFUSED_MEDIA_UNREADABLE) { homeward.attach(id, "photo", nothing) }
        }

    @Test
    fun `what is not there is not found`() =
        phone.open { homeward ->
            val id = homeward.newReport()
            homeward.delete(id)
            assertFailsWith<ApiException.NotFound> { homeward.report(id) }
            assertFailsWith<ApiException.NotFound> { homeward.report("no id") }
            assertFailsWith<ApiException.NotFound> { homeward.retry("00".repeat(16)) }
        }

    @Test
    fun `nothing that a person said is printed`() =
        phone.open { homeward ->
            val id = homeward.newReport()
            homeward.attach(id, "photo", MediaSource.Bytes(photo()))
            val report = homeward.report(id)
            val printed = listOf(report, report.answers, report.media, homeward.reports(), NAME)
            assertFalse(CANARY in printed.toString(), printed.toString())
            assertFalse(id in printed.toString(), printed.toString())
        }

    @Test
    fun `a closed home throws rather than crashes, and closes twice`() =
        phone.open { homeward ->
            homeward.close()
            homeward.close()
            assertFailsWith<IllegalStateException> { homeward.reports() }
        }

    private suspend fun refusedAs(
        reason: String,
        work: suspend () -> Unit,
    ) = assertEquals(reason, assertFailsWith<ApiException.Refused> { work() }.reason)
}
