package org.homeward

import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.withContext
import org.homeward.ffi.Answer
import org.homeward.ffi.ApiException
import org.homeward.ffi.Budget
import org.homeward.ffi.ByteSource
import org.homeward.ffi.Conditions
import org.homeward.ffi.DeviceKey
import org.homeward.ffi.FormDefinition
import org.homeward.ffi.MediaSource
import org.homeward.ffi.Medium
import org.homeward.ffi.Offer
import org.homeward.ffi.Original
import org.homeward.ffi.Pairing
import org.homeward.ffi.Plan
import org.homeward.ffi.Problem
import org.homeward.ffi.Recording
import org.homeward.ffi.Report
import org.homeward.ffi.ReportStatus
import org.homeward.ffi.ReportSummary
import org.homeward.ffi.RunEnd
import org.homeward.ffi.Scope
import org.homeward.ffi.SealedReport
import org.homeward.ffi.SendWhen
import org.homeward.ffi.VaultState
import org.homeward.ffi.closeDescriptor
import java.io.File
import kotlin.coroutines.CoroutineContext
import kotlin.coroutines.EmptyCoroutineContext
import kotlin.time.Duration
import org.homeward.ffi.Homeward as Core

/**
 * Reports, photos and the outbox of one person on one device.
 *
 * No function blocks its caller's thread. What is written is on disk when the function returns; a
 * call that is cancelled while it runs may have been done.
 *
 * Besides what each function names, what reads or changes an earlier report throws
 * [ApiException.Locked], [ApiException.KeyLost], [ApiException.Damaged] or
 * [ApiException.FromNewerApp] in the [state] of that name; a report begun meanwhile works in each.
 * All throw [ApiException.StorageFull], and [IllegalStateException] after [close].
 */
public class Homeward internal constructor(
    private val core: Core,
    private val dispatcher: CoroutineDispatcher,
) : AutoCloseable {
    @Volatile
    private var closed = false
    private val feed = StatusFeed()
    private val runs = Runs(core, feed)

    /**
     * How far every report is that was sealed, by its id. The present state is there at once; it
     * follows a [run] and the calls made here. Empty while the core can't say.
     */
    public val statuses: StateFlow<Map<String, ReportStatus>> = feed.statuses

    /** What can be done with what is stored. */
    public suspend fun state(): VaultState = call { state() }

    /**
     * Takes an organisation's signed pack.
     *
     * @throws ApiException.Refused for no pack, or not a newer one of the same organisation.
     */
    public suspend fun pair(pack: ByteArray): Pairing = change { pair(pack) }

    /** The paired organisation, if any. */
    public suspend fun pairing(): Pairing? = call { pairing() }

    /**
     * A form by its name: `missing_child`, `sighting`, `child_profile`, or one of the paired
     * organisation's own.
     *
     * @throws ApiException.Refused for any other.
     */
    public suspend fun form(form: String): FormDefinition = call { form(form) }

    /** The names of all forms that can be filled in, the paired organisation's own first. */
    public suspend fun forms(): List<String> = call { forms() }

    /**
     * Begins a draft of a form and gives its id. [from] a profile it begins with all that the
     * profile can fill; from a report of the same form, with what another child of the same event
     * shares. Without [from] it works in every state.
     *
     * @throws ApiException.Refused for a form that is none.
     */
    public suspend fun create(
        form: String,
        from: String? = null,
    ): String = call { create(form, from) }

    /** Lists every report, the one changed last first. */
    public suspend fun reports(): List<ReportSummary> = call { reports() }

    /**
     * Opens one report.
     *
     * @throws ApiException.NotFound if there is none with this id.
     */
    public suspend fun report(id: String): Report = call { report(id) }

    /**
     * Reads what a person typed into one box, as the field's kind of answer, without storing it.
     * What can't be read so is kept in the person's words.
     *
     * @throws ApiException.Refused for a form or field that is none.
     */
    public suspend fun understand(
        form: String,
        field: String,
        typed: String,
    ): Answer = call { understand(form, field, typed) }

    /**
     * Answers a question, or with null takes the answer back. Gives what the person should look at
     * now; nothing typed is refused for being odd.
     *
     * @throws ApiException.Refused for a field that is none, or an answer of another kind.
     */
    public suspend fun set(
        id: String,
        field: String,
        answer: Answer?,
    ): List<Problem> = call { set(id, field, answer) }

    /**
     * Adds a photo, video or recording to a field: reads its facts, removes its metadata and keeps
     * the clean copy, sealed; with [Original.KEEP] the untouched file beside it, for the police. It
     * never lies in this process's heap as a whole, unless it came from there. Not cancellable,
     * since a descriptor that was handed over must be closed.
     *
     * @throws ApiException.Refused for a file that can't be read, for one that can't be cleaned
     *   unless its original is kept, and for a field that does not take such a file.
     */
    public suspend fun attach(
        id: String,
        field: String,
        source: MediaSource,
        original: Original = Original.DROP,
    ): Medium = handOver(source.descriptor) { attach(id, field, source, original) }

    /** [attach] for a file of this app. */
    public suspend fun attach(
        id: String,
        field: String,
        file: File,
        original: Original = Original.DROP,
    ): Medium = attach(id, field, MediaSource.Path(file.path), original)

    /**
     * Takes in a photo, video or recording, sealed to the vault, and gives the id under which it
     * can be attached later ([MediaSource.Capture]): while the vault is locked, or from a stream
     * that can be read only once. Nothing is ever written in clear. Not cancellable.
     */
    public suspend fun capture(from: ByteSource): String =
        handOver(from.descriptor) { capture(from) }

    /** The ids of what was captured and not attached yet. */
    public suspend fun captures(): List<String> = call { captures() }

    /**
     * Begins to record for a field, sealed as it comes. Its `write` and `finish` block the thread
     * that they are called on: the recorder's own. Once it is closed, or the process has ended,
     * nothing of an unfinished recording can be read.
     *
     * @throws ApiException.Refused for a field that takes no recording.
     */
    public suspend fun record(
        id: String,
        field: String,
    ): Recording = opening { core().record(id, field) }

    /** Takes a medium off a report. What was sent of it stays sent. */
    public suspend fun detach(
        id: String,
        medium: String,
    ): Unit = call { detach(id, medium) }

    /**
     * What an attached photo could answer. In a report of a missing child its time and place are
     * offered as "last seen" only if the person said that it was taken then.
     */
    public suspend fun offers(
        id: String,
        medium: String,
        takenWhenLastSeen: Boolean = false,
    ): List<Offer> = call { offers(id, medium, takenWhenLastSeen) }

    /** Removes a report from this phone, with everything that was attached or sealed. */
    public suspend fun delete(id: String): Unit = change { delete(id) }

    /**
     * Seals a version of a report for its audiences and queues it; [run] sends it.
     *
     * @throws ApiException.Refused without a paired organisation, for a report that says nothing,
     *   and when nothing is new.
     */
    public suspend fun send(
        id: String,
        scope: Scope = Scope.ALL,
        `when`: SendWhen = SendWhen.PRESET,
    ): SealedReport = change { send(id, scope, `when`) }

    /** Starts a parked part again, at the next [run]. */
    public suspend fun retry(part: String): Unit = change { retry(part) }

    /** What would be sent now, and what waits, and why. */
    public suspend fun plan(conditions: Conditions): Plan = call { plan(conditions) }

    /**
     * Sends what is due and fetches receipts, and returns when nothing is due or [within] is over;
     * [statuses] follows. With a time it also waits for parts that come due within it.
     *
     * Cancelling the caller ends the run, and this returns only when it has ended: nothing goes on
     * behind a screen that has gone. Nothing that was acknowledged is lost.
     *
     * @param proxy `socks5h://HOST:PORT` if the person chose one; then nothing goes around it.
     * @throws ApiException.Refused for a proxy of another kind.
     */
    public suspend fun run(
        conditions: Conditions,
        within: Duration? = null,
        proxy: String? = null,
    ): RunEnd {
        val budget = Budget(within?.inWholeMilliseconds?.coerceAtLeast(0)?.toULong())
        return onDispatcher {
            core()
            runs.run(budget, conditions, proxy)
        }
    }

    /** Ends every run and frees the core; calls under way end first. A second call does nothing. */
    override fun close() {
        closed = true
        runs.close()
        core.close()
    }

    internal suspend fun <T> call(work: Core.() -> T): T = onDispatcher { core().work() }

    /** A call that takes over a [descriptor]: once begun it must be made, or nobody closes it. */
    internal suspend fun <T> handOver(
        descriptor: Int?,
        work: Core.() -> T,
    ): T {
        var taken = false
        try {
            return onDispatcher(NonCancellable) {
                taken = true
                try {
                    core().work()
                } catch (gone: IllegalStateException) {
                    // The core was closed before it was called.
                    taken = false
                    throw gone
                }
            }
        } finally {
            if (!taken) descriptor?.let(::closeDescriptor)
        }
    }

    /** A call after which statuses are other than before, also where it was done in part. */
    internal suspend fun <T> change(work: Core.() -> T): T =
        onDispatcher {
            val core = core()
            try {
                core.work()
            } finally {
                feed.read(core)
            }
        }

    /** Does work where it may block. Refused from within a device key, whose caller it would wait for. */
    private suspend fun <T> onDispatcher(
        context: CoroutineContext = EmptyCoroutineContext,
        work: suspend CoroutineScope.() -> T,
    ): T {
        AskedKey.refuseToCallBack()
        return withContext(dispatcher + context, work)
    }

    /** Opens something that the caller closes. Who is cancelled gets nothing, and it is closed here. */
    private suspend fun <T : AutoCloseable> opening(open: () -> T): T {
        AskedKey.refuseToCallBack()
        return openedFor(dispatcher, open)
    }

    // The generated side ends calls only once none is under way, which with many callers is never.
    private fun core(): Core = core.also { check(!closed) { "closed" } }

    /** Opens homes. */
    public companion object {
        /**
         * Opens the home, a folder that is made if it is new. A vault that can't be opened is a
         * [state], not an error. One per process and home.
         *
         * @param home in the app's private storage, and in no backup.
         * @param deviceKey guards what is stored; asked before this returns.
         * @param dispatcher runs the calls, all of which block on the disk.
         */
        public suspend fun open(
            home: File,
            deviceKey: DeviceKey,
            dispatcher: CoroutineDispatcher = Dispatchers.IO,
        ): Homeward {
            AskedKey.refuseToCallBack()
            return openedFor(dispatcher) {
                Homeward(Core.open(home.path, AskedKey(deviceKey)), dispatcher).also {
                    it.feed.read(it.core)
                }
            }
        }
    }
}

/**
 * Opens something that the caller closes. A caller who is cancelled meanwhile gets nothing, not even
 * from `withContext`, which then drops what it was given.
 */
private suspend fun <T : AutoCloseable> openedFor(
    dispatcher: CoroutineDispatcher,
    open: () -> T,
): T {
    var opened: T? = null
    try {
        return withContext(dispatcher) { open().also { opened = it } }
    } catch (cancelled: CancellationException) {
        opened?.close()
        throw cancelled
    }
}
