package org.homeward

import kotlinx.coroutines.runBlocking
import org.homeward.ffi.Budget
import org.homeward.ffi.ByteSource
import org.homeward.ffi.ByteTarget
import org.homeward.ffi.Conditions
import org.homeward.ffi.Listener
import org.homeward.ffi.MediaSource
import org.homeward.ffi.NetworkKind
import org.homeward.ffi.Original.DROP
import org.homeward.ffi.ReportStatus
import org.homeward.ffi.Scope
import org.homeward.ffi.SendWhen
import org.homeward.ffi.Transfer
import org.junit.jupiter.api.Timeout
import org.junit.jupiter.api.Timeout.ThreadMode.SEPARATE_THREAD
import org.junit.jupiter.api.io.TempDir
import java.io.File
import kotlin.test.Test
import kotlin.test.assertContains
import kotlin.test.assertEquals
import kotlin.test.assertFalse
import org.homeward.ffi.Homeward as Core

/** An app that logs every exception and every object tells nothing of what a person said. */
@Timeout(120, threadMode = SEPARATE_THREAD)
class LeakTest {
    @TempDir
    lateinit var folder: File

    @Test
    fun `no word that was said, and no name of a file, is in what the process prints`() {
        // Whatever is planted is in this folder's name, too.
        val planted = File(folder, CANARY).apply { mkdir() }
        val process = processOf(MAIN, planted).redirectErrorStream(true).start()
        val printed = process.inputReader().readText()
        assertEquals(0, process.waitFor(), printed)
        assertContains(printed, "ApiException")
        assertContains(printed, "$MISTAKES mistakes", message = printed)
        assertFalse(CANARY in printed, printed)
    }
}

private const val MAIN = "org.homeward.LeakTestKt"

private const val MISTAKES = 10

/** Makes every mistake with a word that must not be printed, and prints what comes of it. */
fun main(arguments: Array<String>) {
    val phone = Phone(File(arguments.single()))
    Core.open(phone.home.path, phone.deviceKey).use { core ->
        core.pair(pack(closedPort()))
        val id = core.create("missing_child", null)
        core.set(id, "child_name", NAME)
        core.attach(id, "photo", MediaSource.Bytes(photo()), DROP)
        val file = "${phone.home.path}/$CANARY.jpg"
        val mistakes =
            listOf<() -> Unit>(
                { core.report(CANARY) },
                { core.set(id, CANARY, NAME) },
                { core.set(id, "child_age", NAME) },
                { core.create(CANARY, null) },
                { core.attach(id, "photo", MediaSource.Path(file), DROP) },
                { core.attach(id, "photo", MediaSource.Bytes(CANARY.toByteArray()), DROP) },
                { core.pair(CANARY.toByteArray()) },
                { core.importProfile(CANARY, ByteSource.Bytes(CANARY.toByteArray())) },
                { core.exportProfile(id, CANARY, ByteTarget.Path("$file/$CANARY")) },
                { core.run(Budget(), offline, "http://$CANARY", Thrower).use(Transfer::wait) },
            )
        val thrown = mistakes.mapNotNull { mistake -> runCatching(mistake).exceptionOrNull() }
        thrown.forEach(Throwable::printStackTrace)
        val sealed = core.send(id, Scope.ALL, SendWhen.NOW)
        val said = "$sealed ${core.plan(offline)} ${core.statuses()} ${core.reply(id, CANARY)}"
        check(sealed.parts.none { it.part in said } && id !in said) { "an id leads to a report" }
        println(said)
        println(core.run(Budget(), offline, null, Thrower).use(Transfer::wait))
        println(listOf(core.reports(), core.report(id), core.statuses(), core.plan(offline)))
        println("${thrown.size} mistakes")
    }
    runBlocking { phone.use { println(it.statuses.value) } }
}

private val offline = Conditions(NetworkKind.NONE)

private object Thrower : Listener {
    override fun onChange(status: ReportStatus): Unit = error(CANARY)
}
