package org.homeward

import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow
import kotlinx.coroutines.flow.update
import org.homeward.ffi.ApiException
import org.homeward.ffi.Listener
import org.homeward.ffi.ReportStatus
import org.homeward.ffi.Homeward as Core

/** Turns what the core tells, on a thread of its own, into a flow of whole states. */
internal class StatusFeed : Listener {
    private val latest = MutableStateFlow<Map<String, ReportStatus>>(emptyMap())

    /** The newest status of every report that was sealed. */
    val statuses: StateFlow<Map<String, ReportStatus>> = latest.asStateFlow()

    /** Reads all statuses anew, so that a deleted report goes too. */
    @Synchronized
    fun read(core: Core) {
        latest.value =
            try {
                core.statuses().associateBy(ReportStatus::report)
            } catch (_: ApiException) {
                // What keeps it from being read is a state of the vault, and is shown as such.
                emptyMap()
            }
    }

    // Synchronized, so that what was read before a change is not put in its place. The core holds
    // no lock while it calls, so nobody waits for somebody who waits for him.
    @Synchronized
    override fun onChange(status: ReportStatus) = latest.update { it + (status.report to status) }
}
