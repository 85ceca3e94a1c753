package org.homeward

import com.sun.management.ThreadMXBean
import org.homeward.ffi.MediaSource
import org.homeward.ffi.Original
import org.homeward.ffi.Texts
import java.io.File
import java.lang.management.ManagementFactory
import java.nio.file.Files
import kotlin.time.Duration
import kotlin.time.DurationUnit.MICROSECONDS
import kotlin.time.DurationUnit.MILLISECONDS
import kotlin.time.measureTime
import kotlin.time.measureTimedValue
import org.homeward.ffi.Homeward as Core

/**
 * What a call across costs: `main PHOTO OUT` writes a line of JSON to OUT.
 *
 * `cargo xtask bench --only bindings` runs it, and the same in Rust beside it.
 */
fun main(arguments: Array<String>) {
    val (photo, out) = arguments.map(::File)
    val folder = Files.createTempDirectory("bench").toFile()
    try {
        // Loads the library, compares the checksums, calls.
        val first = measureTime { Texts.builtIn().use { it.has("waiting") } }
        val figures =
            mapOf("first_ms" to first.toDouble(MILLISECONDS)) + calls(Phone(folder)) +
                attaching(Phone(folder), photo) + listing(Phone(File(folder, "drafts")))
        out.writeText(figures.entries.joinToString(",", "{", "}") { (key, n) -> "\"$key\":$n" })
    } finally {
        folder.deleteRecursively()
    }
}

private fun calls(phone: Phone): Map<String, Double> =
    Core.open(phone.home.path, phone.deviceKey).use { core ->
        val texts = Texts.builtIn()
        mapOf(
            "has_us" to medianOf { texts.has("waiting") },
            "state_us" to medianOf { core.state() },
        )
    }

/** The median of a call in microseconds, once it is compiled. */
private fun medianOf(call: () -> Unit): Double {
    repeat(WARM_UP) { call() }
    val batches = List(BATCHES) { measureTime { repeat(BATCH) { call() } } / BATCH }
    return batches.sorted()[BATCHES / 2].toDouble(MICROSECONDS)
}

private fun attaching(
    phone: Phone,
    photo: File,
): Map<String, Double> =
    Core.open(phone.home.path, phone.deviceKey).use { core ->
        val id = core.create("missing_child", null)
        val threads = ManagementFactory.getThreadMXBean() as ThreadMXBean
        val source = MediaSource.Path(photo.path)
        var heap = 0L
        val time =
            quickestOf {
                val before = threads.currentThreadAllocatedBytes
                val time = measureTime { core.attach(id, "photo", source, Original.DROP) }
                heap = maxOf(heap, threads.currentThreadAllocatedBytes - before)
                time
            }
        mapOf("attach_ms" to time, "attach_heap_bytes" to heap.toDouble())
    }

private fun listing(phone: Phone): Map<String, Double> {
    phone.home.parentFile.mkdirs()
    Core.open(phone.home.path, phone.deviceKey).use { core ->
        repeat(DRAFTS) { core.set(core.create("missing_child", null), "child_name", NAME) }
    }
    val time =
        quickestOf {
            val (core, time) =
                measureTimedValue {
                    Core.open(phone.home.path, phone.deviceKey).also { core ->
                        check(core.reports().size == DRAFTS)
                    }
                }
            core.close()
            time
        }
    return mapOf("list_ms" to time)
}

private fun quickestOf(round: () -> Duration) =
    List(ROUNDS) { round() }.min().toDouble(MILLISECONDS)

private const val WARM_UP = 20_000
private const val BATCH = 100
private const val BATCHES = 501
private const val ROUNDS = 15
private const val DRAFTS = 100
