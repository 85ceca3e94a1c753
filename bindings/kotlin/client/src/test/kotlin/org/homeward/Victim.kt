package org.homeward

import kotlinx.coroutines.runBlocking
import org.homeward.ffi.Conditions
import org.homeward.ffi.NetworkKind
import java.io.File

/** A process with a home that is killed in the middle of something. */
internal class Victim(
    folder: File,
) {
    private val process =
        processOf("org.homeward.VictimKt", folder)
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start()

    /** The report that it wrote. */
    lateinit var report: String

    /** How it ended. */
    val exitCode: Int get() = process.waitFor()

    /** Kills it, as a dying battery would, once it says that it is so far. */
    fun killAfter(word: String) {
        for (line in process.inputReader().lineSequence()) {
            if (line.startsWith("report ")) report = line.substringAfter(' ')
            if (line == word) break
        }
        process.destroyForcibly()
    }
}

/** A process of its own with this class's `main`, which is given [folder]. */
internal fun processOf(
    main: String,
    folder: File,
) = ProcessBuilder(
    File(System.getProperty("java.home"), "bin/java").path,
    "-Djna.library.path=${System.getProperty("jna.library.path")}",
    "-classpath",
    System.getProperty("java.class.path"),
    main,
    folder.path,
)

/** Writes a report if there is none, sends what is sealed, and waits to be killed. */
fun main(arguments: Array<String>): Unit =
    runBlocking {
        val phone = Phone(File(arguments.single()))
        val homeward = Homeward.open(phone.home, phone.deviceKey)
        if (homeward.reports().isEmpty()) println("report ${homeward.newReport()}")
        println("said")
        println("running")
        homeward.run(Conditions(NetworkKind.WIFI))
        Thread.sleep(Long.MAX_VALUE)
    }
