package org.homeward

import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.launch
import org.homeward.ffi.Budget
import org.homeward.ffi.Conditions
import org.homeward.ffi.RunEnd
import org.homeward.ffi.Transfer
import java.util.concurrent.ConcurrentHashMap
import org.homeward.ffi.Homeward as Core

/** The runs under way: what a coroutine's cancellation and `close` reach. */
internal class Runs(
    private val core: Core,
    private val feed: StatusFeed,
) : AutoCloseable {
    private val transfers = ConcurrentHashMap.newKeySet<Transfer>()

    @Volatile
    private var closed = false

    /** Runs to the end on the caller's thread, which it blocks. Cancellation ends the run. */
    suspend fun run(
        budget: Budget,
        conditions: Conditions,
        proxy: String?,
    ): RunEnd =
        core.run(budget, conditions, proxy, feed).use { transfer ->
            transfers += transfer
            // Closed since the run began, and before it was known.
            if (closed) transfer.cancel()
            try {
                waitFor(transfer)
            } finally {
                transfers -= transfer
                // What others changed while the run told of it may have come in another order.
                if (!closed) feed.read(core)
            }
        }

    /** Cancels every run, those that are just beginning too. */
    override fun close() {
        closed = true
        for (transfer in transfers) {
            try {
                transfer.cancel()
            } catch (_: IllegalStateException) {
                // It ended meanwhile, and its handle is freed.
            }
        }
    }

    private suspend fun waitFor(transfer: Transfer): RunEnd =
        coroutineScope {
            // Unconfined, so that it runs on the thread that cancels: the caller's own is blocked.
            val canceller =
                launch(Dispatchers.Unconfined, CoroutineStart.UNDISPATCHED) {
                    try {
                        awaitCancellation()
                    } finally {
                        transfer.cancel()
                    }
                }
            transfer.wait().also { canceller.cancel() }
        }
}
