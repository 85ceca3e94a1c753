package org.homeward

import org.homeward.ffi.ApiException
import org.homeward.ffi.ByteTarget
import org.homeward.ffi.MessageIds
import org.homeward.ffi.Texts
import org.junit.jupiter.api.Timeout
import org.junit.jupiter.api.Timeout.ThreadMode.SEPARATE_THREAD
import org.junit.jupiter.api.io.TempDir
import java.io.File
import java.io.RandomAccessFile
import kotlin.reflect.KClass
import kotlin.test.Test
import kotlin.test.assertContains
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertFalse
import kotlin.test.assertTrue
import org.homeward.ffi.DeviceKeyException as KeyException

/** Every way in which a call fails, brought about by what brings it about on a phone. */
@Timeout(120, threadMode = SEPARATE_THREAD)
class ErrorTest {
    @TempDir
    lateinit var folder: File
    private val phone by lazy { Phone(folder) }

    private val causes =
        listOf(
            Cause(ApiException.Locked::class) { id -> openWith(REFUSED) { report(id) } },
            Cause(ApiException.KeyLost::class) { id -> openWith(GONE) { report(id) } },
            Cause(ApiException.Damaged::class) { id -> openBroken(::overwrite) { report(id) } },
            Cause(ApiException.FromNewerApp::class) { id -> openBroken(::age) { report(id) } },
            Cause(ApiException.StorageFull::class) { _ ->
                phone.use {
                    val profile = it.create("child_profile")
                    it.set(profile, "child_name", NAME)
                    // A file that takes no byte, as a full disk does.
                    it.exportProfile(profile, CANARY, ByteTarget.Path("/dev/full"))
                }
            },
            Cause(ApiException.NotFound::class) { _ -> phone.use { it.report("00".repeat(32)) } },
            Cause(ApiException.Refused::class) { id -> phone.use { it.set(id, CANARY, NAME) } },
            Cause(ApiException.Unexpected::class) { _ ->
                phone.use {
                    // A folder that is not there: nobody but the app's author can do anything.
                    val target = ByteTarget.Path("${folder.path}/$CANARY/profile.age")
                    it.exportProfile(it.create("child_profile"), CANARY, target)
                }
            },
        )

    @Test
    fun `each error has a cause that is tried, and tells nothing of what was said`() {
        val variants =
            ApiException::class.java.permittedSubclasses
                .map { it.kotlin }
                .toSet()
        val tried = causes.map(Cause::variant).toSet()
        assertEquals<Set<KClass<*>>>(variants, tried, "a variant without a test")
        lateinit var id: String
        phone.open { id = it.newReport() }
        for ((variant, bringAbout) in causes) {
            val whole = phone.database.readBytes()
            phone.alone {
                val thrown = assertFailsWith<ApiException>("$variant") { bringAbout(id) }
                assertEquals<KClass<*>>(variant, thrown::class)
                val printed = thrown.stackTraceToString()
                for (word in listOf(CANARY, id, folder.path)) assertFalse(word in printed, printed)
            }
            phone.database.writeBytes(whole)
        }
    }

    @Test
    fun `every reason is a message`() {
        val reasons =
            listOf(
                assertFailsWith<ApiException.Refused> { phone.open { it.create(CANARY) } }.reason,
                assertFailsWith<ApiException.Unexpected> {
                    phone.alone { causes.last().bringAbout("") }
                }.reason,
            )
        Texts.builtIn().use { texts -> assertTrue(reasons.all(texts::has), reasons.toString()) }
        assertContains(reasons, MessageIds.REFUSED_UNKNOWN_FORM)
    }

    private suspend fun openWith(
        thrown: Exception,
        work: suspend Homeward.() -> Unit,
    ) = Homeward.open(phone.home, BrokenKey(thrown)).use { it.work() }

    private suspend fun openBroken(
        breaking: () -> Unit,
        work: suspend Homeward.() -> Unit,
    ) {
        breaking()
        Homeward.open(phone.home, phone.deviceKey).use { it.work() }
    }

    private fun overwrite() {
        val size = phone.database.length().toInt()
        phone.database.writeBytes(ByteArray(size) { 7 })
    }

    private fun age() =
        RandomAccessFile(phone.database, "rw").use {
            // SQLite's user version, which is the schema's.
            it.seek(60)
            it.writeInt(9999)
        }
}

private val REFUSED = KeyException.Refused()

private val GONE = KeyException.Gone()

/** What brings an error about, given the id of a report that was written before. */
private data class Cause(
    val variant: KClass<out ApiException>,
    val bringAbout: suspend (String) -> Unit,
)
