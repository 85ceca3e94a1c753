package org.homeward

import com.sun.management.ThreadMXBean
import org.homeward.ffi.MediaSource
import org.homeward.ffi.Original
import org.homeward.ffi.Texts
import java.io.File
import java.lang.management.ManagementFactory
import kotlin.time.Duration
import kotlin.time.DurationUnit.MILLISECONDS
import kotlin.time.TimeSource.Monotonic
import kotlin.time.measureTime
import org.homeward.ffi.Homeward as Core

/**
 * What a call across costs: `main TASK FOLDER [PHOTO]`, one measurement per process, told as a line
 * of JSON. FOLDER is the phone's.
 *
 * `cargo xtask bench --only packages` runs each, and the same in Rust beside it.
 */
fun main(arguments: Array<String>) {
    val phone = Phone(File(arguments[1]))
    val told =
        when (arguments[0]) {
            "first" -> first()
            "has" -> Texts.builtIn().use { texts -> medianOf { texts.has("waiting") } }
            "state" -> opened(phone) { core -> medianOf { core.state() } }
            "attach" -> opened(phone) { core -> attaching(core, arguments[2]) }
            "make-drafts" -> opened(phone) { core -> making(core) }
            "list-drafts" -> listing(phone)
            else -> error("no measurement of this name")
        }
    println(told.entries.joinToString(",", "{", "}") { (key, number) -> "\"$key\":$number" })
}

/** Loads the library, compares the checksums, calls. */
private fun first() = ms(measureTime { Texts.builtIn().use { it.has("waiting") } })

/** The median of a call, once it is compiled, and what 99 of 100 batches of calls stay under. */
private fun medianOf(call: () -> Unit): Map<String, Number> {
    repeat(WARM_UP) { call() }
    val batches = List(BATCHES) { measureTime { repeat(BATCH) { call() } } / BATCH }.sorted()
    return ms(batches[BATCHES / 2]) + ("p99_ms" to batches[BATCHES * 99 / 100].ms)
}

/** The quickest of some rounds, and the most that one left in the JVM's heap. */
private fun attaching(
    core: Core,
    photo: String,
): Map<String, Number> {
    val id = core.create("missing_child", null)
    val threads = ManagementFactory.getThreadMXBean() as ThreadMXBean
    val source = MediaSource.Path(photo)
    // The first one also loads classes.
    core.attach(id, "photo", source, Original.DROP)
    var heap = 0L
    val quickest =
        List(ROUNDS) {
            val before = threads.currentThreadAllocatedBytes
            val time = measureTime { core.attach(id, "photo", source, Original.DROP) }
            heap = maxOf(heap, threads.currentThreadAllocatedBytes - before)
            time
        }.min()
    return ms(quickest) + ("heap_bytes" to heap)
}

private fun making(core: Core): Map<String, Number> {
    repeat(DRAFTS) { core.set(core.create("missing_child", null), "child_name", NAME) }
    return mapOf("drafts" to DRAFTS)
}

/** What a person waits for who starts the app: nothing is warm but the library, which is loaded. */
private fun listing(phone: Phone): Map<String, Number> {
    Texts.builtIn().use { it.has("waiting") }
    val start = Monotonic.markNow()
    return opened(phone) { core ->
        val drafts = core.reports()
        val time = start.elapsedNow()
        check(drafts.size == DRAFTS && drafts.all { it.head != null })
        ms(time)
    }
}

private fun <T> opened(
    phone: Phone,
    use: (Core) -> T,
): T = Core.open(phone.home.path, phone.deviceKey).use(use)

private fun ms(time: Duration): Map<String, Number> = mapOf("ms" to time.ms)

private val Duration.ms get() = toDouble(MILLISECONDS)

private const val WARM_UP = 20_000
private const val BATCH = 100
private const val BATCHES = 501
private const val ROUNDS = 15
private const val DRAFTS = 100
